#include "tests/sim/check_periods.h"

#include "controller/core/batch.h"
#include "schema/base/map.h"
#include "schema/base/parse.h"
#include "schema/json.h"
#include "schema/kinds/agent.h"
#include "schema/kinds/assignment.h"
#include "tests/sim/reference.h"
#include "tests/sim/shim.h"
#include "tests/sim/sim.h"

#include <inttypes.h>
#include <stdlib.h>

enum { LATE_MS = 25 * 1000 }; /* of what runs, usage is asked for every 20 s */

struct sum {
    int64_t wall_ms, suspensions;
};

struct held {
    int64_t suspensions; /* that its status tells of */
    bool is_gone;
};

struct accounts {
    struct map sessions; /* uid of an assignment → uid of its session */
    struct map told;     /* agent's name, blank, number → the period as it was sent */
    struct map taken;    /* agent's uid, blank, number → the period as it was stored */
    struct map sums;     /* agent's name, blank, session's uid → struct sum, of those taken in */
    struct map held;     /* uid of an assignment → struct held */
    uint64_t rows;       /* that took one in */
    struct map uids;     /* agent's name → its uid; "" after it had two */
};

struct accounts *accounts_new(void)
{
    struct accounts *accounts = MEM_NEW(struct accounts);

    map_init(&accounts->sessions);
    map_init(&accounts->told);
    map_init(&accounts->taken);
    map_init(&accounts->sums);
    map_init(&accounts->held);
    map_init(&accounts->uids);
    return accounts;
}

static void empty(struct map *map)
{
    map_each (map, it) {
        free(it->value);
    }
    map_fini(map);
}

void accounts_free(struct accounts *accounts)
{
    empty(&accounts->sessions);
    empty(&accounts->told);
    empty(&accounts->taken);
    empty(&accounts->sums);
    empty(&accounts->held);
    empty(&accounts->uids);
    free(accounts);
}

static char *key_of(const char *who, const char *what)
{
    struct str key = STR_EMPTY;

    str_addf(&key, "%s %s", who, what);
    return str_take(&key);
}

static char *numbered(const char *who, int64_t number)
{
    struct str key = STR_EMPTY;

    str_addf(&key, "%s %" PRId64, who, number);
    return str_take(&key);
}

static char *text_of(const struct node *period)
{
    struct str text = STR_EMPTY;

    json_emit(period, JSON_SORTED, &text);
    return str_take(&text);
}

static int64_t duration_at(const struct node *root, const char *path)
{
    int64_t ms = 0;

    (void)duration_from_str(ref_text(root, path), &ms);
    return ms;
}

/* True when nothing was known by this name; fails when it was something else. */
static bool is_new(struct sim *sim, struct map *known, const char *key, const struct node *period,
                   const char *what)
{
    _cleanup_free_ char *text = text_of(period);
    const char *before = map_find(known, key);

    if (before == NULL) {
        (void)map_put(known, key, TAKE(text));
        return true;
    }
    if (!str_eq(before, text) && !faults_blur_agents(sim)) {
        sim_fail(sim, "periods", "period %s is %s as %s, and was %s", key, what, text, before);
    }
    return false;
}

void check_period_said(struct machine *machine, const struct node *report)
{
    const struct node *period = node_find(report, "period");
    _cleanup_free_ char *key = NULL;

    if (period != NULL) {
        key = numbered(machine->options.name, ref_int(period, "number", 0));
        (void)is_new(machine->sim, &machine->sim->accounts->told, key, period, "told");
    }
}

/* --- what is true ----------------------------------------------------------------------------- */

static int64_t ran_ms(const struct sim *sim, const struct machine *machine, const char *session)
{
    int64_t sum_ms = 0;

    vec_each (&machine->shims, it) {
        const struct shim *shim = *it;
        const char *its = map_find(&sim->accounts->sessions, shim->uid);

        /* Of a row whose commit was not answered nobody knows whose it is. */
        if (shim->began_ms > 0 && (its == NULL || session == NULL || str_eq(its, session))) {
            sum_ms += (shim->ended_at_ms > 0 ? shim->ended_at_ms : sim_now(sim)) - shim->began_ms;
        }
    }
    return sum_ms;
}

static int64_t all_ran_ms(const struct sim *sim, const char *agent, const char *session)
{
    int64_t sum_ms = 0;

    for (size_t i = 0; i < sim->machine_count; i++) {
        if (str_eq(sim->machines[i]->options.name, agent)) {
            sum_ms += ran_ms(sim, sim->machines[i], session);
        }
    }
    return sum_ms;
}

/* --- rows --------------------------------------------------------------------------------------
 */

static void count(struct sim *sim, const char *agent, const struct node *share)
{
    const char *session = ref_text(share, "sessionUid");
    _cleanup_free_ char *key = key_of(agent, session);
    struct sum *sum = map_find(&sim->accounts->sums, key);
    int64_t true_ms;

    if (sum == NULL) {
        sum = MEM_NEW(struct sum);
        (void)map_put(&sim->accounts->sums, key, sum);
    }
    sum->wall_ms += duration_at(share, "wall");
    sum->suspensions += ref_int(share, "suspensions", 0);
    true_ms = all_ran_ms(sim, agent, session);
    if (sum->wall_ms > true_ms && !sim->faults.is_on[FAULT_AGENT_LIES]) {
        sim_fail(sim, "periods",
                 "%s is credited %" PRId64 " ms of session %s, and its work ran for %" PRId64,
                 agent, sum->wall_ms, session, true_ms);
    }
}

static void check_sum(struct sim *sim, const struct row *row, const struct node *before,
                      const struct node *status, bool is_next)
{
    const struct node *shares = node_find(node_find(status, "period"), "shares");
    struct sum was = {duration_at(before, "contribution.wall"),
                      ref_int(before, "contribution.suspensions", 0)},
               is = {duration_at(status, "contribution.wall"),
                     ref_int(status, "contribution.suspensions", 0)};

    if (sim->faults.is_on[FAULT_AGENT_LIES]) { /* it may say more than can be added up */
        return;
    }
    for (size_t i = 0; is_next && shares != NULL && i < shares->list.count; i++) {
        was.wall_ms += duration_at(shares->list.items[i], "wall");
        was.suspensions += ref_int(shares->list.items[i], "suspensions", 0);
    }
    if (is.wall_ms != was.wall_ms) {
        sim_fail(sim, "periods", "%s: the sum becomes %" PRId64 " ms, and should be %" PRId64,
                 row->name, is.wall_ms, was.wall_ms);
    }
    if (is.suspensions != was.suspensions) {
        sim_fail(sim, "periods", "%s: %" PRId64 " suspensions are counted, and should be %" PRId64,
                 row->name, is.suspensions, was.suspensions);
    }
}

static const struct node *status_of(const struct node *body)
{
    const struct node *status = node_find(body, "status");

    return status == NULL ? body : status;
}

static void take_in(struct sim *sim, const struct row *row, const struct node *status)
{
    const struct node *period = node_find(status, "period"), *shares;
    int64_t number = ref_int(status, "period.number", 0);
    _cleanup_free_ char *key = numbered(row->uid, number);

    if (number == 0 || !is_new(sim, &sim->accounts->taken, key, period, "stored")) {
        return;
    }
    shares = node_find(period, "shares");
    for (size_t i = 0; shares != NULL && i < shares->list.count; i++) {
        count(sim, row->name, shares->list.items[i]);
    }
}

static void check_agent(struct sim *sim, const struct row *row, const struct node *status)
{
    const struct ref_object *known = reference_find(sim->reference, "Agent", row->name);
    const struct node *before =
        known == NULL || !str_eq(known->uid, row->uid) ? NULL : known->status;
    int64_t number = ref_int(status, "period.number", 0), was = ref_int(before, "period.number", 0);

    if (number < was) {
        sim_fail(sim, "periods", "%s: period %" PRId64 " after %" PRId64, row->name, number, was);
    }
    sim->accounts->rows += number > was;
    check_sum(sim, row, before, status, number > was);
    take_in(sim, row, status);
}

static void hold(struct accounts *accounts, const struct row *row, const struct node *body)
{
    struct held *held = map_find(&accounts->held, row->uid);

    if (held == NULL) {
        held = MEM_NEW(struct held);
        (void)map_put(&accounts->held, row->uid, held);
    }
    held->is_gone = body == NULL;
    if (row->log == ROW_STATUS && body != NULL) {
        held->suspensions = ref_int(status_of(body), "contribution.suspensions", 0);
    }
}

uint64_t accounts_rows(const struct sim *sim)
{
    return sim->accounts->rows;
}

static void know(struct accounts *accounts, const struct row *row, const struct node *body)
{
    const char *uid;

    if (row->kind == &assignment_kind) {
        hold(accounts, row, body);
        if (body != NULL && row->log == ROW_LEDGER && row->verb == ROW_CREATE) {
            free(map_put(&accounts->sessions, row->uid,
                         mem_strdup(ref_text(body, "spec.sessionUid"))));
        }
    } else if (row->kind == &agent_kind && body != NULL) {
        uid = map_find(&accounts->uids, row->name);
        if (uid == NULL || !str_eq(uid, row->uid)) {
            free(map_put(&accounts->uids, row->name, mem_strdup(uid == NULL ? row->uid : "")));
        }
    }
}

static bool is_agent_status(const struct row *row, const struct node *body)
{
    return row->kind == &agent_kind && row->log == ROW_STATUS && body != NULL;
}

void check_period_row(struct sim *sim, const struct row *row, const struct node *body)
{
    know(sim->accounts, row, body);
    if (is_agent_status(row, body)) {
        check_agent(sim, row, status_of(body));
    }
}

void check_period_found(struct sim *sim, const struct row *row, const struct node *body)
{
    know(sim->accounts, row, body);
    if (is_agent_status(row, body)) {
        take_in(sim, row, status_of(body));
    }
}

/* --- in the end --------------------------------------------------------------------------------
 */

/* Not everything can be known, or is: its power went, a shim died, it was deleted, or one of the
 * two was of an older program. */
static bool lost_something(const struct sim *sim, const struct machine *machine)
{
    const char *uid = map_find(&sim->accounts->uids, machine->name);
    const bool *is_on = sim->faults.is_on;

    if (machine->agt == NULL || machine->is_lost || machine->liar != NULL || machine->boots > 1 ||
        faults_blur_agents(sim) || is_on[FAULT_CONTROLLER_LIES] || is_on[FAULT_UPGRADE] ||
        uid == NULL || uid[0] == '\0') {
        return true;
    }
    vec_each (&machine->shims, it) {
        if ((*it)->is_lost || (*it)->exit.cause == EXIT_LOST ||
            map_find(&sim->accounts->sessions, (*it)->uid) == NULL) {
            return true;
        }
    }
    return false;
}

static void add_untold(const struct machine *machine, struct arena *arena, struct sum *sum)
{
    static const char *const lists[] = {"open", "cut"};
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    struct problems problems;
    struct node *root = NULL;

    agt_describe(machine->agt, &text);
    problems_init(&problems, arena, NULL);
    (void)json_parse(arena, text.data, text.length, JSON_PLAIN, &problems, &root);
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        const struct node *list = node_find(node_find(root, "accounts"), lists[i]);

        for (size_t k = 0; list != NULL && k < list->list.count; k++) {
            sum->wall_ms += ref_int(list->list.items[k], "wallMs", 0);
            sum->suspensions += ref_int(list->list.items[k], "suspensions", 0);
        }
    }
}

static void add_counted(const struct sim *sim, const struct machine *machine, struct sum *sum)
{
    _cleanup_free_ char *start = key_of(machine->name, "");

    map_each (&sim->accounts->sums, it) {
        const struct sum *one = it->value;

        if (str_starts(it->key, start)) {
            sum->wall_ms += one->wall_ms;
            sum->suspensions += one->suspensions;
        }
    }
}

/* An assignment has a shim for each of its runs; it is counted with the first. */
static bool is_first_run(const struct machine *machine, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (str_eq(machine->shims.items[i]->uid, machine->shims.items[at]->uid)) {
            return false;
        }
    }
    return true;
}

/* By the statuses of all assignments that ran there.  One that is gone may have been suspended
 * after its last one; which those are nobody tells when an older store is put back, as it is also
 * after one that has rotted. */
static int64_t held_there(const struct sim *sim, const struct machine *machine, bool *ret_all)
{
    int64_t suspensions = 0;

    *ret_all = !sim->faults.is_on[FAULT_RESTORE] && !sim->faults.is_on[FAULT_DISK_ROT];
    for (size_t i = 0; i < machine->shims.count; i++) {
        const struct held *its = map_find(&sim->accounts->held, machine->shims.items[i]->uid);

        *ret_all &= its != NULL && !its->is_gone;
        suspensions += its != NULL && is_first_run(machine, i) ? its->suspensions : 0;
    }
    return suspensions;
}

static void check_machine(struct sim *sim, const struct machine *machine)
{
    int64_t true_ms = ran_ms(sim, machine, NULL), late_ms = 0;
    struct sum known = {0};
    bool is_all;
    int64_t suspensions = held_there(sim, machine, &is_all);
    struct arena arena;

    arena_init(&arena);
    add_counted(sim, machine, &known);
    add_untold(machine, &arena, &known);
    vec_each (&machine->shims, it) {
        late_ms += (*it)->ended_at_ms == 0 ? LATE_MS : 0;
    }
    if (known.wall_ms > true_ms || known.wall_ms + late_ms < true_ms) {
        sim_fail(sim, "periods",
                 "%s: its work ran for %" PRId64 " ms, and %" PRId64 " are accounted for",
                 machine->name, true_ms, known.wall_ms);
    }
    if (known.suspensions < suspensions || (is_all && known.suspensions > suspensions)) {
        sim_fail(sim, "periods",
                 "%s: its work was suspended %" PRId64 " times, and %" PRId64 " are accounted for",
                 machine->name, suspensions, known.suspensions);
    }
    arena_fini(&arena);
}

void check_accounts(struct sim *sim)
{
    for (size_t i = 0; i < sim->machine_count && !sim->has_failed; i++) {
        if (!lost_something(sim, sim->machines[i])) {
            check_machine(sim, sim->machines[i]);
        }
    }
}
