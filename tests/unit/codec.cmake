foreach(part json_vectors)
    reuse_test(test_codec_${part} SOURCES test_codec_${part}.c codec_tables.c LIBS codec LABELS unit)
endforeach()
