# The SQL half of the generator; its diagnostics are tested by tests/bad/sql_*.
reuse_test(test_codegen_sql_token SOURCES test_codegen_sql_token.c LIBS codegen_sql LABELS unit)
reuse_test(test_codegen_query_params SOURCES test_codegen_query_params.c LIBS codegen_sql LABELS unit)

# The DAOs of a golden case, with a column of each kind, run against the engine.
set(dao_case ${CMAKE_SOURCE_DIR}/tests/golden/sql_types)
set(dao_case_root ${CMAKE_CURRENT_BINARY_DIR}/sql_types)
file(MAKE_DIRECTORY ${dao_case_root})
file(CREATE_LINK ${dao_case}/expect ${dao_case_root}/generated SYMBOLIC)
reuse_test(test_golden_dao
    SOURCES ${dao_case}/expect/c/dao_child.c ${dao_case}/expect/c/dao_item.c
            ${dao_case}/expect/c/test_dao.c dao_cases.c ../support/rng.c
    LIBS db_embedded codegen_sql base
    LABELS unit)
target_include_directories(test_golden_dao BEFORE PRIVATE ${dao_case_root})
set_tests_properties(test_golden_dao PROPERTIES WORKING_DIRECTORY ${dao_case})
