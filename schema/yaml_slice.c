#include "schema/yaml_slice.h"

#include "schema/base/err.h"
#include "schema/base/utf8.h"
#include "schema/limits.h"

#include <string.h>

enum line_type { LINE_BLANK, LINE_CONTENT, LINE_DIRECTIVE, LINE_START, LINE_END };

struct line {
    const char *text;
    size_t length;     /* without the break */
    size_t size_bytes; /* with it */
    enum line_type type;
};

static const char byte_order_mark[] = "\xef\xbb\xbf";

void yaml_slicer_init(struct yaml_slicer *slicer, const char *text, size_t size_bytes)
{
    size_t mark = sizeof(byte_order_mark) - 1;

    if (size_bytes >= mark && memcmp(text, byte_order_mark, mark) == 0) {
        text += mark;
        size_bytes -= mark;
    }
    *slicer = (struct yaml_slicer){.text = text, .size_bytes = size_bytes, .line = 1};
}

/* Only white space, or white space and a comment. */
static bool is_blank(const char *text, size_t length)
{
    size_t at = 0;

    while (at < length && (text[at] == ' ' || text[at] == '\t')) {
        at++;
    }
    return at == length || text[at] == '#';
}

static bool is_marker(const struct line *line, const char *marker)
{
    return line->length >= 3 && memcmp(line->text, marker, 3) == 0 &&
           (line->length == 3 || line->text[3] == ' ' || line->text[3] == '\t');
}

static enum line_type type_of(const struct line *line)
{
    if (is_blank(line->text, line->length)) {
        return LINE_BLANK;
    }
    if (line->text[0] == '%') {
        return LINE_DIRECTIVE;
    }
    if (is_marker(line, "---")) {
        return LINE_START;
    }
    return is_marker(line, "...") ? LINE_END : LINE_CONTENT;
}

static struct line line_at(const struct yaml_slicer *slicer)
{
    struct line line = {.text = slicer->text + slicer->at};
    size_t left = slicer->size_bytes - slicer->at;

    while (line.length < left && line.text[line.length] != '\n' && line.text[line.length] != '\r') {
        line.length++;
    }
    line.size_bytes = line.length;
    if (line.size_bytes < left) {
        bool cr_lf = line.text[line.size_bytes] == '\r' && line.size_bytes + 1 < left &&
                     line.text[line.size_bytes + 1] == '\n';

        line.size_bytes += cr_lf ? 2 : 1;
    }
    line.type = type_of(&line);
    return line;
}

static void refuse(struct yaml_slice *slice, struct problems *problems, int code, unsigned line,
                   unsigned column, const char *why)
{
    problem_add_at(problems, PROBLEM_ERROR, CAUSE_SYNTAX, line, column, "", "%s", why);
    slice->ret = slice->ret == ERR_LIMIT ? ERR_LIMIT : code;
}

static bool is_yaml_directive(const struct line *line)
{
    static const char name[] = "%YAML";
    size_t at = sizeof(name) - 1;

    if (line->length < at || memcmp(line->text, name, at) != 0) {
        return false;
    }
    while (at < line->length && (line->text[at] == ' ' || line->text[at] == '\t')) {
        at++;
    }
    if (at == sizeof(name) - 1 || line->length - at < 3 || memcmp(line->text + at, "1.", 2) != 0 ||
        (line->text[at + 2] != '1' && line->text[at + 2] != '2')) {
        return false;
    }
    at += 3;
    return at == line->length ||
           (line->text[at] != '#' && is_blank(line->text + at, line->length - at));
}

/* Which characters may stand in a manifest.  YAML's own set, less those that YAML 1.1 takes for
 * line breaks and 1.2 does not: a comment could hide a field from one of them. */
static const char *why_not(uint32_t point)
{
    if (point == 0x85 || point == 0x2028 || point == 0x2029) {
        return "a line break that YAML 1.1 and 1.2 read differently: write it as an escape";
    }
    if (point == 0xfeff) {
        return "a byte order mark inside the text";
    }
    if ((point < 0x20 && point != '\t' && point != '\n' && point != '\r') ||
        (point >= 0x7f && point < 0xa0) || point == 0xfffe || point == 0xffff) {
        return "a control character: write it as an escape";
    }
    return NULL;
}

static void check_characters(struct yaml_slice *slice, struct problems *problems)
{
    size_t at = 0;

    while (at < slice->size_bytes) {
        uint32_t point = 0;
        size_t size = utf8_decode(slice->text + at, slice->size_bytes - at, &point);
        const char *why = size == 0 ? "not valid UTF-8" : why_not(point);

        if (why != NULL) {
            unsigned line, column;

            utf8_position(slice->text, at, &line, &column);
            refuse(slice, problems, ERR_INVALID, slice->line + line - 1, column, why);
            return;
        }
        at += size;
    }
}

/* What has been seen of the document being cut. */
struct cutting {
    bool started;   /* a marker or content */
    bool directive; /* in its head */
    bool done;
};

static void take_directive(struct cutting *cutting, const struct line *line, unsigned at_line,
                           struct yaml_slice *slice, struct problems *problems)
{
    if (cutting->started) {
        refuse(slice, problems, ERR_INVALID, at_line, 1,
               "a line inside a document may not begin with \"%\"");
    } else if (cutting->directive) {
        refuse(slice, problems, ERR_INVALID, at_line, 1, "a second directive");
    } else if (!is_yaml_directive(line)) {
        refuse(slice, problems, ERR_INVALID, at_line, 1,
               "directives other than %YAML 1.1 and 1.2 are not supported");
    }
    cutting->directive = true;
}

/* Takes a line into the document or ends it before the line. */
static void take(struct cutting *cutting, const struct line *line, unsigned at_line,
                 struct yaml_slice *slice, struct problems *problems)
{
    switch (line->type) {
    case LINE_BLANK:
        break;
    case LINE_CONTENT:
        cutting->started = true;
        break;
    case LINE_DIRECTIVE:
        take_directive(cutting, line, at_line, slice, problems);
        break;
    case LINE_START:
        cutting->done = cutting->started;
        cutting->started = true;
        break;
    case LINE_END:
        cutting->done = true;
        break;
    }
}

static void finish(struct yaml_slicer *slicer, const struct cutting *cutting,
                   struct yaml_slice *slice, struct problems *problems)
{
    if (cutting->directive && !cutting->started) {
        refuse(slice, problems, ERR_INVALID, slice->line, 1, "a directive without a document");
    }
    if (slice->size_bytes > YAML_DOCUMENT_BYTES_MAX) {
        refuse(slice, problems, ERR_LIMIT, slice->line, 1, "the document has more than 1 MiB");
    }
    if (++slicer->count > YAML_DOCUMENTS_MAX) {
        refuse(slice, problems, ERR_LIMIT, slice->line, 1, "more than 10000 documents");
        slicer->at = slicer->size_bytes;
    }
    if (slice->ret == 0) {
        check_characters(slice, problems);
    }
}

/* Cuts until a document is complete or the text ends. */
static struct cutting cut(struct yaml_slicer *slicer, struct problems *problems,
                          struct yaml_slice *slice)
{
    struct cutting cutting = {0};

    while (slicer->at < slicer->size_bytes) {
        struct line line = line_at(slicer);

        take(&cutting, &line, slicer->line, slice, problems);
        if (cutting.done && line.type == LINE_START) {
            break; /* it begins the next one */
        }
        slicer->at += line.size_bytes;
        slicer->line++;
        if (cutting.done) {
            if (!is_blank(line.text + 3, line.length - 3)) {
                refuse(slice, problems, ERR_INVALID, slicer->line - 1, 5,
                       "only a comment may follow \"...\"");
            }
            break;
        }
        slice->size_bytes += line.size_bytes;
    }
    return cutting;
}

bool yaml_slicer_next(struct yaml_slicer *slicer, struct problems *problems,
                      struct yaml_slice *ret_slice)
{
    while (slicer->at < slicer->size_bytes) {
        struct yaml_slice slice = {.text = slicer->text + slicer->at, .line = slicer->line};
        struct cutting cutting = cut(slicer, problems, &slice);

        /* Comments may hold bad characters, too. */
        if (cutting.started || cutting.directive || slice.ret < 0) {
            finish(slicer, &cutting, &slice, problems);
        } else {
            check_characters(&slice, problems);
        }
        if (cutting.started || slice.ret < 0) {
            *ret_slice = slice;
            return true;
        }
    }
    return false;
}
