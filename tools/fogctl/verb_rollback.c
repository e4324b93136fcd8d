/* rollback: going back to what was declared at a revision; a plan first. */
#include "schema/base/parse.h"
#include "tools/fogctl/agents.h"
#include "tools/fogctl/going_back.h"
#include "tools/fogctl/past.h"
#include "tools/fogctl/writing.h"

#include <stdio.h>
#include <unistd.h>

static const char *opt_revision, *opt_time, *opt_check;
static struct selection opt_selection;
static struct writing opt_writing;
static bool opt_all, opt_prune, opt_yes;

static const struct option_row rollback_rows[] = {
    {"to-revision", 0, OPTION_TEXT, &opt_revision, "N",
     "the revision to go back to, as history shows it", NULL},
    {"to", 0, OPTION_TEXT, &opt_time, "TIME",
     "instead: a time to go back to, how long ago (10m) or 2026-11-22T10:00:00Z", NULL},
    {"check-revision", 0, OPTION_TEXT, &opt_check, "N",
     "only if nothing was declared since the plan of this revision was shown", NULL},
    LABELS_ROW(opt_selection),
    WHERE_ROW(opt_selection),
    {"all", 0, OPTION_FLAG, &opt_all, NULL, "all of the kind", NULL},
    {"prune", 0, OPTION_FLAG, &opt_prune, NULL, "also delete what is newer", NULL},
    DRY_RUN_ROW(opt_writing),
    WRITING_ROWS(opt_writing),
    {"yes", 'y', OPTION_FLAG, &opt_yes, NULL, "do not ask", NULL},
};

static const struct option_row *rollback_options(size_t *ret_count)
{
    *ret_count = COUNT_OF(rollback_rows);
    return rollback_rows;
}

static int rollback(struct fogctl *fogctl, struct texts *words);

const struct verb verb_rollback = {
    "rollback",
    "go back to how things were at a revision: objects, or all that is declared",
    "rollback [KIND/NAME … | KIND -l LABELS] --to-revision N | --to TIME [options]",
    "  fogctl rollback --to-revision 120 --dry-run\n"
    "  fogctl rollback hs/render --to-revision 120\n"
    "  fogctl rollback hs/render hs/encode --to-revision 120\n"
    "  fogctl rollback hs,hp -l tier=gold --to 10m\n"
    "  fogctl rollback --to 10m\n",
    rollback_options,
    rollback,
};

/* --- what is meant ---------------------------------------------------------------------------- */

static int check_targets(const struct targets *given)
{
    bool is_many = opt_all || selection_is_given(&opt_selection);

    vec_each (given, it) {
        if (it->name == NULL && !is_many) {
            return usage_error(&verb_rollback, "which %s? name them, or say --all or -l LABELS",
                               it->kind->plural);
        }
        if (it->name != NULL && is_many) {
            return usage_error(&verb_rollback, "either names or --all or -l LABELS, not both");
        }
        if (opt_selection.where != NULL && it->kind->id != KIND_AGENT) {
            return usage_error(&verb_rollback, "--where is for agents, not for %s",
                               it->kind->plural);
        }
    }
    return selection_check(&verb_rollback, &opt_selection);
}

/* A condition is of readings, and those have no past: it names the agents of which it holds now,
 * once, so that what is done is what was shown. */
static int name_agents(struct fogctl *fogctl, struct targets *targets)
{
    const struct texts none = {0};

    targets->count = 0;
    return agents_named(fogctl, &verb_rollback, &none, &opt_selection, targets);
}

static int read_targets(struct fogctl *fogctl, const struct texts *words, struct targets *targets)
{
    int code;

    if (words->count > 0 && !targets_read(fogctl, words, targets)) {
        return EXIT_USAGE;
    }
    code = check_targets(targets);
    return code == EXIT_DONE && opt_selection.where != NULL ? name_agents(fogctl, targets) : code;
}

static bool is_nobody(const struct targets *targets)
{
    return opt_selection.where != NULL && targets->count == 0;
}

static const struct target *only_one(const struct targets *targets)
{
    return targets->count == 1 && targets->items[0].name != NULL ? &targets->items[0] : NULL;
}

/* --- rollback --------------------------------------------------------------------------------- */

static const struct node *send_rollback(struct fogctl *fogctl, const struct targets *targets,
                                        const char *planned_at, bool dry_run)
{
    const struct going_back to = {.objects = targets,
                                  .labels =
                                      opt_selection.where == NULL ? opt_selection.labels : NULL,
                                  .revision = opt_revision,
                                  .planned_at = planned_at,
                                  .manager = opt_writing.manager,
                                  .prune = opt_prune};

    return going_back(fogctl, &to, dry_run);
}

static bool confirm(void)
{
    char answer[8] = "";

    if (opt_yes) {
        return true;
    }
    if (isatty(STDIN_FILENO) != 1) {
        (void)fail("say --yes, or look at it with --dry-run", "nobody is there to be asked");
        return false;
    }
    printf("Go back to revision %s? [y/N] ", opt_revision);
    (void)fflush(stdout);
    if (fgets(answer, sizeof(answer), stdin) == NULL || (answer[0] != 'y' && answer[0] != 'Y')) {
        fputs("nothing was changed\n", stderr);
        return false;
    }
    return true;
}

static bool is_among(const struct node *results, const struct target *target)
{
    for (size_t i = 0; i < list_count(results); i++) {
        const struct node *result = results->list.items[i];

        if (str_eq(text_of(result, "kind"), target->kind->name) &&
            str_eq(text_of(result, "name"), target->name)) {
            return true;
        }
    }
    return false;
}

/* Those of several that were named and are newer: nothing is done to them. */
static void tell_newer(struct fogctl *fogctl, const struct targets *targets,
                       const struct node *results)
{
    vec_each (targets, it) {
        if (it->name != NULL && !is_among(results, it)) {
            (void)fprintf(stderr, "%s did not exist at revision %s, and stays as it is\n",
                          kind_title(fogctl, it->kind, it->name), opt_revision);
        }
    }
}

/* Why nothing is to be done; an object that nobody knows is a slip of the finger. */
static int nothing_to_do(struct fogctl *fogctl, const struct targets *targets,
                         const struct node *results)
{
    const struct target *target = only_one(targets);
    struct reply reply;
    struct request request = {.method = "GET"};

    if (target == NULL || list_count(results) > 0) {
        if (opt_selection.labels != NULL && opt_selection.where == NULL) {
            printf("nothing that has, or had then, the labels %s differs from revision %s\n",
                   text_shown(fogctl, opt_selection.labels), opt_revision);
        } else {
            printf("nothing differs from revision %s\n", opt_revision);
        }
        return EXIT_DONE;
    }
    request.path = kind_path(fogctl, target->kind, target->name);
    if (!http_call(fogctl, &request, &reply)) {
        return EXIT_FAILED;
    }
    return reply.code == 200 ? fail("it is newer than that; --prune deletes it",
                                    "%s did not exist at revision %s",
                                    kind_title(fogctl, target->kind, target->name), opt_revision)
                             : fail("fogctl history shows what there was and when",
                                    "%s exists neither now nor at revision %s",
                                    kind_title(fogctl, target->kind, target->name), opt_revision);
}

/* Shows what would follow.  Returns how many objects would change, or -1 after having said what is
 * wrong; *ret_code is what is to be exited with when there is nothing to be done. */
static int show_plan(struct fogctl *fogctl, const struct targets *targets,
                     const char **ret_planned_at, int *ret_code)
{
    const struct node *status = send_rollback(fogctl, targets, opt_check, true);
    int changed = status == NULL ? -1 : results_diff(fogctl, node_find(status, "results"));

    *ret_code = EXIT_FAILED;
    if (status != NULL && only_one(targets) == NULL) {
        tell_newer(fogctl, targets, node_find(status, "results"));
    }
    *ret_planned_at = node_find_text(status, "revision");
    if (changed == 0) {
        *ret_code = nothing_to_do(fogctl, targets, node_find(status, "results"));
    } else if (changed > 0) {
        putchar('\n');
        plan_print(fogctl, node_find(status, "plan"));
    }
    return changed;
}

static int read_usage(struct fogctl *fogctl, const struct texts *words, struct targets *ret_targets)
{
    uint64_t revision;

    if ((opt_revision == NULL) == (opt_time == NULL)) {
        return usage_error(&verb_rollback,
                           "--to-revision is needed, or --to; fogctl history shows them");
    }
    if (opt_check != NULL && !u64_from_str(opt_check, &revision)) {
        return usage_error(&verb_rollback, "--check-revision: \"%s\" is not a number", opt_check);
    }
    if (opt_time != NULL) { /* once, so that what is done is what was shown */
        opt_revision = past_revision(fogctl, opt_time, "--to");
        if (opt_revision == NULL) {
            return EXIT_FAILED;
        }
    }
    if (!u64_from_str(opt_revision, &revision)) {
        return usage_error(&verb_rollback, "--to-revision: \"%s\" is not a number", opt_revision);
    }
    if (writing_check(fogctl, &verb_rollback, &opt_writing, false) != EXIT_DONE) {
        return EXIT_USAGE;
    }
    return read_targets(fogctl, words, ret_targets);
}

/* For programs: nobody is shown anything first, so nobody can be asked. */
static int rollback_silently(struct fogctl *fogctl, const struct targets *targets)
{
    bool is_dry_run = writing_is_dry(&opt_writing);
    const struct node *status;

    if (!is_dry_run && !opt_yes) {
        return usage_error(&verb_rollback, "-o %s needs --yes or --dry-run", opt_writing.form);
    }
    status = send_rollback(fogctl, targets, NULL, is_dry_run);
    return status == NULL ? EXIT_FAILED : writing_print(fogctl, &opt_writing, status);
}

static int plan_and_do(struct fogctl *fogctl, const struct targets *targets)
{
    const struct node *status;
    const char *planned_at;
    int code;

    if (show_plan(fogctl, targets, &planned_at, &code) <= 0) {
        return code;
    }
    if (writing_is_dry(&opt_writing)) {
        return EXIT_DONE;
    }
    if (!confirm()) {
        return EXIT_FAILED;
    }
    /* What a person has agreed to is carried out exactly; who says --yes agrees to anything. */
    status = send_rollback(fogctl, targets, opt_yes ? opt_check : planned_at, false);
    if (status == NULL) {
        return EXIT_FAILED;
    }
    results_print(fogctl, node_find(status, "results"), "");
    return EXIT_DONE;
}

static int rollback(struct fogctl *fogctl, struct texts *words)
{
    struct targets targets = {0};
    int code = read_usage(fogctl, words, &targets);

    if (code == EXIT_DONE && !is_nobody(&targets)) {
        code = writing_is_lines(&opt_writing) ? plan_and_do(fogctl, &targets)
                                              : rollback_silently(fogctl, &targets);
    }
    vec_fini(&targets);
    return code;
}
