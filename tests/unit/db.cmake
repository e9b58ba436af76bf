# Tests of src/db run twice: with the engine inside, and with Connector/C against a real server that
# with_mariadb.sh starts for them.
function(reuse_remote_test name)
    cmake_parse_arguments(T "" "" "SOURCES;LIBS" ${ARGN})
    add_executable(${name} ${T_SOURCES})
    target_link_libraries(${name} PRIVATE ${T_LIBS} PkgConfig::cmocka reuse_warnings)
    add_test(NAME ${name} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/with_mariadb.sh $<TARGET_FILE:${name}>
             WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    set_tests_properties(${name} PROPERTIES LABELS unit TIMEOUT 120)
endfunction()

function(reuse_db_test name)
    set(sources ${name}.c db_fixture.c)
    reuse_test(${name} SOURCES ${sources} LIBS db_embedded Threads::Threads LABELS unit)
    reuse_remote_test(${name}_remote SOURCES ${sources} LIBS db_remote Threads::Threads)
endfunction()

reuse_test(test_db_url SOURCES test_db_url.c LIBS db LABELS unit)
reuse_db_test(test_db_query)
reuse_db_test(test_db_transaction)
reuse_test(test_db_sql_reader SOURCES test_db_sql_reader.c LIBS db LABELS unit)
reuse_test(test_db_schema SOURCES test_db_schema.c LIBS db LABELS unit)
reuse_db_test(test_db_migrate)

set(takeover_sources test_db_takeover.c takeover_source.c db_fixture.c)
reuse_test(test_db_takeover SOURCES ${takeover_sources} LIBS db_embedded LABELS unit)
reuse_remote_test(test_db_takeover_remote SOURCES ${takeover_sources} LIBS db_remote)

reuse_remote_test(test_db_connection SOURCES test_db_connection.c db_fixture.c LIBS db_remote)
reuse_test(test_db_library SOURCES test_db_library.c db_fixture.c LIBS db_embedded LABELS unit)
