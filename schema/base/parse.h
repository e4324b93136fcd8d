/* Text to numbers and back.  Each pair is a round trip; the writers are canonical: the shortest
 * exact form.  None accepts leading or trailing white space; `ret_` is written only on success. */
#pragma once

#include "schema/base/mono.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { REAL_TEXT_SIZE = 40 };

bool int_from_str(const char *text, int64_t *ret_value); /* decimal, optional minus, no plus */
bool u64_from_str(const char *text, uint64_t *ret_value);

/* Reals, finite.  Whole ones below 2^53 are written without point ("2"), others with the fewest
 * digits that read back exactly; an exponent comes with a point and a sign ("1.0e+20"), which
 * JSON, YAML 1.1 and YAML 1.2 all read alike. */
void real_to_str(double value, char text[static REAL_TEXT_SIZE]);
bool real_is_whole(double value, int64_t *ret_value); /* and fits */

/* Durations: "1h30m", "5m", "20s", "1500ms", "1d12h", "0s"; units d h m s ms, each at most once and
 * in that order.  Written with the largest units that are exact: 90000 → "1m30s".  The bound is for
 * what machines count, such as the processor time of many cores (what people set has a lower one in
 * its table), and leaves room to add it to any moment. */
#define DURATION_MAX_MS ((int64_t)365250000 * 24 * 60 * 60 * 1000) /* a million years */
bool duration_from_str(const char *text, int64_t *ret_ms);
void duration_to_str(int64_t ms, char text[static DURATION_TEXT_SIZE]);

/* Quantities, Kubernetes' way: a whole number with an optional suffix k M G T P (powers of 1000) or
 * Ki Mi Gi Ti Pi (powers of 1024), with at most three decimals when there is a suffix ("1.5Gi") and
 * the product is whole.  Written with the largest binary suffix that is exact, else plain. */
bool quantity_from_str(const char *text, int64_t *ret_value);
void quantity_to_str(int64_t value, char text[static QUANTITY_TEXT_SIZE]);
/* For a sentence: rounded up to whole Mi, or Ki where that would say too little: "33Mi".  Below 0
 * it is "0". */
void quantity_to_rough_str(int64_t value, char text[static QUANTITY_TEXT_SIZE]);

/* "3", or "1%" to "100%", which is so many below 0. */
bool int_or_percent_from_str(const char *text, int64_t *ret_value);
/* What it is of so many; a percentage is rounded down. */
int64_t int_or_percent_of(int64_t value, int64_t whole);

/* Processor cores, in thousandths: "2" → 2000, "0.5" and "500m" → 500.  Written "2", else "500m".
 */
bool cores_from_str(const char *text, int64_t *ret_millis);
void cores_to_str(int64_t millis, char text[static QUANTITY_TEXT_SIZE]);

/* The age of something as kubectl prints it: "12s", "5m", "3h", "2d", "3m15s" below ten minutes. */
void age_to_str(int64_t ms, char text[static DURATION_TEXT_SIZE]);

/* How far apart two words are (insertions, deletions, replacements, swaps of neighbours), and the
 * closest of several candidates if it is close enough to be a slip of the finger, else NULL. */
size_t words_distance(const char *a, const char *b);
const char *words_closest(const char *word, const char *const *candidates, size_t count);
