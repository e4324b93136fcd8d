/* config: the contexts of the configuration file; kubeconfig: one for kubectl and its like. */
#include "schema/yaml.h"
#include "tools/fogctl/context.h"
#include "tools/fogctl/output.h"

#include <stdio.h>

static const char *opt_output, *opt_name = "fog";
static bool opt_current, opt_plain;

static const struct option_row config_rows[] = {
    {"current", 0, OPTION_FLAG, &opt_current, NULL, "set-context: the current one", NULL},
    {"output", 'o', OPTION_TEXT, &opt_output, "FORM", "json or yaml; get-contexts: also name",
     NULL},
};

static const struct option_row kubeconfig_rows[] = {
    {"name", 0, OPTION_TEXT, &opt_name, "NAME", "of its context and cluster (default fog)", NULL},
    {"plain-url", 0, OPTION_FLAG, &opt_plain, NULL,
     "no user in the URL, which some clients refuse: what kubectl writes is then nobody's", NULL},
    {"output", 'o', OPTION_TEXT, &opt_output, "FORM", "yaml (the default) or json", NULL},
};

static const struct option_row *config_options(size_t *ret_count)
{
    *ret_count = COUNT_OF(config_rows);
    return config_rows;
}

static const struct option_row *kubeconfig_options(size_t *ret_count)
{
    *ret_count = COUNT_OF(kubeconfig_rows);
    return kubeconfig_rows;
}

static int config(struct fogctl *fogctl, struct texts *words);
static int kubeconfig(struct fogctl *fogctl, struct texts *words);

const struct verb verb_config = {
    "config",
    "show and change where controllers are: the contexts of the configuration file",
    "config view | get-contexts | current-context | use-context NAME | set-context NAME | "
    "delete-context NAME",
    "  fogctl config set-context lab --server http://10.0.0.5:7411 --user ann\n"
    "  fogctl config use-context lab\n"
    "  fogctl config get-contexts\n"
    "  fogctl config set-context --current --user bob\n",
    config_options,
    config,
};

const struct verb verb_kubeconfig = {
    "kubeconfig",
    "print a configuration with which kubectl reaches the controller",
    "kubeconfig [--name NAME] [--plain-url]",
    "  fogctl kubeconfig >fog.kubeconfig\n"
    "  KUBECONFIG=fog.kubeconfig kubectl get harvestsessions\n",
    kubeconfig_options,
    kubeconfig,
};

/* --- printing --------------------------------------------------------------------------------- */

static int print_tree(struct fogctl *fogctl, enum output output, struct node *root)
{
    output_objects(fogctl, output, &root, 1, false);
    return EXIT_DONE;
}

/* With -o what a change left is printed, without it a line. */
static int tell(struct fogctl *fogctl, enum output output, struct node *root, const char *name,
                const char *what)
{
    if (output != OUTPUT_TABLE) {
        return print_tree(fogctl, output, root);
    }
    printf("context \"%s\" %s\n", text_shown(fogctl, name), what);
    return EXIT_DONE;
}

/* --- contexts --------------------------------------------------------------------------------- */

struct editing {
    struct fogctl *fogctl;
    struct node *root; /* what stands in the file */
    enum output output;
    const char *name; /* NULL: none was given */
};

static const char *current(const struct editing *editing)
{
    const char *name = node_find_text(editing->root, "currentContext");

    return editing->fogctl->context != NULL ? editing->fogctl->context : name;
}

static int no_context(const struct editing *editing, const char *name)
{
    return fail("fogctl config get-contexts lists those there are", "%s has no context \"%s\"",
                editing->fogctl->config, name);
}

static int view(struct editing *editing)
{
    return print_tree(editing->fogctl,
                      editing->output == OUTPUT_TABLE ? OUTPUT_YAML : editing->output,
                      editing->root);
}

static int get_contexts(struct editing *editing)
{
    static const char *const head[] = {"CURRENT", "NAME", "SERVER", "USER"};
    struct node *list = node_find(editing->root, "contexts");
    struct table table;

    if (editing->output == OUTPUT_JSON || editing->output == OUTPUT_YAML) {
        for (size_t i = 0; i < list_count(list); i++) {
            struct node *it = list->list.items[i];

            node_set(
                &editing->fogctl->arena, it, "current",
                node_bool(&editing->fogctl->arena, str_eq(text_of(it, "name"), current(editing))));
        }
        output_objects(editing->fogctl, editing->output, list == NULL ? NULL : list->list.items,
                       list_count(list), true);
        return EXIT_DONE;
    }
    table_init(&table, COUNT_OF(head));
    for (size_t i = 0; i < COUNT_OF(head); i++) {
        vec_add(&table.cells, head[i]);
    }
    for (size_t i = 0; i < list_count(list); i++) {
        const struct node *it = list->list.items[i];

        vec_add(&table.cells, str_eq(text_of(it, "name"), current(editing)) ? "*" : "");
        vec_add(&table.cells, text_of(it, "name"));
        vec_add(&table.cells, text_of(it, "server"));
        vec_add(&table.cells, text_of(it, "user"));
        if (editing->output == OUTPUT_NAME) {
            text_put(stdout, text_of(it, "name"));
            putchar('\n');
        }
    }
    if (editing->output != OUTPUT_NAME) {
        table_print(&table, 0);
    }
    table_fini(&table);
    return EXIT_DONE;
}

static int current_context(struct editing *editing)
{
    struct arena *arena = &editing->fogctl->arena;
    struct node *root = node_map(arena);

    if (current(editing) == NULL) {
        return fail("fogctl config use-context NAME", "%s names no current context",
                    editing->fogctl->config);
    }
    if (editing->output == OUTPUT_TABLE || editing->output == OUTPUT_NAME) {
        text_put(stdout, current(editing));
        putchar('\n');
        return EXIT_DONE;
    }
    node_set(arena, root, "currentContext", node_str(arena, current(editing)));
    return print_tree(editing->fogctl, editing->output, root);
}

static int use_context(struct editing *editing)
{
    struct arena *arena = &editing->fogctl->arena;

    if (context_entry(editing->root, editing->name) == NULL) {
        return no_context(editing, editing->name);
    }
    node_set(arena, editing->root, "currentContext", node_str(arena, editing->name));
    return context_write(editing->fogctl, editing->root)
               ? tell(editing->fogctl, editing->output, editing->root, editing->name, "is in use")
               : EXIT_FAILED;
}

static struct node *new_entry(struct editing *editing, const char *name)
{
    struct arena *arena = &editing->fogctl->arena;
    struct node *list = node_find(editing->root, "contexts"), *entry = node_map(arena);

    if (list == NULL || list->type != NODE_LIST) {
        list = node_list(arena);
        node_set(arena, editing->root, "contexts", list);
    }
    node_set(arena, entry, "name", node_str(arena, name));
    node_add(arena, list, entry);
    return entry;
}

static int set_context(struct editing *editing)
{
    struct fogctl *fogctl = editing->fogctl;
    const char *name = opt_current ? current(editing) : editing->name;
    struct node *entry = name == NULL ? NULL : context_entry(editing->root, name);
    bool is_new = entry == NULL;

    if (name == NULL) {
        return fail("fogctl config use-context NAME", "%s names no current context",
                    fogctl->config);
    }
    if (is_new && opt_current) {
        return no_context(editing, name);
    }
    if (is_new && fogctl->given_server == NULL) {
        return usage_error(&verb_config, "where is it? --server URL");
    }
    entry = is_new ? new_entry(editing, name) : entry;
    if (fogctl->given_server != NULL) {
        node_set(&fogctl->arena, entry, "server", node_str(&fogctl->arena, fogctl->given_server));
    }
    if (fogctl->given_user != NULL) {
        node_set(&fogctl->arena, entry, "user", node_str(&fogctl->arena, fogctl->given_user));
    }
    return context_write(fogctl, editing->root)
               ? tell(fogctl, editing->output, editing->root, name, is_new ? "created" : "modified")
               : EXIT_FAILED;
}

static int delete_context(struct editing *editing)
{
    struct arena *arena = &editing->fogctl->arena;
    const struct node *list = node_find(editing->root, "contexts");
    struct node *left = node_list(arena);

    if (context_entry(editing->root, editing->name) == NULL) {
        return no_context(editing, editing->name);
    }
    for (size_t i = 0; i < list_count(list); i++) {
        if (!str_eq(text_of(list->list.items[i], "name"), editing->name)) {
            node_add(arena, left, list->list.items[i]);
        }
    }
    node_set(arena, editing->root, "contexts", left);
    if (str_eq(node_find_text(editing->root, "currentContext"), editing->name)) {
        (void)node_remove(editing->root, "currentContext");
        fputs("it was the current one: fogctl config use-context NAME chooses another\n", stderr);
    }
    return context_write(editing->fogctl, editing->root)
               ? tell(editing->fogctl, editing->output, editing->root, editing->name, "deleted")
               : EXIT_FAILED;
}

static int config(struct fogctl *fogctl, struct texts *words)
{
    static const struct {
        const char *word;
        bool is_named; /* NAME follows */
        int (*run)(struct editing *editing);
    } parts[] = {{"view", false, view},
                 {"get-contexts", false, get_contexts},
                 {"current-context", false, current_context},
                 {"use-context", true, use_context},
                 {"set-context", true, set_context},
                 {"delete-context", true, delete_context}};
    struct editing editing = {.fogctl = fogctl};
    size_t i = 0;

    for (; words->count > 0 && i < COUNT_OF(parts); i++) {
        if (str_eq(words->items[0], parts[i].word)) {
            break;
        }
    }
    if (words->count > 0 && i == COUNT_OF(parts) && word_is_near(&verb_config, words->items[0])) {
        return EXIT_USAGE;
    }
    if (words->count == 0 || i == COUNT_OF(parts)) {
        return usage_error(&verb_config, "what is to be done? view, get-contexts, "
                                         "current-context, use-context, set-context or "
                                         "delete-context");
    }
    if (words->count != (parts[i].is_named && !opt_current ? 2 : 1) ||
        (opt_current && !str_eq(parts[i].word, "set-context"))) {
        return usage_error(&verb_config, "%s takes %s", parts[i].word,
                           parts[i].is_named ? "one name" : "no name");
    }
    if (!output_from_str(opt_output, &editing.output)) {
        return EXIT_USAGE;
    }
    if (editing.output == OUTPUT_WIDE ||
        (editing.output == OUTPUT_NAME && !str_ends(parts[i].word, "get-contexts"))) {
        return usage_error(&verb_config, "-o %s: config has the forms json and yaml", opt_output);
    }
    editing.name = words->count > 1 ? words->items[1] : NULL;
    if (!context_read(fogctl, false, &editing.root)) {
        return EXIT_FAILED;
    }
    editing.root = editing.root == NULL ? node_map(&fogctl->arena) : editing.root;
    return parts[i].run(&editing);
}

/* --- kubeconfig ------------------------------------------------------------------------------- */

static struct node *named(struct arena *arena, const char *name, const char *key,
                          struct node *value)
{
    struct node *list = node_list(arena), *entry = node_map(arena);

    node_set(arena, entry, "name", node_str(arena, name));
    node_set(arena, entry, key, value);
    node_add(arena, list, entry);
    return list;
}

/* kubectl sends no credentials over http, unless they stand in the URL; other clients send a token
 * there, or refuse the URL. */
static const char *url_of(struct fogctl *fogctl)
{
    static const char plain[] = "http://";

    return opt_plain || !str_starts(fogctl->server, plain)
               ? fogctl->server
               : arena_printf(&fogctl->arena, "%s%s:fog@%s", plain,
                              url_escape(fogctl, fogctl->user), fogctl->server + strlen(plain));
}

static int kubeconfig(struct fogctl *fogctl, struct texts *words)
{
    struct arena *arena = &fogctl->arena;
    struct node *root = node_map(arena), *cluster = node_map(arena), *user = node_map(arena);
    struct node *context = node_map(arena);
    enum output output;

    if (words->count > 0) {
        return usage_error(&verb_kubeconfig, "unexpected \"%s\"", words->items[0]);
    }
    if (!output_from_str(opt_output, &output)) {
        return EXIT_USAGE;
    }
    if (output == OUTPUT_WIDE || output == OUTPUT_NAME) {
        return usage_error(&verb_kubeconfig, "-o %s: there are yaml and json", opt_output);
    }
    node_set(arena, cluster, "server", node_str(arena, url_of(fogctl)));
    if (str_starts(fogctl->server, "http://")) { /* else the JavaScript client asks for TLS */
        node_set(arena, cluster, "insecure-skip-tls-verify", node_bool(arena, true));
    }
    node_set(arena, user, "token", node_str(arena, fogctl->user));
    node_set(arena, context, "cluster", node_str(arena, opt_name));
    node_set(arena, context, "user", node_str(arena, fogctl->user));
    node_set(arena, root, "apiVersion", node_str(arena, "v1"));
    node_set(arena, root, "kind", node_str(arena, "Config"));
    node_set(arena, root, "clusters", named(arena, opt_name, "cluster", cluster));
    node_set(arena, root, "contexts", named(arena, opt_name, "context", context));
    node_set(arena, root, "users", named(arena, fogctl->user, "user", user));
    node_set(arena, root, "current-context", node_str(arena, opt_name));
    return print_tree(fogctl, output == OUTPUT_TABLE ? OUTPUT_YAML : output, root);
}
