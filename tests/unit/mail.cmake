reuse_test(test_mail_message SOURCES test_mail_message.c LIBS mail LABELS unit)
reuse_test(test_mail_send SOURCES test_mail_send.c LIBS mail Threads::Threads LABELS unit)
