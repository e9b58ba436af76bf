reuse_test(test_net_chunked SOURCES test_net_chunked.c LIBS net LABELS unit)
reuse_test(test_net_http_head SOURCES test_net_http_head.c LIBS net LABELS unit)
reuse_test(test_net_queue SOURCES test_net_queue.c LIBS net LABELS unit)
reuse_test(test_net_server SOURCES test_net_server.c LIBS net LABELS unit)

# The system's Python: it has Debian's python3-websockets.
add_executable(net_probe net_probe.c)
target_link_libraries(net_probe PRIVATE net reuse_warnings)
add_test(NAME test_net_probe
    COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/test_net_probe.py $<TARGET_FILE:net_probe>
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(test_net_probe PROPERTIES LABELS unit TIMEOUT 180)
if(CMAKE_C_FLAGS MATCHES "-fsanitize=")
    set_tests_properties(test_net_probe PROPERTIES ENVIRONMENT "NET_PROBE_SANITIZED=1")
endif()
