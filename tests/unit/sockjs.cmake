reuse_test(test_sockjs_framing SOURCES test_sockjs_framing.c LIBS sockjs LABELS unit)
reuse_test(test_sockjs_reader SOURCES test_sockjs_reader.c LIBS sockjs LABELS unit)
reuse_test(test_sockjs_queue SOURCES test_sockjs_queue.c LIBS sockjs LABELS unit)

# All transports over real HTTP and WebSockets.
add_executable(sockjs_echo ../support/sockjs_echo.c)
target_link_libraries(sockjs_echo PRIVATE sockjs reuse_warnings)
foreach(test test_sockjs_http test_sockjs_websocket)
    add_test(NAME ${test} COMMAND /usr/bin/python3 -m pytest -q -p no:cacheprovider
        ${CMAKE_SOURCE_DIR}/tests/unit/${test}.py)
    set_tests_properties(${test} PROPERTIES LABELS unit TIMEOUT 120
        ENVIRONMENT "SOCKJS_ECHO=$<TARGET_FILE:sockjs_echo>;PYTHONDONTWRITEBYTECODE=1")
endforeach()
