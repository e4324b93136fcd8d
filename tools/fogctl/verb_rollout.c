/* rollout: how far the change of a session is, and how to hold, go on with and take back one. */
#include "schema/base/parse.h"
#include "schema/kinds/session_form.h"
#include "schema/yaml.h"
#include "tools/fogctl/going_back.h"
#include "tools/fogctl/patches.h"
#include "tools/fogctl/rollout_gate.h"

#include <inttypes.h>
#include <stdio.h>

enum { LOOK_EVERY_MS = 200, HISTORY_MAX = 1000 };

static const char *opt_watch, *opt_revision, *opt_to_revision;
static struct texts opt_files;
static struct selection opt_selection;
static bool opt_all;
static struct writing opt_writing;
static int64_t opt_timeout_ms;

static const struct option_row rows[] = {
    FILES_ROW(opt_files),
    LABELS_ROW(opt_selection),
    {"all", 0, OPTION_FLAG, &opt_all, NULL, "all sessions", NULL},
    {"watch", 'w', OPTION_TEXT, &opt_watch, "true|false",
     "status: watch it till the end (the default), or tell how far it is now", "true"},
    {"timeout", 0, OPTION_DURATION, &opt_timeout_ms, "TIME",
     "status: how long to watch it (default 0: till the end)", NULL},
    {"revision", 0, OPTION_TEXT, &opt_revision, "N",
     "status: fail once another revision is being rolled out; history: show this one", NULL},
    {"to-revision", 0, OPTION_TEXT, &opt_to_revision, "N",
     "undo: the revision to go back to (default: the one before)", NULL},
    DRY_RUN_ROW(opt_writing),
    WRITING_ROWS(opt_writing),
};

static const struct option_row *options(size_t *ret_count)
{
    *ret_count = COUNT_OF(rows);
    return rows;
}

static int rollout(struct fogctl *fogctl, struct texts *words);

const struct verb verb_rollout = {
    "rollout",
    "watch, hold, go on with, take back or repeat the start of what a session runs",
    "rollout status | history | pause | resume | restart | undo hs/NAME… | hs -l LABELS | -f FILE…",
    "  fogctl rollout status hs/render --timeout 5m\n"
    "  fogctl rollout history hs/render\n"
    "  fogctl rollout restart hs/render\n"
    "  fogctl rollout restart hs -l tier=gold\n"
    "  fogctl rollout pause hs/render\n"
    "  fogctl rollout resume hs/render\n"
    "  fogctl rollout undo hs/render --dry-run   # what would restart where\n"
    "  fogctl rollout undo hs/render --to-revision 23\n",
    options,
    rollout,
};

static const char *title(struct fogctl *fogctl, const struct target *target)
{
    return kind_title(fogctl, target->kind, target->name);
}

static struct node *read_session(struct fogctl *fogctl, const struct target *target)
{
    return http_get(fogctl, kind_path(fogctl, target->kind, target->name));
}

/* --- revisions -------------------------------------------------------------------------------- */

/* The changes that gave the session there is now another form, the newest first.  NULL after having
 * said why not. */
static const struct node *read_forms(struct fogctl *fogctl, const struct target *target)
{
    const struct node *session = read_session(fogctl, target), *items;
    struct node *forms = node_list(&fogctl->arena);

    if (session == NULL) {
        return NULL;
    }
    items = node_find(
        http_get(fogctl, arena_printf(&fogctl->arena, "%s/history?limit=%d",
                                      kind_path(fogctl, target->kind, target->name), HISTORY_MAX)),
        "items");
    if (items == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < list_count(items); i++) {
        struct node *item = items->list.items[i];
        const struct node *is_new = node_find(item, "newForm");

        if (is_new != NULL && is_new->type == NODE_BOOL && is_new->boolean &&
            str_eq(text_of(item, "uid"), text_of(node_find(session, "metadata"), "uid"))) {
            node_add(&fogctl->arena, forms, item);
        }
    }
    return forms;
}

static const char *revision_at(const struct node *forms, size_t i)
{
    return i < list_count(forms) ? text_of(forms->list.items[i], "revision") : NULL;
}

static bool is_revision(const struct node *forms, const char *revision)
{
    for (size_t i = 0; i < list_count(forms); i++) {
        if (str_eq(revision_at(forms, i), revision)) {
            return true;
        }
    }
    return false;
}

static int no_revision(struct fogctl *fogctl, const struct target *target, const char *revision)
{
    return fail(arena_printf(&fogctl->arena, "fogctl rollout history %s/%s shows them",
                             kind_short(target->kind), target->name),
                "unable to find revision %s of %s", revision, title(fogctl, target));
}

/* --- status ----------------------------------------------------------------------------------- */

struct progress {
    bool is_done, has_failed, was_reverted;
    const char *words;
};

/* Once all is as declared: through the gate, if there is one. */
static void judge_gate(struct arena *arena, const struct gate *gate, int64_t desired,
                       struct progress *ret)
{
    if (!gate->has_deadline || (gate->is_good && !gate->is_revert)) {
        ret->is_done = true;
    } else if (gate->is_good) {
        ret->was_reverted = true;
        ret->words = gate->words;
    } else if (gate->is_nobodys) {
        ret->words = "rollout to finish: no agent is there to run it";
    } else {
        ret->words = arena_printf(
            arena, "%s to finish: %" PRId64 " of %" PRId64 " are ready, and have to stay so for %s",
            gate->is_revert ? "revert" : "rollout", desired, desired, gate->stays);
    }
}

static void judge_counts(struct arena *arena, const struct node *status, const struct gate *gate,
                         struct progress *ret)
{
    int64_t desired = int_of(status, "desired"), updated = int_of(status, "updated");
    int64_t ready = int_of(status, "ready");
    const char *what = gate->has_deadline && gate->is_revert ? "revert" : "rollout";

    if (updated < desired) {
        ret->words = arena_printf(
            arena, "%s to finish: %" PRId64 " out of %" PRId64 " new replicas have been updated%s",
            what, updated, desired, gate->until);
    } else if (ready < desired) {
        ret->words = arena_printf(
            arena, "%s to finish: %" PRId64 " of %" PRId64 " updated replicas are ready%s", what,
            ready, desired, gate->until);
    } else {
        judge_gate(arena, gate, desired, ret);
    }
}

static void judge(struct fogctl *fogctl, const struct node *session, struct progress *ret)
{
    const struct node *status = node_find(session, "status");
    const struct node *converged = session_condition(session, "Converged");
    const char *reason = text_of(converged, "reason");
    int64_t generation = int_of(node_find(session, "metadata"), "generation");
    struct arena *arena = &fogctl->arena;
    struct gate gate;

    *ret = (struct progress){0};
    gate_read(fogctl, session, &gate);
    if (int_of(status, "observedGeneration") < generation ||
        (gate.has_deadline && !gate.is_observed)) {
        ret->words = "spec update to be observed";
    } else if (gate.is_late && gate.goes_back) {
        ret->words = "revert to begin";
    } else if (gate.is_late) {
        ret->has_failed = true;
        ret->words = gate.words;
    } else if ((str_eq(reason, "GivenUp") || str_eq(reason, "Failed")) && !gate.goes_back) {
        ret->has_failed = true;
        ret->words = arena_printf(arena, "%s: %s", reason, text_of(converged, "message"));
    } else if (int_of(status, "updated") < int_of(status, "desired") &&
               str_eq(reason, "RolloutPaused")) {
        ret->words = arena_printf(
            arena, "rollout to finish: it is paused, %" PRId64 " out of %" PRId64 " are updated",
            int_of(status, "updated"), int_of(status, "desired"));
    } else {
        judge_counts(arena, status, &gate, ret);
    }
}

static bool is_tasks(const struct node *session)
{
    return node_find_path(session, "spec.tasks") != NULL;
}

/* Is the revision that was asked for the one under way? */
static int check_revision(struct fogctl *fogctl, const struct target *target)
{
    const struct node *forms = opt_revision == NULL ? NULL : read_forms(fogctl, target);

    if (opt_revision == NULL) {
        return EXIT_DONE;
    }
    if (forms == NULL) {
        return EXIT_FAILED;
    }
    if (!is_revision(forms, opt_revision)) {
        return no_revision(fogctl, target, opt_revision);
    }
    return str_eq(revision_at(forms, 0), opt_revision)
               ? EXIT_DONE
               : fail(NULL, "desired revision (%s) is different from the running revision (%s)",
                      opt_revision, revision_at(forms, 0));
}

/* One look: says what is new, and keeps it in `said`.  An exit code, or -1: not at its end. */
static int look(struct fogctl *fogctl, const struct target *target, struct str *said)
{
    const struct node *session = read_session(fogctl, target);
    struct progress progress;
    int code = session == NULL ? EXIT_FAILED : check_revision(fogctl, target);

    if (code != EXIT_DONE) {
        return code;
    }
    if (is_tasks(session)) {
        return fail(arena_printf(&fogctl->arena, "fogctl results %s; fogctl why %s/%s",
                                 target->name, kind_short(target->kind), target->name),
                    "%s is a session of tasks, which end instead of being rolled out",
                    title(fogctl, target));
    }
    judge(fogctl, session, &progress);
    if (progress.has_failed) {
        return fail(arena_printf(&fogctl->arena, "fogctl rollout undo %s/%s takes it back",
                                 kind_short(target->kind), target->name),
                    "%s does not roll out: %s", title(fogctl, target),
                    text_shown(fogctl, progress.words));
    }
    if (progress.was_reverted) {
        return fail(arena_printf(&fogctl->arena, "fogctl rollout history %s/%s shows both forms",
                                 kind_short(target->kind), target->name),
                    "%s was reverted: %s", title(fogctl, target),
                    text_shown(fogctl, progress.words));
    }
    if (progress.is_done) {
        fprintf(writing_aside(&opt_writing), "%s successfully rolled out\n", title(fogctl, target));
        return EXIT_DONE;
    }
    if (!str_eq(said->data, progress.words)) {
        fprintf(writing_aside(&opt_writing), "Waiting for %s %s...\n", title(fogctl, target),
                progress.words);
        (void)fflush(stdout);
        str_clear(said);
        str_add(said, progress.words);
    }
    return -1;
}

static int watch_status(struct fogctl *fogctl, const struct target *target)
{
    _cleanup_(str_fini)
    struct str said = STR_EMPTY;
    int64_t give_up_ms = boot_ms() + opt_timeout_ms;

    for (;;) {
        struct arena saved;
        int code;

        scratch_begin(fogctl, &saved);
        code = look(fogctl, target, &said);
        scratch_end(fogctl, &saved);
        if (code >= 0) {
            return code;
        }
        if (str_eq(opt_watch, "false")) {
            return EXIT_DONE;
        }
        if (opt_timeout_ms > 0 && boot_ms() >= give_up_ms) {
            return fail(arena_printf(&fogctl->arena, "fogctl why %s/%s tells what it waits for",
                                     kind_short(target->kind), target->name),
                        "timed out waiting for the condition");
        }
        pause_ms(LOOK_EVERY_MS);
    }
}

/* With -o also the session, as it is at the end. */
static int status(struct fogctl *fogctl, const struct target *target)
{
    int code = watch_status(fogctl, target);
    struct node *session = writing_is_lines(&opt_writing) || fogctl->is_unreachable
                               ? NULL
                               : read_session(fogctl, target);

    if (session != NULL && writing_print_objects(fogctl, &opt_writing, &session, 1) != EXIT_DONE) {
        return EXIT_FAILED;
    }
    return code;
}

/* --- history ---------------------------------------------------------------------------------- */

/* What the session ran at a revision; going back to it would give it that. */
static int show_form(struct fogctl *fogctl, const struct target *target)
{
    const struct going_back to = {
        .kind = target->kind, .name = target->name, .revision = opt_revision, .form_only = true};
    const struct node *results = node_find(going_back(fogctl, &to, true), "results"), *spec;
    struct node *form = node_map(&fogctl->arena);
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    if (results == NULL) {
        return EXIT_FAILED;
    }
    if (list_count(results) == 0) {
        return no_revision(fogctl, target, opt_revision);
    }
    spec = node_find_path(results->list.items[0], "object.spec");
    for (size_t i = 0; spec != NULL && i < spec->map.count; i++) {
        if (session_form_has(spec->map.members[i].key)) {
            node_set(&fogctl->arena, form, spec->map.members[i].key, spec->map.members[i].value);
        }
    }
    if (!writing_is_lines(&opt_writing)) {
        return writing_print_objects(fogctl, &opt_writing, &form, 1);
    }
    yaml_emit(form, &text);
    printf("%s with revision #%s\n", title(fogctl, target), opt_revision);
    text_put_lines(stdout, text.data);
    return EXIT_DONE;
}

static int history(struct fogctl *fogctl, const struct target *target)
{
    static const char *const head[] = {"REVISION", "TIME", "WHO", "CHANGE-CAUSE"};
    const struct node *forms = read_forms(fogctl, target);
    struct table table;

    if (forms == NULL) {
        return EXIT_FAILED;
    }
    if (opt_revision != NULL) {
        return is_revision(forms, opt_revision) ? show_form(fogctl, target)
                                                : no_revision(fogctl, target, opt_revision);
    }
    if (!writing_is_lines(&opt_writing)) {
        return writing_print_list(fogctl, &opt_writing, forms);
    }
    puts(title(fogctl, target));
    table_init(&table, COUNT_OF(head));
    for (size_t i = 0; i < COUNT_OF(head); i++) {
        vec_add(&table.cells, head[i]);
    }
    for (size_t i = list_count(forms); i-- > 0;) { /* the newest last, where the eye is */
        const struct node *item = forms->list.items[i];
        const char *why = text_of(item, "why");

        vec_add(&table.cells, text_of(item, "revision"));
        vec_add(&table.cells, text_of(item, "time"));
        vec_add(&table.cells, text_of(item, "who"));
        vec_add(&table.cells, why[0] == '\0' ? "<none>" : why);
    }
    table_print(&table, 0);
    table_fini(&table);
    return EXIT_DONE;
}

/* --- pause, resume ---------------------------------------------------------------------------- */

static int set_paused(struct fogctl *fogctl, const struct target *target, bool is_paused)
{
    const struct patched_words said = {is_paused ? "paused" : "resumed", ""};
    struct arena *arena = &fogctl->arena;
    struct node *spec = node_map(arena), *rollout_spec = node_map(arena);
    struct patches patches;
    const struct node *results;
    struct reply reply;

    patches_init(fogctl, &opt_writing, &patches);
    node_set(arena, rollout_spec, "pause", node_bool(arena, is_paused));
    node_set(arena, spec, "rollout", rollout_spec);
    node_set(arena, patches_add(&patches, target->kind, target->name, NULL), "spec", spec);
    if (!patches_send(&patches, writing_is_dry(&opt_writing), &reply)) {
        return EXIT_FAILED;
    }
    if (reply.code != 200) {
        return reply_failed(&reply);
    }
    results = node_find_path(reply.root, "status.results");
    if (list_count(results) == 1 &&
        str_eq(text_of(results->list.items[0], "result"), "unchanged")) {
        return fail(NULL, "%s is %s", title(fogctl, target),
                    is_paused ? "already paused" : "not paused");
    }
    return patches_print(&patches, &reply, &said);
}

static int hold(struct fogctl *fogctl, const struct target *target)
{
    return set_paused(fogctl, target, true);
}

static int resume(struct fogctl *fogctl, const struct target *target)
{
    return set_paused(fogctl, target, false);
}

/* --- restart ---------------------------------------------------------------------------------- */

static bool is_paused(const struct node *session)
{
    const struct node *pause = node_find_path(session, "spec.rollout.pause");

    return pause != NULL && pause->type == NODE_BOOL && pause->boolean;
}

static void warn_if_paused(struct fogctl *fogctl, const struct target *target)
{
    if (is_paused(read_session(fogctl, target))) {
        fprintf(stderr, "warning: the rollout of %s is paused: nothing restarts before ",
                title(fogctl, target));
        fprintf(stderr, "fogctl rollout resume %s/%s\n", kind_short(target->kind), target->name);
    }
}

/* A variable of the environment is of the form, so that its replicas are replaced as in any other
 * rollout; `undo` takes that back, too. */
static void add_restart(struct patches *patches, const struct target *target, const char *moment)
{
    struct arena *arena = &patches->fogctl->arena;
    struct node *spec = node_map(arena), *workload = node_map(arena),
                *environment = node_map(arena);

    node_set(arena, environment, "RESTARTED_AT", node_str(arena, moment));
    node_set(arena, workload, "environment", environment);
    node_set(arena, spec, "workload", workload);
    node_set(arena, patches_add(patches, target->kind, target->name, NULL), "spec", spec);
}

/* All of them or none. */
static int restart_all(struct fogctl *fogctl, const struct targets *targets)
{
    static const struct patched_words said = {"restarted", "restarted"};
    char moment[WALL_TEXT_SIZE];
    struct patches patches;
    int code;

    wall_to_str((struct wall){now_ms()}, moment);
    patches_init(fogctl, &opt_writing, &patches);
    vec_each (targets, it) {
        add_restart(&patches, it, moment);
    }
    code = patches_carry_out(&patches, &said);
    for (size_t i = 0; code == EXIT_DONE && i < targets->count; i++) {
        warn_if_paused(fogctl, &targets->items[i]);
    }
    return code;
}

/* --- undo ------------------------------------------------------------------------------------- */

/* Its rollout was reverted: the form before is the one that was bad.  True after having said so. */
static bool was_taken_back(struct fogctl *fogctl, const struct target *target,
                           const struct node *forms)
{
    const struct node *newest = forms->list.items[0];
    const char *bad = revision_at(forms, 1);

    if (!str_eq(text_of(newest, "who"), "fog-controller")) {
        return false;
    }
    (void)fail(arena_printf(&fogctl->arena,
                            "--to-revision %s brings it back all the same; fogctl rollout history "
                            "%s/%s shows the others",
                            bad, kind_short(target->kind), target->name),
               "the form before, of revision %s, is the one that was taken back (%s)", bad,
               text_shown(fogctl, text_of(newest, "why")));
    return true;
}

/* NULL after having said why there is none. */
static const char *undo_revision(struct fogctl *fogctl, const struct target *target)
{
    const struct node *forms = read_forms(fogctl, target);
    const char *before = revision_at(forms, 1);

    if (forms == NULL) {
        return NULL;
    }
    if (opt_to_revision != NULL && !str_eq(opt_to_revision, "0")) { /* 0: the one before */
        if (!is_revision(forms, opt_to_revision)) {
            (void)no_revision(fogctl, target, opt_to_revision);
            return NULL;
        }
        return opt_to_revision;
    }
    if (before == NULL) {
        (void)fail("it has had one form only", "no rollout history found for %s",
                   title(fogctl, target));
        return NULL;
    }
    return was_taken_back(fogctl, target, forms) ? NULL : before;
}

static int undo(struct fogctl *fogctl, const struct target *target)
{
    struct going_back to = {.kind = target->kind, .name = target->name, .form_only = true};
    bool is_dry_run = writing_is_dry(&opt_writing);
    const struct node *session = read_session(fogctl, target), *status, *results;

    if (session == NULL) {
        return EXIT_FAILED;
    }
    if (is_paused(session)) {
        return fail(arena_printf(&fogctl->arena, "fogctl rollout resume %s/%s comes first",
                                 kind_short(target->kind), target->name),
                    "cannot roll back %s, as its rollout is paused", title(fogctl, target));
    }
    to.revision = undo_revision(fogctl, target);
    if (to.revision == NULL) {
        return EXIT_FAILED;
    }
    status = going_back(fogctl, &to, is_dry_run);
    if (status == NULL) {
        return EXIT_FAILED;
    }
    results = node_find(status, "results");
    if (list_count(results) == 1 &&
        str_eq(text_of(results->list.items[0], "result"), "unchanged")) {
        fprintf(writing_aside(&opt_writing),
                "%s skipped rollback (it has the form of revision %s already)\n",
                title(fogctl, target), to.revision);
        return writing_print(fogctl, &opt_writing, status);
    }
    if (!writing_is_lines(&opt_writing)) {
        return writing_print(fogctl, &opt_writing, status);
    }
    printf("%s rolled back to revision %s%s\n", title(fogctl, target), to.revision,
           is_dry_run ? " (server dry run)" : "");
    if (is_dry_run) {
        plan_print(fogctl, node_find(status, "plan"));
    }
    return EXIT_DONE;
}

/* --- the command line ------------------------------------------------------------------------- */

static bool is_number(const char *text)
{
    uint64_t number;

    return text == NULL || u64_from_str(text, &number);
}

/* The sessions that are meant, by name, by label or in files. */
static int read_targets(struct fogctl *fogctl, const struct texts *words,
                        struct targets *ret_targets)
{
    struct targets given = {0};
    bool is_many = opt_all || opt_selection.labels != NULL;
    int code = selection_check(&verb_rollout, &opt_selection);

    if (code == EXIT_DONE && words->count + opt_files.count == 0) {
        code = usage_error(&verb_rollout, "of which session?");
    }
    code =
        code == EXIT_DONE ? targets_given(fogctl, &verb_rollout, words, &opt_files, &given) : code;
    for (size_t i = 0; code == EXIT_DONE && i < given.count; i++) {
        const struct target *it = &given.items[i];

        if (it->kind != kind_get(KIND_HARVEST_SESSION)) {
            code = usage_error(&verb_rollout, "only sessions are rolled out, not %s",
                               it->kind->plural);
        } else if ((it->name == NULL) != is_many) {
            code = usage_error(&verb_rollout, "%s",
                               is_many ? "either names or --all or -l LABELS, not both"
                                       : "which sessions? hs/NAME, or say --all or -l LABELS");
        }
    }
    if (code == EXIT_DONE && !targets_expand(fogctl, &given, &opt_selection, ret_targets)) {
        code = EXIT_FAILED;
    } else if (code == EXIT_DONE && ret_targets->count == 0) {
        fputs("No resources found\n", stderr);
    }
    vec_fini(&given);
    return code;
}

static int check_options(struct fogctl *fogctl)
{
    if (!is_number(opt_revision) || !is_number(opt_to_revision)) {
        return usage_error(&verb_rollout, "a revision is a number; rollout history shows them");
    }
    if (writing_check(fogctl, &verb_rollout, &opt_writing, false) != EXIT_DONE) {
        return EXIT_USAGE;
    }
    if (opt_watch != NULL && !str_eq(opt_watch, "true") && !str_eq(opt_watch, "false")) {
        return usage_error(&verb_rollout, "--watch is true or false, not \"%s\"", opt_watch);
    }
    return EXIT_DONE;
}

/* NULL: restart_all(). */
typedef int part_fn(struct fogctl *fogctl, const struct target *target);

/* One after the other; those behind one that fails, too. */
static int run_each(struct fogctl *fogctl, part_fn *run, const struct texts *words)
{
    struct targets targets = {0};
    int code = read_targets(fogctl, words, &targets);

    if (code == EXIT_DONE && targets.count > 1 &&
        (opt_revision != NULL || opt_to_revision != NULL)) {
        code = usage_error(&verb_rollout, "a revision is of one session");
        targets.count = 0;
    }
    if (code == EXIT_DONE && targets.count > 0 && run == NULL) {
        code = restart_all(fogctl, &targets);
    }
    for (size_t i = 0; run != NULL && i < targets.count && !fogctl->is_unreachable; i++) {
        if (run(fogctl, &targets.items[i]) != EXIT_DONE) {
            code = EXIT_FAILED;
        }
    }
    vec_fini(&targets);
    vec_fini(&opt_files);
    return code;
}

static int rollout(struct fogctl *fogctl, struct texts *words)
{
    static const struct {
        const char *word;
        part_fn *run;
    } parts[] = {{"status", status},
                 {"history", history},
                 {"pause", hold},
                 {"resume", resume},
                 {"restart", NULL /* all at once */},
                 {"undo", undo}};
    const char *word = words->count > 0 ? words->items[0] : NULL;
    struct texts rest = {0};
    int code = check_options(fogctl);

    for (size_t i = 0; code == EXIT_DONE && word != NULL && i < COUNT_OF(parts); i++) {
        if (str_eq(word, parts[i].word)) {
            for (size_t j = 1; j < words->count; j++) {
                vec_add(&rest, words->items[j]);
            }
            code = run_each(fogctl, parts[i].run, &rest);
            vec_fini(&rest);
            return code;
        }
    }
    if (code != EXIT_DONE || word_is_near(&verb_rollout, word)) {
        return EXIT_USAGE;
    }
    return usage_error(&verb_rollout,
                       "what is to be done? status, history, pause, resume, restart or undo");
}
