/* What was typed, out of the bytes that a terminal sends. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum key_name {
    KEY_TEXT, /* a character: `text` */
    KEY_ENTER,
    KEY_ESCAPE,
    KEY_TAB,
    KEY_BACK_TAB,
    KEY_ERASE,
    KEY_CLEAR,  /* Ctrl-U */
    KEY_REDRAW, /* Ctrl-L */
    KEY_UP,
    KEY_DOWN,
    KEY_LEFT,
    KEY_RIGHT,
    KEY_PAGE_UP,
    KEY_PAGE_DOWN,
    KEY_HOME,
    KEY_END,
    KEY_OTHER, /* one that means nothing here */
};

struct key {
    enum key_name name;
    char text[8]; /* of KEY_TEXT: UTF-8 */
};

/* The first key of so many bytes: how many of them it takes, or 0 when more of it is to come.
 * `is_all`: nothing has followed for a while, so an Escape is one. */
size_t key_read(const char *bytes, size_t count, bool is_all, struct key *ret_key);
