# Warnings are errors, in gcc and clang. Generated protobuf-c output alone is built without them.
add_library(reuse_warnings INTERFACE)
target_compile_definitions(reuse_warnings INTERFACE _GNU_SOURCE)
target_compile_options(reuse_warnings INTERFACE
    -Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes
    -Wmissing-prototypes -Wold-style-definition -Wpointer-arith -Wwrite-strings -Wcast-qual
    -Wformat=2 -Wundef -Wvla -Walloca -Wnull-dereference
    -Wdouble-promotion -fno-common)
if(CMAKE_C_COMPILER_ID STREQUAL GNU)
    target_compile_options(reuse_warnings INTERFACE
        -Wformat-signedness -Wduplicated-cond -Wduplicated-branches -Wlogical-op -Wcast-align=strict
        -Wimplicit-fallthrough=5)
else()
    # Not -Wimplicit-fallthrough: uthash's macros tell it by comments, which gcc reads and clang does not.
    target_compile_options(reuse_warnings INTERFACE -Wcomma -Wunreachable-code-aggressive)
endif()
