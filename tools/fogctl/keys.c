/* Keys that are no characters come as an Escape and what follows: ESC [ 5 ~, ESC O A. */
#include "tools/fogctl/keys.h"

#include "schema/base/mem.h"
#include "schema/base/utf8.h"

#include <string.h>

enum { SEQUENCE_MAX = 16, ESC = 0x1b, DELETE = 0x7f };

static enum key_name named_by_letter(char letter)
{
    static const struct {
        char letter;
        enum key_name name;
    } names[] = {{'A', KEY_UP},   {'B', KEY_DOWN}, {'C', KEY_RIGHT},    {'D', KEY_LEFT},
                 {'H', KEY_HOME}, {'F', KEY_END},  {'Z', KEY_BACK_TAB}, {'M', KEY_ENTER}};

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (names[i].letter == letter) {
            return names[i].name;
        }
    }
    return KEY_OTHER;
}

static enum key_name named_by_number(char digit)
{
    switch (digit) {
    case '1':
    case '7':
        return KEY_HOME;
    case '4':
    case '8':
        return KEY_END;
    case '5':
        return KEY_PAGE_UP;
    case '6':
        return KEY_PAGE_DOWN;
    default:
        return KEY_OTHER;
    }
}

/* ESC [ or ESC O, numbers and marks, and one that ends it; or ESC and a character (Alt). */
static size_t read_sequence(const char *bytes, size_t count, struct key *ret_key)
{
    size_t at = 2;

    ret_key->name = KEY_OTHER;
    if (bytes[1] != '[' && bytes[1] != 'O') {
        ret_key->name = KEY_ESCAPE; /* the character is a key of its own */
        return 1;
    }
    while (at < count && at < SEQUENCE_MAX && bytes[at] >= 0x20 && bytes[at] < 0x40) {
        at++;
    }
    if (at == count) {
        return 0;
    }
    if (bytes[at] == '~' && at == 3) {
        ret_key->name = named_by_number(bytes[2]);
    } else if (at == 2) {
        ret_key->name = named_by_letter(bytes[at]);
    }
    return at + 1;
}

static size_t read_character(const char *bytes, size_t count, bool is_all, struct key *ret_key)
{
    uint32_t point;
    size_t length = utf8_decode(bytes, count, &point);

    if (length == 0) { /* cut, or no UTF-8 */
        ret_key->name = KEY_OTHER;
        return !is_all && count < 4 ? 0 : 1;
    }
    ret_key->name = KEY_TEXT;
    memcpy(ret_key->text, bytes, length);
    return length;
}

size_t key_read(const char *bytes, size_t count, bool is_all, struct key *ret_key)
{
    size_t length;

    *ret_key = (struct key){KEY_OTHER, ""};
    if (count == 0) {
        return 0;
    }
    if (bytes[0] == ESC) {
        length = count < 2 ? 0 : read_sequence(bytes, count, ret_key);
        if (length == 0 && is_all) {
            ret_key->name = KEY_ESCAPE;
            length = 1;
        }
        return length;
    }
    if (bytes[0] == '\r' || bytes[0] == '\n') {
        ret_key->name = KEY_ENTER;
    } else if (bytes[0] == '\t') {
        ret_key->name = KEY_TAB;
    } else if (bytes[0] == DELETE || bytes[0] == '\b') {
        ret_key->name = KEY_ERASE;
    } else if (bytes[0] == 'U' - '@') {
        ret_key->name = KEY_CLEAR;
    } else if (bytes[0] == 'L' - '@') {
        ret_key->name = KEY_REDRAW;
    } else if ((unsigned char)bytes[0] >= ' ') {
        return read_character(bytes, count, is_all, ret_key);
    }
    return 1;
}
