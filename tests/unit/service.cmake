# Each runs twice: with the engine inside, and with Connector/C against a real server (db.cmake).
foreach(part inquiry store user_delete user_outbox)
    set(sources test_service_${part}.c db_fixture.c)
    if(part MATCHES "^user_")
        list(APPEND sources user_delete_scene.c)
    endif()
    reuse_test(test_service_${part} SOURCES ${sources}
               LIBS service db_embedded Threads::Threads LABELS unit)
    reuse_remote_test(test_service_${part}_remote SOURCES ${sources}
                      LIBS service db_remote Threads::Threads)
endforeach()
