reuse_test(test_session_memory SOURCES test_session_memory.c LIBS session LABELS unit)
reuse_test(test_session_redis SOURCES test_session_redis.c session_scene.c
           LIBS session redis_server LABELS unit)
reuse_test(test_session_redis_others SOURCES test_session_redis_others.c session_scene.c
           LIBS session redis_server LABELS unit)
