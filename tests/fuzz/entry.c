/* libFuzzer's door; the build says which function of fuzz.h is behind it. */
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes)
{
    FUZZ_ONE(bytes, size_bytes);
    return 0;
}
