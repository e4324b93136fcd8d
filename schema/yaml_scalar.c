/* One reading when YAML 1.1 and 1.2 agree, "ambiguous" when they do not.
 *
 *                      YAML 1.1                       YAML 1.2 core
 *     yes no on off y n    boolean                        string
 *     010                  8                              10
 *     0o10                 string                         8
 *     0b1 1_000 -0x1       number                         string
 *     1:30                 90                             string
 *     1e3 1.5e3            string                         number
 *     2026-11-20           a date                         string
 *     << =                 merge, value                   string
 *
 * Not-a-number and the infinities are alike to both, but no field of ours can hold them; nor can it
 * hold an integer beyond 64 bits.  They count as ambiguous too, so that they must be quoted. */
#include "schema/yaml_scalar.h"

#include "schema/base/mem.h"
#include "schema/base/parse.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS "0123456789"
#define HEX    DIGITS "abcdefABCDEF"

static bool is_one_of(const char *text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(text, words[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool read_word(const char *text, struct yaml_plain *plain)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
    static const char *const trues[] = {"true", "True", "TRUE"};
    static const char *const falses[] = {"false", "False", "FALSE"};
    static const char *const doubtful[] = {
        "y",     "Y",     "yes",   "Yes",   "YES",   "n",    "N",    "no",   "No",   "NO",
        "on",    "On",    "ON",    "off",   "Off",   "OFF",  ".inf", ".Inf", ".INF", "+.inf",
        "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF", ".nan", ".NaN", ".NAN", "<<",   "="};

    if (strlen(text) > 5) {
        return false;
    }
    if (is_one_of(text, nulls, COUNT_OF(nulls))) {
        plain->type = NODE_NULL;
    } else if (is_one_of(text, trues, COUNT_OF(trues))) {
        plain->type = NODE_BOOL;
        plain->boolean = true;
    } else if (is_one_of(text, falses, COUNT_OF(falses))) {
        plain->type = NODE_BOOL;
    } else if (is_one_of(text, doubtful, COUNT_OF(doubtful))) {
        plain->ambiguous = true;
    } else {
        return false;
    }
    return true;
}

/* At least one and only characters of the set. */
static bool is_all(const char *text, const char *set)
{
    return *text != '\0' && text[strspn(text, set)] == '\0';
}

/* [-+]?[0-9]+ and the prefixed forms, `bare` being the text without its sign. */
static bool read_integer(const char *text, const char *bare, struct yaml_plain *plain)
{
    bool has_sign = bare != text;

    if (is_all(bare, DIGITS)) {
        bool fits = int_from_str(text[0] == '+' ? bare : text, &plain->integer);

        plain->ambiguous = !fits; /* also because of a leading zero */
        plain->type = fits ? NODE_INT : NODE_STR;
        return true;
    }
    if (strncmp(bare, "0x", 2) == 0 && is_all(bare + 2, HEX "_")) {
        bool fits = !has_sign && is_all(bare + 2, HEX) && strlen(bare + 2) <= 15;

        plain->ambiguous = !fits;
        plain->type = fits ? NODE_INT : NODE_STR;
        plain->integer = fits ? strtoll(bare + 2, NULL, 16) : 0;
        return true;
    }
    plain->ambiguous = (strncmp(bare, "0o", 2) == 0 && !has_sign && is_all(bare + 2, "01234567")) ||
                       (strncmp(bare, "0b", 2) == 0 && is_all(bare + 2, "01_")) ||
                       (strspn(bare, DIGITS) > 0 && is_all(bare, DIGITS "_"));
    return plain->ambiguous;
}

/* [0-9_]*(\.[0-9_]*)?([eE][-+]?[0-9]+)? with a digit before the exponent. */
static bool read_real(const char *text, const char *bare, struct yaml_plain *plain)
{
    const char *at = bare + strspn(bare, DIGITS "_");
    bool has_point = *at == '.';
    bool has_exponent, has_exponent_sign = false;
    size_t mantissa;

    if (has_point) {
        at += 1 + strspn(at + 1, DIGITS "_");
    }
    mantissa = (size_t)(at - bare);
    if (strcspn(bare, DIGITS) >= mantissa || bare[0] == '_' || strncmp(bare, "._", 2) == 0) {
        return false;
    }
    has_exponent = *at == 'e' || *at == 'E';
    if (has_exponent) {
        at++;
        has_exponent_sign = *at == '-' || *at == '+';
        at += has_exponent_sign ? 1 : 0;
        if (!is_all(at, DIGITS)) {
            return false;
        }
    } else if (*at != '\0') {
        return false;
    }
    plain->real = strtod(text, NULL);
    plain->ambiguous = !has_point || (has_exponent && !has_exponent_sign) ||
                       memchr(bare, '_', mantissa) != NULL || !isfinite(plain->real);
    plain->type = plain->ambiguous ? NODE_STR : NODE_REAL;
    return true;
}

/* [0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)? is a number to the base of 60. */
static bool is_sexagesimal(const char *bare)
{
    const char *at = bare + strspn(bare, DIGITS "_");

    if (at == bare || *bare == '_' || *at != ':') {
        return false;
    }
    while (*at == ':') {
        size_t digits = strspn(at + 1, DIGITS);

        if (digits < 1 || digits > 2 || (digits == 2 && at[1] > '5')) {
            return false;
        }
        at += 1 + digits;
    }
    if (*at == '.') {
        at += 1 + strspn(at + 1, DIGITS "_");
    }
    return *at == '\0';
}

/* Moves over low … high digits. */
static bool skip_digits(const char **at, size_t low, size_t high)
{
    size_t count = strspn(*at, DIGITS);

    *at += count;
    return count >= low && count <= high;
}

static bool skip_char(const char **at, const char *set)
{
    bool found = **at != '\0' && strchr(set, **at) != NULL;

    *at += found ? 1 : 0;
    return found;
}

static bool is_zone(const char *at)
{
    at += strspn(at, " \t");
    if (*at == '\0' || strcmp(at, "Z") == 0) {
        return true;
    }
    return skip_char(&at, "+-") && skip_digits(&at, 1, 2) &&
           (*at == '\0' || (skip_char(&at, ":") && skip_digits(&at, 2, 2) && *at == '\0'));
}

static bool is_timestamp(const char *text)
{
    const char *at = text;

    if (!skip_digits(&at, 4, 4) || !skip_char(&at, "-") || !skip_digits(&at, 1, 2) ||
        !skip_char(&at, "-") || !skip_digits(&at, 1, 2)) {
        return false;
    }
    if (*at == '\0') {
        return strlen(text) == strlen("2026-11-20");
    }
    if (!skip_char(&at, "Tt \t")) {
        return false;
    }
    at += strspn(at, " \t");
    if (!skip_digits(&at, 1, 2) || !skip_char(&at, ":") || !skip_digits(&at, 2, 2) ||
        !skip_char(&at, ":") || !skip_digits(&at, 2, 2)) {
        return false;
    }
    if (skip_char(&at, ".")) {
        at += strspn(at, DIGITS);
    }
    return is_zone(at);
}

void yaml_plain_read(const char *text, struct yaml_plain *ret_plain)
{
    const char *bare = text + (text[0] == '-' || text[0] == '+' ? 1 : 0);

    *ret_plain = (struct yaml_plain){.type = NODE_STR};
    if (read_word(text, ret_plain)) {
        return;
    }
    if (bare[0] == '\0' || strchr(DIGITS ".", bare[0]) == NULL ||
        read_integer(text, bare, ret_plain) || read_real(text, bare, ret_plain)) {
        return;
    }
    ret_plain->ambiguous = is_sexagesimal(bare) || is_timestamp(text);
}
