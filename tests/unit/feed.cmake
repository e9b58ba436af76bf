reuse_test(test_feed_feed SOURCES test_feed_feed.c db_fixture.c
           LIBS feed db_embedded Threads::Threads LABELS unit)
reuse_test(test_feed_relay SOURCES test_feed_relay.c db_fixture.c
           LIBS feed kafka_pair db_embedded Threads::Threads LABELS unit)
reuse_test(test_feed_publisher SOURCES test_feed_publisher.c db_fixture.c
           LIBS feed kafka_pair db_embedded Threads::Threads LABELS unit)
