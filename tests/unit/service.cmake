# Runs twice: with the engine inside, and with Connector/C against a real server (db.cmake).
reuse_test(test_service_store SOURCES test_service_store.c db_fixture.c
           LIBS service db_embedded Threads::Threads LABELS unit)
reuse_remote_test(test_service_store_remote SOURCES test_service_store.c db_fixture.c
                  LIBS service db_remote Threads::Threads)
