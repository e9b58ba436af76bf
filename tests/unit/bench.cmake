# The load generator's parts; what it finds in a server is tested in tests/bench.
foreach(part hist options results stamp wsframe)
    reuse_test(test_bench_${part} SOURCES test_bench_${part}.c LIBS bench LABELS unit)
endforeach()
