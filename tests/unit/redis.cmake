add_library(redis_server STATIC ../support/redis_server.c ../support/loop_until.c)
target_include_directories(redis_server PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}/..)
target_link_libraries(redis_server PUBLIC redis PkgConfig::libuv PRIVATE reuse_warnings)
reuse_test(test_redis_url SOURCES test_redis_url.c LIBS redis LABELS unit)
reuse_test(test_redis_client SOURCES test_redis_client.c redis_scene.c LIBS redis_server LABELS unit)
reuse_test(test_redis_connect SOURCES test_redis_connect.c redis_scene.c LIBS redis_server
           LABELS unit)
