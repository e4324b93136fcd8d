/* libFuzzer's door; the build says which function of fuzz.h is behind it. */
#include "tests/fuzz/fuzz.h"

#ifndef FUZZ_ONE
#define FUZZ_ONE fuzz_json /* compiled to be looked at only */
#endif

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes)
{
    FUZZ_ONE(bytes, size_bytes);
    return 0;
}
