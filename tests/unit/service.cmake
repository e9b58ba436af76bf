# Each runs twice: with the engine inside, and with Connector/C against a real server (db.cmake).
foreach(part inquiry store user_delete)
    reuse_test(test_service_${part} SOURCES test_service_${part}.c db_fixture.c
               LIBS service db_embedded Threads::Threads LABELS unit)
    reuse_remote_test(test_service_${part}_remote SOURCES test_service_${part}.c db_fixture.c
                      LIBS service db_remote Threads::Threads)
endforeach()
