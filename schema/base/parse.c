/* Text to numbers and back.  Digits are read by hand: the C library's functions skip white space,
 * take signs and bases nobody asked for, and report overflow through a global. */
#include "schema/base/parse.h"

#include "schema/base/mem.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A run of digits without needless zeros in front; moves on.  False when there is none or it does
 * not fit. */
static bool read_whole(const char **text, uint64_t *ret_value)
{
    const char *at = *text;
    uint64_t value = 0;

    if (!is_digit(at[0]) || (at[0] == '0' && is_digit(at[1]))) {
        return false;
    }
    for (; is_digit(*at); at++) {
        if (__builtin_mul_overflow(value, 10u, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*at - '0'), &value)) {
            return false;
        }
    }
    *text = at;
    *ret_value = value;
    return true;
}

bool u64_from_str(const char *text, uint64_t *ret_value)
{
    uint64_t value;

    if (!read_whole(&text, &value) || *text != '\0') {
        return false;
    }
    *ret_value = value;
    return true;
}

bool int_from_str(const char *text, int64_t *ret_value)
{
    bool negative = text[0] == '-';
    uint64_t value;

    if (!u64_from_str(negative ? text + 1 : text, &value) ||
        value > (uint64_t)INT64_MAX + (negative ? 1 : 0)) {
        return false;
    }
    *ret_value = negative ? (int64_t)(0 - value) : (int64_t)value;
    return true;
}

/* --- reals ---------------------------------------------------------------------------------- */

bool real_is_whole(double value, int64_t *ret_value)
{
    if (!(value >= -0x1p63 && value < 0x1p63) || value != floor(value)) {
        return false;
    }
    *ret_value = (int64_t)value;
    return true;
}

/* "1e+20" is a string to YAML 1.1: put a point in front of the exponent. */
static void add_point(char text[static REAL_TEXT_SIZE])
{
    char *exponent = strchr(text, 'e');

    if (strchr(text, '.') != NULL || exponent == NULL) {
        return;
    }
    assert(strlen(text) + 3 <= REAL_TEXT_SIZE);
    memmove(exponent + 2, exponent, strlen(exponent) + 1);
    memcpy(exponent, ".0", 2);
}

void real_to_str(double value, char text[static REAL_TEXT_SIZE])
{
    int64_t whole;

    assert(isfinite(value));
    if (fabs(value) < 0x1p53 && real_is_whole(value, &whole)) {
        (void)snprintf(text, REAL_TEXT_SIZE, "%lld", (long long)whole);
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(text, REAL_TEXT_SIZE, "%.*g", digits, value);
        if (strtod(text, NULL) == value) {
            break;
        }
    }
    if (strpbrk(text, ".e") == NULL) {
        /* A whole number that may not fit an integer: keep it a real. */
        memcpy(text + strlen(text), ".0", 3);
    }
    add_point(text);
}

/* --- durations ------------------------------------------------------------------------------ */

struct unit {
    const char *name;
    int64_t size;
};

/* From the largest to the smallest; a name that begins another comes with a digit or the end
 * behind it, so "m" and "ms" do not get into each other's way. */
static const struct unit duration_units[] = {
    {"d", 24 * 60 * 60 * 1000}, {"h", 60 * 60 * 1000}, {"m", 60 * 1000}, {"s", 1000}, {"ms", 1},
};

/* The row of the unit that the text begins with, or the count of rows. */
static size_t find_duration_unit(const char *text, size_t *ret_length)
{
    size_t length = strcspn(text, "0123456789");
    size_t row = 0;

    while (row < COUNT_OF(duration_units) &&
           (strlen(duration_units[row].name) != length ||
            strncmp(duration_units[row].name, text, length) != 0)) {
        row++;
    }
    *ret_length = length;
    return row;
}

bool duration_from_str(const char *text, int64_t *ret_ms)
{
    size_t next_row = 0;
    int64_t total = 0;

    if (*text == '\0') {
        return false;
    }
    while (*text != '\0') {
        uint64_t count;
        int64_t part;
        size_t length, row;

        if (!read_whole(&text, &count)) {
            return false;
        }
        row = find_duration_unit(text, &length);
        if (row < next_row || row == COUNT_OF(duration_units) ||
            __builtin_mul_overflow(count, duration_units[row].size, &part) ||
            __builtin_add_overflow(total, part, &total) || total > DURATION_MAX_MS) {
            return false;
        }
        text += length;
        next_row = row + 1;
    }
    *ret_ms = total;
    return true;
}

void duration_to_str(int64_t ms, char text[static DURATION_TEXT_SIZE])
{
    size_t length = 0;

    assert(ms >= 0);
    for (size_t i = 0; i < COUNT_OF(duration_units); i++) {
        int64_t count = ms / duration_units[i].size;

        if (count > 0) {
            length += (size_t)snprintf(text + length, DURATION_TEXT_SIZE - length, "%lld%s",
                                       (long long)count, duration_units[i].name);
            ms -= count * duration_units[i].size;
        }
    }
    if (length == 0) {
        (void)snprintf(text, DURATION_TEXT_SIZE, "0s");
    }
}

void age_to_str(int64_t ms, char text[static DURATION_TEXT_SIZE])
{
    long long seconds = ms < 0 ? 0 : ms / 1000;
    long long minutes = seconds / 60, hours = minutes / 60, days = hours / 24;
    /* Which two units, and whether the smaller is worth a word: the same steps as kubectl's. */
    struct {
        bool applies;
        long long large, small;
        char large_unit, small_unit;
    } steps[] = {
        {seconds < 2 * 60, seconds, 0, 's', 's'},
        {minutes < 10, minutes, seconds % 60, 'm', 's'},
        {minutes < 3 * 60, minutes, 0, 'm', 's'},
        {hours < 8, hours, minutes % 60, 'h', 'm'},
        {hours < 2 * 24, hours, 0, 'h', 'm'},
        {days < 8, days, hours % 24, 'd', 'h'},
        {days < 2 * 365, days, 0, 'd', 'h'},
        {days < 8 * 365, days / 365, days % 365, 'y', 'd'},
        {true, days / 365, 0, 'y', 'd'},
    };
    size_t row = 0;

    while (!steps[row].applies) {
        row++;
    }
    if (steps[row].small == 0) {
        (void)snprintf(text, DURATION_TEXT_SIZE, "%lld%c", steps[row].large, steps[row].large_unit);
    } else {
        (void)snprintf(text, DURATION_TEXT_SIZE, "%lld%c%lld%c", steps[row].large,
                       steps[row].large_unit, steps[row].small, steps[row].small_unit);
    }
}

/* --- quantities ----------------------------------------------------------------------------- */

static const struct unit decimal_units[] = {
    {"k", 1000},
    {"M", 1000 * 1000},
    {"G", 1000 * 1000 * 1000},
    {"T", (int64_t)1000 * 1000 * 1000 * 1000},
    {"P", (int64_t)1000 * 1000 * 1000 * 1000 * 1000},
};

static const struct unit binary_units[] = {
    {"Pi", (int64_t)1 << 50}, {"Ti", (int64_t)1 << 40}, {"Gi", 1 << 30},
    {"Mi", 1 << 20},          {"Ki", 1 << 10},
};

/* Whole part and thousandths of "12", "1.5", "0.125"; moves on. */
static bool read_decimal(const char **text, uint64_t *ret_whole, uint64_t *ret_thousandths)
{
    const char *at = *text;
    uint64_t whole, thousandths = 0;

    if (!read_whole(&at, &whole)) {
        return false;
    }
    if (*at == '.') {
        uint64_t weight = 100;

        at++;
        if (!is_digit(*at)) {
            return false;
        }
        for (; is_digit(*at); at++) {
            if (weight == 0) {
                return false;
            }
            thousandths += (uint64_t)(*at - '0') * weight;
            weight /= 10;
        }
    }
    *text = at;
    *ret_whole = whole;
    *ret_thousandths = thousandths;
    return true;
}

static const struct unit *find_unit(const struct unit *units, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(units[i].name, name) == 0) {
            return &units[i];
        }
    }
    return NULL;
}

bool quantity_from_str(const char *text, int64_t *ret_value)
{
    const struct unit *unit;
    uint64_t whole, thousandths;
    int64_t value, part;

    if (int_from_str(text, &value) && value >= 0) {
        *ret_value = value;
        return true;
    }
    if (!read_decimal(&text, &whole, &thousandths)) {
        return false;
    }
    unit = find_unit(binary_units, COUNT_OF(binary_units), text);
    unit = unit != NULL ? unit : find_unit(decimal_units, COUNT_OF(decimal_units), text);
    if (unit == NULL) {
        return false;
    }
    part = (int64_t)thousandths * unit->size; /* below 1000 × 2^50 */
    if (part % 1000 != 0 || __builtin_mul_overflow(whole, unit->size, &value) ||
        __builtin_add_overflow(value, part / 1000, &value)) {
        return false;
    }
    *ret_value = value;
    return true;
}

void quantity_to_str(int64_t value, char text[static QUANTITY_TEXT_SIZE])
{
    assert(value >= 0);
    for (size_t i = 0; i < COUNT_OF(binary_units) && value > 0; i++) {
        if (value % binary_units[i].size == 0) {
            (void)snprintf(text, QUANTITY_TEXT_SIZE, "%lld%s",
                           (long long)(value / binary_units[i].size), binary_units[i].name);
            return;
        }
    }
    (void)snprintf(text, QUANTITY_TEXT_SIZE, "%lld", (long long)value);
}

void quantity_to_rough_str(int64_t value, char text[static QUANTITY_TEXT_SIZE])
{
    const int64_t kibi = 1024, mebi = 1024 * kibi, enough = 16;
    int64_t unit = value >= enough * mebi ? mebi : value >= enough * kibi ? kibi : 1;
    int64_t past = value % unit, rounded = value < 0 ? 0 : value - past;

    quantity_to_str(past > 0 && rounded <= INT64_MAX - unit ? rounded + unit : rounded, text);
}

bool int_or_percent_from_str(const char *text, int64_t *ret_value)
{
    size_t digits = strspn(text, "0123456789");
    bool is_percentage = text[digits] == '%';
    int64_t value = 0;

    if (!is_percentage) {
        if (!int_from_str(text, &value) || value < 0) {
            return false;
        }
        *ret_value = value;
        return true;
    }
    if (digits == 0 || digits > 3 || text[digits + 1] != '\0') {
        return false;
    }
    for (size_t i = 0; i < digits; i++) {
        value = value * 10 + (text[i] - '0');
    }
    if (value < 1 || value > 100) {
        return false;
    }
    *ret_value = -value;
    return true;
}

int64_t int_or_percent_of(int64_t value, int64_t whole)
{
    return value >= 0 ? value : whole / 100 * -value + whole % 100 * -value / 100;
}

bool cores_from_str(const char *text, int64_t *ret_millis)
{
    const char *at = text;
    uint64_t whole, thousandths;
    int64_t millis;

    if (!read_decimal(&at, &whole, &thousandths)) {
        return false;
    }
    if (strcmp(at, "m") == 0 && memchr(text, '.', (size_t)(at - text)) == NULL) {
        if (whole > INT64_MAX) {
            return false;
        }
        *ret_millis = (int64_t)whole;
        return true;
    }
    if (*at != '\0' || __builtin_mul_overflow(whole, 1000, &millis) ||
        __builtin_add_overflow(millis, thousandths, &millis)) {
        return false;
    }
    *ret_millis = millis;
    return true;
}

void cores_to_str(int64_t millis, char text[static QUANTITY_TEXT_SIZE])
{
    assert(millis >= 0);
    if (millis % 1000 == 0) {
        (void)snprintf(text, QUANTITY_TEXT_SIZE, "%lld", (long long)(millis / 1000));
    } else {
        (void)snprintf(text, QUANTITY_TEXT_SIZE, "%lldm", (long long)millis);
    }
}

/* --- words ---------------------------------------------------------------------------------- */

enum { WORD_BYTES_MAX = 64 }; /* longer ones are not slips of the finger, and cost their square */

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Three rows of the table are enough: a swap looks two back. */
size_t words_distance(const char *a, const char *b)
{
    size_t rows[3][WORD_BYTES_MAX + 1];
    size_t size_a = strlen(a), size_b = strlen(b);

    if (size_a > WORD_BYTES_MAX || size_b > WORD_BYTES_MAX) {
        return strcmp(a, b) == 0 ? 0 : size_a > size_b ? size_a : size_b;
    }
    for (size_t j = 0; j <= size_b; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= size_a; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i - 1) % 3];

        row[0] = i;
        for (size_t j = 1; j <= size_b; j++) {
            size_t replaced = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);

            row[j] = smaller(replaced, smaller(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = smaller(row[j], rows[(i - 2) % 3][j - 2] + 1);
            }
        }
    }
    return rows[size_a % 3][size_b];
}

const char *words_closest(const char *word, const char *const *candidates, size_t count)
{
    size_t best = (strlen(word) + 1) / 3 + 1; /* one slip for every three letters, or none */
    const char *closest = NULL;

    for (size_t i = 0; i < count; i++) {
        size_t distance =
            strcasecmp(word, candidates[i]) == 0 ? 0 : words_distance(word, candidates[i]);

        if (distance < best) {
            best = distance;
            closest = candidates[i];
        }
    }
    return closest;
}
