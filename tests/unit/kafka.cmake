add_library(kafka_pair STATIC ../support/kafka_pair.c ../support/loop_until.c)
target_include_directories(kafka_pair PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}/..)
target_link_libraries(kafka_pair PUBLIC kafka PkgConfig::libuv PkgConfig::cmocka
    PRIVATE reuse_warnings)
reuse_test(test_kafka_producer SOURCES test_kafka_producer.c LIBS kafka_pair LABELS unit)
reuse_test(test_kafka_consumer SOURCES test_kafka_consumer.c LIBS kafka_pair LABELS unit)
reuse_test(test_kafka_real SOURCES test_kafka_real.c ../support/kafka_real.c LIBS kafka_pair
    LABELS contract)
set_tests_properties(test_kafka_real PROPERTIES TIMEOUT 300)
# Rebalances take seconds, and more of the mock's than of the real broker's.
reuse_test(test_kafka_group SOURCES test_kafka_group.c ../support/kafka_real.c LIBS kafka_pair
    LABELS contract)
add_test(NAME test_kafka_group_real COMMAND test_kafka_group real WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(test_kafka_group test_kafka_group_real PROPERTIES LABELS contract TIMEOUT 300)
