#include "tools/fogctl/complete.h"

#include "tools/fogctl/context.h"

#include <stdio.h>

struct completing {
    struct fogctl *fogctl;
    const struct verb *verb; /* NULL: it is being typed */
    bool is_help;            /* of which verb? */
    struct texts words;      /* of the verb, without options */
    const char *current;
    const struct option_row *wanted; /* what is typed is its value */
    const char *server, *context, *config;
    bool is_over; /* "--" was typed: anything may follow */
};

static void offer(const struct completing *it, const char *prefix, const char *word,
                  const char *what)
{
    const char *whole = arena_printf(&it->fogctl->arena, "%s%s", prefix, word);

    if (str_starts(whole, it->current)) {
        text_put(stdout, whole);
        putchar('\t');
        text_put(stdout, what);
        putchar('\n');
    }
}

/* --- options ---------------------------------------------------------------------------------- */

static bool takes_word(const struct option_row *row)
{
    return row->type != OPTION_FLAG && row->when_bare == NULL;
}

typedef bool option_fn(struct completing *it, const struct option_row *row, const char *word);

/* Calls `fn` for the options of the verb and of all verbs until it returns true. */
static const struct option_row *each_option(struct completing *it, option_fn *fn, const char *word)
{
    size_t count[2] = {0, 0};
    const struct option_row *rows[2] = {
        it->verb == NULL || it->verb->options == NULL ? NULL : it->verb->options(&count[0]),
        global_options(&count[1])};

    for (size_t i = 0; i < 2; i++) {
        for (size_t j = 0; j < count[i]; j++) {
            if (fn(it, &rows[i][j], word)) {
                return &rows[i][j];
            }
        }
    }
    return NULL;
}

static bool is_called(struct completing *it, const struct option_row *row, const char *word)
{
    size_t length = strcspn(word, "=");

    (void)it;
    return str_starts(word, "--")
               ? strlen(row->name) == length - 2 && strncmp(row->name, word + 2, length - 2) == 0
               : row->letter != 0 && word[1] == row->letter && word[2] == '\0';
}

static bool offer_option(struct completing *it, const struct option_row *row, const char *word)
{
    (void)word;
    offer(it, "--",
          takes_word(row) ? arena_printf(&it->fogctl->arena, "%s=", row->name) : row->name,
          row->doc);
    return false;
}

/* --- names ------------------------------------------------------------------------------------ */

static void offer_names(struct completing *it, const char *prefix, const struct kind *kind)
{
    struct fogctl *fogctl = it->fogctl;
    struct request request = {.method = "GET", .timeout_ms = COMPLETE_TIMEOUT_MS};
    const struct node *items;
    struct reply reply;

    if (!context_find(fogctl, it->config, it->context, it->server, NULL)) {
        return;
    }
    request.path = arena_printf(&fogctl->arena, "%s?limit=%d", kind_path(fogctl, kind, NULL),
                                COMPLETE_NAMES_MAX);
    if (!http_call(fogctl, &request, &reply) || reply.code != 200) {
        return;
    }
    items = node_find(reply.root, "items");
    for (size_t i = 0; i < list_count(items); i++) {
        offer(it, prefix, text_of(node_find(items->list.items[i], "metadata"), "name"),
              kind->singular);
    }
}

static void offer_contexts(struct completing *it, const char *prefix)
{
    const struct node *contexts;
    struct node *root = NULL;

    if (!context_read(it->fogctl, context_path(it->fogctl, it->config), &root)) {
        return;
    }
    contexts = node_find(root, "contexts");
    for (size_t i = 0; i < list_count(contexts); i++) {
        offer(it, prefix, text_of(contexts->list.items[i], "name"),
              text_of(contexts->list.items[i], "server"));
    }
}

/* "h" may become hs or harvestsessions; without a letter the long ones do. */
static void offer_kinds(struct completing *it)
{
    const char *comma = strrchr(it->current, ',');
    const char *before = comma == NULL ? ""
                                       : arena_strndup(&it->fogctl->arena, it->current,
                                                       (size_t)(comma + 1 - it->current));
    bool has_letter = it->current[strlen(before)] != '\0';

    for (size_t i = 0; i < KIND_COUNT; i++) {
        const char *const *shorter = kinds[i]->short_names;

        offer(it, before, kinds[i]->plural, kinds[i]->name);
        for (; has_letter && shorter != NULL && *shorter != NULL; shorter++) {
            offer(it, before, *shorter, kinds[i]->name);
        }
    }
}

static void offer_objects(struct completing *it)
{
    struct arena *arena = &it->fogctl->arena;
    const char *slash = strchr(it->current, '/');
    const char *first = it->words.count == 0 ? NULL : it->words.items[0];
    const struct kind *kind;

    if (slash != NULL) {
        const char *before = arena_strndup(arena, it->current, (size_t)(slash - it->current));

        kind = kind_find_word(before);
        if (kind != NULL) {
            offer_names(it, arena_printf(arena, "%s/", before), kind);
        }
    } else if (first == NULL || strchr(first, '/') != NULL) {
        offer_kinds(it);
    } else {
        kind = kind_find_word(first);
        if (kind != NULL) {
            offer_names(it, "", kind);
        }
    }
}

/* --- values of options ------------------------------------------------------------------------ */

static bool is_word(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if ((text[i] < 'a' || text[i] > 'z') && text[i] != '-') {
            return false;
        }
    }
    return length > 1 && text[0] != '-';
}

/* "merge|json": the words of it that are to be typed as they stand. */
static void offer_words(struct completing *it, const char *prefix, const char *text,
                        const char *what)
{
    for (; *text != '\0';) {
        size_t length = strcspn(text, "|");

        if (is_word(text, length)) {
            offer(it, prefix, arena_strndup(&it->fogctl->arena, text, length), what);
        }
        text += length + (text[length] == '|');
    }
}

static void offer_forms(struct completing *it, const char *prefix, const struct option_row *row)
{
    static const char *const forms[] = {"wide",     "yaml",           "json",     "name",
                                        "jsonpath", "custom-columns", "changeset"};

    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        if (strstr(row->doc, forms[i]) != NULL) {
            bool is_open = strstr(forms[i], "path") != NULL || strstr(forms[i], "columns") != NULL;

            offer(it, prefix,
                  arena_printf(&it->fogctl->arena, "%s%s", forms[i], is_open ? "=" : ""),
                  "a form of output");
        }
    }
}

static void offer_values(struct completing *it, const char *prefix, const struct option_row *row)
{
    const char *value = row->value == NULL ? "true|false" : row->value;

    if (str_eq(row->name, "output")) {
        offer_forms(it, prefix, row);
    } else if (str_eq(row->name, "context")) {
        offer_contexts(it, prefix);
    } else if (str_eq(row->name, "policy")) {
        offer_names(it, prefix, kind_get(KIND_HARVEST_POLICY));
    } else if (str_eq(value, "KIND/NAME") && prefix[0] == '\0') {
        it->words.count = 0;
        offer_objects(it);
    } else if (str_eq(value, "WHAT")) {
        static const char *const words[] = {"condition=", "jsonpath=", "delete", "create"};

        for (size_t i = 0; i < COUNT_OF(words); i++) {
            offer(it, prefix, words[i], "what to wait for");
        }
    } else if (str_eq(value, "FILE") || str_eq(value, "DIR")) {
        puts(":files");
    } else {
        offer_words(it, prefix, value, row->doc);
    }
}

/* --- words of a verb -------------------------------------------------------------------------- */

/* One of the ways to call a verb, as its usage has them: "undo hs/NAME [options]".  NULL: no more.
 */
static const char *next_way(struct completing *it, const char **rest)
{
    const char *bar = *rest == NULL ? NULL : strstr(*rest, " | ");
    const char *way = *rest;

    if (bar != NULL) {
        way = arena_strndup(&it->fogctl->arena, *rest, (size_t)(bar - *rest));
    }
    *rest = bar == NULL ? NULL : bar + strlen(" | ");
    return way;
}

static const char *ways_of(const struct verb *verb)
{
    return verb->usage + strlen(verb->name) + (verb->usage[strlen(verb->name)] == ' ');
}

static void offer_of_way(struct completing *it, const char *way)
{
    if (strstr(way, "KIND") != NULL) {
        offer_objects(it);
    } else if (strstr(way, "AGENT") != NULL) {
        offer_names(it, "", kind_get(KIND_AGENT));
    } else if (strstr(way, "hs/NAME") != NULL || strstr(way, "SESSION") != NULL) {
        const char *first = it->words.count == 0 ? "/" : it->words.items[0];
        bool is_bare = strchr(it->current, '/') == NULL &&
                       (strstr(way, "SESSION") != NULL || kind_find_word(first) != NULL);

        offer_names(it, is_bare ? "" : "hs/", kind_get(KIND_HARVEST_SESSION));
    } else if (strstr(way, "context NAME") != NULL) {
        offer_contexts(it, "");
    } else if (strstr(way, "ASSIGNMENT") != NULL) {
        offer_names(it, "", kind_get(KIND_ASSIGNMENT));
    } else if (strstr(way, "FILE") != NULL && strstr(way, "-f FILE") == NULL) {
        puts(":files");
    } else if (strstr(way, "VERB") != NULL) {
        for (const struct verb *const *verb = verbs; *verb != NULL; verb++) {
            offer(it, "", (*verb)->name, (*verb)->summary);
        }
    }
}

/* The words that stand at the beginning of its ways: "status", "history", …  True when all of them
 * begin so. */
static bool offer_first_words(struct completing *it)
{
    const char *rest = ways_of(it->verb), *way, *before = "";
    bool have_all = true;

    while ((way = next_way(it, &rest)) != NULL) {
        const char *first = arena_strndup(&it->fogctl->arena, way, strcspn(way, " "));

        if (!str_eq(first, before)) {
            offer_words(it, "", first, it->verb->summary);
        }
        have_all = have_all && is_word(first, strcspn(first, "|"));
        before = first;
    }
    return have_all;
}

/* With "rollout undo" typed what follows undo; of words without anything behind, what follows the
 * last of them. */
static void offer_rest(struct completing *it)
{
    const char *rest = ways_of(it->verb), *way, *last = "", *first = it->words.items[0];
    bool is_found = false;

    while ((way = next_way(it, &rest)) != NULL) {
        size_t length = strcspn(way, " ");

        is_found = is_found || (strlen(first) == length && strncmp(first, way, length) == 0);
        last = way;
        if (is_found && way[length] == ' ') {
            break;
        }
    }
    offer_of_way(it, is_found && is_word(first, strlen(first)) && !str_eq(first, "hs") &&
                             !str_eq(first, "all")
                         ? last
                         : ways_of(it->verb));
}

static void offer_arguments(struct completing *it)
{
    if (it->words.count == 0) {
        if (!offer_first_words(it)) {
            offer_of_way(it, ways_of(it->verb));
        }
    } else {
        offer_rest(it);
    }
}

/* --- what was typed --------------------------------------------------------------------------- */

static void note_value(struct completing *it, const struct option_row *row, const char *value)
{
    if (str_eq(row->name, "server")) {
        it->server = value;
    } else if (str_eq(row->name, "context")) {
        it->context = value;
    } else if (str_eq(row->name, "config")) {
        it->config = value;
    }
}

static void read_option(struct completing *it, int argc, char **argv, int *at)
{
    const char *word = argv[*at], *equals = strchr(word, '=');
    const struct option_row *row = each_option(it, is_called, word);

    if (row == NULL) {
        return;
    }
    if (equals != NULL) {
        note_value(it, row, equals + 1);
    } else if (takes_word(row) && *at + 1 < argc - 1) {
        note_value(it, row, argv[++*at]);
    } else if (takes_word(row)) {
        it->wanted = row;
    }
}

static void read_word(struct completing *it, const char *word)
{
    if (it->verb != NULL || it->is_help) {
        vec_add(&it->words, word);
        return;
    }
    it->is_help = str_eq(word, "help");
    for (const struct verb *const *verb = verbs; *verb != NULL; verb++) {
        if (str_eq((*verb)->name, word)) {
            it->verb = *verb;
        }
    }
    if (it->verb == NULL && !it->is_help) {
        vec_add(&it->words, word); /* no verb, so nothing is known of what follows */
    }
}

static void offer_all(struct completing *it)
{
    const char *equals = strchr(it->current, '=');

    if (it->wanted != NULL) {
        offer_values(it, "", it->wanted);
    } else if (it->is_over) {
        puts(":files");
    } else if (str_starts(it->current, "--") && equals != NULL) {
        const struct option_row *row = each_option(it, is_called, it->current);

        if (row != NULL) {
            offer_values(
                it,
                arena_strndup(&it->fogctl->arena, it->current, (size_t)(equals + 1 - it->current)),
                row);
        }
    } else if (it->current[0] == '-') {
        (void)each_option(it, offer_option, NULL);
    } else if (it->verb == NULL && it->words.count == 0) {
        offer_of_way(it, "VERB");
        offer(it, "", "help", "tell more of a verb");
    } else if (it->verb != NULL) {
        offer_arguments(it);
    }
}

int complete(struct fogctl *fogctl, int argc, char **argv)
{
    struct completing it = {.fogctl = fogctl, .current = argc > 0 ? argv[argc - 1] : ""};

    for (int at = 0; at < argc - 1; at++) {
        if (it.is_over) {
            continue;
        }
        if (str_eq(argv[at], "--")) {
            it.is_over = true;
        } else if (argv[at][0] == '-' && argv[at][1] != '\0') {
            read_option(&it, argc, argv, &at);
        } else {
            read_word(&it, argv[at]);
        }
    }
    offer_all(&it);
    vec_fini(&it.words);
    return EXIT_DONE;
}
