/* Writes lines for a terminal: cells of so many columns, styles, bars.  Nothing is wider than the
 * terminal, and nothing stands behind the last text of a line. */
#pragma once

#include "schema/base/str.h"

#include <stdbool.h>
#include <stddef.h>

struct look {             /* of the terminal */
    size_t columns, rows; /* 0: without end */
    bool is_utf8, is_colored;
};

/* Of the colours every terminal has, as its owner has set them: to be read on dark and on light. */
enum style {
    STYLE_NONE,
    STYLE_BOLD,
    STYLE_FAINT,
    STYLE_RED,
    STYLE_YELLOW,
    STYLE_GREEN,
    STYLE_BLUE,
    STYLE_VIOLET,
    STYLE_REVERSE,
};

struct pen {
    struct str *to; /* borrowed */
    const struct look *look;
    size_t column, blanks; /* that stand before the next text, if there is one */
    bool is_marked;        /* the line is the selected one: it is drawn in reverse */
};

void pen_begin(struct pen *pen, const struct look *look, bool is_marked, struct str *to);
void pen_end(struct pen *pen);          /* ends the line */
size_t pen_left(const struct pen *pen); /* columns that there still are */
void pen_blanks(struct pen *pen, size_t count);
/* As much as fits, and no more columns than that. */
void pen_put(struct pen *pen, enum style style, const char *text);
/* So many columns of it, whether or not it fills them. */
void pen_cell(struct pen *pen, enum style style, const char *text, size_t width);
/* A bar of so many columns, full at 1; nothing at all when `share` is not a number. */
void pen_bar(struct pen *pen, enum style style, double share, size_t width);
/* One of two texts: for terminals that know UTF-8, and for others. */
const char *pen_sign(const struct look *look, const char *utf8, const char *ascii);

/* Lines (with styles in them) that are longer than the terminal go on below, as far in as they
 * began and a little more. */
void lines_wrap(const char *text, size_t columns, struct str *to);
