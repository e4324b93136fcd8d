#include "tests/sim/check_effects.h"

#include "schema/base/parse.h"
#include "schema/json.h"
#include "schema/limits.h"
#include "tests/sim/check_leases.h"
#include "tests/sim/check_periods.h"
#include "tests/sim/check_policy.h"
#include "tests/sim/check_reports.h"
#include "tests/sim/controller.h"
#include "tests/sim/machine.h"
#include "tests/sim/reference.h"
#include "tests/sim/shim.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* --- the agent's file --------------------------------------------------------------------------
 */

/* Its first line is a digest. */
static struct node *read_saved(const struct machine *machine, struct arena *arena)
{
    const char *text = machine->file.seen == NULL ? NULL : strchr(machine->file.seen->data, '\n');
    struct problems problems;
    struct node *root = NULL;

    problems_init(&problems, arena, NULL);
    if (text != NULL) {
        size_t head = (size_t)(text + 1 - machine->file.seen->data);

        (void)json_parse(arena, text + 1, machine->file.seen->size_bytes - head, JSON_PLAIN,
                         &problems, &root);
    }
    return root;
}

static uint64_t number_at(const struct node *root, const char *path)
{
    uint64_t number = 0;

    (void)u64_from_str(ref_text(root, path), &number);
    return number;
}

static const struct node *saved_work(const struct node *saved, const char *uid)
{
    const struct node *works = node_find(saved, "works");

    for (size_t i = 0; works != NULL && i < works->list.count; i++) {
        if (str_eq(ref_text(works->list.items[i], "wanted.uid"), uid)) {
            return works->list.items[i];
        }
    }
    return NULL;
}

void check_set_saved(struct machine *machine)
{
    struct arena arena;
    const struct node *saved;
    int64_t era;
    uint64_t revision, reserved;

    arena_init(&arena);
    saved = read_saved(machine, &arena);
    era = ref_int(saved, "era", 0);
    revision = number_at(saved, "revision");
    reserved = number_at(saved, "reserved");
    if (era == machine->seen.era && revision < machine->seen.revision) {
        sim_fail(machine->sim, "never-back", "%s: a set of revision %" PRIu64 " after %" PRIu64,
                 machine->name, revision, machine->seen.revision);
    }
    if (reserved < machine->seen.reserved) {
        sim_fail(machine->sim, "never-back", "%s: report number %" PRIu64 " after %" PRIu64,
                 machine->name, reserved, machine->seen.reserved);
    }
    machine->seen.era = era;
    machine->seen.revision = revision;
    machine->seen.reserved = reserved;
    arena_fini(&arena);
}

/* What it was told is what the reference has: no other era's, and no lie. */
static bool is_of_this_era(const struct machine *machine, const struct node *work)
{
    return work != NULL && ref_int(work, "era", 0) == (int64_t)machine->sim->reference->era &&
           !machine->sim->faults.is_on[FAULT_CONTROLLER_LIES];
}

/* --- starting ----------------------------------------------------------------------------------
 */

/* Why an agent that had saved this set should not start this; NULL when it should. */
static const char *objection_to(const struct machine *machine, const struct agt_spawn *spawn,
                                const struct node *saved)
{
    const struct node *work = saved_work(saved, spawn->uid);
    const struct ref_version *version =
        reference_version(machine->sim->reference, spawn->uid, number_at(saved, "revision"));

    if (version == NULL) {
        return "there was no such assignment";
    }
    if (!version->is_wanted) {
        return "it was not wanted any more";
    }
    if (!str_eq(version->agent, machine->options.name)) {
        return "it was another agent's";
    }
    if (version->generation != spawn->generation || version->lease_epoch != spawn->lease_epoch ||
        !str_eq(version->template, ref_text(work, "wanted.templateDigest"))) {
        return "it was wanted in another form";
    }
    return NULL;
}

static bool is_saved(const struct node *saved, const struct agt_spawn *spawn)
{
    const struct node *work = saved_work(saved, spawn->uid);

    return work != NULL && ref_flag(work, "run.open") &&
           ref_int(work, "run.number", 0) == spawn->run;
}

/* The number of runs just before this one that failed by themselves, and the last of them.  What
 * was forgotten and comes back with a restore is begun anew. */
static int64_t failures_before(const struct machine *machine, const struct agt_spawn *spawn,
                               const struct shim **ret_last)
{
    int64_t failures = 0;

    for (size_t i = machine->shims.count; i-- > 0;) {
        const struct shim *shim = machine->shims.items[i];

        if (!str_eq(shim->uid, spawn->uid)) {
            continue;
        }
        if (shim->exit.cause != EXIT_BY_ITSELF || shim->exit.code == 0 ||
            shim->state != SHIM_ENDED || shim->generation != spawn->generation ||
            shim->era != machine->seen.era || shim->ended_life != machine->life ||
            shim->was_put_back || shim->exit.usage.wall_ms >= RESTART_RESET_MS) {
            break;
        }
        *ret_last = *ret_last == NULL ? shim : *ret_last;
        failures++;
    }
    return failures;
}

static void check_back_off(const struct machine *machine, const struct agt_spawn *spawn)
{
    const struct shim *last = NULL;
    int64_t failures = failures_before(machine, spawn, &last);
    int64_t pause_ms = RESTART_MIN_MS;

    if (failures == 0 || machine->sim->faults.is_on[FAULT_CONTROLLER_LIES]) {
        return; /* a lie may have removed it for a while */
    }
    for (int64_t i = 1; i < failures && pause_ms < RESTART_MAX_MS; i++) {
        pause_ms *= 2;
    }
    pause_ms = pause_ms > RESTART_MAX_MS ? RESTART_MAX_MS : pause_ms;
    if (sim_now(machine->sim) - last->ended_at_ms < pause_ms / 2) {
        sim_fail(machine->sim, "back-off",
                 "%s/%s failed %" PRId64 " times in a row and is started again after %" PRId64
                 " ms",
                 spawn->session, spawn->slot, failures, sim_now(machine->sim) - last->ended_at_ms);
    }
}

/* Once its agent has taken in that work is done, it is not done again in the same form. */
static void check_not_done(const struct machine *machine, const struct agt_spawn *spawn)
{
    const struct sim *sim = machine->sim;

    if (spawn->template->workload.restart == RESTART_ALWAYS || faults_blur_agents(sim) ||
        sim->faults.is_on[FAULT_CONTROLLER_LIES]) {
        return; /* it may have been removed meanwhile, or have forgotten */
    }
    vec_each (&machine->shims, it) {
        const struct shim *shim = *it;

        if (str_eq(shim->uid, spawn->uid) && shim->generation == spawn->generation &&
            shim->state == SHIM_ENDED && shim->is_forgotten && shim->exit.cause == EXIT_BY_ITSELF &&
            shim->exit.code == 0 && shim->era == machine->seen.era) {
            sim_fail(machine->sim, "finished",
                     "%s/%s was done in run %" PRId64 ", and is started again", spawn->session,
                     spawn->slot, shim->run);
        }
    }
}

void check_spawn(struct machine *machine, const struct agt_spawn *spawn)
{
    struct sim *sim = machine->sim;
    struct arena arena;
    const struct node *saved;
    const char *why = NULL;

    arena_init(&arena);
    saved = read_saved(machine, &arena);
    if (!is_saved(saved, spawn)) {
        sim_fail(sim, "saved-first", "%s starts run %" PRId64 " of %s, which it did not save",
                 machine->name, spawn->run, spawn->uid);
    }
    if (machine->is_owner_paused) {
        sim_fail(sim, "paused", "%s starts %s/%s, and its owner has paused it", machine->name,
                 spawn->session, spawn->slot);
    }
    if (is_of_this_era(machine, saved_work(saved, spawn->uid))) {
        why = objection_to(machine, spawn, saved);
    }
    if (spawn->template->lease_ms > 0 && mono_is_due(spawn->lease_end, machine_mono(machine))) {
        why = "it has no lease for that";
    }
    if (why != NULL) {
        sim_fail(sim, "authorised", "%s starts %s/%s (%s, generation %" PRId64 "): %s",
                 machine->name, spawn->session, spawn->slot, spawn->uid, spawn->generation, why);
    }
    check_back_off(machine, spawn);
    check_not_done(machine, spawn);
    arena_fini(&arena);
}

/* --- ending ------------------------------------------------------------------------------------
 */

/* Some version that its agent may know of wants something else. */
static bool may_be_ended(const struct shim *shim, uint64_t known)
{
    const struct ref_assignment *all =
        map_find(&shim->machine->sim->reference->assignments, shim->uid);
    const struct ref_version *began = NULL;

    for (size_t i = 0; all != NULL && i < all->count; i++) {
        if (all->items[i].generation == shim->generation && began == NULL) {
            began = &all->items[i];
        }
    }
    if (began == NULL) {
        return true; /* nobody wanted it */
    }
    for (size_t i = all->count; i-- > 0;) {
        const struct ref_version *it = &all->items[i];

        if (!it->is_wanted ||
            !ref_is_same_run(shim->machine->sim->reference, it->template, began->template) ||
            it->lease_epoch != shim->lease_epoch ||
            !str_eq(it->agent, shim->machine->options.name)) {
            return true;
        }
        if (it->revision <= known) {
            break;
        }
        if (!str_eq(it->template, began->template)) {
            return true; /* another policy comes with this step, and asks for it */
        }
    }
    return false;
}

/* An older program passed over its policy, and the one that is there now is told of it in this
 * step. */
static bool lacks_policy(const struct machine *machine, const struct node *work)
{
    const char *digest = ref_text(work, "wanted.templateDigest");

    return node_find_path(work, "wanted.template.policy") == NULL &&
           ref_is_update(machine->sim->reference, digest, digest);
}

void check_stop(const struct shim *shim)
{
    struct machine *machine = shim->machine;
    const struct node *saved, *work;
    struct arena arena;

    if (shim->lease_ms > 0) {
        return; /* its lease may be over, or refused */
    }
    arena_init(&arena);
    saved = read_saved(machine, &arena);
    work = saved_work(saved, shim->uid);
    if (is_of_this_era(machine, work) && ref_flag(work, "run.open") &&
        ref_int(work, "run.number", 0) == shim->run &&
        ref_int(work, "run.generation", 0) > 0 && /* else it is a stray that was adopted */
        !may_be_ended(shim, number_at(saved, "revision")) && !lacks_policy(machine, work) &&
        !check_may_evict(shim) && (shim->drift & 1U << DRIFT_FILES) == 0) {
        sim_fail(machine->sim, "authorised", "%s ends %s/%s (%s), which is wanted as it is",
                 machine->name, shim->session, shim->slot, shim->uid);
    }
    arena_fini(&arena);
}

/* --- saying ------------------------------------------------------------------------------------
 */

static int64_t true_wall_ms(const struct machine *machine, const char *uid)
{
    int64_t sum_ms = 0;

    vec_each (&machine->shims, it) {
        const struct shim *shim = *it;

        if (str_eq(shim->uid, uid) && shim->began_ms > 0) {
            sum_ms += shim->ended_at_ms > 0 ? shim->ended_at_ms - shim->began_ms
                                            : sim_now(machine->sim) - shim->began_ms;
        }
    }
    return sum_ms;
}

static bool has_process(const struct machine *machine, const char *uid)
{
    vec_each (&machine->shims, it) {
        if ((*it)->has_process && str_eq((*it)->uid, uid)) {
            return true;
        }
    }
    return false;
}

static bool has_succeeded(const struct machine *machine, const char *uid)
{
    vec_each (&machine->shims, it) {
        if ((*it)->state == SHIM_ENDED && (*it)->exit.cause == EXIT_BY_ITSELF &&
            (*it)->exit.code == 0 && ((*it)->is_collected || !(*it)->has_outputs) &&
            str_eq((*it)->uid, uid)) {
            return true;
        }
    }
    return false;
}

static void check_item(const struct machine *machine, const struct node *item)
{
    const char *uid = ref_text(item, "uid"), *phase = ref_text(item, "status.phase");
    bool is_success = str_eq(phase, "Succeeded");
    bool is_end = is_success || str_eq(phase, "Failed") || str_eq(phase, "Stopped");
    int64_t wall_ms = 0;

    if ((is_end && has_process(machine, uid)) || (is_success && !has_succeeded(machine, uid))) {
        sim_fail(machine->sim, "truth", "%s reports %s of %s, which is not so", machine->name,
                 phase, uid);
    }
    leases_reported(machine, item);
    (void)duration_from_str(ref_text(item, "status.contribution.wall"), &wall_ms);
    if (wall_ms > true_wall_ms(machine, uid)) {
        sim_fail(machine->sim, "spent",
                 "%s reports that %s ran for %" PRId64 " ms, and it did for %" PRId64,
                 machine->name, uid, wall_ms, true_wall_ms(machine, uid));
    }
}

static void check_report(struct machine *machine, const struct node *root)
{
    const struct node *items = node_find(root, "items");
    uint64_t seq = number_at(root, "seq");

    if (seq <= machine->seen.report) {
        sim_fail(machine->sim, "never-back", "%s: report %" PRIu64 " after %" PRIu64, machine->name,
                 seq, machine->seen.report);
    }
    if (seq > machine->seen.reserved) {
        sim_fail(machine->sim, "saved-first", "%s: report %" PRIu64 ", and %" PRIu64 " is saved",
                 machine->name, seq, machine->seen.reserved);
    }
    machine->seen.report = seq;
    check_period_said(machine, root);
    for (size_t i = 0; items != NULL && i < items->list.count; i++) {
        check_item(machine, items->list.items[i]);
        reports_said(machine->sim, seq, items->list.items[i]);
    }
}

/* Of one message; its shell would refuse a longer one. */
static void check_size(struct sim *sim, const struct blob *bytes)
{
    if (bytes->size_bytes > MESSAGE_BYTES_MAX) {
        sim_fail(sim, "caps", "a message of %zu bytes: %.100s", bytes->size_bytes, bytes->data);
    }
}

void check_says(struct machine *machine, const struct blob *bytes)
{
    bool accepts = str_starts(bytes->data, "{\"type\":\"accepted\"");
    bool reports = str_starts(bytes->data, "{\"type\":\"report\"");
    struct arena arena;
    const struct node *root;

    check_size(machine->sim, bytes);
    if (!accepts && !reports && !str_starts(bytes->data, "{\"type\":\"renew\"")) {
        return;
    }
    arena_init(&arena);
    root = ref_parse(&arena, bytes);
    if (reports) {
        check_report(machine, root);
    } else if (!accepts) {
        leases_asked(machine, root);
    } else if (number_at(root, "revision") > machine->seen.revision) {
        sim_fail(machine->sim, "saved-first",
                 "%s accepts revision %" PRIu64 ", and %" PRIu64 " is saved", machine->name,
                 number_at(root, "revision"), machine->seen.revision);
    }
    arena_fini(&arena);
}

/* --- the controller ----------------------------------------------------------------------------
 */

static void check_number(struct sim *sim, const char *text)
{
    uint64_t revision = strtoull(text, NULL, 10);

    if (revision > sim->reference->revision && revision > era_floor(sim->reference->era)) {
        sim_fail(sim, "told", "revision %" PRIu64 " is told, and %" PRIu64 " is durable", revision,
                 sim->reference->revision);
    }
}

void check_told(struct sim *sim, const struct blob *bytes)
{
    static const char word[] = "\"resourceVersion\":\"";

    for (const char *at = strstr(bytes->data, word); at != NULL; at = strstr(at, word)) {
        at += strlen(word);
        check_number(sim, at);
    }
}

void check_told_agent(struct sim *sim, const struct blob *bytes)
{
    static const char word[] = "\"revision\":\"";
    const char *at =
        str_starts(bytes->data, "{\"type\":\"assign\"") ? strstr(bytes->data, word) : NULL;

    check_size(sim, bytes);
    if (at != NULL) {
        check_number(sim, at + strlen(word));
    }
    if (str_starts(bytes->data, "{\"type\":\"renewed\"")) {
        struct arena arena;

        arena_init(&arena);
        leases_given(sim, ref_parse(&arena, bytes));
        arena_fini(&arena);
    }
}

void check_watched(struct sim *sim, struct told *told, const struct blob *bytes)
{
    static const char word[] = "\"resourceVersion\":\"";
    const char *at = strstr(bytes->data, word);
    uint64_t revision = at == NULL ? 0 : strtoull(at + strlen(word), NULL, 10);
    uint64_t end = reference_batch_end(sim->reference, revision);

    if (str_starts(bytes->data, "{\"type\":\"BOOKMARK\"")) {
        return;
    }
    /* A tiny ring makes a watch read from history what it has fallen behind. */
    if (!sim->faults.is_on[FAULT_BUGGIFY] && told->revision > told->opened_at &&
        told->at_ms != sim_now(sim) && end > 0 &&
        end == reference_batch_end(sim->reference, told->revision) && revision > told->revision) {
        sim_fail(sim, "watch", "revision %" PRIu64 " is told later than %" PRIu64 " of its step",
                 revision, told->revision);
    }
    told->revision = revision;
    told->at_ms = sim_now(sim);
}
