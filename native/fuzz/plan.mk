# The reader of launch plans under libFuzzer.
#   make fuzz             builds it; build/native-fuzz/plan_fuzz CORPUS runs it
#   make fuzz-coverage    builds it to tell which lines a corpus reaches
plan_fuzzed := $(wildcard plan/*.c) test/support/dump_plan.c $(GENERATED)/plan_layout.c
plan_fuzz_flags := $(CFLAGS_STRICT) -g -O1 -I. -I$(GENERATED) -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all

fuzz: $(OUT)-fuzz/plan_fuzz
$(OUT)-fuzz/plan_fuzz: fuzz/plan_fuzz.c $(plan_fuzzed) $(wildcard plan/*.h test/support/*.h)
	@mkdir -p $(dir $@)
	clang $(plan_fuzz_flags) -o $@ fuzz/plan_fuzz.c $(plan_fuzzed)

fuzz-coverage: $(OUT)-fuzz/plan_fuzz_coverage
$(OUT)-fuzz/plan_fuzz_coverage: fuzz/plan_fuzz.c $(plan_fuzzed) $(wildcard plan/*.h test/support/*.h)
	@mkdir -p $(dir $@)
	clang $(plan_fuzz_flags) -fprofile-instr-generate -fcoverage-mapping -o $@ fuzz/plan_fuzz.c $(plan_fuzzed)
