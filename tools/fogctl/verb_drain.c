/* drain: what runs on agents goes elsewhere.  It is declared, so the controller goes on with it
 * when nobody watches; here is shown what will follow, and then what has. */
#include "schema/base/map.h"
#include "schema/base/mem.h"
#include "tools/fogctl/agents.h"

#include <stdio.h>
#include <stdlib.h>

enum { LOOK_EVERY_MS = 200 };

static struct selection opt_selection;
static struct writing opt_writing;
static bool opt_force, opt_no_wait;
static int64_t opt_timeout_ms;

static const struct option_row rows[] = {
    LABELS_ROW(opt_selection),
    WHERE_ROW(opt_selection),
    DRY_RUN_ROW(opt_writing),
    WRITING_ROWS(opt_writing),
    {"force", 0, OPTION_FLAG, &opt_force, NULL,
     "do not wait for tasks to end there: they begin anew elsewhere", NULL},
    {"timeout", 0, OPTION_DURATION, &opt_timeout_ms, "TIME",
     "how long to watch it (default 0: till the end); it goes on in any case", NULL},
    {"no-wait", 0, OPTION_FLAG, &opt_no_wait, NULL, "do not watch it", NULL},
};

static const struct option_row *options(size_t *ret_count)
{
    *ret_count = COUNT_OF(rows);
    return rows;
}

static int drain(struct fogctl *fogctl, struct texts *words);

const struct verb verb_drain = {
    "drain",
    "let agents get no new work, and what they run go elsewhere",
    "drain AGENT… | -l LABELS [options]",
    "  fogctl drain edge-1 --dry-run     # what would go where, in which order, and what would not\n"
    "  fogctl drain edge-1 --timeout 5m\n"
    "  fogctl drain -l site=north --force\n"
    "  fogctl uncordon edge-1            # takes it back\n",
    options,
    drain,
};

/* --- what will follow ------------------------------------------------------------------------- */

static struct patches patches_of(struct fogctl *fogctl, const struct targets *agents)
{
    struct arena *arena = &fogctl->arena;
    struct patches patches;

    patches_init(fogctl, &opt_writing, &patches);
    vec_each (agents, it) {
        struct node *object = patches_add(&patches, it->kind, it->name, NULL);
        struct node *spec = node_map(arena);

        node_set(arena, spec, "unschedulable", node_bool(arena, true));
        node_set(arena, spec, "drain", node_str(arena, opt_force ? "forced" : "gently"));
        node_set(arena, object, "spec", spec);
    }
    return patches;
}

static const struct node *work_on(struct fogctl *fogctl, const char *agent)
{
    return list_objects(fogctl, kind_get(KIND_ASSIGNMENT), NULL,
                        arena_printf(&fogctl->arena, "spec.agent=%s", agent), NULL);
}

static bool is_over(const struct node *work)
{
    const char *phase = text_of(node_find(work, "status"), "phase");

    return str_eq(phase, "Succeeded") || str_eq(phase, "Failed");
}

static bool is_said(const struct node *lines, const struct node *work)
{
    const struct node *spec = node_find(work, "spec");

    for (size_t i = 0; i < list_count(lines); i++) {
        const struct node *it = lines->list.items[i];

        if (str_eq(text_of(it, "session"), text_of(spec, "session")) &&
            str_eq(text_of(it, "slot"), text_of(spec, "slot"))) {
            return true;
        }
    }
    return false;
}

/* What the plan is silent about: nothing is done about it, it ends by itself. */
static void print_staying(struct fogctl *fogctl, const struct node *plan, const char *agent)
{
    const struct node *list = work_on(fogctl, agent);

    for (size_t i = 0; i < list_count(list); i++) {
        const struct node *work = list->list.items[i], *spec = node_find(work, "spec");

        if (!is_over(work) && !is_said(node_find(plan, "changes"), work) &&
            !is_said(node_find(plan, "pending"), work)) {
            printf("  stays    ");
            text_put(stdout, arena_printf(&fogctl->arena, "%s/%s on %s till it ends%s",
                                          text_of(spec, "session"), text_of(spec, "slot"), agent,
                                          opt_force ? "" : "; --force begins it anew elsewhere"));
            putchar('\n');
        }
    }
}

static int show(struct fogctl *fogctl, const struct targets *agents)
{
    struct patches patches = patches_of(fogctl, agents);
    const struct node *plan;
    struct reply reply;

    if (!patches_send(&patches, true, &reply)) {
        return EXIT_FAILED;
    }
    if (reply.code != 200) {
        return reply_failed(&reply);
    }
    if (!writing_is_lines(&opt_writing)) {
        return writing_print(fogctl, &opt_writing, node_find(reply.root, "status"));
    }
    plan = node_find_path(reply.root, "status.plan");
    plan_print(fogctl, plan);
    vec_each (agents, it) {
        print_staying(fogctl, plan, it->name);
    }
    return EXIT_DONE;
}

/* --- what has become of it -------------------------------------------------------------------- */

struct watched {
    const char *name;
    struct map work;  /* names of assignments that were there at the last look */
    char *in_the_way; /* owned: what was said last */
    bool is_done;
};

static bool is_listed(const struct node *list, const char *name)
{
    for (size_t i = 0; i < list_count(list); i++) {
        if (str_eq(text_of(node_find(list->list.items[i], "metadata"), "name"), name)) {
            return true;
        }
    }
    return false;
}

static void tell_left(struct watched *watched, const struct node *list)
{
    FILE *to = writing_aside(&opt_writing);

    map_each (&watched->work, it) {
        if (!is_listed(list, it->key)) {
            text_put(to, "assignment.fog/");
            text_put(to, it->key);
            fputs(" has left ", to);
            text_put(to, watched->name);
            fputc('\n', to);
            (void)map_remove(&watched->work, it->key);
        }
    }
    for (size_t i = 0; i < list_count(list); i++) {
        (void)map_put(&watched->work, text_of(node_find(list->list.items[i], "metadata"), "name"),
                      watched);
    }
}

/* Said once, as long as it is the same. */
static void tell_in_the_way(struct fogctl *fogctl, struct watched *watched)
{
    struct reply reply;
    const struct request request = {
        .method = "GET",
        .path = arena_printf(&fogctl->arena, "%s/why",
                             kind_path(fogctl, kind_get(KIND_AGENT), watched->name)),
        .retry_ms = 1};
    const struct node *link;
    const char *object;

    if (!http_call(fogctl, &request, &reply)) {
        return;
    }
    link = node_find(reply.root, "inTheWay");
    object = text_of(link, "object");
    if (str_starts(object, "harvestsession/") &&
        !str_eq(watched->in_the_way, text_of(link, "message"))) {
        free(watched->in_the_way);
        watched->in_the_way = mem_strdup(text_of(link, "message"));
        text_put(stderr, arena_printf(&fogctl->arena, "%s waits: %s", object, watched->in_the_way));
        fputc('\n', stderr);
    }
}

static bool is_drained(const struct node *agent)
{
    const struct node *conditions = node_find_path(agent, "status.conditions");

    for (size_t i = 0; i < list_count(conditions); i++) {
        const struct node *it = conditions->list.items[i];

        if (str_eq(text_of(it, "type"), "Drained") && str_eq(text_of(it, "status"), "True") &&
            int_of(it, "observedGeneration") >=
                int_of(node_find(agent, "metadata"), "generation")) {
            return true;
        }
    }
    return false;
}

/* False after having said that nothing answers, or that the agent is no more. */
static bool look(struct fogctl *fogctl, struct watched *watched)
{
    const struct request request = {.method = "GET",
                                    .path = kind_path(fogctl, kind_get(KIND_AGENT), watched->name),
                                    .retry_ms = 30000};
    struct reply reply;

    if (!http_call(fogctl, &request, &reply)) {
        return false;
    }
    if (reply.code != 200) {
        (void)reply_failed(&reply);
        return false;
    }
    tell_left(watched, work_on(fogctl, watched->name));
    if (str_eq(text_of(node_find(reply.root, "spec"), "drain"), "never")) {
        (void)fail(NULL, "the drain of %s was taken back", watched->name);
        return false;
    }
    watched->is_done = is_drained(reply.root);
    if (watched->is_done) {
        fprintf(writing_aside(&opt_writing), "%s drained\n",
                kind_title(fogctl, kind_get(KIND_AGENT), watched->name));
    } else {
        tell_in_the_way(fogctl, watched);
    }
    (void)fflush(stdout);
    return !fogctl->is_unreachable;
}

static int watch(struct fogctl *fogctl, struct watched *watched, size_t count)
{
    int64_t give_up_ms = boot_ms() + opt_timeout_ms;

    for (;;) {
        size_t left = 0;

        for (size_t i = 0; i < count; i++) {
            struct arena saved;
            bool is_fine = true;

            scratch_begin(fogctl, &saved);
            is_fine = watched[i].is_done || look(fogctl, &watched[i]);
            scratch_end(fogctl, &saved);
            if (!is_fine) {
                return EXIT_FAILED;
            }
            left += !watched[i].is_done;
        }
        if (left == 0) {
            return EXIT_DONE;
        }
        if (opt_timeout_ms > 0 && boot_ms() >= give_up_ms) {
            return fail("it goes on; fogctl why agent/NAME tells what it waits for, fogctl "
                        "uncordon takes it back",
                        "timed out while %zu of %zu agents are being drained", left, count);
        }
        pause_ms(LOOK_EVERY_MS);
    }
}

static int watch_all(struct fogctl *fogctl, const struct targets *agents)
{
    struct watched *watched = arena_array(&fogctl->arena, agents->count, sizeof(watched[0]));
    int code;

    for (size_t i = 0; i < agents->count; i++) {
        watched[i] = (struct watched){.name = agents->items[i].name};
        map_init(&watched[i].work);
    }
    code = watch(fogctl, watched, agents->count);
    for (size_t i = 0; i < agents->count; i++) {
        map_fini(&watched[i].work);
        free(watched[i].in_the_way);
    }
    return code;
}

/* As they are at the end. */
static int print_agents(struct fogctl *fogctl, const struct targets *agents)
{
    struct node **objects = arena_array(&fogctl->arena, agents->count, sizeof(objects[0]));

    for (size_t i = 0; i < agents->count; i++) {
        objects[i] =
            http_get(fogctl, kind_path(fogctl, agents->items[i].kind, agents->items[i].name));
        if (objects[i] == NULL) {
            return EXIT_FAILED;
        }
    }
    return writing_print_objects(fogctl, &opt_writing, objects, agents->count);
}

static int drain_all(struct fogctl *fogctl, const struct targets *agents)
{
    static const struct patched_words said = {"draining", "already draining"};
    bool in_lines = writing_is_lines(&opt_writing), is_dry_run = writing_is_dry(&opt_writing);
    bool at_once = in_lines || opt_no_wait || opt_writing.is_answer;
    struct patches patches;
    struct reply reply;
    int code = in_lines || is_dry_run ? show(fogctl, agents) : EXIT_DONE;

    if (code != EXIT_DONE || is_dry_run) {
        return code;
    }
    patches = patches_of(fogctl, agents);
    if (!patches_send(&patches, false, &reply)) {
        return EXIT_FAILED;
    }
    code = reply.code != 200 ? reply_failed(&reply)
           : at_once         ? patches_print(&patches, &reply, &said)
                             : EXIT_DONE;
    (void)fflush(stdout);
    code = code != EXIT_DONE || opt_no_wait ? code : watch_all(fogctl, agents);
    return code != EXIT_DONE || at_once ? code : print_agents(fogctl, agents);
}

static int drain(struct fogctl *fogctl, struct texts *words)
{
    struct targets agents = {0};
    int code = writing_check(fogctl, &verb_drain, &opt_writing, false);

    code = code == EXIT_DONE ? agents_named(fogctl, &verb_drain, words, &opt_selection, &agents)
                             : code;
    if (code == EXIT_DONE && agents.count > 0) {
        code = drain_all(fogctl, &agents);
    }
    vec_fini(&agents);
    return code;
}
