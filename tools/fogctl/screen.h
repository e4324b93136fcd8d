/* A terminal that one text fills, over and over, until somebody has seen enough: on the other
 * screen of the terminal, which has its own back when it is closed, when a signal or a fault ends
 * the program (but kill -9), and while it is stopped (Ctrl-Z).  What signals did before they do
 * again when it is closed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool screen_is_there(void); /* can standard input and output do that? */
bool screen_open(void);     /* false: they can't */
void screen_close(void);
size_t screen_rows(void); /* how many lines there is room for */
void screen_size(size_t *ret_columns, size_t *ret_rows);
bool screen_is_resized(void); /* and nothing has been drawn since */
/* Lines, as many and as long as there is room for; not drawn when nothing has changed.  A `status`
 * stands in the last row; NULL: none. */
void screen_draw(const char *text, const char *status);
/* Something else may have been written on it: the next drawing is of all. */
void screen_forget(void);
/* Until the time is over, or the screen has another size; false: a "q", or a signal, ends it. */
bool screen_wait(int64_t ms);
/* What has been typed, without waiting, for those that have more keys than one; how many bytes.
 * False: a signal, or the end of what can be typed, ends it. */
bool screen_read(char *keys, size_t size, size_t *ret_count);
