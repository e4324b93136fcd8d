#include "tools/fogctl/pen.h"

#include "tools/fogctl/fogctl.h"

#include <math.h>
#include <string.h>

static const char *const style_codes[] = {
    [STYLE_NONE] = "",         [STYLE_BOLD] = "\033[1m",    [STYLE_FAINT] = "\033[2m",
    [STYLE_RED] = "\033[31m",  [STYLE_YELLOW] = "\033[33m", [STYLE_GREEN] = "\033[32m",
    [STYLE_BLUE] = "\033[36m", [STYLE_VIOLET] = "\033[35m", [STYLE_REVERSE] = "\033[7m",
};

static void turn_on(struct pen *pen, enum style style)
{
    if (pen->look->is_colored) {
        str_add(pen->to, style_codes[style]);
    }
}

static void turn_off(struct pen *pen, enum style style)
{
    if (pen->look->is_colored && style != STYLE_NONE) {
        str_add(pen->to, pen->is_marked ? "\033[0;7m" : "\033[0m");
    }
}

void pen_begin(struct pen *pen, const struct look *look, bool is_marked, struct str *to)
{
    *pen = (struct pen){.to = to, .look = look, .is_marked = is_marked};
    if (is_marked) {
        turn_on(pen, STYLE_REVERSE);
    }
}

size_t pen_left(const struct pen *pen)
{
    size_t used = pen->column + pen->blanks;

    return pen->look->columns == 0      ? SIZE_MAX / 2
           : used >= pen->look->columns ? 0
                                        : pen->look->columns - used;
}

static void put_blanks(struct pen *pen)
{
    for (; pen->blanks > 0; pen->blanks--, pen->column++) {
        str_add_char(pen->to, ' ');
    }
}

void pen_end(struct pen *pen)
{
    if (pen->is_marked && pen->look->is_colored) {
        pen->blanks += pen->look->columns == 0 ? 0 : pen_left(pen);
        put_blanks(pen);
        str_add(pen->to, "\033[0m");
    }
    str_add_char(pen->to, '\n');
}

void pen_blanks(struct pen *pen, size_t count)
{
    size_t left = pen_left(pen);

    pen->blanks += count < left ? count : left;
}

const char *pen_sign(const struct look *look, const char *utf8, const char *ascii)
{
    return look->is_utf8 ? utf8 : ascii;
}

static size_t put_within(struct pen *pen, enum style style, const char *text, size_t width)
{
    size_t left = pen_left(pen), used;

    width = width < left ? width : left;
    if (text[0] == '\0' || width == 0) {
        return 0;
    }
    put_blanks(pen);
    turn_on(pen, style);
    used = text_add_fitting(pen->to, text, width, !pen->look->is_utf8);
    turn_off(pen, style);
    pen->column += used;
    return used;
}

void pen_put(struct pen *pen, enum style style, const char *text)
{
    (void)put_within(pen, style, text, pen_left(pen));
}

void pen_cell(struct pen *pen, enum style style, const char *text, size_t width)
{
    size_t used = put_within(pen, style, text, width);

    pen_blanks(pen, width - used);
}

/* Eighths of a column where there are signs for them. */
void pen_bar(struct pen *pen, enum style style, double share, size_t width)
{
    static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    size_t parts, steps = pen->look->is_utf8 ? 8 : 1;
    struct str bar = STR_EMPTY;

    if (!(share >= 0) || width == 0) {
        pen_blanks(pen, width);
        return;
    }
    parts = (size_t)((share > 1 ? 1 : share) * (double)(width * steps) + 0.5);
    for (size_t i = 0; i < parts / steps; i++) {
        str_add(&bar, pen_sign(pen->look, "█", "#"));
    }
    if (pen->look->is_utf8) {
        str_add(&bar, eighths[parts % steps]);
    } else {
        for (size_t i = parts; i < width; i++) {
            str_add_char(&bar, '.');
        }
    }
    pen_cell(pen, style, bar.data, width);
    str_fini(&bar);
}

/* --- long lines ------------------------------------------------------------------------------- */

/* How much of a line stands in so many columns, cut at a blank where there is one; codes take none.
 */
static size_t fitting(const char *line, size_t length, size_t columns)
{
    size_t at = 0, width = 0, blank = 0;

    while (at < length) {
        char one[5] = "";
        size_t bytes = 1;

        if (line[at] == '\033') {
            at += strcspn(line + at, "m") + 1;
            continue;
        }
        while (at + bytes < length && bytes < 4 &&
               ((unsigned char)line[at + bytes] & 0xc0) == 0x80) {
            bytes++;
        }
        memcpy(one, line + at, bytes);
        width += text_width(one);
        if (width > columns) {
            return blank > 0 ? blank : at;
        }
        at += bytes;
        blank = line[at] == ' ' && at < length ? at : blank;
    }
    return length;
}

static void wrap_line(const char *line, size_t length, size_t columns, struct str *to)
{
    size_t indent = strspn(line, " "), used;

    if (columns == 0 || indent + 4 >= columns) {
        str_add_bytes(to, line, length);
        str_add_char(to, '\n');
        return;
    }
    str_add_bytes(to, line, indent);
    line += indent;
    length -= indent;
    used = fitting(line, length, columns - indent);
    str_add_bytes(to, line, used);
    str_add_char(to, '\n');
    for (line += used, length -= used; length > 0; line += used, length -= used) {
        size_t blanks = strspn(line, " ");

        line += blanks;
        length -= blanks;
        if (length == 0) {
            break;
        }
        for (size_t i = 0; i < indent + 2; i++) {
            str_add_char(to, ' ');
        }
        used = fitting(line, length, columns - indent - 2);
        str_add_bytes(to, line, used);
        str_add_char(to, '\n');
    }
}

void lines_wrap(const char *text, size_t columns, struct str *to)
{
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");

        wrap_line(text, length, columns, to);
        text += length + (text[length] == '\n');
    }
}
