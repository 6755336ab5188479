# The reader of the prover's requests under libFuzzer: build/native-fuzz/prove_fuzz CORPUS runs it.
prove_fuzz_flags := $(CFLAGS_STRICT) -g -O1 -I. -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all

fuzz: $(OUT)-fuzz/prove_fuzz
$(OUT)-fuzz/prove_fuzz: fuzz/prove_fuzz.c prove/request.c prove/prove.h
	@mkdir -p $(dir $@)
	clang $(prove_fuzz_flags) -o $@ fuzz/prove_fuzz.c prove/request.c
