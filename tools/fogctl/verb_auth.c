/* auth: may this be done, and as whom?  The controller answers; who asks is who says so. */
#include "schema/json.h"
#include "schema/review.h"
#include "tools/fogctl/output.h"
#include "tools/fogctl/resources.h"

#include <stdio.h>
#include <string.h>

static bool opt_list, opt_quiet;
static const char *opt_subresource, *opt_output;

static const struct option_row rows[] = {
    {"list", 0, OPTION_FLAG, &opt_list, NULL, "of can-i: all that may be done", NULL},
    {"subresource", 0, OPTION_TEXT, &opt_subresource, "NAME",
     "of can-i: status, scale, plan, log, why, history", NULL},
    {"output", 'o', OPTION_TEXT, &opt_output, "FORM", "json or yaml: the controller's answer",
     NULL},
    {"quiet", 'q', OPTION_FLAG, &opt_quiet, NULL, "of can-i: the exit code alone", NULL},
};

static const struct option_row *options(size_t *ret_count)
{
    *ret_count = COUNT_OF(rows);
    return rows;
}

static int auth(struct fogctl *fogctl, struct texts *words);

const struct verb verb_auth = {
    "auth",
    "what may be done, and as whom",
    "auth can-i VERB KIND[/NAME|/PART] | can-i VERB /PATH | can-i --list | whoami",
    "  fogctl auth can-i create hs\n  fogctl auth can-i create hs/plan\n"
    "  fogctl auth can-i delete assignments sweep-0\n"
    "  fogctl auth can-i get /metrics\n  fogctl auth can-i --list\n  fogctl auth whoami\n"
    "Exit code of can-i: 0 for yes, 1 for no.\n",
    options,
    auth,
};

enum { LIST_COLUMNS = 3 };

/* True: the answer was printed as it is. */
static bool is_printed(struct fogctl *fogctl, struct node *answer)
{
    if (opt_output == NULL) {
        return false;
    }
    output_objects(fogctl, str_eq(opt_output, "yaml") ? OUTPUT_YAML : OUTPUT_JSON, &answer, 1,
                   false);
    return true;
}

/* The review with its answer; NULL after having said why not. */
static struct node *ask(struct fogctl *fogctl, const char *path, const struct review *review)
{
    _cleanup_(str_fini)
    struct str body = STR_EMPTY;
    struct request request = {.method = "POST", .path = path};
    struct reply reply;

    json_emit(review_to_node(&fogctl->arena, review), JSON_PLAIN, &body);
    request.body = body.data;
    if (!http_call(fogctl, &request, &reply)) {
        return NULL;
    }
    if (reply.code != 201 || node_find(reply.root, "status") == NULL) {
        (void)reply_failed(&reply);
        return NULL;
    }
    return node_find(reply.root, "status");
}

static struct node *ask_access(struct fogctl *fogctl, const struct review *review)
{
    return ask(fogctl, "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review);
}

static bool has_text(const struct node *list, const char *text)
{
    for (size_t i = 0; i < list_count(list); i++) {
        if (str_eq(node_text(list->list.items[i]), text)) {
            return true;
        }
    }
    return false;
}

/* "hs", "hs/render", "hs render", "hs/plan", "*", "hs.fog": which resource of which group.  What
 * the controller lists as a subresource is one, and no name. */
static bool read_resource(struct fogctl *fogctl, const struct texts *words, struct review *review)
{
    const char *slash = strchr(words->items[1], '/');
    const char *word = slash == NULL ? words->items[1]
                                     : arena_strndup(&fogctl->arena, words->items[1],
                                                     (size_t)(slash - words->items[1]));
    const char *dot = strchr(word, '.');
    const struct resource *resource;
    struct resources resources;

    review->resource = word;
    review->name = slash != NULL ? slash + 1 : words->count > 2 ? words->items[2] : "";
    if (str_eq(word, "*")) {
        review->group = "*";
        return true;
    }
    if (!resources_read(fogctl, &resources)) {
        vec_fini(&resources);
        return false;
    }
    resource = resources_find(&resources, word);
    if (resource != NULL) {
        review->resource = resource->name;
        review->group = resource->group;
        if (slash != NULL && review->subresource == NULL &&
            has_text(resource->subresources, review->name)) {
            review->subresource = review->name;
            review->name = words->count > 2 ? words->items[2] : "";
        }
    } else {
        fprintf(stderr, "warning: the controller has no kind \"%s\"\n", text_shown(fogctl, word));
        if (dot != NULL) { /* "changesets.fog", which is no kind, but can be asked for */
            review->resource = arena_strndup(&fogctl->arena, word, (size_t)(dot - word));
            review->group = dot + 1;
        }
    }
    vec_fini(&resources);
    return true;
}

static int can_i(struct fogctl *fogctl, const struct texts *words)
{
    struct review review = {.type = REVIEW_ACCESS};
    const struct node *allowed;
    struct node *status;
    bool is_allowed;

    if (*words->items[1] == '/') {
        review.path = words->items[1];
        review.path_verb = words->items[0];
    } else {
        review.verb = words->items[0];
        review.group = "";
        review.subresource = opt_subresource;
        if (!read_resource(fogctl, words, &review)) {
            return EXIT_FAILED;
        }
    }
    status = ask_access(fogctl, &review);
    if (status == NULL) {
        return EXIT_FAILED;
    }
    allowed = node_find(status, "allowed");
    is_allowed = allowed != NULL && allowed->type == NODE_BOOL && allowed->boolean;
    if (!opt_quiet && !is_printed(fogctl, status)) {
        bool has_reason = !is_allowed && *text_of(status, "reason") != '\0';

        fputs(is_allowed ? "yes" : "no", stdout);
        fputs(has_reason ? ": " : "", stdout);
        text_put(stdout, has_reason ? text_of(status, "reason") : "");
        putchar('\n');
    }
    return is_allowed ? EXIT_DONE : EXIT_FAILED;
}

/* --- lists ------------------------------------------------------------------------------------ */

static void add_rules(struct fogctl *fogctl, struct table *table, const struct node *rules,
                      const char *what)
{
    for (size_t i = 0; i < list_count(rules); i++) {
        const struct node *rule = rules->list.items[i];

        vec_add(&table->cells, texts_joined(fogctl, node_find(rule, what), " "));
        vec_add(&table->cells, texts_joined(fogctl, node_find(rule, "apiGroups"), " "));
        vec_add(&table->cells, texts_joined(fogctl, node_find(rule, "verbs"), " "));
    }
}

static int list_rules(struct fogctl *fogctl)
{
    static const char *const heads[LIST_COLUMNS] = {"RESOURCE OR PATH", "GROUP", "VERBS"};
    const struct review review = {.type = REVIEW_RULES};
    struct node *status =
        ask(fogctl, "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", &review);
    struct table table;

    if (status == NULL) {
        return EXIT_FAILED;
    }
    if (is_printed(fogctl, status)) {
        return EXIT_DONE;
    }
    table_init(&table, LIST_COLUMNS);
    for (size_t i = 0; i < LIST_COLUMNS; i++) {
        vec_add(&table.cells, heads[i]);
    }
    add_rules(fogctl, &table, node_find(status, "resourceRules"), "resources");
    add_rules(fogctl, &table, node_find(status, "nonResourceRules"), "nonResourceURLs");
    table_print(&table, 0);
    table_fini(&table);
    return EXIT_DONE;
}

static int whoami(struct fogctl *fogctl)
{
    const struct review review = {.type = REVIEW_SELF};
    struct node *status = ask(fogctl, "/apis/authentication.k8s.io/v1/selfsubjectreviews", &review);
    const struct node *info = node_find(status, "userInfo");

    if (status == NULL) {
        return EXIT_FAILED;
    }
    if (is_printed(fogctl, status)) {
        return EXIT_DONE;
    }
    text_put(stdout, text_of(info, "username"));
    fputs(" (", stdout);
    text_put(stdout, texts_joined(fogctl, node_find(info, "groups"), " "));
    puts(")");
    return EXIT_DONE;
}

static int auth(struct fogctl *fogctl, struct texts *words)
{
    struct texts rest = {0};
    int code;

    if (opt_output != NULL && !str_eq(opt_output, "json") && !str_eq(opt_output, "yaml")) {
        return usage_error(&verb_auth, "-o is json or yaml here");
    }
    if (words->count == 1 && str_eq(words->items[0], "whoami")) {
        return whoami(fogctl);
    }
    if (words->count == 0 || !str_eq(words->items[0], "can-i")) {
        return word_is_near(&verb_auth, words->count > 0 ? words->items[0] : NULL)
                   ? EXIT_USAGE
                   : usage_error(&verb_auth, "can-i, or whoami?");
    }
    if (opt_list) {
        return words->count == 1 ? list_rules(fogctl)
                                 : usage_error(&verb_auth, "--list takes no verb");
    }
    for (size_t i = 1; i < words->count; i++) {
        vec_add(&rest, words->items[i]);
    }
    code = rest.count < 2 || rest.count > 3
               ? usage_error(&verb_auth, "a verb and a kind, as in: can-i create hs")
               : can_i(fogctl, &rest);
    vec_fini(&rest);
    return code;
}
