# The generator's own parts, and what it generated.
foreach(part name out)
    reuse_test(test_codegen_${part} SOURCES test_codegen_${part}.c LIBS codegen_text LABELS unit)
endforeach()
if(TARGET codegen_proto) # not without descriptor.proto
    reuse_test(test_codegen_jsonw SOURCES test_codegen_jsonw.c LIBS codegen_proto LABELS unit)
endif()
reuse_test(test_codec_pb SOURCES test_codec_pb.c LIBS generated_pb codec LABELS unit)
reuse_test(test_codec_event SOURCES test_codec_event.c LIBS generated_envelope codec LABELS unit)
reuse_test(test_generated_examples SOURCES test_generated_examples.c
    LIBS generated_examples codec LABELS unit)
reuse_test(test_generated_tables SOURCES test_generated_tables.c
    LIBS generated_routes generated_settings generated_err codec LABELS unit)
foreach(part vectors property)
    reuse_test(test_generated_${part} SOURCES test_generated_${part}.c
        LIBS generated_examples codec LABELS unit)
endforeach()
target_sources(test_generated_property PRIVATE ../support/record_random.c ../support/rng.c)
