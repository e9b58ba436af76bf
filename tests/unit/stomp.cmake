reuse_test(test_stomp_parser SOURCES test_stomp_parser.c LIBS stomp LABELS unit)
reuse_test(test_stomp_write SOURCES test_stomp_write.c LIBS stomp LABELS unit)
reuse_test(test_stomp_negotiate SOURCES test_stomp_negotiate.c LIBS stomp LABELS unit)
