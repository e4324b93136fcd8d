/* What is done with bytes from outside, one function for each reader of such bytes.
 *
 * libFuzzer calls one of them with inputs of its making (tests/fuzz/entry.c; `make fuzz-programs`);
 * the corpus, tests/fuzz/corpus/NAME/, is replayed through them in every run of the tests.  Each
 * aborts when a promise of the reader is broken.  A new one gets a row in
 * tests/unit/fuzz_replay_test.c. */
#pragma once

#include <stddef.h>
#include <stdint.h>

void fuzz_fields(const uint8_t *bytes, size_t size_bytes);
void fuzz_http(const uint8_t *bytes, size_t size_bytes);
void fuzz_json(const uint8_t *bytes, size_t size_bytes);
void fuzz_options(const uint8_t *bytes, size_t size_bytes);
void fuzz_protobuf(const uint8_t *bytes, size_t size_bytes);
void fuzz_patch(const uint8_t *bytes, size_t size_bytes);
void fuzz_query(const uint8_t *bytes, size_t size_bytes);
void fuzz_websocket(const uint8_t *bytes, size_t size_bytes);
void fuzz_where(const uint8_t *bytes, size_t size_bytes);
void fuzz_wire(const uint8_t *bytes, size_t size_bytes);
void fuzz_yaml(const uint8_t *bytes, size_t size_bytes);
