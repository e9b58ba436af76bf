# Every query of schema/sql, run with extreme and with random values against the engine in the process.
reuse_test(test_generated_dao
    SOURCES ${CMAKE_SOURCE_DIR}/generated/c/test_dao.c dao_cases.c
        ../support/rng.c
    LIBS generated_dao db_embedded codegen_sql base
    LABELS unit)
