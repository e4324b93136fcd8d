/* Text as it always was; JSON takes the key=value pairs at the end apart. */
#include "schema/base/log_text.h"

#include "schema/base/mono.h"
#include "schema/base/utf8.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { FIELDS_MAX = 32, ESCAPE_SIZE = 8 };

const char *const log_level_words[] = {"error", "warning", "info", "debug", NULL};
const char *const log_format_words[] = {"text", "json", NULL};

struct line { /* being written */
    char *to;
    size_t length, room;
    bool is_cut;
};

static void put(struct line *line, const char *bytes, size_t count)
{
    if (line->is_cut || line->length + count > line->room) {
        line->is_cut = true;
        return;
    }
    memcpy(line->to + line->length, bytes, count);
    line->length += count;
}

static void put_text(struct line *line, const char *text)
{
    put(line, text, strlen(text));
}

static void put_time(struct line *line, int64_t wall_ms)
{
    char text[WALL_TEXT_SIZE], fraction[8];

    wall_to_str((struct wall){wall_ms}, text);
    (void)snprintf(fraction, sizeof(fraction), ".%03dZ", (int)(wall_ms % 1000));
    put(line, text, strcspn(text, "Z"));
    put_text(line, fraction);
}

/* --- text ---------------------------------------------------------------------------------------
 */

static const char cut_mark[] = "…";

static size_t finish(struct line *line, const char *end)
{
    size_t length = strlen(end);

    if (line->is_cut) {
        memcpy(line->to + line->length, cut_mark, sizeof(cut_mark) - 1);
        line->length += sizeof(cut_mark) - 1;
    }
    memcpy(line->to + line->length, end, length);
    return line->length + length;
}

/* What an outsider wrote must not forge a line or steer a terminal. */
static size_t to_text(const struct log_entry *entry, struct line *line)
{
    line->room -= sizeof(cut_mark) + 1;
    put_time(line, entry->wall_ms);
    put_text(line, " ");
    put_text(line, log_level_words[entry->level]);
    put_text(line, ": ");
    for (const char *c = entry->message; *c != '\0'; c++) {
        put(line, (unsigned char)*c < ' ' || *c == 0x7f ? " " : c, 1);
    }
    return finish(line, "\n");
}

/* --- JSON ---------------------------------------------------------------------------------------
 */

static void put_escaped(struct line *line, const char *text, size_t length)
{
    for (size_t at = 0; at < length;) {
        unsigned char c = (unsigned char)text[at];
        uint32_t point;
        size_t width = utf8_decode(text + at, length - at, &point);
        char escape[ESCAPE_SIZE];

        if (width == 0) {
            put_text(line, "\\ufffd");
            width = 1;
        } else if (c == '"' || c == '\\') {
            escape[0] = '\\';
            escape[1] = (char)c;
            put(line, escape, 2);
        } else if (c < ' ' || c == 0x7f) {
            (void)snprintf(escape, sizeof(escape), "\\u%04x", c);
            put_text(line, escape);
        } else {
            put(line, text + at, width);
        }
        at += width;
    }
}

static bool is_key(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

struct pair {
    const char *key, *value;
    size_t key_length, value_length;
};

/* Is the word from `begin` to `end` a pair? */
static bool take_pair(const char *begin, const char *end, struct pair *ret_pair)
{
    const char *equals = begin;

    while (equals < end && is_key(*equals)) {
        equals++;
    }
    if (equals == begin || equals == end || *equals != '=') {
        return false;
    }
    *ret_pair =
        (struct pair){begin, equals + 1, (size_t)(equals - begin), (size_t)(end - equals - 1)};
    return true;
}

/* The pairs at the end, the last one first; returns the length of the message without them. */
static size_t take_pairs(const char *message, struct pair pairs[static FIELDS_MAX], size_t *count)
{
    const char *end = message + strlen(message);

    *count = 0;
    while (*count < FIELDS_MAX) {
        const char *begin = end;

        while (begin > message && begin[-1] != ' ') {
            begin--;
        }
        if (begin == message || !take_pair(begin, end, &pairs[*count])) {
            break;
        }
        (*count)++;
        end = begin - 1;
    }
    return (size_t)(end - message);
}

static size_t to_json(const struct log_entry *entry, struct line *line)
{
    static const char tail[] = "\",\"cut\":true}\n", tail_of_field[] = "\"},\"cut\":true}\n";
    struct pair pairs[FIELDS_MAX];
    size_t count, length = take_pairs(entry->message, pairs, &count), kept;
    const char *dot = strrchr(entry->file, '.');

    line->room -= sizeof(tail_of_field);
    put_text(line, "{\"time\":\"");
    put_time(line, entry->wall_ms);
    put_text(line, "\",\"level\":\"");
    put_text(line, log_level_words[entry->level]);
    put_text(line, "\",\"room\":\"");
    put_escaped(line, entry->file, dot == NULL ? strlen(entry->file) : (size_t)(dot - entry->file));
    put_text(line, "\",\"message\":\"");
    put_escaped(line, entry->message, length);
    if (line->is_cut) {
        return finish(line, tail);
    }
    put_text(line, "\",\"fields\":{");
    kept = line->length;
    for (size_t i = count; i > 0 && !line->is_cut; i--) {
        kept = line->length;
        put_text(line, i == count ? "\"" : ",\"");
        put_escaped(line, pairs[i - 1].key, pairs[i - 1].key_length);
        put_text(line, "\":\"");
        put_escaped(line, pairs[i - 1].value, pairs[i - 1].value_length);
        put_text(line, "\"");
    }
    if (line->is_cut) { /* fields that are whole, and that there were more */
        line->length = kept;
        line->is_cut = false;
        return finish(line, "},\"cut\":true}\n");
    }
    return finish(line, "}}\n");
}

size_t log_to_str(enum log_format format, const struct log_entry *entry,
                  char to[static LOG_LINE_SIZE])
{
    struct line line = {.to = to, .room = LOG_LINE_SIZE};

    return format == LOG_FORMAT_JSON ? to_json(entry, &line) : to_text(entry, &line);
}

/* --- one too many? ------------------------------------------------------------------------------
 */

static uint64_t hash_of(const struct log_entry *entry)
{
    uint64_t hash = UINT64_C(14695981039346656037) + (uint64_t)entry->level;

    for (const char *c = entry->message; *c != '\0'; c++) {
        hash = (hash ^ (unsigned char)*c) * UINT64_C(1099511628211);
    }
    return hash == 0 ? 1 : hash;
}

static bool is_over(int64_t since_ms, int64_t now_ms)
{
    return now_ms - since_ms >= LOG_WINDOW_MS;
}

/* Its own place, or that of one whose window is over and told, else of the one that begun first
 * with nothing left to tell; NULL: all have. */
static struct log_same *place_of(struct log_limit *limit, uint64_t hash, int64_t now_ms)
{
    struct log_same *oldest = NULL;

    for (size_t i = 0; i < LOG_REMEMBERED; i++) {
        struct log_same *same = &limit->same[i];

        if (same->hash == hash) {
            return same;
        }
        if (same->seen <= LOG_SAME_MAX && (oldest == NULL || same->since_ms < oldest->since_ms)) {
            oldest = same;
        }
    }
    if (oldest != NULL) {
        *oldest = (struct log_same){.hash = hash, .since_ms = now_ms};
    }
    return oldest;
}

bool log_may(struct log_limit *limit, int64_t now_ms, const struct log_entry *entry)
{
    struct log_same *same = place_of(limit, hash_of(entry), now_ms);

    if (limit->all == 0) {
        limit->since_ms = now_ms;
    }
    limit->all++;
    if (same != NULL) {
        if (is_over(same->since_ms, now_ms) && same->seen <= LOG_SAME_MAX) {
            same->since_ms = now_ms;
            same->seen = 0;
        }
        same->seen++;
        same->level = entry->level;
        (void)snprintf(same->begin, sizeof(same->begin), "%s", entry->message);
    }
    return limit->all <= LOG_ALL_MAX && (same == NULL || same->seen <= LOG_SAME_MAX);
}

bool log_left_out(struct log_limit *limit, int64_t now_ms, bool all, enum log_level *ret_level,
                  char message[static LOG_MESSAGE_SIZE])
{
    for (size_t i = 0; i < LOG_REMEMBERED; i++) {
        struct log_same *same = &limit->same[i];

        if (same->seen > LOG_SAME_MAX && (all || is_over(same->since_ms, now_ms))) {
            *ret_level = same->level;
            (void)snprintf(message, LOG_MESSAGE_SIZE,
                           "the same line came again and was left out: \"%s\" count=%" PRIu64,
                           same->begin, same->seen - LOG_SAME_MAX);
            *same = (struct log_same){.hash = 0};
            return true;
        }
    }
    if (limit->all > 0 && (all || is_over(limit->since_ms, now_ms))) {
        uint64_t left_out = limit->all > LOG_ALL_MAX ? limit->all - LOG_ALL_MAX : 0;

        limit->all = 0;
        *ret_level = LOG_LEVEL_WARNING;
        (void)snprintf(message, LOG_MESSAGE_SIZE,
                       "too many lines, some were left out count=%" PRIu64, left_out);
        return left_out > 0;
    }
    return false;
}
