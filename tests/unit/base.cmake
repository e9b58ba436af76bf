foreach(part arena blob buf clock log str utf8 uuid why)
    reuse_test(test_base_${part} SOURCES test_base_${part}.c LIBS base Threads::Threads LABELS unit)
endforeach()
