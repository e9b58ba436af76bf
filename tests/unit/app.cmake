reuse_test(test_app_spring_env SOURCES test_app_spring_env.c LIBS app db_remote LABELS unit)
