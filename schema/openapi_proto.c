/* A document of version 2 as protocol buffers: openapi.v2.Document of gnostic's OpenAPIv2.proto, as
 * far as our documents go.  One table of rows for each message; what is not in it is an extension
 * if it begins with "x-", and otherwise not said.
 *
 * Messages inside messages are written by recursion, as deep as the tables of kinds are. */
#include "schema/base/proto.h"
#include "schema/json.h"
#include "schema/openapi.h"

#include <assert.h>

enum row_type {
    ROW_TEXT,
    ROW_TEXTS, /* a list of texts: repeated */
    ROW_INT,
    ROW_BOOL,
    ROW_DOUBLE,
    ROW_ANY,     /* Any {2 yaml}, in which JSON may stand, */
    ROW_ANYS,    /* and a list of them */
    ROW_MESSAGE, /* a message of its own, */
    ROW_MESSAGES,
    ROW_NAMED,   /* or a message of {1 name, 2 value} for each member */
    ROW_WRAPPED, /* a message with field 1 for the value, which is another message */
    ROW_TYPE,    /* a message with field 1 for a text */
};

struct row {
    const char *key;
    uint32_t number;
    enum row_type type;
    void (*add)(struct str *to, const struct node *node); /* MESSAGE, MESSAGES, NAMED, WRAPPED */
};

struct message {
    const struct row *rows;
    size_t count;
    uint32_t extension; /* number of vendor_extension; 0: it has none */
};

static void add_any(struct str *to, uint32_t number, const struct node *node)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    _cleanup_(str_fini)
    struct str any = STR_EMPTY;

    json_emit(node, JSON_PLAIN, &text);
    proto_add_message(&any, 2, &text);
    proto_add_message(to, number, &any);
}

static void add_message(struct str *to, uint32_t number,
                        void (*add)(struct str *to, const struct node *node),
                        const struct node *node)
{
    _cleanup_(str_fini)
    struct str inner = STR_EMPTY;

    add(&inner, node);
    proto_add_message(to, number, &inner);
}

static void add_named(struct str *to, uint32_t number, const struct row *row,
                      const struct node_member *member)
{
    _cleanup_(str_fini)
    struct str named = STR_EMPTY;

    proto_add_text(&named, 1, member->key);
    add_message(&named, 2, row->add, member->value);
    proto_add_message(to, number, &named);
}

static void add_extension(struct str *to, uint32_t number, const struct node_member *member)
{
    _cleanup_(str_fini)
    struct str named = STR_EMPTY;

    proto_add_text(&named, 1, member->key);
    add_any(&named, 2, member->value);
    proto_add_message(to, number, &named);
}

static void add_type(struct str *to, uint32_t number, const struct node *node)
{
    _cleanup_(str_fini)
    struct str inner = STR_EMPTY;

    proto_add_text(&inner, 1, node_text(node));
    proto_add_message(to, number, &inner);
}

static void add_wrapped(struct str *to, const struct row *row, const struct node *node)
{
    _cleanup_(str_fini)
    struct str inner = STR_EMPTY;

    add_message(&inner, 1, row->add, node);
    proto_add_message(to, row->number, &inner);
}

static void add_items(struct str *to, const struct row *row, const struct node *list)
{
    for (size_t i = 0; i < list->list.count; i++) {
        const struct node *item = list->list.items[i];

        if (row->type == ROW_TEXTS) {
            proto_add_text(to, row->number, node_text(item));
        } else if (row->type == ROW_ANYS) {
            add_any(to, row->number, item);
        } else {
            add_message(to, row->number, row->add, item);
        }
    }
}

static void add_row(struct str *to, const struct row *row, const struct node *node)
{
    switch (row->type) {
    case ROW_TEXT:
        proto_add_text(to, row->number, node_text(node));
        break;
    case ROW_INT:
        proto_add_uint(to, row->number, (uint64_t)node->integer);
        break;
    case ROW_BOOL:
        proto_add_uint(to, row->number, node->boolean);
        break;
    case ROW_DOUBLE:
        proto_add_double(to, row->number,
                         node->type == NODE_INT ? (double)node->integer : node->real);
        break;
    case ROW_ANY:
        add_any(to, row->number, node);
        break;
    case ROW_TEXTS:
    case ROW_ANYS:
    case ROW_MESSAGES:
        add_items(to, row, node);
        break;
    case ROW_MESSAGE:
        add_message(to, row->number, row->add, node);
        break;
    case ROW_NAMED:
        for (size_t i = 0; i < node->map.count; i++) {
            add_named(to, row->number, row, &node->map.members[i]);
        }
        break;
    case ROW_WRAPPED:
        add_wrapped(to, row, node);
        break;
    case ROW_TYPE:
        add_type(to, row->number, node);
        break;
    }
}

static const struct row *find_row(const struct message *message, const char *key)
{
    for (size_t i = 0; i < message->count; i++) {
        if (str_eq(message->rows[i].key, key)) {
            return &message->rows[i];
        }
    }
    return NULL;
}

static void add_fields(struct str *to, const struct message *message, const struct node *map)
{
    for (size_t i = 0; i < map->map.count; i++) {
        const struct node_member *member = &map->map.members[i];
        const struct row *row = find_row(message, member->key);

        if (row != NULL) {
            add_row(to, row, member->value);
        } else if (message->extension != 0 && str_starts(member->key, "x-")) {
            add_extension(to, message->extension, member);
        }
    }
}

#define MESSAGE(table, vendor)                                                                     \
    (&(const struct message){.rows = (table), .count = COUNT_OF(table), .extension = (vendor)})

/* --- schemas ---------------------------------------------------------------------------------- */

static void add_schema(struct str *to, const struct node *node);

/* Properties, Definitions, Paths: nothing but named members. */
static void add_properties(struct str *to, const struct node *node)
{
    static const struct row row = {"", 1, ROW_NAMED, add_schema};

    add_row(to, &row, node);
}

static void add_schema(struct str *to, const struct node *node)
{
    static const struct row rows[] = {
        {"$ref", 1, ROW_TEXT, NULL},
        {"format", 2, ROW_TEXT, NULL},
        {"description", 4, ROW_TEXT, NULL},
        {"default", 5, ROW_ANY, NULL},
        {"maximum", 7, ROW_DOUBLE, NULL},
        {"minimum", 9, ROW_DOUBLE, NULL},
        {"maxLength", 11, ROW_INT, NULL},
        {"minLength", 12, ROW_INT, NULL},
        {"pattern", 13, ROW_TEXT, NULL},
        {"maxItems", 14, ROW_INT, NULL},
        {"minItems", 15, ROW_INT, NULL},
        {"maxProperties", 17, ROW_INT, NULL},
        {"required", 19, ROW_TEXTS, NULL},
        {"enum", 20, ROW_ANYS, NULL},
        {"additionalProperties", 21, ROW_WRAPPED, add_schema},
        {"type", 22, ROW_TYPE, NULL},
        {"items", 23, ROW_WRAPPED, add_schema},
        {"properties", 25, ROW_MESSAGE, add_properties},
        {"readOnly", 27, ROW_BOOL, NULL},
    };

    add_fields(to, MESSAGE(rows, 31), node);
}

/* --- paths ------------------------------------------------------------------------------------ */

static void add_query(struct str *to, const struct node *node)
{
    static const struct row rows[] = {
        {"required", 1, ROW_BOOL, NULL},    {"in", 2, ROW_TEXT, NULL},
        {"description", 3, ROW_TEXT, NULL}, {"name", 4, ROW_TEXT, NULL},
        {"type", 6, ROW_TEXT, NULL},
    };

    add_fields(to, MESSAGE(rows, 0), node);
}

static void add_in_path(struct str *to, const struct node *node)
{
    static const struct row rows[] = {
        {"required", 1, ROW_BOOL, NULL},    {"in", 2, ROW_TEXT, NULL},
        {"description", 3, ROW_TEXT, NULL}, {"name", 4, ROW_TEXT, NULL},
        {"type", 5, ROW_TEXT, NULL},
    };

    add_fields(to, MESSAGE(rows, 0), node);
}

static void add_body(struct str *to, const struct node *node)
{
    static const struct row rows[] = {
        {"description", 1, ROW_TEXT, NULL},
        {"name", 2, ROW_TEXT, NULL},
        {"in", 3, ROW_TEXT, NULL},
        {"required", 4, ROW_BOOL, NULL},
        {"schema", 5, ROW_MESSAGE, add_schema},
    };

    add_fields(to, MESSAGE(rows, 0), node);
}

static void add_not_body(struct str *to, const struct node *node)
{
    if (str_eq(node_find_text(node, "in"), "query")) {
        add_message(to, 3, add_query, node);
    } else {
        add_message(to, 4, add_in_path, node);
    }
}

static void add_parameter(struct str *to, const struct node *node)
{
    if (str_eq(node_find_text(node, "in"), "body")) {
        add_message(to, 1, add_body, node);
    } else {
        add_message(to, 2, add_not_body, node);
    }
}

/* ParametersItem: a parameter, or a reference to one. */
static void add_parameter_item(struct str *to, const struct node *node)
{
    add_message(to, 1, add_parameter, node);
}

static void add_response(struct str *to, const struct node *node)
{
    static const struct row rows[] = {
        {"description", 1, ROW_TEXT, NULL},
        {"schema", 2, ROW_WRAPPED, add_schema},
    };

    add_fields(to, MESSAGE(rows, 5), node);
}

static void add_response_item(struct str *to, const struct node *node)
{
    add_message(to, 1, add_response, node);
}

static void add_responses(struct str *to, const struct node *node)
{
    static const struct row row = {"", 1, ROW_NAMED, add_response_item};

    add_row(to, &row, node);
}

static void add_operation(struct str *to, const struct node *node)
{
    static const struct row rows[] = {
        {"description", 3, ROW_TEXT, NULL},
        {"operationId", 5, ROW_TEXT, NULL},
        {"produces", 6, ROW_TEXTS, NULL},
        {"consumes", 7, ROW_TEXTS, NULL},
        {"parameters", 8, ROW_MESSAGES, add_parameter_item},
        {"responses", 9, ROW_MESSAGE, add_responses},
    };

    add_fields(to, MESSAGE(rows, 13), node);
}

static void add_path_item(struct str *to, const struct node *node)
{
    static const struct row rows[] = {
        {"get", 2, ROW_MESSAGE, add_operation},
        {"put", 3, ROW_MESSAGE, add_operation},
        {"post", 4, ROW_MESSAGE, add_operation},
        {"delete", 5, ROW_MESSAGE, add_operation},
        {"patch", 8, ROW_MESSAGE, add_operation},
        {"parameters", 9, ROW_MESSAGES, add_parameter_item},
    };

    add_fields(to, MESSAGE(rows, 10), node);
}

static void add_paths(struct str *to, const struct node *node)
{
    static const struct row row = {"", 2, ROW_NAMED, add_path_item};

    add_row(to, &row, node);
}

static void add_info(struct str *to, const struct node *node)
{
    static const struct row rows[] = {
        {"title", 1, ROW_TEXT, NULL},
        {"version", 2, ROW_TEXT, NULL},
    };

    add_fields(to, MESSAGE(rows, 0), node);
}

void openapi_to_proto(const struct node *document, struct str *to)
{
    static const struct row rows[] = {
        {"swagger", 1, ROW_TEXT, NULL},
        {"info", 2, ROW_MESSAGE, add_info},
        {"paths", 8, ROW_MESSAGE, add_paths},
        {"definitions", 9, ROW_MESSAGE, add_properties},
    };

    add_fields(to, MESSAGE(rows, 0), document);
}
