#include "schema/roff.h"

#include <string.h>

/* A hyphen that may be typed, a backslash, a quote at the beginning of a request's word; what is no
 * ASCII goes by its number, so that no reader has to guess the encoding. */
static void add_char(struct str *to, const char **text)
{
    const char *c = *text;

    (*text)++;
    switch (*c) {
    case '-':
        str_add(to, "\\-");
        return;
    case '\\':
        str_add(to, "\\e");
        return;
    case '\'':
        str_add(to, "\\(aq");
        return;
    case '`':
        str_add(to, "\\(ga");
        return;
    case '^':
        str_add(to, "\\(ha");
        return;
    case '~':
        str_add(to, "\\(ti");
        return;
    case '"':
        str_add(to, "\\(dq");
        return;
    default:
        break;
    }
    if (((unsigned char)*c & 0x80) != 0) {
        unsigned code = (unsigned char)*c & (0x3fu >> (((unsigned char)*c >= 0xe0) + 0u));

        for (; ((unsigned char)**text & 0xc0) == 0x80; (*text)++) {
            code = code << 6 | ((unsigned char)**text & 0x3fu);
        }
        str_addf(to, "\\[u%04X]", code);
    } else {
        str_add_char(to, *c);
    }
}

static void add_line(struct str *to, const char *text, size_t length)
{
    const char *end = text + length;

    if (length > 0 && *text == '.') {
        str_add(to, "\\&");
    }
    while (text < end) {
        add_char(to, &text);
    }
}

void roff_words(struct str *to, const char *text)
{
    add_line(to, text, strlen(text));
}

static void add_sentence(struct str *to, const char *text)
{
    add_line(to, text, strlen(text));
    str_add_char(to, '\n');
}

void roff_begin(struct str *to, const char *name, int section, const char *what)
{
    str_add(to, ".\\\" Made when Fog is built, from the tables of its programs.\n");
    str_addf(to, ".TH ");
    for (const char *c = name; *c != '\0'; c++) {
        str_addf(to, *c == '-' ? "\\-" : "%c", *c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
    }
    str_addf(to, " %d \"\" Fog \"Fog\"\n.SH NAME\n", section);
    roff_words(to, name);
    str_add(to, " \\- ");
    add_sentence(to, what);
}

void roff_heading(struct str *to, const char *heading)
{
    str_add(to, ".SH ");
    roff_words(to, heading);
    str_add_char(to, '\n');
}

/* Not right below a heading, which begins one. */
static void begin_paragraph(struct str *to)
{
    size_t at = to->length > 0 ? to->length - 1 : 0;

    while (at > 0 && to->data[at - 1] != '\n') {
        at--;
    }
    if (to->length > 0 && !str_starts(to->data + at, ".SH ")) {
        str_add(to, ".PP\n");
    }
}

void roff_text(struct str *to, const char *text)
{
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");

        begin_paragraph(to);
        add_line(to, text, length);
        str_add_char(to, '\n');
        text += length + (text[length] == '\n');
    }
}

void roff_item(struct str *to, const char *term, const char *text)
{
    str_add(to, ".TP\n.B ");
    roff_words(to, term);
    str_add_char(to, '\n');
    add_sentence(to, text);
}

void roff_example(struct str *to, const char *lines)
{
    begin_paragraph(to);
    str_add(to, ".nf\n");
    while (*lines != '\0') {
        size_t length = strcspn(lines, "\n");

        add_line(to, lines, length);
        str_add_char(to, '\n');
        lines += length + (lines[length] == '\n');
    }
    str_add(to, ".fi\n");
}
