#include "controller/core/target.h"

#include "schema/base/parse.h"
#include "schema/base/str.h"
#include "schema/base/utf8.h"

#include <string.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* NULL when an escape is broken or hides a NUL, and when the result is no UTF-8. */
static const char *decode(struct arena *arena, const char *text, size_t length, bool plus_is_space)
{
    char *out = arena_alloc(arena, length + 1), *to = out;

    for (size_t i = 0; i < length; i++) {
        char c = text[i];

        if (c == '%') {
            int high = i + 2 < length ? hex_digit(text[i + 1]) : -1;
            int low = high >= 0 ? hex_digit(text[i + 2]) : -1;

            if (low < 0 || (high == 0 && low == 0)) {
                return NULL;
            }
            c = (char)(high << 4 | low);
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        *to++ = c;
    }
    return utf8_valid_bytes(out, (size_t)(to - out)) == (size_t)(to - out) ? out : NULL;
}

static bool parse_path(struct arena *arena, const char *path, size_t length, struct target *target)
{
    const char *end = path + length;

    while (path < end) {
        const char *slash;

        if (*path == '/') {
            path++;
            continue;
        }
        slash = memchr(path, '/', (size_t)(end - path));
        if (slash == NULL) {
            slash = end;
        }
        if (target->segment_count == TARGET_SEGMENTS_MAX) {
            return false;
        }
        target->segments[target->segment_count] =
            decode(arena, path, (size_t)(slash - path), false);
        if (target->segments[target->segment_count++] == NULL) {
            return false;
        }
        path = slash;
    }
    return true;
}

static bool parse_query(struct arena *arena, const char *query, struct target *target)
{
    while (*query != '\0') {
        size_t length = strcspn(query, "&");
        const char *equals = memchr(query, '=', length);
        size_t key = equals == NULL ? length : (size_t)(equals - query);
        struct strpair *pair = &target->params[target->param_count];

        if (length > 0) {
            if (target->param_count == TARGET_PARAMS_MAX) {
                return false;
            }
            pair->key = decode(arena, query, key, true);
            pair->value = equals == NULL ? "" : decode(arena, equals + 1, length - key - 1, true);
            if (pair->key == NULL || pair->value == NULL) {
                return false;
            }
            target->param_count++;
        }
        query += length;
        query += *query == '&';
    }
    return true;
}

bool target_parse(struct arena *arena, const char *text, struct target *ret_target)
{
    size_t path = strcspn(text, "?#");

    *ret_target = (struct target){0};
    return text[0] == '/' && parse_path(arena, text, path, ret_target) &&
           (text[path] != '?' || parse_query(arena, text + path + 1, ret_target));
}

const char *target_param(const struct target *target, const char *name)
{
    for (size_t i = 0; i < target->param_count; i++) {
        if (strcmp(target->params[i].key, name) == 0) {
            return target->params[i].value;
        }
    }
    return NULL;
}

bool target_flag(const struct target *target, const char *name)
{
    const char *value = target_param(target, name);

    return str_eq(value, "true") || str_eq(value, "1");
}

bool target_number(const struct target *target, const char *name, uint64_t fallback,
                   uint64_t *ret_number)
{
    const char *value = target_param(target, name);

    *ret_number = fallback;
    return str_is_empty(value) || u64_from_str(value, ret_number);
}

bool target_is(const struct target *target, const char *path)
{
    size_t i = 0;

    while (*path == '/') {
        size_t length = strcspn(path + 1, "/");

        if (i == target->segment_count ||
            (path[1] != '{' && (strlen(target->segments[i]) != length ||
                                strncmp(target->segments[i], path + 1, length) != 0))) {
            return false;
        }
        i++;
        path += 1 + length;
    }
    return i == target->segment_count;
}

const struct route *target_route(const struct target *target)
{
    for (size_t i = 0; i < ROUTE_COUNT; i++) {
        if (target_is(target, routes[i].path)) {
            return &routes[i];
        }
    }
    return NULL;
}
