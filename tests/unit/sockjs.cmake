reuse_test(test_sockjs_framing SOURCES test_sockjs_framing.c LIBS sockjs LABELS unit)
reuse_test(test_sockjs_reader SOURCES test_sockjs_reader.c LIBS sockjs LABELS unit)
reuse_test(test_sockjs_queue SOURCES test_sockjs_queue.c LIBS sockjs LABELS unit)
