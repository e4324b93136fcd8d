/* blob: files that workloads need or make, in the store of the controller. */
#include "tools/fogctl/blob.h"

#include "schema/base/parse.h"
#include "schema/json.h"
#include "tools/fogctl/output.h"

#include <inttypes.h>

enum { RETRY_MS = 60 * 1000, PAGE = 1000 };

static struct blob_options opt = {.retry_ms = RETRY_MS};

static const struct option_row rows[] = {
    {"output", 'o', OPTION_TEXT, &opt.output, "FORM", "json; list: also yaml, name or table", NULL},
    {"output-file", 'O', OPTION_TEXT, &opt.file, "FILE",
     "get: where to (-: standard output); goes on with FILE.part", NULL},
    {"retry", 0, OPTION_DURATION, &opt.retry_ms, "TIME",
     "go on trying for so long while nothing comes through (default 1m)", NULL},
};

static const struct option_row *options(size_t *ret_count)
{
    *ret_count = COUNT_OF(rows);
    return rows;
}

static int blob(struct fogctl *fogctl, struct texts *words);

const struct verb verb_blob = {
    "blob",
    "files that workloads need or make: put, get, list, delete",
    "blob put FILE… | get DIGEST [-O FILE] | list [-o FORM] | delete DIGEST…",
    "  fogctl blob put input.bin              # prints its digest; sends only what is missing\n"
    "  fogctl blob get blake2b:5f1c… -O input.bin\n"
    "  fogctl blob list\n",
    options,
    blob,
};

/* --- list ----------------------------------------------------------------------------------------
 */

/* Its items, of all pages, and the answer of the last page; false after having said why not. */
static bool read_list(struct fogctl *fogctl, struct node *all, struct node **ret_last)
{
    const char *token = "";

    for (;;) {
        struct node *page = http_get(
            fogctl, arena_printf(&fogctl->arena, "/blobs/v1?limit=%d&continue=%s", PAGE, token));
        const struct node *items = node_find(page, "items");

        if (page == NULL) {
            return false;
        }
        for (size_t i = 0; i < list_count(items); i++) {
            node_add(&fogctl->arena, all, items->list.items[i]);
        }
        *ret_last = page;
        token = text_of(node_find(page, "metadata"), "continue");
        if (*token == '\0' || list_count(items) == 0) {
            return true;
        }
        token = url_escape(fogctl, token);
    }
}

static const char *users_of(struct fogctl *fogctl, const struct node *status)
{
    const struct node *users = node_find(status, "referencedBy");
    int64_t count = int_of(status, "referenceCount");
    const char *first = list_count(users) == 0 ? NULL : node_text(users->list.items[0]);

    return first == NULL ? ""
           : count < 2
               ? first
               : arena_printf(&fogctl->arena, "%s and %lld more", first, (long long)count - 1);
}

static const char *age_of(struct fogctl *fogctl, const struct node *meta)
{
    char text[DURATION_TEXT_SIZE] = "";
    struct wall created;

    if (wall_from_str(text_of(meta, "creationTimestamp"), &created)) {
        age_to_str(now_ms() - created.ms, text);
    }
    return arena_strdup(&fogctl->arena, text);
}

static void print_table(struct fogctl *fogctl, const struct node *items)
{
    static const char *const heads[] = {"DIGEST", "SIZE", "AGE", "REFERENCED BY"};
    struct table table;

    table_init(&table, COUNT_OF(heads));
    for (size_t i = 0; i < COUNT_OF(heads); i++) {
        vec_add(&table.cells, heads[i]);
    }
    for (size_t i = 0; i < items->list.count; i++) {
        const struct node *meta = node_find(items->list.items[i], "metadata");
        const struct node *status = node_find(items->list.items[i], "status");

        vec_add(&table.cells, text_of(meta, "name"));
        vec_add(&table.cells, arena_printf(&fogctl->arena, "%" PRId64, int_of(status, "size")));
        vec_add(&table.cells, age_of(fogctl, meta));
        vec_add(&table.cells, users_of(fogctl, status));
    }
    table_print(&table, 0);
    table_fini(&table);
}

static int list(struct fogctl *fogctl)
{
    struct node *items = node_list(&fogctl->arena), *answer;

    if (!read_list(fogctl, items, &answer)) {
        return EXIT_FAILED;
    }
    if (str_eq(opt.output, "json") || str_eq(opt.output, "yaml")) {
        node_set(&fogctl->arena, answer, "items", items);
        output_objects(fogctl, str_eq(opt.output, "json") ? OUTPUT_JSON : OUTPUT_YAML, &answer, 1,
                       false);
    } else if (str_eq(opt.output, "name")) {
        for (size_t i = 0; i < items->list.count; i++) {
            text_put(stdout, text_of(node_find(items->list.items[i], "metadata"), "name"));
            putchar('\n');
        }
    } else if (items->list.count == 0) {
        fputs("No blobs found\n", stderr);
    } else {
        print_table(fogctl, items);
    }
    return EXIT_DONE;
}

void blob_tell(struct fogctl *fogctl, const struct blob_options *options, const char *digest,
               const char *file, const char *words)
{
    struct node *root = node_map(&fogctl->arena);
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    node_set(&fogctl->arena, root, "digest", node_str(&fogctl->arena, digest));
    if (file != NULL) {
        node_set(&fogctl->arena, root, "file", node_str(&fogctl->arena, file));
    }
    if (str_eq(options->output, "json")) {
        json_emit(root, JSON_PLAIN, &text);
    }
    puts(text.length > 0 ? text.data : words);
    (void)fflush(stdout); /* what is said is done, whatever becomes of the next */
}

/* --- delete --------------------------------------------------------------------------------------
 */

static int delete_all(struct fogctl *fogctl, const struct texts *digests)
{
    int code = EXIT_DONE;

    for (size_t i = 0; i < digests->count; i++) {
        struct request request = {
            .method = "DELETE",
            .path = arena_printf(&fogctl->arena, "/blobs/v1/%s", digests->items[i])};
        struct reply reply;

        if (!http_call(fogctl, &request, &reply)) {
            return EXIT_FAILED;
        }
        if (reply.code == 200) {
            blob_tell(fogctl, &opt, digests->items[i], NULL,
                      arena_printf(&fogctl->arena, "%s deleted", digests->items[i]));
        } else {
            code = reply_failed(&reply);
        }
    }
    return code;
}

/* --- the door ------------------------------------------------------------------------------------
 */

static bool are_digests(const struct texts *words)
{
    struct digest digest;

    vec_each (words, word) {
        if (!digest_from_str(*word, &digest)) {
            (void)usage_error(&verb_blob,
                              "\"%s\" is not a digest: \"blake2b:\" and 64 hex digits; fogctl blob "
                              "list shows those there are",
                              *word);
            return false;
        }
    }
    return true;
}

static int blob(struct fogctl *fogctl, struct texts *words)
{
    struct texts rest = {0};
    const char *what = words->count == 0 ? "" : words->items[0];

    if (opt.output != NULL && !str_eq(opt.output, "json") &&
        !(str_starts(what, "l") && (str_eq(opt.output, "table") || str_eq(opt.output, "name") ||
                                    str_eq(opt.output, "yaml")))) {
        return usage_error(&verb_blob, "-o is json, of list also yaml, name or table");
    }
    if (words->count > 1) {
        rest = (struct texts){.items = words->items + 1, .count = words->count - 1};
    }
    if (str_eq(what, "put") && rest.count > 0) {
        return blob_put(fogctl, &rest, &opt);
    }
    if (str_eq(what, "get") && rest.count == 1) {
        return are_digests(&rest) ? blob_get(fogctl, rest.items[0], &opt) : EXIT_USAGE;
    }
    if ((str_eq(what, "list") || str_eq(what, "ls")) && rest.count == 0) {
        return list(fogctl);
    }
    if ((str_eq(what, "delete") || str_eq(what, "rm")) && rest.count > 0) {
        return are_digests(&rest) ? delete_all(fogctl, &rest) : EXIT_USAGE;
    }
    if (word_is_near(&verb_blob, words->count > 0 ? words->items[0] : NULL)) {
        return EXIT_USAGE;
    }
    return usage_error(&verb_blob, "put FILE…, get DIGEST, list, or delete DIGEST…");
}
