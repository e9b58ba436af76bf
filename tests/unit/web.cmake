reuse_test(test_web_embedded_files SOURCES test_web_embedded_files.c LIBS web_pages LABELS unit)
