# Each program built with a sanitizer brings its options and suppressions along, so that it behaves
# the same whoever starts it. The fuzz preset has libFuzzer's own.
if(CMAKE_C_FLAGS MATCHES "-fsanitize=(address|thread)")
    add_library(sanitizer_defaults OBJECT tests/support/sanitizers.c)
    target_include_directories(sanitizer_defaults PRIVATE ${CMAKE_SOURCE_DIR}/src)
    target_link_libraries(sanitizer_defaults PRIVATE reuse_warnings)
    add_library(reuse_sanitizers INTERFACE)
    target_sources(reuse_sanitizers INTERFACE
        $<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:$<TARGET_OBJECTS:sanitizer_defaults>>)
    link_libraries(reuse_sanitizers)
    set(REUSE_SANITIZED ON)
endif()
# Deadlines of the tests, as a multiple of what an idle machine needs: they only end what hangs.
set(REUSE_TEST_SLOW 3)
if(REUSE_SANITIZED)
    set(REUSE_TEST_SLOW 6)
endif()
