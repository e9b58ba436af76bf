reuse_test(test_auth_network SOURCES test_auth_network.c LIBS auth LABELS unit)
reuse_test(test_endpoint_content SOURCES test_endpoint_content.c LIBS endpoint db_embedded LABELS unit)
reuse_test(test_endpoint_window SOURCES test_endpoint_window.c ../support/loop_until.c
           LIBS endpoint db_embedded LABELS unit)
target_include_directories(test_endpoint_window PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/..)
reuse_test(test_endpoint_pace SOURCES test_endpoint_pace.c ../support/loop_until.c
           LIBS endpoint db_embedded LABELS unit)
target_include_directories(test_endpoint_pace PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/..)
# Of the database only what links is needed.
target_link_options(test_endpoint_pace PRIVATE -Wl,--undefined=engine_choose)
