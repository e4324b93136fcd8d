/* A terminal that one text fills, over and over, until somebody has seen enough: on the other
 * screen of the terminal, which has its own back when it is closed, whatever ends the program. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* False: standard input or output is none that can do that. */
bool screen_open(void);
void screen_close(void);
/* Lines, as many and as long as there is room for; not drawn when nothing has changed. */
void screen_draw(const char *text);
/* Until the time is over; false: a "q", or a signal, ends it. */
bool screen_wait(int64_t ms);
