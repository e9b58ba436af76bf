# reuse_module(NAME SOURCES … LIBS …): one static library per folder; NAME is the folder.
# Includes are written from the top: "base/str.h", "generated/c/err.h".
function(reuse_module name)
    cmake_parse_arguments(M "" "" "SOURCES;LIBS" ${ARGN})
    add_library(${name} STATIC ${M_SOURCES})
    target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR})
    target_link_libraries(${name} PUBLIC ${M_LIBS} PRIVATE reuse_warnings)
endfunction()

# reuse_test(NAME SOURCES … LIBS … LABELS …): a cmocka program and its ctest entry.
function(reuse_test name)
    cmake_parse_arguments(T "" "" "SOURCES;LIBS;LABELS" ${ARGN})
    add_executable(${name} ${T_SOURCES})
    target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR})
    target_link_libraries(${name} PRIVATE ${T_LIBS} PkgConfig::cmocka reuse_warnings)
    add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    set_tests_properties(${name} PROPERTIES LABELS "${T_LABELS}" TIMEOUT 300
        ENVIRONMENT "REUSE_TEST_SLOW=${REUSE_TEST_SLOW}")
endfunction()
