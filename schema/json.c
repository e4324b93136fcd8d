/* JSON to tree and tree to JSON.
 *
 * jansson decides what is JSON, but for plain text that json_plain.h takes first.  Before it, one
 * pass over the bytes checks our bounds, because jansson recurses and allocates; after it, when
 * positions are wanted, a scanner walks text and tree in step.  Nothing here recurses. */
#include "schema/json.h"

#include "schema/base/err.h"
#include "schema/base/map.h"
#include "schema/base/parse.h"
#include "schema/base/utf8.h"
#include "schema/base/vec.h"
#include "schema/json_plain.h"
#include "schema/limits.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

/* --- before jansson ------------------------------------------------------------------------- */

/* The offset behind a string that begins at `at` (or the end of the text). */
static size_t string_end(const char *text, size_t size_bytes, size_t at)
{
    for (at++; at < size_bytes && text[at] != '"'; at++) {
        if (text[at] == '\\') {
            at++;
        }
    }
    return at < size_bytes ? at + 1 : size_bytes;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static int refuse(struct problems *problems, int code, const char *text, size_t offset,
                  const char *why, unsigned bound)
{
    unsigned line, column;

    utf8_position(text, offset, &line, &column);
    problem_add_at(problems, PROBLEM_ERROR, CAUSE_SYNTAX, line, column, "", "%s (the limit is %u)",
                   why, bound);
    return code;
}

/* What our bounds count: containers within each other, and values.  A value is what follows an
 * opening bracket that is not closed at once, and what follows a comma. */
static int check_bounds(const char *text, size_t size_bytes, struct problems *problems)
{
    size_t depth = 0, nodes = 1, at = 0;
    bool opened = false;

    if (size_bytes > JSON_BYTES_MAX) {
        return refuse(problems, ERR_LIMIT, text, 0, "too many bytes", JSON_BYTES_MAX);
    }
    while (at < size_bytes) {
        char c = text[at];
        size_t next = c == '"' ? string_end(text, size_bytes, at) : at + 1;

        if (is_space(c)) {
            at = next;
            continue;
        }
        if (c == ']' || c == '}') {
            depth -= depth > 0 ? 1 : 0;
        } else if (opened || c == ',') {
            nodes++;
        }
        opened = c == '[' || c == '{';
        if (opened && ++depth > TREE_DEPTH_MAX) {
            return refuse(problems, ERR_LIMIT, text, at, "nested too deep", TREE_DEPTH_MAX);
        }
        if (nodes > JSON_NODES_MAX) {
            return refuse(problems, ERR_LIMIT, text, at, "too many values", JSON_NODES_MAX);
        }
        at = next;
    }
    return 0;
}

/* jansson loses a NUL behind a number. */
static int check_characters(const char *text, size_t size_bytes, struct problems *problems)
{
    size_t valid = utf8_valid_bytes(text, size_bytes);
    const char *nul = memchr(text, '\0', valid);
    size_t at = nul != NULL ? (size_t)(nul - text) : valid;
    unsigned line, column;

    if (at == size_bytes) {
        return 0;
    }
    utf8_position(text, at, &line, &column);
    problem_add_at(problems, PROBLEM_ERROR, CAUSE_SYNTAX, line, column, "", "%s",
                   nul != NULL ? "not JSON: a NUL" : "not valid UTF-8");
    return ERR_INVALID;
}

/* --- jansson's errors in our words ---------------------------------------------------------- */

static bool ends_word(char c)
{
    return is_space(c) || strchr("[]{},:\"", c) != NULL;
}

static size_t token_end(const char *text, size_t size_bytes, size_t at)
{
    if (text[at] == '"') {
        return string_end(text, size_bytes, at);
    }
    if (ends_word(text[at])) {
        return at + 1;
    }
    while (at < size_bytes && !ends_word(text[at])) {
        at++;
    }
    return at;
}

/* jansson says how far it had read; people look for where that token begins. */
static size_t token_before(const char *text, size_t size_bytes, size_t read_bytes,
                           size_t *ret_length)
{
    size_t at = 0;

    while (at < size_bytes) {
        size_t end = token_end(text, size_bytes, at);

        if (!is_space(text[at]) && end >= read_bytes) {
            *ret_length = end - at;
            return at;
        }
        at = end;
    }
    *ret_length = 0;
    return size_bytes;
}

static int report(const char *text, size_t size_bytes, const json_error_t *error,
                  struct problems *problems)
{
    enum json_error_code code = json_error_code(error);
    size_t length, at = token_before(text, size_bytes, (size_t)error->position, &length);
    unsigned line, column;

    if (code == json_error_premature_end_of_input) {
        at = size_bytes;
    }
    utf8_position(text, at, &line, &column);
    problem_add_at(problems, PROBLEM_ERROR, CAUSE_SYNTAX, line, column, "", "not JSON: %s",
                   error->text);
    return ERR_INVALID;
}

/* --- jansson's tree to ours ----------------------------------------------------------------- */

struct building {
    json_t *from;      /* borrowed: an array or object */
    void *member;      /* object: the next one */
    size_t index;      /* array: the next one */
    struct node *node; /* what it becomes */
};

struct build_stack {
    VEC_OF(struct building);
};

static struct node *build_one(struct arena *arena, json_t *from, struct build_stack *stack)
{
    struct node *node = NULL;

    switch (json_typeof(from)) {
    case JSON_NULL:
        return node_null(arena);
    case JSON_TRUE:
    case JSON_FALSE:
        return node_bool(arena, json_is_true(from));
    case JSON_INTEGER:
        return node_int(arena, json_integer_value(from));
    case JSON_REAL:
        return node_real(arena, json_real_value(from));
    case JSON_STRING:
        node = node_strn(arena, json_string_value(from), json_string_length(from));
        node->quoted = true;
        return node;
    case JSON_ARRAY:
        node = node_list(arena);
        vec_add(stack, ((struct building){.from = from, .node = node}));
        return node;
    case JSON_OBJECT:
        node = node_map(arena);
        vec_add(stack,
                ((struct building){.from = from, .member = json_object_iter(from), .node = node}));
        return node;
    }
    assert(node != NULL);
    return node;
}

static struct node *build(struct arena *arena, json_t *root)
{
    struct build_stack stack = {0};
    struct node *node = build_one(arena, root, &stack);

    while (stack.count > 0) {
        struct building *at = &stack.items[stack.count - 1];
        struct node *parent = at->node, *child;
        void *member = at->member;

        /* Building a child may move the stack: `at` is not used after it. */
        if (parent->type == NODE_LIST && at->index < json_array_size(at->from)) {
            child = build_one(arena, json_array_get(at->from, at->index++), &stack);
            node_add(arena, parent, child);
        } else if (parent->type == NODE_MAP && member != NULL) {
            at->member = json_object_iter_next(at->from, member);
            child = build_one(arena, json_object_iter_value(member), &stack);
            (void)node_append(arena, parent, json_object_iter_key(member), child);
        } else {
            stack.count--;
        }
    }
    vec_fini(&stack);
    return node;
}

/* --- positions ------------------------------------------------------------------------------ */

struct cursor {
    const char *text;
    size_t at, size_bytes;
    unsigned line, column;
};

static void advance_to(struct cursor *cursor, size_t to)
{
    for (; cursor->at < to; cursor->at++) {
        char c = cursor->text[cursor->at];
        bool cr_lf = c == '\r' && cursor->at + 1 < cursor->size_bytes &&
                     cursor->text[cursor->at + 1] == '\n';

        if (c == '\n' || (c == '\r' && !cr_lf)) {
            cursor->line++;
            cursor->column = 1;
        } else if (!cr_lf && ((unsigned char)c & 0xc0) != 0x80) {
            cursor->column++;
        }
    }
}

/* A container whose text is being walked, and which value comes next. */
struct placing {
    struct node *node;
    size_t index;
    bool key_seen;
};

struct place_stack {
    VEC_OF(struct placing);
};

static struct node *next_value(struct placing *at)
{
    at->key_seen = false;
    return at->node->type == NODE_MAP ? at->node->map.members[at->index++].value
                                      : at->node->list.items[at->index++];
}

/* The text is known to be the tree's: whatever comes is what the tree expects. */
static void place_token(struct cursor *cursor, struct node *root, struct place_stack *stack)
{
    struct placing *top = stack->count > 0 ? &stack->items[stack->count - 1] : NULL;
    char c = cursor->text[cursor->at];
    struct node *node;

    if (c == ']' || c == '}') {
        assert(top != NULL);
        stack->count--;
    } else if (top != NULL && top->node->type == NODE_MAP && !top->key_seen) {
        struct node_member *member = &top->node->map.members[top->index];

        member->line = cursor->line;
        member->column = cursor->column;
        top->key_seen = true;
    } else {
        node = top == NULL ? root : next_value(top);
        node->line = cursor->line;
        node->column = cursor->column;
        if (c == '[' || c == '{') {
            vec_add(stack, ((struct placing){.node = node}));
        }
    }
}

static void place(const char *text, size_t size_bytes, struct node *root)
{
    struct cursor cursor = {.text = text, .size_bytes = size_bytes, .line = 1, .column = 1};
    struct place_stack stack = {0};

    while (cursor.at < size_bytes) {
        char c = text[cursor.at];

        if (!is_space(c) && c != ',' && c != ':') {
            place_token(&cursor, root, &stack);
        }
        advance_to(&cursor, token_end(text, size_bytes, cursor.at));
    }
    assert(stack.count == 0);
    vec_fini(&stack);
}

/* --- keys that stand twice ------------------------------------------------------------------ */

/* A container whose text is being walked. */
struct naming {
    bool is_map, key_seen;
    const char *key; /* of the member that is being read */
    size_t count;    /* of the list's items so far */
    struct map keys; /* owned */
};

struct name_stack {
    VEC_OF(struct naming);
};

/* The text is that of a key, quotes included: what it stands for. */
static const char *key_of(struct arena *arena, const char *text, size_t length)
{
    const char *key;
    json_t *read;

    if (memchr(text, '\\', length) == NULL) {
        return arena_strndup(arena, text + 1, length - 2);
    }
    read = json_loadb(text, length, JSON_DECODE_ANY, NULL);
    assert(read != NULL);
    key = arena_strdup(arena, json_string_value(read));
    json_decref(read);
    return key;
}

/* Keys are as long as their writer likes: what is too long is cut, between characters. */
static const char *path_of(const struct name_stack *stack, struct arena *arena)
{
    enum { BYTES_MAX = 200 };
    struct str path = STR_EMPTY;
    size_t length;
    const char *copy;

    for (size_t i = 0; i < stack->count && path.length <= BYTES_MAX; i++) {
        const struct naming *at = &stack->items[i];

        if (at->is_map) {
            str_addf(&path, "%s%.*s", path.length > 0 ? "." : "", BYTES_MAX + 1, at->key);
        } else {
            str_addf(&path, "[%zu]", at->count - 1);
        }
    }
    length = utf8_valid_bytes(path.data, path.length < BYTES_MAX ? path.length : BYTES_MAX);
    copy = arena_printf(arena, "%.*s%s", (int)length, path.data, length < path.length ? "…" : "");
    str_fini(&path);
    return copy;
}

static void name_key(struct name_stack *stack, struct arena *arena, const char *text, size_t at,
                     size_t length, enum problem_severity severity, struct problems *problems)
{
    struct naming *top = &stack->items[stack->count - 1];
    bool is_told = problems->count < PROBLEMS_MAX; /* or it is only counted */
    unsigned line = 0, column = 0;

    top->key = key_of(arena, text + at, length);
    top->key_seen = true;
    if (map_put(&top->keys, top->key, problems) == NULL) {
        return;
    }
    if (is_told) {
        utf8_position(text, at, &line, &column);
    }
    problem_add_at(problems, severity, CAUSE_DUPLICATE_FIELD, line, column,
                   is_told ? path_of(stack, arena) : "", "duplicate key");
}

static void name_value(struct name_stack *stack, char c)
{
    struct naming *top = stack->count > 0 ? &stack->items[stack->count - 1] : NULL;

    if (top != NULL) {
        top->key_seen = false;
        top->count++;
    }
    if (c == '[' || c == '{') {
        vec_add(stack, ((struct naming){.is_map = c == '{'}));
        map_init(&stack->items[stack->count - 1].keys);
    }
}

/* Of a text that is JSON: a problem for each key that its object has had before. */
static void name_duplicates(struct arena *arena, const char *text, size_t size_bytes,
                            enum problem_severity severity, struct problems *problems)
{
    struct name_stack stack = {0};

    for (size_t at = 0, end; at < size_bytes; at = end) {
        char c = text[at];
        struct naming *top = stack.count > 0 ? &stack.items[stack.count - 1] : NULL;

        end = token_end(text, size_bytes, at);
        if (is_space(c) || c == ',' || c == ':') {
            continue;
        }
        if (c == ']' || c == '}') {
            assert(top != NULL);
            map_fini(&top->keys);
            stack.count--;
        } else if (top != NULL && top->is_map && !top->key_seen) {
            name_key(&stack, arena, text, at, end - at, severity, problems);
        } else {
            name_value(&stack, c);
        }
    }
    assert(stack.count == 0);
    vec_fini(&stack);
}

static int parse_any(struct arena *arena, const char *text, size_t size_bytes, unsigned flags,
                     struct problems *problems, struct node **ret_node)
{
    json_error_t error;
    json_t *root;
    size_t errors;
    int ret = check_bounds(text, size_bytes, problems);

    if (ret == 0) {
        ret = check_characters(text, size_bytes, problems);
    }
    if (ret < 0) {
        return ret;
    }
    /* Or it would seed itself from the clock and /dev/urandom.  Later calls do nothing; the order
     * of members does not depend on it. */
    json_object_seed(1);
    root = json_loadb(text, size_bytes, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (root == NULL) {
        return report(text, size_bytes, &error, problems);
    }
    errors = problems->errors;
    name_duplicates(arena, text, size_bytes,
                    (flags & JSON_LAST_WINS) != 0 ? PROBLEM_WARNING : PROBLEM_ERROR, problems);
    if (problems->errors > errors) {
        json_decref(root);
        return ERR_INVALID;
    }
    *ret_node = build(arena, root);
    json_decref(root);
    return 0;
}

int json_parse(struct arena *arena, const char *text, size_t size_bytes, unsigned flags,
               struct problems *problems, struct node **ret_node)
{
    struct node *node;
    bool is_plain;
    int ret;

    /* Positions are those of a text that has each key once. */
    assert((flags & JSON_LAST_WINS) == 0 || (flags & JSON_POSITIONS) == 0);
    is_plain = size_bytes <= JSON_BYTES_MAX && utf8_valid_bytes(text, size_bytes) == size_bytes &&
               json_plain_parse(arena, text, size_bytes, &node);
    ret = is_plain ? 0 : parse_any(arena, text, size_bytes, flags, problems, &node);

    if (ret < 0) {
        return ret;
    }
    if ((flags & JSON_POSITIONS) != 0) {
        place(text, size_bytes, node);
    }
    *ret_node = node;
    return 0;
}

/* --- writing -------------------------------------------------------------------------------- */

static void add_escaped(struct str *to, unsigned char c)
{
    static const char plain[] = "\b\f\n\r\t\"\\";
    static const char letters[] = "bfnrt\"\\";
    const char *found = c == '\0' ? NULL : strchr(plain, c);

    if (found != NULL) {
        str_add_char(to, '\\');
        str_add_char(to, letters[found - plain]);
    } else {
        str_addf(to, "\\u%04x", c);
    }
}

void json_emit_str(const char *text, size_t length, struct str *to)
{
    size_t written = 0, at = 0;

    str_add_char(to, '"');
    for (;;) {
        unsigned char c;
        uint32_t point;
        size_t size;

        at += json_plain_run(text + at, length - at);
        if (at == length) {
            break;
        }
        c = (unsigned char)text[at];
        size = utf8_decode(text + at, length - at, &point);
        if (size > 1) {
            at += size;
            continue;
        }
        str_add_bytes(to, text + written, at - written);
        if (size == 0) {
            str_add(to, UTF8_REPLACEMENT);
        } else {
            add_escaped(to, c);
        }
        written = ++at;
    }
    str_add_bytes(to, text + written, length - written);
    str_add_char(to, '"');
}

struct emitting {
    const struct node *node;
    size_t index;
    const struct node_member **sorted; /* owned; NULL: in tree order */
};

struct emit_stack {
    VEC_OF(struct emitting);
};

static void emit_break(struct str *to, unsigned flags, size_t depth)
{
    if ((flags & JSON_PRETTY) != 0) {
        str_addf(to, "\n%*s", (int)(2 * depth), "");
    }
}

static bool is_empty(const struct node *node)
{
    return node->type == NODE_MAP ? node->map.count == 0 : node->list.count == 0;
}

static void emit_open(const struct node *node, unsigned flags, struct emit_stack *stack,
                      struct str *to)
{
    bool sort = node->type == NODE_MAP && (flags & JSON_SORTED) != 0;

    if (is_empty(node)) {
        str_add(to, node->type == NODE_MAP ? "{}" : "[]");
        return;
    }
    str_add_char(to, node->type == NODE_MAP ? '{' : '[');
    vec_add(stack,
            ((struct emitting){.node = node, .sorted = sort ? node_sorted_members(node) : NULL}));
}

static void emit_one(const struct node *node, unsigned flags, struct emit_stack *stack,
                     struct str *to)
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
        str_add_i64(to, node->integer);
        break;
    case NODE_REAL:
        real_to_str(node->real, text);
        str_add(to, text);
        break;
    case NODE_STR:
        json_emit_str(node->str.text, node->str.length, to);
        break;
    case NODE_LIST:
    case NODE_MAP:
        emit_open(node, flags, stack, to);
        break;
    }
}

/* The next child of the container on top, or its end. */
static void emit_next(struct emit_stack *stack, unsigned flags, struct str *to)
{
    struct emitting *top = &stack->items[stack->count - 1];
    const struct node *node = top->node;
    bool is_map = node->type == NODE_MAP;
    size_t index = top->index++;
    const struct node_member *member;

    if (index == (is_map ? node->map.count : node->list.count)) {
        stack->count--;
        free(top->sorted);
        emit_break(to, flags, stack->count);
        str_add_char(to, is_map ? '}' : ']');
        return;
    }
    if (index > 0) {
        str_add_char(to, ',');
    }
    emit_break(to, flags, stack->count);
    if (!is_map) {
        emit_one(node->list.items[index], flags, stack, to);
        return;
    }
    member = top->sorted != NULL ? top->sorted[index] : &node->map.members[index];
    json_emit_str(member->key, strlen(member->key), to);
    str_add(to, (flags & JSON_PRETTY) != 0 ? ": " : ":");
    emit_one(member->value, flags, stack, to);
}

void json_emit(const struct node *node, unsigned flags, struct str *to)
{
    struct emit_stack stack = {0};

    emit_one(node, flags, &stack, to);
    while (stack.count > 0) {
        emit_next(&stack, flags, to);
    }
    vec_fini(&stack);
    if ((flags & JSON_PRETTY) != 0) {
        str_add_char(to, '\n');
    }
}
