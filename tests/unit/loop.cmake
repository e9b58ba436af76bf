reuse_test(test_loop_loop SOURCES test_loop_loop.c LIBS loop LABELS unit)
