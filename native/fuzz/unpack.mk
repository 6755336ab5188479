# The unpacker under libFuzzer: all of it but what confines the process.
#   make fuzz             builds it; build/native-fuzz/unpack_fuzz CORPUS runs it
#   make fuzz-coverage    builds it to tell which lines a corpus reaches
unpack_fuzzed := $(filter-out unpack/main.c unpack/confine.c unpack/filter.c unpack/options.c,$(wildcard unpack/*.c))
unpack_fuzz_flags := $(CFLAGS_STRICT) -g -O1 -I. -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all

fuzz: $(OUT)-fuzz/unpack_fuzz
$(OUT)-fuzz/unpack_fuzz: fuzz/unpack_fuzz.c $(unpack_fuzzed) $(wildcard unpack/*.h base/*.h)
	@mkdir -p $(dir $@)
	clang $(unpack_fuzz_flags) -o $@ fuzz/unpack_fuzz.c $(unpack_fuzzed) -larchive -lnettle

fuzz-coverage: $(OUT)-fuzz/unpack_fuzz_coverage
$(OUT)-fuzz/unpack_fuzz_coverage: fuzz/unpack_fuzz.c $(unpack_fuzzed) $(wildcard unpack/*.h base/*.h)
	@mkdir -p $(dir $@)
	clang $(unpack_fuzz_flags) -fprofile-instr-generate -fcoverage-mapping -o $@ fuzz/unpack_fuzz.c $(unpack_fuzzed) \
		-larchive -lnettle

.PHONY: fuzz fuzz-coverage
