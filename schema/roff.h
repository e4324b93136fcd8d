/* Text of pages for man(1): what troff would take for its own is written so that it does not. */
#pragma once

#include "schema/base/str.h"

/* ".TH NAME SECTION", and the section NAME with its one line. */
void roff_begin(struct str *to, const char *name, int section, const char *what);
void roff_heading(struct str *to, const char *heading); /* in capitals */
void roff_text(struct str *to, const char *text);       /* a paragraph; of several lines: each */
void roff_words(struct str *to, const char *text);      /* the same, within a line */
/* `term` in bold, and what it is, indented below; further paragraphs may follow. */
void roff_item(struct str *to, const char *term, const char *text);
void roff_example(struct str *to, const char *lines); /* as they stand */
