/* explain: what an object consists of, as the controller's OpenAPI says.
 *
 * A schema is a tree; a reference in it, and an allOf with one member, which is how a described
 * reference is written, are followed before anything is asked of it. */
#include "schema/base/parse.h"
#include "schema/json.h"
#include "tools/fogctl/output.h"
#include "tools/fogctl/resources.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool opt_recursive;
static const char *opt_output;

static const struct option_row rows[] = {
    {"recursive", 0, OPTION_FLAG, &opt_recursive, NULL, "all fields below, without descriptions",
     NULL},
    {"output", 'o', OPTION_TEXT, &opt_output, "FORM", "json or yaml: its schema", NULL},
};

static const struct option_row *options(size_t *ret_count)
{
    *ret_count = COUNT_OF(rows);
    return rows;
}

static int explain(struct fogctl *fogctl, struct texts *words);

const struct verb verb_explain = {
    "explain",
    "what the fields of a kind are",
    "explain KIND[.FIELD…] [--recursive] [-o json|yaml]",
    "  fogctl explain hs\n  fogctl explain hs.spec.rollout\n"
    "  fogctl explain agents.status --recursive\n",
    options,
    explain,
};

enum { LINE_COLUMNS = 80, INDENT = 4, DEPTH_MAX = 24, HOPS_MAX = 8 };

/* --- finding ---------------------------------------------------------------------------------- */

/* What a reference or a single allOf leads to; *ret_name (may be NULL) is the last word of the
 * reference's name, or NULL. */
static const struct node *resolve(const struct node *document, const struct node *schema,
                                  const char **ret_name)
{
    static const char prefix[] = "#/components/schemas/";

    for (size_t hops = 0; schema != NULL && hops < HOPS_MAX; hops++) {
        const struct node *all = node_find(schema, "allOf");
        const char *ref = node_find_text(schema, "$ref");

        if (ref == NULL && all != NULL && all->type == NODE_LIST && all->list.count == 1) {
            ref = node_find_text(all->list.items[0], "$ref");
        }
        if (ref == NULL || !str_starts(ref, prefix)) {
            return schema;
        }
        ref += strlen(prefix);
        schema = node_find(node_find_path(document, "components.schemas"), ref);
        if (ret_name != NULL) {
            *ret_name = strrchr(ref, '.') == NULL ? ref : strrchr(ref, '.') + 1;
        }
    }
    return NULL;
}

static bool is_kind(const struct node *schema, const struct resource *resource)
{
    const struct node *marks = node_find(schema, "x-kubernetes-group-version-kind");

    for (size_t i = 0; i < list_count(marks); i++) {
        if (str_eq(text_of(marks->list.items[i], "group"), resource->group) &&
            str_eq(text_of(marks->list.items[i], "kind"), resource->kind)) {
            return true;
        }
    }
    return false;
}

static const struct node *kind_schema(const struct node *document, const struct resource *resource)
{
    const struct node *schemas = node_find_path(document, "components.schemas");

    for (size_t i = 0; schemas != NULL && schemas->type == NODE_MAP && i < schemas->map.count;
         i++) {
        if (is_kind(schemas->map.members[i].value, resource)) {
            return schemas->map.members[i].value;
        }
    }
    return NULL;
}

/* The fields of it, or of its items, or of its values; NULL when it has none. */
static const struct node *fields_of(const struct node *document, const struct node *schema)
{
    for (size_t hops = 0; hops < HOPS_MAX; hops++) {
        const struct node *inner;

        schema = resolve(document, schema, NULL);
        inner = node_find(schema, "properties");
        if (inner != NULL && inner->type == NODE_MAP) {
            return inner;
        }
        inner = node_find(schema, "items");
        schema = inner != NULL ? inner : node_find(schema, "additionalProperties");
    }
    return NULL;
}

static const char *type_of(struct fogctl *fogctl, const struct node *document,
                           const struct node *schema)
{
    const char *name = NULL, *around = "";

    for (size_t hops = 0; hops < HOPS_MAX; hops++) {
        const struct node *inner;

        schema = resolve(document, schema, &name);
        inner = node_find(schema, "items");
        if (inner != NULL) {
            around = arena_printf(&fogctl->arena, "%s[]", around);
        } else {
            inner = node_find(schema, "additionalProperties");
            if (inner == NULL) {
                break;
            }
            around = arena_printf(&fogctl->arena, "%smap[string]", around);
        }
        schema = inner;
    }
    if (name == NULL) {
        name = node_find_text(schema, "type") != NULL ? text_of(schema, "type") : "any";
    }
    return arena_printf(&fogctl->arena, "<%s%s>", around, name);
}

static bool is_required(const struct node *document, const struct node *parent, const char *name)
{
    const struct node *list;

    for (size_t hops = 0; parent != NULL && hops < HOPS_MAX; hops++) {
        parent = resolve(document, parent, NULL);
        if (node_find(parent, "properties") != NULL) {
            break;
        }
        parent = node_find(parent, "items");
    }
    list = node_find(parent, "required");
    for (size_t i = 0; i < list_count(list); i++) {
        if (str_eq(node_text(list->list.items[i]), name)) {
            return true;
        }
    }
    return false;
}

/* --- printing --------------------------------------------------------------------------------- */

/* Words of a text, in lines of a terminal's width. */
static void print_wrapped(struct fogctl *fogctl, const char *text, size_t indent)
{
    size_t column = 0;

    text = text_shown(fogctl, text);
    while (*(text += strspn(text, " \n\t")) != '\0') {
        size_t length = strcspn(text, " \n\t");
        const char *word = arena_strndup(&fogctl->arena, text, length);
        size_t width = text_width(word);

        if (column > 0 && column + 1 + width > LINE_COLUMNS) {
            putchar('\n');
            column = 0;
        }
        printf("%*s%s", column == 0 ? (int)indent : 1, "", word);
        column += (column == 0 ? indent : 1) + width;
        text += length;
    }
    if (column > 0) {
        putchar('\n');
    }
}

/* The JSON of a value, but a text without quotes. */
static void add_value(struct str *to, const struct node *value)
{
    if (node_text(value) != NULL) {
        str_add(to, node_text(value));
    } else {
        json_emit(value, JSON_PLAIN, to);
    }
}

static void add_limit(struct str *to, const struct node *schema, const char *low, const char *high,
                      const char *unit)
{
    int64_t from, up_to;
    bool has_low = node_find_int(schema, low, &from);
    bool has_high = node_find_int(schema, high, &up_to);

    if (!has_low && !has_high) {
        return;
    }
    str_add(to, to->length > 0 ? "; " : "");
    if (has_low && has_high) {
        str_addf(to, "%lld to %lld%s", (long long)from, (long long)up_to, unit);
    } else if (has_low) {
        str_addf(to, "%lld%s or more", (long long)from, unit);
    } else {
        str_addf(to, "at most %lld%s", (long long)up_to, unit);
    }
}

/* "enum: a, b", "default: a", "limits: 1 to 5": a line each. */
static void print_facts(struct fogctl *fogctl, const struct node *schema, size_t indent)
{
    const struct node *words = node_find(schema, "enum"), *fallback = node_find(schema, "default");
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    words = words != NULL ? words : node_find(node_find(schema, "items"), "enum");
    for (size_t i = 0; i < list_count(words); i++) {
        str_add(&text, i == 0 ? "enum: " : ", ");
        add_value(&text, words->list.items[i]);
    }
    print_wrapped(fogctl, text.data, indent);
    if (fallback != NULL) {
        str_clear(&text);
        str_add(&text, "default: ");
        add_value(&text, fallback);
        print_wrapped(fogctl, text.data, indent);
    }
    str_clear(&text);
    add_limit(&text, schema, "minimum", "maximum", "");
    add_limit(&text, schema, "minLength", "maxLength", " characters");
    add_limit(&text, schema, "minItems", "maxItems", " items");
    add_limit(&text, schema, "minProperties", "maxProperties", " entries");
    if (text.length > 0) {
        printf("%*slimits: %s\n", (int)indent, "", text.data);
    }
}

static void print_field(struct fogctl *fogctl, const struct node *document,
                        const struct node *parent, const struct node_member *member, size_t indent)
{
    printf("%*s%s%s%s  %s%s\n", (int)indent, "", paint(fogctl, "bold"),
           text_shown(fogctl, member->key), paint(fogctl, "off"),
           text_shown(fogctl, type_of(fogctl, document, member->value)),
           is_required(document, parent, member->key) ? " -required-" : "");
}

static void print_fields(struct fogctl *fogctl, const struct node *document,
                         const struct node *schema)
{
    const struct node *fields = fields_of(document, schema);

    for (size_t i = 0; fields != NULL && i < fields->map.count; i++) {
        const struct node_member *member = &fields->map.members[i];

        print_field(fogctl, document, schema, member, INDENT / 2);
        print_facts(fogctl, member->value, INDENT);
        print_wrapped(fogctl, text_of(member->value, "description"), INDENT);
        putchar('\n');
    }
}

/* Walks with a stack of its own: one cursor for each level. */
static void print_all_fields(struct fogctl *fogctl, const struct node *document,
                             const struct node *schema)
{
    struct {
        const struct node *schema, *fields;
        size_t next;
    } stack[DEPTH_MAX];
    size_t depth = 0;

    stack[depth++] = (__typeof__(stack[0])){schema, fields_of(document, schema), 0};
    while (depth > 0) {
        const struct node *fields = stack[depth - 1].fields;
        const struct node_member *member;

        if (fields == NULL || stack[depth - 1].next == fields->map.count) {
            depth--;
            continue;
        }
        member = &fields->map.members[stack[depth - 1].next++];
        print_field(fogctl, document, stack[depth - 1].schema, member, depth * 2);
        if (depth < DEPTH_MAX && fields_of(document, member->value) != NULL) {
            stack[depth++] =
                (__typeof__(stack[0])){member->value, fields_of(document, member->value), 0};
        }
    }
}

/* --- the verb --------------------------------------------------------------------------------- */

static int no_field(struct fogctl *fogctl, const struct node *fields, const char *kind,
                    const char *path, const char *name)
{
    size_t count = fields == NULL ? 0 : fields->map.count;
    const char **names = arena_array(&fogctl->arena, count + 1, sizeof(names[0]));
    const char *close, *advice = NULL;

    for (size_t i = 0; i < count; i++) {
        names[i] = fields->map.members[i].key;
    }
    close = words_closest(name, names, count);
    if (close != NULL) {
        advice = arena_printf(&fogctl->arena, "did you mean \"%s\"?", close);
    } else if (count > 0) {
        advice = arena_printf(&fogctl->arena, "fogctl explain %s lists what there is", path);
    }
    return fail(advice, "%s has no field \"%s\" in %s", kind, name, path);
}

static void print_schema(struct fogctl *fogctl, const struct node *document,
                         const struct resource *resource, const struct node *schema,
                         const char *field)
{
    const char *text = text_of(schema, "description");

    printf("KIND:     %s\nVERSION:  %s\n\n", text_shown(fogctl, resource->kind),
           text_shown(fogctl, resource->group_version));
    if (field != NULL) {
        printf("FIELD:    %s  %s\n\n", text_shown(fogctl, field),
               text_shown(fogctl, type_of(fogctl, document, schema)));
    }
    puts("DESCRIPTION:");
    print_facts(fogctl, schema, INDENT);
    print_wrapped(fogctl,
                  *text == '\0' ? text_of(resolve(document, schema, NULL), "description") : text,
                  INDENT);
    if (fields_of(document, schema) == NULL) {
        return;
    }
    puts("\nFIELDS:");
    if (opt_recursive) {
        print_all_fields(fogctl, document, schema);
    } else {
        print_fields(fogctl, document, schema);
    }
}

/* "spec.rollout" of a kind. */
static int explain_path(struct fogctl *fogctl, const struct resource *resource,
                        const struct node *document, const char *path, enum output output)
{
    const struct node *schema = kind_schema(document, resource);
    const char *field = NULL, *so_far = resource->singular;

    if (schema == NULL) {
        return fail(NULL, "the controller describes no kind \"%s\"", resource->kind);
    }
    while (path != NULL && *path != '\0') {
        size_t length = strcspn(path, ".");
        const char *name = arena_strndup(&fogctl->arena, path, length);
        const struct node *fields = fields_of(document, schema);

        if (node_find(fields, name) == NULL) {
            return no_field(fogctl, fields, resource->kind, so_far, name);
        }
        schema = node_find(fields, name);
        field = name;
        so_far = arena_printf(&fogctl->arena, "%s.%s", so_far, name);
        path += length + (path[length] == '.' ? 1 : 0);
    }
    if (output == OUTPUT_TABLE) {
        print_schema(fogctl, document, resource, schema, field);
    } else {
        struct node *copy = node_copy(&fogctl->arena, resolve(document, schema, NULL));

        output_objects(fogctl, output, &copy, 1, false);
    }
    return EXIT_DONE;
}

static int explain_word(struct fogctl *fogctl, const struct resources *resources, const char *word,
                        enum output output)
{
    size_t length = strcspn(word, ".");
    const char *kind = arena_strndup(&fogctl->arena, word, length);
    const struct resource *resource = resources_find(resources, kind);
    const struct node *document;

    if (resource == NULL) {
        return resources_missing(fogctl, resources, kind);
    }
    document = http_get(fogctl, arena_printf(&fogctl->arena, "/openapi/v3/%s/%s",
                                             *resource->group == '\0' ? "api" : "apis",
                                             resource->group_version));
    return document == NULL ? EXIT_FAILED
                            : explain_path(fogctl, resource, document,
                                           word[length] == '\0' ? NULL : word + length + 1, output);
}

static int explain(struct fogctl *fogctl, struct texts *words)
{
    struct resources resources = {0};
    enum output output;
    int code = EXIT_FAILED;

    if (!output_from_str(opt_output, &output)) {
        return EXIT_USAGE;
    }
    if (output == OUTPUT_WIDE || output == OUTPUT_NAME) {
        return usage_error(&verb_explain, "-o is json or yaml here");
    }
    if (words->count != 1) {
        return usage_error(&verb_explain, words->count == 0 ? "which kind?" : "one at a time");
    }
    if (resources_read(fogctl, &resources)) {
        code = explain_word(fogctl, &resources, words->items[0], output);
    }
    vec_fini(&resources);
    return code;
}
