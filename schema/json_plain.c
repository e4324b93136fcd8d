/* One pass, no recursion, nothing on the heap but the arena: most of what arrives is messages and
 * objects written by a program, and this reads them several times faster than a general parser.
 * Whatever is unusual is left to that one, so there is no error here, only giving up. */
#include "schema/json_plain.h"

#include "schema/limits.h"

#include <string.h>

enum {
    DIGITS_MAX = 19,  /* may fit 64 bits */
    MEMBERS_MAX = 48, /* of one map: each new key is compared with all */
};

struct plain {
    struct arena *arena;
    const char *at, *end;
    struct node *open[TREE_DEPTH_MAX]; /* containers within each other */
    size_t depth, nodes;
};

/* The next character, not taken; NUL at the end. */
static char look(struct plain *plain)
{
    while (plain->at < plain->end &&
           (*plain->at == ' ' || *plain->at == '\n' || *plain->at == '\r' || *plain->at == '\t')) {
        plain->at++;
    }
    return plain->at < plain->end ? *plain->at : '\0';
}

static bool take(struct plain *plain, char c)
{
    if (look(plain) != c) {
        return false;
    }
    plain->at++;
    return true;
}

/* What is meant by a letter behind a backslash; NUL: not plain. */
static char unescape(char c)
{
    static const char letters[] = "bfnrt\"\\/", meant[] = "\b\f\n\r\t\"\\/";
    const char *found = c == '\0' ? NULL : strchr(letters, c);

    return found == NULL ? '\0' : meant[found - letters];
}

static char *copy(struct plain *plain, const char *from, size_t size_bytes, size_t escapes)
{
    char *text, *to;

    if (escapes == 0) {
        return arena_strndup(plain->arena, from, size_bytes);
    }
    text = to = arena_alloc(plain->arena, size_bytes - escapes + 1);
    for (size_t i = 0; i < size_bytes; i++) {
        *to++ = from[i] == '\\' ? unescape(from[++i]) : from[i];
    }
    return text;
}

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* Eight at once.  In what is taken together the highest bit of a byte is set when that byte is not
 * plain, else only behind one that is not. */
static bool are_plain(const char text[static sizeof(uint64_t)])
{
    const uint64_t ones = 0x0101010101010101u;
    uint64_t word, quotes, backslashes;

    memcpy(&word, text, sizeof(word));
    quotes = (word ^ ones * '"') - ones;
    backslashes = (word ^ ones * '\\') - ones;
    return ((word | (word - ones * 0x20) | quotes | backslashes) & ones * 0x80) == 0;
}

size_t json_plain_run(const char *text, size_t size_bytes)
{
    size_t at = 0;

    while (size_bytes - at >= sizeof(uint64_t) && are_plain(text + at)) {
        at += sizeof(uint64_t);
    }
    while (at < size_bytes && is_plain((unsigned char)text[at])) {
        at++;
    }
    return at;
}

/* NULL: gives up. */
static const char *read_string(struct plain *plain, size_t *ret_length)
{
    const char *from = ++plain->at;
    size_t escapes = 0, size_bytes;

    for (;; plain->at++) {
        plain->at += json_plain_run(plain->at, (size_t)(plain->end - plain->at));
        if (plain->at == plain->end || *plain->at == '"') {
            break;
        }
        if ((unsigned char)*plain->at < 0x20) {
            return NULL;
        }
        if (*plain->at == '\\') {
            plain->at++;
            escapes++;
            if (plain->at == plain->end || unescape(*plain->at) == '\0') {
                return NULL;
            }
        }
    }
    if (plain->at == plain->end) {
        return NULL;
    }
    size_bytes = (size_t)(plain->at++ - from);
    *ret_length = size_bytes - escapes;
    return copy(plain, from, size_bytes, escapes);
}

static bool is_digit(const struct plain *plain)
{
    return plain->at < plain->end && *plain->at >= '0' && *plain->at <= '9';
}

static struct node *read_number(struct plain *plain)
{
    bool is_negative = *plain->at == '-';
    const char *first;
    uint64_t value = 0; /* of 19 digits, it cannot wrap */

    plain->at += is_negative;
    first = plain->at;
    for (; is_digit(plain) && plain->at - first < DIGITS_MAX; plain->at++) {
        value = value * 10 + (uint64_t)(*plain->at - '0');
    }
    if (plain->at == first || is_digit(plain) || value > INT64_MAX ||
        (*first == '0' && (is_negative || plain->at - first > 1))) {
        return NULL; /* too long, or such as -0 and 01 */
    }
    return node_int(plain->arena, is_negative ? -(int64_t)value : (int64_t)value);
}

static bool take_word(struct plain *plain, const char *word)
{
    size_t length = strlen(word);

    if ((size_t)(plain->end - plain->at) < length || memcmp(plain->at, word, length) != 0) {
        return false;
    }
    plain->at += length;
    return true;
}

/* A scalar, or a container that has just been opened; NULL: gives up. */
static struct node *read_value(struct plain *plain, char c)
{
    struct node *node = NULL;
    const char *text;
    size_t length;

    switch (c) {
    case '"':
        text = read_string(plain, &length);
        return text == NULL ? NULL : node_str_borrowed(plain->arena, text, length);
    case '{':
    case '[':
        if (plain->depth == TREE_DEPTH_MAX) {
            return NULL;
        }
        plain->at++;
        node = c == '{' ? node_map(plain->arena) : node_list(plain->arena);
        plain->open[plain->depth++] = node;
        return node;
    case 't':
        return take_word(plain, "true") ? node_bool(plain->arena, true) : NULL;
    case 'f':
        return take_word(plain, "false") ? node_bool(plain->arena, false) : NULL;
    case 'n':
        return take_word(plain, "null") ? node_null(plain->arena) : NULL;
    default:
        return c == '-' || (c >= '0' && c <= '9') ? read_number(plain) : NULL;
    }
}

/* "key":  NULL: gives up, for a key that was there before, too. */
static const char *read_key(struct plain *plain, const struct node *map)
{
    const char *key = look(plain) == '"' ? read_string(plain, &(size_t){0}) : NULL;

    if (key == NULL || map->map.count == MEMBERS_MAX || !take(plain, ':')) {
        return NULL;
    }
    for (size_t i = 0; i < map->map.count; i++) {
        const char *other = map->map.members[i].key;

        if (other[0] == key[0] && strcmp(other, key) == 0) {
            return NULL;
        }
    }
    return key;
}

/* One value in the innermost container, or the end of that container.  False: gives up. */
static bool read_next(struct plain *plain)
{
    struct node *top = plain->open[plain->depth - 1], *value;
    bool is_map = top->type == NODE_MAP;
    bool is_first = (is_map ? top->map.count : top->list.count) == 0;
    const char *key = NULL;

    if (take(plain, is_map ? '}' : ']')) {
        plain->depth--;
        return true;
    }
    if (!is_first && !take(plain, ',')) {
        return false;
    }
    if (is_map) {
        key = read_key(plain, top);
        if (key == NULL) {
            return false;
        }
    }
    value = ++plain->nodes > JSON_NODES_MAX ? NULL : read_value(plain, look(plain));
    if (value == NULL) {
        return false;
    }
    if (is_map) {
        (void)node_append_borrowed(plain->arena, top, key, value);
    } else {
        node_add(plain->arena, top, value);
    }
    return true;
}

bool json_plain_parse(struct arena *arena, const char *text, size_t size_bytes,
                      struct node **ret_node)
{
    struct plain plain = {.arena = arena, .at = text, .end = text + size_bytes, .nodes = 1};
    struct node *root = read_value(&plain, look(&plain));

    if (root == NULL) {
        return false;
    }
    while (plain.depth > 0) {
        if (!read_next(&plain)) {
            return false;
        }
    }
    if (look(&plain) != '\0' || plain.at < plain.end) {
        return false;
    }
    *ret_node = root;
    return true;
}
