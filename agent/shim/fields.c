/* Words between agent and shim.  Both ends are ours and of one version or neighbouring ones: what a
 * reader does not know it skips. */
#include "agent/shim/fields.h"

static bool parts(unsigned char c)
{
    return c <= ' ' || c == '%' || c == 0x7f;
}

void fields_add(struct str *to, const char *key, const char *value)
{
    str_add(to, key);
    str_add_char(to, '=');
    for (const char *c = value; *c != '\0'; c++) {
        if (parts((unsigned char)*c)) {
            str_addf(to, "%%%02x", (unsigned char)*c);
        } else {
            str_add_char(to, *c);
        }
    }
    str_add_char(to, '\n');
}

void fields_add_int(struct str *to, const char *key, int64_t value)
{
    str_addf(to, "%s=%lld\n", key, (long long)value);
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void decode(char *text)
{
    char *to = text;

    for (const char *from = text; *from != '\0'; from++) {
        int high = *from == '%' ? hex_value(from[1]) : -1;
        int low = high >= 0 ? hex_value(from[2]) : -1;

        if (low >= 0 && high + low > 0) {
            *to++ = (char)(high << 4 | low);
            from += 2;
        } else {
            *to++ = *from;
        }
    }
    *to = '\0';
}

bool fields_next(char **cursor, const char **ret_key, const char **ret_value)
{
    char *word = *cursor + strspn(*cursor, " \n");
    size_t length = strcspn(word, " \n");
    char *equals;

    if (length == 0) {
        return false;
    }
    *cursor = word[length] == '\0' ? word + length : word + length + 1;
    word[length] = '\0';
    equals = strchr(word, '=');
    if (equals != NULL) {
        *equals = '\0';
        decode(equals + 1);
    }
    *ret_key = word;
    *ret_value = equals != NULL ? equals + 1 : word + length;
    return true;
}
