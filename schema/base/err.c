#include "schema/base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

_printf_(2, 0) static void put(char text[static ERR_TEXT_SIZE], const char *format, va_list args)
{
    static const char cut[] = "…";
    int length = vsnprintf(text, ERR_TEXT_SIZE, format, args);

    size_t end = ERR_TEXT_SIZE - sizeof(cut);

    if (length >= ERR_TEXT_SIZE) {
        while (end > 0 && ((unsigned char)text[end] & 0xc0) == 0x80) {
            end--; /* not in the middle of a character */
        }
        memcpy(text + end, cut, sizeof(cut));
    }
}

int err_set(struct err *err, int code, const char *format, ...)
{
    va_list args;

    if (err != NULL) {
        err->code = code;
        va_start(args, format);
        put(err->text, format, args);
        va_end(args);
    }
    return code;
}

int err_prefix(struct err *err, int code, const char *format, ...)
{
    char front[ERR_TEXT_SIZE], behind[ERR_TEXT_SIZE];
    va_list args;

    if (err == NULL) {
        return code;
    }
    va_start(args, format);
    put(front, format, args);
    va_end(args);
    memcpy(behind, err->text, sizeof(behind));
    return err_set(err, code, "%s: %s", front, behind);
}

const char *err_to_str(int code)
{
    switch ((enum err_code)code) {
    case ERR_INVALID:
        return "invalid";
    case ERR_NOT_FOUND:
        return "not found";
    case ERR_EXISTS:
        return "already exists";
    case ERR_CONFLICT:
        return "conflict";
    case ERR_LIMIT:
        return "over a limit";
    case ERR_FULL:
        return "no space left";
    case ERR_IO:
        return "input or output failed";
    case ERR_SYNC:
        return "fsync failed";
    case ERR_CORRUPT:
        return "corrupt";
    case ERR_REFUSED:
        return "refused";
    case ERR_UNAVAILABLE:
        return "unavailable";
    case ERR_TIMEOUT:
        return "timed out";
    case ERR_SYSTEM:
        return "system call failed";
    }
    return "no error";
}
