# reuse_python_tests(LABEL): each test_*.py of the folder is a ctest test of that label. They share
# one MariaDB and one Kafka broker, which ctest starts before the first and stops after the last.
function(reuse_python_tests label)
    set(timeout 900)
    if(REUSE_SANITIZED)
        set(timeout 1800)
    endif()
    file(GLOB files RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} CONFIGURE_DEPENDS test_*.py)
    foreach(file ${files})
        string(REGEX REPLACE "^test_(.*)\\.py$" "\\1" stem ${file})
        set(name ${label}_${stem})
        add_test(NAME ${name}
            COMMAND /usr/bin/python3 -m pytest ${CMAKE_CURRENT_SOURCE_DIR}/${file}
            WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}/tests)
        set_tests_properties(${name} PROPERTIES
            LABELS ${label} TIMEOUT ${timeout} FIXTURES_REQUIRED cluster
            ENVIRONMENT "REUSE_CHAT=${CMAKE_BINARY_DIR}/reuse-chat;CLUSTER_DIR=${CMAKE_BINARY_DIR}/cluster;PYTHONDONTWRITEBYTECODE=1;REUSE_TEST_SLOW=${REUSE_TEST_SLOW}")
    endforeach()
endfunction()

add_test(NAME cluster_up COMMAND bash -c "tools/cluster clean && tools/cluster up 0"
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
add_test(NAME cluster_down COMMAND tools/cluster down WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(cluster_up PROPERTIES FIXTURES_SETUP cluster)
set_tests_properties(cluster_down PROPERTIES FIXTURES_CLEANUP cluster)
set_tests_properties(cluster_up cluster_down PROPERTIES
    TIMEOUT 120 ENVIRONMENT "CLUSTER_DIR=${CMAKE_BINARY_DIR}/cluster")
