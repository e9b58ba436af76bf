# Each runs twice: with the engine inside, and with Connector/C against a real server (db.cmake).
foreach(part inquiry outbox store user_delete user_outbox)
    set(sources test_service_${part}.c db_fixture.c)
    if(part MATCHES "^user_")
        list(APPEND sources user_delete_scene.c)
    elseif(NOT part STREQUAL inquiry)
        list(APPEND sources store_scene.c)
    endif()
    reuse_test(test_service_${part} SOURCES ${sources}
               LIBS service db_embedded Threads::Threads LABELS unit)
    reuse_remote_test(test_service_${part}_remote SOURCES ${sources}
                      LIBS service db_remote Threads::Threads)
endforeach()
# A COMMIT whose answer is lost.
target_link_options(test_service_store PRIVATE -Wl,--wrap=db_commit)
target_link_options(test_service_store_remote PRIVATE -Wl,--wrap=db_commit)
