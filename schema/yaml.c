/* YAML to tree.
 *
 * schema/yaml_slice.c cuts the stream into documents; libyaml turns each into events; here the
 * events become a tree, on a stack of our own.  A refusal does not end a document: its structure is
 * still followed, so that all refusals are found at once; it is only not returned.  Depth and count
 * of nodes do end it, because libyaml's cost grows with the square of the depth. */
#include "schema/yaml.h"

#include "schema/base/err.h"
#include "schema/base/utf8.h"
#include "schema/base/vec.h"
#include "schema/limits.h"
#include "schema/yaml_scalar.h"
#include "schema/yaml_slice.h"

#include <assert.h>
#include <string.h>

#include <yaml.h>

/* A collection that is not yet complete. */
struct open_node {
    struct node *node;
    bool has_key; /* map: the next node is the value of `key` */
    const char *key;
    unsigned key_line, key_column;
};

struct loader {
    struct arena *arena;
    struct problems *problems;
    struct documents *documents;
    int ret;
    /* The slice. */
    const char *text;
    size_t size_bytes;
    unsigned first_line;
    size_t seen_chars, seen_bytes; /* how far the text of the events goes */
    bool has_tag;                  /* the present event begins with one */
    bool stopped;
    /* The document. */
    bool refused;
    bool is_empty; /* nothing but white space and comments */
    size_t nodes;
    struct node *root;
    struct {
        VEC_OF(struct open_node);
    } open;
};

/* --- refusing ------------------------------------------------------------------------------- */

enum {
    SHOWN_PATH_BYTES_MAX = 200, /* of a problem's path; it is left out rather than cut */
    QUOTED_BYTES_MAX = 60,      /* of the text quoted in a message */
};

/* Where we are: "spec.outputs[0]", and below it `key` unless that is NULL.  The outermost `depth`
 * collections count; in all but the last that is open, the item we are in has been placed. */
static const char *path_of(const struct loader *loader, size_t depth, const char *key)
{
    struct str path = STR_EMPTY;
    const char *copy;

    for (size_t i = 0; i < depth && path.length <= SHOWN_PATH_BYTES_MAX; i++) {
        const struct open_node *open = &loader->open.items[i];
        bool is_last = i + 1 == loader->open.count;

        if (open->node->type == NODE_LIST) {
            str_addf(&path, "[%zu]", open->node->list.count - (is_last ? 0 : 1));
        } else if (open->has_key || !is_last) {
            str_addf(&path, "%s%s", path.length > 0 ? "." : "", open->key);
        }
    }
    if (key != NULL && path.length <= SHOWN_PATH_BYTES_MAX) {
        str_addf(&path, "%s%s", path.length > 0 ? "." : "", key);
    }
    copy = arena_strdup(loader->arena, path.length <= SHOWN_PATH_BYTES_MAX ? path.data : "");
    str_fini(&path);
    return copy;
}

/* A text short enough to quote, cut between characters. */
static const char *quotable(const struct loader *loader, const char *text)
{
    size_t length = strlen(text), cut = QUOTED_BYTES_MAX;

    if (length <= cut) {
        return text;
    }
    while (((unsigned char)text[cut] & 0xc0) == 0x80) {
        cut--;
    }
    return arena_printf(loader->arena, "%.*s…", (int)cut, text);
}

static void note(struct loader *loader, int code)
{
    loader->refused = true;
    loader->ret = loader->ret == ERR_LIMIT ? ERR_LIMIT : code;
}

static unsigned line_of(const struct loader *loader, yaml_mark_t mark)
{
    return (unsigned)mark.line + loader->first_line;
}

static unsigned column_of(yaml_mark_t mark)
{
    return (unsigned)mark.column + 1;
}

static void refuse(struct loader *loader, yaml_mark_t mark, const char *why)
{
    bool listed = loader->problems->count < PROBLEMS_MAX;

    problem_add_at(loader->problems, PROBLEM_ERROR, CAUSE_SYNTAX, line_of(loader, mark),
                   column_of(mark), listed ? path_of(loader, loader->open.count, NULL) : "", "%s",
                   why);
    note(loader, ERR_INVALID);
}

static void stop(struct loader *loader, yaml_mark_t mark, const char *why, unsigned bound)
{
    problem_add_at(loader->problems, PROBLEM_ERROR, CAUSE_SYNTAX, line_of(loader, mark),
                   column_of(mark), "", "%s (the limit is %u)", why, bound);
    note(loader, ERR_LIMIT);
    loader->stopped = true;
}

/* libyaml counts one more line at the end of a text without a line break there. */
static void report_syntax(struct loader *loader, const yaml_parser_t *parser)
{
    unsigned line = (unsigned)parser->problem_mark.line + 1;
    unsigned column = column_of(parser->problem_mark), end_line, end_column;

    assert(parser->error != YAML_MEMORY_ERROR); /* base/mem.h: it ends the process */
    utf8_position(loader->text, loader->size_bytes, &end_line, &end_column);
    if (line > end_line) {
        line = end_line;
        column = end_column;
    }
    line += loader->first_line - 1;
    if (parser->context != NULL && parser->context_mark.line < end_line) {
        problem_add_at(loader->problems, PROBLEM_ERROR, CAUSE_SYNTAX, line, column, "",
                       "not YAML: %s %s that began in line %u", parser->problem, parser->context,
                       line_of(loader, parser->context_mark));
    } else {
        problem_add_at(loader->problems, PROBLEM_ERROR, CAUSE_SYNTAX, line, column, "",
                       "not YAML: %s", parser->problem);
    }
    note(loader, ERR_INVALID);
    loader->stopped = true;
}

/* --- what libyaml lets pass ----------------------------------------------------------------- */

/* The next byte, NUL at the end. */
static char byte_ahead(const struct loader *loader)
{
    return loader->seen_bytes < loader->size_bytes ? loader->text[loader->seen_bytes] : '\0';
}

static void advance_char(struct loader *loader)
{
    do {
        loader->seen_bytes++;
    } while (((unsigned char)byte_ahead(loader) & 0xc0) == 0x80);
    loader->seen_chars++;
}

static void refuse_comment(struct loader *loader)
{
    yaml_mark_t mark = {0};

    if (loader->problems->count < PROBLEMS_MAX) { /* the search for its place is not for free */
        unsigned line, column;

        utf8_position(loader->text, loader->seen_bytes, &line, &column);
        mark.line = line - 1;
        mark.column = column - 1;
    }
    refuse(loader, mark, "a comment needs white space in front");
}

/* Looks at what lies between the last event and this one: space, indicators and comments. */
static void check_gap(struct loader *loader, yaml_mark_t until)
{
    bool in_comment = false;
    char before = loader->seen_bytes > 0 ? loader->text[loader->seen_bytes - 1] : '\n';

    while (loader->seen_chars < until.index && loader->seen_bytes < loader->size_bytes) {
        char c = byte_ahead(loader);

        if (c == '#' && !in_comment && strchr(" \t\r\n", before) == NULL) {
            refuse_comment(loader);
        }
        in_comment = c != '\n' && c != '\r' && (in_comment || c == '#');
        before = c;
        advance_char(loader);
    }
}

/* "|#" begins no comment either. */
static void check_block_header(struct loader *loader, const yaml_event_t *event)
{
    if (event->type != YAML_SCALAR_EVENT ||
        (event->data.scalar.style != YAML_LITERAL_SCALAR_STYLE &&
         event->data.scalar.style != YAML_FOLDED_SCALAR_STYLE)) {
        return;
    }
    while (byte_ahead(loader) != '\0' && strchr("|>+-0123456789", byte_ahead(loader)) != NULL) {
        advance_char(loader);
    }
    if (byte_ahead(loader) == '#') {
        refuse_comment(loader);
    }
}

/* Goes over the text of an event.  "!" alone is a tag that leaves no other trace. */
static void check_text(struct loader *loader, const yaml_event_t *event)
{
    bool is_empty = event->start_mark.index >= event->end_mark.index;

    check_gap(loader, event->start_mark);
    loader->has_tag =
        !is_empty && loader->seen_chars == event->start_mark.index && byte_ahead(loader) == '!';
    check_block_header(loader, event);
    while (loader->seen_chars < event->end_mark.index && loader->seen_bytes < loader->size_bytes) {
        advance_char(loader);
    }
}

static void check_properties(struct loader *loader, const yaml_event_t *event,
                             const yaml_char_t *anchor, const yaml_char_t *tag)
{
    if (anchor != NULL) {
        refuse(loader, event->start_mark, "anchors are not supported");
    }
    if (tag != NULL || loader->has_tag) {
        refuse(loader, event->start_mark, "tags are not supported");
    }
}

/* --- building ------------------------------------------------------------------------------- */

static struct open_node *innermost(struct loader *loader)
{
    return loader->open.count > 0 ? &loader->open.items[loader->open.count - 1] : NULL;
}

static bool is_key_next(struct loader *loader)
{
    struct open_node *open = innermost(loader);

    return open != NULL && open->node->type == NODE_MAP && !open->has_key;
}

static void set_key(struct loader *loader, const char *key, yaml_mark_t mark)
{
    struct open_node *open = innermost(loader);

    open->has_key = true;
    open->key = key;
    open->key_line = line_of(loader, mark);
    open->key_column = column_of(mark);
}

/* Puts a value where it belongs. */
static void place(struct loader *loader, struct node *node, yaml_mark_t mark)
{
    struct open_node *open = innermost(loader);
    struct node_member *member;

    node->line = line_of(loader, mark);
    node->column = column_of(mark);
    if (open == NULL) {
        loader->root = node;
    } else if (open->node->type == NODE_LIST) {
        node_add(loader->arena, open->node, node);
    } else {
        member = node_append(loader->arena, open->node, open->key, node);
        member->line = open->key_line;
        member->column = open->key_column;
        open->has_key = false;
    }
}

static bool count_node(struct loader *loader, yaml_mark_t mark)
{
    if (++loader->nodes > YAML_NODES_MAX) {
        stop(loader, mark, "too many values", YAML_NODES_MAX);
    }
    return !loader->stopped;
}

static void take_key(struct loader *loader, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    bool is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    struct yaml_plain plain = {.type = NODE_STR};

    if (is_plain) {
        yaml_plain_read(text, &plain);
    }
    if (is_plain && strcmp(text, "<<") == 0) {
        refuse(loader, event->start_mark, "merge keys are not supported");
    } else if (plain.type != NODE_STR || plain.ambiguous) {
        refuse(loader, event->start_mark,
               arena_printf(loader->arena, "a key must be a string: quote \"%s\"",
                            quotable(loader, text)));
    } else if (strlen(text) != event->data.scalar.length) {
        refuse(loader, event->start_mark, "a key may not hold a NUL");
    }
    set_key(loader, arena_strdup(loader->arena, text), event->start_mark);
}

static struct node *plain_node(struct loader *loader, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    struct yaml_plain plain;
    struct node *node = NULL;

    yaml_plain_read(text, &plain);
    switch (plain.type) {
    case NODE_NULL:
        return node_null(loader->arena);
    case NODE_BOOL:
        return node_bool(loader->arena, plain.boolean);
    case NODE_INT:
        return node_int(loader->arena, plain.integer);
    case NODE_REAL:
        return node_real(loader->arena, plain.real);
    case NODE_STR:
        if (strcmp(text, "-") == 0) {
            refuse(loader, event->start_mark, "\"-\" must be quoted here");
        }
        node = node_str(loader->arena, text);
        node->ambiguous = plain.ambiguous;
        return node;
    case NODE_LIST:
    case NODE_MAP:
        break;
    }
    assert(node != NULL);
    return node;
}

static void on_scalar(struct loader *loader, const yaml_event_t *event)
{
    yaml_scalar_style_t style = event->data.scalar.style;
    struct node *node;

    if (!count_node(loader, event->start_mark)) {
        return;
    }
    check_properties(loader, event, event->data.scalar.anchor, event->data.scalar.tag);
    if (is_key_next(loader)) {
        take_key(loader, event);
        return;
    }
    if (style == YAML_PLAIN_SCALAR_STYLE) {
        loader->is_empty = loader->open.count == 0 && event->data.scalar.length == 0;
        node = plain_node(loader, event);
    } else {
        node = node_strn(loader->arena, (const char *)event->data.scalar.value,
                         event->data.scalar.length);
        node->quoted = true;
        node->block = style == YAML_LITERAL_SCALAR_STYLE || style == YAML_FOLDED_SCALAR_STYLE;
    }
    place(loader, node, event->start_mark);
}

static void on_alias(struct loader *loader, const yaml_event_t *event)
{
    if (!count_node(loader, event->start_mark)) {
        return;
    }
    refuse(loader, event->start_mark, "aliases are not supported");
    if (is_key_next(loader)) {
        set_key(loader, "", event->start_mark);
    } else {
        place(loader, node_null(loader->arena), event->start_mark);
    }
}

static void on_open(struct loader *loader, const yaml_event_t *event, struct node *node)
{
    if (!count_node(loader, event->start_mark)) {
        return;
    }
    if (loader->open.count == TREE_DEPTH_MAX) {
        stop(loader, event->start_mark, "nested too deep", TREE_DEPTH_MAX);
        return;
    }
    if (is_key_next(loader)) {
        refuse(loader, event->start_mark, "a key must be a string, not a collection");
        set_key(loader, "", event->start_mark);
    } else {
        place(loader, node, event->start_mark);
    }
    vec_add(&loader->open, ((struct open_node){.node = node}));
}

/* All at once when the map is complete: sorted, equal keys are neighbours, in order of the text. */
static void check_duplicates(struct loader *loader, const struct node *map)
{
    _cleanup_free_ const struct node_member **sorted = node_sorted_members(map);
    const struct node_member *first = NULL;

    for (size_t i = 0; i < map->map.count; i++) {
        const struct node_member *member = sorted[i];
        bool listed = loader->problems->count < PROBLEMS_MAX;

        if (member->key[0] == '\0' && loader->refused) {
            continue; /* stands for a key that was refused */
        }
        if (first == NULL || strcmp(first->key, member->key) != 0) {
            first = member;
            continue;
        }
        problem_add_at(loader->problems, PROBLEM_ERROR, CAUSE_DUPLICATE, member->line,
                       member->column,
                       listed ? path_of(loader, loader->open.count - 1, member->key) : "",
                       "duplicate key, first in line %u", first->line);
        note(loader, ERR_INVALID);
    }
}

static void on_close(struct loader *loader)
{
    const struct node *node = innermost(loader)->node;

    if (node->type == NODE_MAP && node->map.count > 1) {
        check_duplicates(loader, node);
    }
    loader->open.count--;
}

static void on_document_start(struct loader *loader)
{
    vec_clear(&loader->open);
    loader->root = NULL;
    loader->refused = false;
    loader->is_empty = false;
    loader->nodes = 0;
}

static void on_document_end(struct loader *loader)
{
    struct documents *documents = loader->documents;

    if (loader->refused || loader->is_empty) {
        return;
    }
    documents->items =
        arena_grow(loader->arena, documents->items, documents->count, sizeof(documents->items[0]));
    documents->items[documents->count++] = loader->root;
}

static void on_event(struct loader *loader, const yaml_event_t *event)
{
    check_text(loader, event);
    switch (event->type) {
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
        break;
    case YAML_DOCUMENT_START_EVENT:
        on_document_start(loader);
        break;
    case YAML_DOCUMENT_END_EVENT:
        on_document_end(loader);
        break;
    case YAML_ALIAS_EVENT:
        on_alias(loader, event);
        break;
    case YAML_SCALAR_EVENT:
        on_scalar(loader, event);
        break;
    case YAML_SEQUENCE_START_EVENT:
        check_properties(loader, event, event->data.sequence_start.anchor,
                         event->data.sequence_start.tag);
        on_open(loader, event, node_list(loader->arena));
        break;
    case YAML_MAPPING_START_EVENT:
        check_properties(loader, event, event->data.mapping_start.anchor,
                         event->data.mapping_start.tag);
        on_open(loader, event, node_map(loader->arena));
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        on_close(loader);
        break;
    }
}

static void load_slice(struct loader *loader, const struct yaml_slice *slice)
{
    yaml_parser_t parser;
    int ok = yaml_parser_initialize(&parser);
    bool done = false;

    assert(ok == 1);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)slice->text, slice->size_bytes);
    loader->text = slice->text;
    loader->size_bytes = slice->size_bytes;
    loader->first_line = slice->line;
    loader->seen_chars = loader->seen_bytes = 0;
    loader->stopped = false;
    while (!done && !loader->stopped) {
        yaml_event_t event;

        if (yaml_parser_parse(&parser, &event) == 0) {
            report_syntax(loader, &parser);
            break;
        }
        on_event(loader, &event);
        done = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
}

int yaml_parse(struct arena *arena, const char *text, size_t size_bytes, struct problems *problems,
               struct documents *ret_documents)
{
    struct documents documents = {0};
    struct loader loader = {.arena = arena, .problems = problems, .documents = &documents};
    struct yaml_slicer slicer;
    struct yaml_slice slice;

    yaml_slicer_init(&slicer, text, size_bytes);
    while (yaml_slicer_next(&slicer, problems, &slice)) {
        if (slice.ret < 0) {
            note(&loader, slice.ret);
        } else {
            load_slice(&loader, &slice);
        }
    }
    vec_fini(&loader.open);
    *ret_documents = documents;
    return loader.ret;
}
