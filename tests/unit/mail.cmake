reuse_test(test_mail_message SOURCES test_mail_message.c LIBS mail LABELS unit)
reuse_test(test_mail_client SOURCES test_mail_client.c ../support/loop_until.c LIBS mail PkgConfig::libuv
           LABELS unit)
target_include_directories(test_mail_client PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/..)
