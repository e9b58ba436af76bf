# Tests that walk record tables share those of codec_tables.c.
foreach(part json json_vectors record)
    reuse_test(test_codec_${part} SOURCES test_codec_${part}.c codec_tables.c LIBS codec LABELS unit)
endforeach()
foreach(part base64 json_number json_scan route setting)
    reuse_test(test_codec_${part} SOURCES test_codec_${part}.c LIBS codec LABELS unit)
endforeach()
reuse_test(test_codec_percent SOURCES test_codec_percent.c LIBS codec LABELS unit)
