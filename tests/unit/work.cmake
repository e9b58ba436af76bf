reuse_test(test_work_pool
    SOURCES test_work_pool.c ../support/loop_until.c
    LIBS work db_remote PkgConfig::libuv LABELS unit)
target_include_directories(test_work_pool PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/..)
