/* Tree to YAML, on a stack of our own; libyaml's emitter quotes by the rules of YAML 1.1 alone. */
#include "schema/yaml.h"

#include "schema/base/parse.h"
#include "schema/base/utf8.h"
#include "schema/base/vec.h"
#include "schema/yaml_scalar.h"

#include <string.h>

enum {
    INDENT = 2,
    SIMPLE_KEY_BYTES_MAX = 1000, /* YAML ends them at 1024 characters; longer ones go behind "?" */
};

/* --- strings -------------------------------------------------------------------------------- */

/* Printable as it is in every style; tabs and line breaks are the caller's business. */
static bool is_printable(uint32_t point)
{
    return point >= 0x20 && (point < 0x7f || point > 0x9f) && point != 0x2028 && point != 0x2029 &&
           point != 0xfeff && point != 0xfffe && point != 0xffff;
}

/* Only printable characters and those of `also`. */
static bool is_clean(const char *text, size_t length, const char *also)
{
    size_t at = 0;

    while (at < length) {
        uint32_t point;
        size_t size = utf8_decode(text + at, length - at, &point);

        if (size == 0 ||
            (!is_printable(point) && (text[at] == '\0' || strchr(also, text[at]) == NULL))) {
            return false;
        }
        at += size;
    }
    return true;
}

/* Would all readers take it for this string without quotes? */
static bool is_plain(const char *text, size_t length)
{
    struct yaml_plain plain;

    if (length == 0 || !is_clean(text, length, "")) {
        return false;
    }
    if (strchr(",[]{}#&*!|>'\"%@` ", text[0]) != NULL || text[length - 1] == ' ' ||
        text[length - 1] == ':' || strstr(text, ": ") != NULL || strstr(text, " #") != NULL) {
        return false;
    }
    if (strchr("-?:", text[0]) != NULL && (length == 1 || text[1] == ' ')) {
        return false;
    }
    if (strncmp(text, "---", 3) == 0 || strncmp(text, "...", 3) == 0) {
        return false;
    }
    yaml_plain_read(text, &plain);
    return plain.type == NODE_STR && !plain.ambiguous;
}

/* Can a literal block hold it exactly?  Lines of white space alone could, but nobody could see
 * them, and a block that begins with white space needs its indentation spelt out. */
static bool is_literal(const char *text, size_t length)
{
    const char *line = text;

    if (memchr(text, '\n', length) == NULL || strchr(" \t\n", text[0]) != NULL ||
        !is_clean(text, length, "\t\n")) {
        return false;
    }
    while (*line != '\0') {
        size_t line_length = strcspn(line, "\n");

        if (line_length > 0 && strspn(line, " \t") >= line_length) {
            return false;
        }
        line += line_length + (line[line_length] == '\n' ? 1 : 0);
    }
    return true;
}

static void add_escape(struct str *to, uint32_t point)
{
    static const char plain[] = "\"\\\n\t\r";
    static const char letters[] = "\"\\ntr";
    const char *found = point == 0 || point > 0x7f ? NULL : strchr(plain, (int)point);

    if (found != NULL) {
        str_add_char(to, '\\');
        str_add_char(to, letters[found - plain]);
    } else if (point <= 0xff) {
        str_addf(to, "\\x%02x", (unsigned)point);
    } else {
        str_addf(to, "\\u%04x", (unsigned)point);
    }
}

static void add_quoted(struct str *to, const char *text, size_t length)
{
    size_t at = 0;

    str_add_char(to, '"');
    while (at < length) {
        uint32_t point = 0;
        size_t size = utf8_decode(text + at, length - at, &point);

        if (size == 0) {
            str_add(to, UTF8_REPLACEMENT);
            size = 1;
        } else if (!is_printable(point) || point == '"' || point == '\\') {
            add_escape(to, point);
        } else {
            str_add_bytes(to, text + at, size);
        }
        at += size;
    }
    str_add_char(to, '"');
}

static void add_indent(struct str *to, size_t indent)
{
    str_addf(to, "%*s", (int)indent, "");
}

static void add_literal(struct str *to, const char *text, size_t length, size_t indent)
{
    bool ends = text[length - 1] == '\n';
    bool ends_twice = length > 1 && ends && text[length - 2] == '\n';

    str_add(to, ends_twice ? "|+" : ends ? "|" : "|-");
    while (*text != '\0') {
        size_t line_length = strcspn(text, "\n");

        str_add_char(to, '\n');
        if (line_length > 0) {
            add_indent(to, indent);
            str_add_bytes(to, text, line_length);
        }
        text += line_length + (text[line_length] == '\n' ? 1 : 0);
    }
}

/* `indent` is that of the lines of a block, should one be needed. */
static void add_str(struct str *to, const char *text, size_t length, size_t indent)
{
    if (is_plain(text, length)) {
        str_add_bytes(to, text, length);
    } else if (is_literal(text, length)) {
        add_literal(to, text, length, indent);
    } else {
        add_quoted(to, text, length);
    }
}

/* --- nodes ---------------------------------------------------------------------------------- */

struct emitting {
    const struct node *node; /* a map or list, not empty */
    size_t index;
    size_t indent;
    bool is_inline; /* the first entry goes on in the line of its parent's "- " */
};

struct emit_stack {
    VEC_OF(struct emitting);
};

static bool is_filled(const struct node *node)
{
    return (node->type == NODE_MAP && node->map.count > 0) ||
           (node->type == NODE_LIST && node->list.count > 0);
}

static void add_scalar(struct str *to, const struct node *node, size_t indent)
{
    char text[REAL_TEXT_SIZE];

    switch (node->type) {
    case NODE_NULL:
        str_add(to, "null");
        break;
    case NODE_BOOL:
        str_add(to, node->boolean ? "true" : "false");
        break;
    case NODE_INT:
        str_addf(to, "%lld", (long long)node->integer);
        break;
    case NODE_REAL:
        real_to_str(node->real, text);
        str_add(to, text);
        break;
    case NODE_STR:
        add_str(to, node->str.text, node->str.length, indent);
        break;
    case NODE_LIST:
        str_add(to, "[]");
        break;
    case NODE_MAP:
        str_add(to, "{}");
        break;
    }
}

static void add_key(struct str *to, const char *key, size_t indent)
{
    size_t length = strlen(key);
    struct str text = STR_EMPTY;

    if (is_plain(key, length)) {
        str_add_bytes(&text, key, length);
    } else {
        add_quoted(&text, key, length);
    }
    if (text.length > SIMPLE_KEY_BYTES_MAX) {
        str_add(to, "? ");
    }
    str_add_bytes(to, text.data, text.length);
    if (text.length > SIMPLE_KEY_BYTES_MAX) {
        str_add_char(to, '\n');
        add_indent(to, indent);
    }
    str_add_char(to, ':');
    str_fini(&text);
}

static void emit_next(struct emit_stack *stack, struct str *to)
{
    struct emitting *top = &stack->items[stack->count - 1];
    const struct node *node = top->node, *child;
    bool is_map = node->type == NODE_MAP;
    size_t index = top->index++, indent = top->indent;

    if (index == (is_map ? node->map.count : node->list.count)) {
        stack->count--;
        return;
    }
    if (index > 0 || !top->is_inline) {
        add_indent(to, indent);
    }
    if (is_map) {
        add_key(to, node->map.members[index].key, indent);
    } else {
        str_add_char(to, '-');
    }
    child = is_map ? node->map.members[index].value : node->list.items[index];
    str_add_char(to, is_map && is_filled(child) ? '\n' : ' ');
    if (is_filled(child)) {
        vec_add(stack, ((struct emitting){
                           .node = child, .indent = indent + INDENT, .is_inline = !is_map}));
        return;
    }
    add_scalar(to, child, indent + INDENT);
    str_add_char(to, '\n');
}

void yaml_emit(const struct node *node, struct str *to)
{
    struct emit_stack stack = {0};

    if (is_filled(node)) {
        vec_add(&stack, ((struct emitting){.node = node}));
    } else {
        add_scalar(to, node, INDENT);
        str_add_char(to, '\n');
    }
    while (stack.count > 0) {
        emit_next(&stack, to);
    }
    vec_fini(&stack);
}
