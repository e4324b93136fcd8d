/* Forms of text, and the names and labels of Kubernetes. */
#include "schema/forms.h"

#include "schema/base/digest.h"
#include "schema/base/parse.h"
#include "schema/base/str.h"
#include "schema/bind.h"
#include "schema/indexes.h"
#include "schema/limits.h"

#include <string.h>

static bool no(const char **ret_why, const char *why)
{
    *ret_why = why;
    return false;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_letter(char c)
{
    return is_lower(c) || (c >= 'A' && c <= 'Z');
}

bool name_is_valid(const char *name, const char **ret_why)
{
    static const char why[] = "is not a name: lower case letters, digits, \"-\" and \".\", and a "
                              "letter or digit at both ends of each part";
    size_t length = strlen(name);

    if (length == 0) {
        return no(ret_why, "is empty");
    }
    if (length > NAME_BYTES_MAX) {
        return no(ret_why, "is longer than 253 characters");
    }
    for (size_t i = 0; i < length; i++) {
        bool is_edge = i == 0 || i == length - 1 || name[i - 1] == '.' || name[i + 1] == '.';

        if (is_lower(name[i]) || is_digit(name[i])) {
            continue;
        }
        if ((name[i] != '-' && name[i] != '.') || is_edge) {
            return no(ret_why, why);
        }
    }
    return true;
}

/* At most 63 of letters, digits, "-", "_", ".", with a letter or digit at both ends. */
static bool is_label_word(const char *text, const char **ret_why)
{
    size_t length = strlen(text);

    if (length > LABEL_VALUE_BYTES_MAX) {
        return no(ret_why, "is longer than 63 characters");
    }
    for (size_t i = 0; i < length; i++) {
        bool is_edge = i == 0 || i == length - 1;

        if (is_letter(text[i]) || is_digit(text[i])) {
            continue;
        }
        if (is_edge || strchr("-_.", text[i]) == NULL) {
            return no(ret_why, "may hold letters, digits, \"-\", \"_\" and \".\" only, and begins "
                               "and ends with a letter or digit");
        }
    }
    return true;
}

bool label_key_is_valid(const char *key, const char **ret_why)
{
    const char *slash = strchr(key, '/');
    const char *word = slash == NULL ? key : slash + 1;
    char prefix[NAME_BYTES_MAX + 1];

    if (*word == '\0') {
        return no(ret_why, slash == NULL ? "is empty" : "has nothing behind the \"/\"");
    }
    if (slash != NULL) {
        size_t length = (size_t)(slash - key);

        if (length > NAME_BYTES_MAX) {
            return no(ret_why, "has a prefix longer than 253 characters");
        }
        memcpy(prefix, key, length);
        prefix[length] = '\0';
        if (!name_is_valid(prefix, ret_why)) {
            return no(ret_why, "has a prefix that is not a domain name");
        }
    }
    return is_label_word(word, ret_why);
}

bool label_value_is_valid(const char *value, const char **ret_why)
{
    return is_label_word(value, ret_why);
}

bool form_is_digest(const char *text, const char **ret_why)
{
    struct digest digest;

    return digest_from_str(text, &digest) ||
           no(ret_why, "is not a digest: \"blake2b:\" and 64 hex digits");
}

bool form_is_public_key(const char *text, const char **ret_why)
{
    unsigned char key[KEY_SIZE];

    return base64_from_str(text, sizeof(key), key) ||
           no(ret_why, "is not a public key: 32 bytes in base64");
}

bool form_is_path(const char *text, const char **ret_why)
{
    if (text[0] == '\0') {
        return no(ret_why, "is empty");
    }
    if (text[0] == '/') {
        return no(ret_why, "is absolute; paths are relative to the working directory");
    }
    for (const char *part = text; part != NULL;) {
        const char *slash = strchr(part, '/');
        size_t length = slash == NULL ? strlen(part) : (size_t)(slash - part);

        if (length == 0 || (length == 1 && part[0] == '.')) {
            return no(ret_why, "has an empty part or a \".\"");
        }
        if (length == 2 && part[0] == '.' && part[1] == '.') {
            return no(ret_why, "leads outside through \"..\"");
        }
        part = slash == NULL ? NULL : slash + 1;
    }
    return true;
}

static bool is_clock(const char *text)
{
    return strlen(text) == 5 && is_digit(text[0]) && is_digit(text[1]) && text[2] == ':' &&
           is_digit(text[3]) && is_digit(text[4]) && text[3] < '6' &&
           (text[0] < '2' || (text[0] == '2' && text[1] < '4'));
}

bool form_is_clock(const char *text, const char **ret_why)
{
    return is_clock(text) || no(ret_why, "is not a time of day from \"00:00\" to \"23:59\"");
}

bool form_is_clock_end(const char *text, const char **ret_why)
{
    return is_clock(text) || str_eq(text, "24:00") ||
           no(ret_why, "is not a time of day from \"00:00\" to \"24:00\"");
}

bool form_is_environment(const char *text, const char **ret_why)
{
    if (text[0] == '\0' || is_digit(text[0])) {
        return no(ret_why, "is not the name of a variable: it begins with a letter or \"_\"");
    }
    for (const char *c = text; *c != '\0'; c++) {
        if (!is_letter(*c) && !is_digit(*c) && *c != '_') {
            return no(ret_why, "is not the name of a variable: letters, digits and \"_\" only");
        }
    }
    if (str_starts(text, "FOG_")) {
        return no(ret_why, "begins with FOG_, which the agent keeps for itself");
    }
    return true;
}

bool form_is_reason(const char *text, const char **ret_why)
{
    static const char why[] = "is not a reason: one word in CamelCase";

    if (!is_letter(text[0])) {
        return no(ret_why, why);
    }
    for (const char *c = text; *c != '\0'; c++) {
        if (!is_letter(*c) && !is_digit(*c)) {
            return no(ret_why, why);
        }
    }
    return true;
}

bool form_is_indexes(const char *text, const char **ret_why)
{
    struct indexes set;
    struct arena arena;
    bool is_good;

    arena_init(&arena);
    indexes_init(&set, &arena, TASKS_MAX);
    is_good = indexes_from_str(text, &set);
    arena_fini(&arena);
    return is_good || no(ret_why, "is not a list of indexes, such as \"0-57,60\"");
}

bool form_is_event_type(const char *text, const char **ret_why)
{
    return str_eq(text, "Normal") || str_eq(text, "Warning") ||
           no(ret_why, "is not one of Normal, Warning");
}

/* Behind a host of `length` bytes; "" and "[::1]" have none, and ":" alone is none. */
static bool has_good_port(const char *host, size_t length)
{
    const char *colon = memrchr(host, ':', length);
    const char *bracket = memrchr(host, ']', length);
    int64_t port = 0;
    char digits[8];

    if (colon == NULL || (bracket != NULL && bracket > colon)) {
        return true;
    }
    length -= (size_t)(colon + 1 - host);
    if (length == 0 || length >= sizeof(digits)) {
        return false;
    }
    memcpy(digits, colon + 1, length);
    digits[length] = '\0';
    return int_from_str(digits, &port) && port >= 1 && port <= UINT16_MAX;
}

/* What could hide where it leads is refused: blanks, controls, letters beyond ASCII, a name before
 * the host. */
bool form_is_url(const char *text, const char **ret_why)
{
    const char *host = str_starts(text, "https://")  ? text + 8
                       : str_starts(text, "http://") ? text + 7
                                                     : NULL;
    size_t length = host == NULL ? 0 : strcspn(host, "/?#");

    for (const char *c = text; *c != '\0'; c++) {
        if (*c <= ' ' || *c > '~' || strchr("\"<>\\^`{|}", *c) != NULL) {
            return no(ret_why, "has a character that a URL has only as %XX");
        }
    }
    if (length == 0 || host[0] == ':') {
        return no(ret_why, "is not a URL: http:// or https://, a host, and a path");
    }
    if (memchr(host, '@', length) != NULL) {
        return no(ret_why, "may not hold a user or password");
    }
    if (!has_good_port(host, length)) {
        return no(ret_why, "has a port that is none: 1 to 65535 are");
    }
    return strchr(text, '#') == NULL || no(ret_why, "may not hold a fragment (#)");
}

#define NAME_PART "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
#define NAME      NAME_PART "(\\." NAME_PART ")*"
#define WORD      "[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?"
#define CLOCK     "([01][0-9]|2[0-3]):[0-5][0-9]"
#define RUN       "[0-9]+(-[0-9]+)?"

const char *form_pattern(bool (*form)(const char *text, const char **ret_why))
{
    static const struct {
        bool (*form)(const char *text, const char **ret_why);
        const char *pattern;
    } patterns[] = {
        {name_is_valid, "^" NAME "$"},
        {label_key_is_valid, "^(" NAME "/)?" WORD "$"},
        {label_value_is_valid, "^(" WORD ")?$"},
        {form_is_digest, "^blake2b:[0-9a-f]{64}$"},
        {form_is_public_key, "^[A-Za-z0-9+/]{43}=$"},
        {form_is_path, "^[^/]+(/[^/]+)*$"},
        {form_is_clock, "^" CLOCK "$"},
        {form_is_clock_end, "^(" CLOCK "|24:00)$"},
        {form_is_reason, "^[A-Za-z][A-Za-z0-9]*$"},
        {form_is_event_type, "^(Normal|Warning)$"},
        {form_is_url, "^https?://[^\\s#]+$"},
        {form_is_indexes, "^(" RUN "(," RUN ")*)?$"},
    };

    for (size_t i = 0; i < COUNT_OF(patterns); i++) {
        if (patterns[i].form == form) {
            return patterns[i].pattern;
        }
    }
    return NULL;
}
