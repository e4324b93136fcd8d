/* The checks keep a mirror of the ledger: every row that a commit returned 0 for, and whatever a
 * start finds after an unclean end.  Everything else is compared with it. */
#include "tests/sim/checks.h"

#include "schema/base/map.h"
#include "schema/base/parse.h"
#include "schema/json.h"
#include "schema/kinds/session_form.h"
#include "tests/sim/blobs.h"
#include "tests/sim/check_effects.h"
#include "tests/sim/check_quorum.h"
#include "tests/sim/check_reverts.h"
#include "tests/sim/check_rows.h"
#include "tests/sim/controller.h"
#include "tests/sim/keeping.h"
#include "tests/sim/reference.h"
#include "tests/sim/shim.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct mirrored {
    uint64_t revision;
    enum row_verb verb;
    const struct kind *kind;
    char *name, *uid, *why; /* owned */
    struct wall at;
    struct digest spec; /* of what operators declare; zero for the rest */
    struct digest form; /* of sessions: of that part of it */
};

struct acknowledgement {
    char *key, *name, *uid; /* owned */
    const struct kind *kind;
    uint64_t revision;
    struct digest spec;
    bool is_exact; /* the row has this very revision; else one at most as high */
    bool is_removal;
};

struct carried_out {  /* under one idempotency key */
    uint64_t ordinal; /* of the commit or start that brought its rows */
    uint64_t batch;
    struct digest answer;
    bool is_answered;
};

struct checks {
    struct {
        VEC_OF(struct mirrored);
    } rows;
    struct {
        VEC_OF(struct acknowledgement);
    } acknowledgements;
    size_t acknowledgements_checked;
    struct map keys; /* key → struct carried_out, owned */
    uint64_t ordinal;
    size_t rows_checked; /* on the disk, at the last start */
    char store_id[UID_TEXT_SIZE];
    uint64_t era, revision;
    uint64_t highest; /* revision ever given out, as far as we know */
    bool is_restored; /* and not started since */
    struct wall newest;
    struct map fences; /* session/slot → struct fence, owned */
    int64_t longest_lease_ms;
};

struct fence {
    int64_t epoch;
};

struct checks *checks_new(void)
{
    struct checks *checks = MEM_NEW(struct checks);

    map_init(&checks->keys);
    map_init(&checks->fences);
    return checks;
}

void checks_free(struct checks *checks)
{
    vec_each (&checks->rows, row) {
        free(row->name);
        free(row->uid);
        free(row->why);
    }
    vec_each (&checks->acknowledgements, it) {
        free(it->key);
        free(it->name);
        free(it->uid);
    }
    map_each (&checks->keys, it) {
        free(it->value);
    }
    map_each (&checks->fences, it) {
        free(it->value);
    }
    map_fini(&checks->fences);
    map_fini(&checks->keys);
    vec_fini(&checks->rows);
    vec_fini(&checks->acknowledgements);
    free(checks);
}

uint64_t checks_revision(const struct sim *sim)
{
    const struct checks *checks = sim->checks;

    return checks->rows.count == 0 ? 0 : checks->rows.items[checks->rows.count - 1].revision;
}

size_t checks_rows(const struct sim *sim)
{
    return sim->checks->rows.count;
}

bool checks_row(const struct sim *sim, size_t index, struct checks_row *ret_row)
{
    const struct mirrored *row;

    if (index >= sim->checks->rows.count) {
        return false;
    }
    row = &sim->checks->rows.items[index];
    *ret_row = (struct checks_row){.revision = row->revision,
                                   .verb = row->verb,
                                   .kind = row->kind,
                                   .why = row->why,
                                   .name = row->name,
                                   .at = row->at,
                                   .form = row->form};
    return true;
}

bool checks_has_key(const struct sim *sim, const char *key)
{
    const struct carried_out *done = map_find(&sim->checks->keys, key);

    return done != NULL && done->ordinal > 0;
}

const char *checks_some_name(const struct sim *sim, const struct kind *kind, struct die *die)
{
    const struct checks *checks = sim->checks;
    size_t newest = checks->rows.count < 40 ? 0 : checks->rows.count - 40;
    const char *name = NULL;
    uint64_t count = 0;

    for (size_t i = newest; i < checks->rows.count; i++) {
        if (checks->rows.items[i].kind == kind && die_below(die, ++count) == 0) {
            name = checks->rows.items[i].name;
        }
    }
    return name;
}

/* --- processes and connections ---------------------------------------------------------------- */

void check_saved(struct machine *machine)
{
    const char *text = strstr(machine->file.seen->data, "\"epoch\":");
    int64_t epoch = text == NULL ? 0 : strtoll(text + 8, NULL, 10);

    check_set_saved(machine);
    if (epoch < machine->highest_epoch) {
        sim_fail(machine->sim, "never-back", "%s: connection epoch %" PRId64 " after %" PRId64,
                 machine->name, epoch, machine->highest_epoch);
    }
    machine->highest_epoch = epoch;
}

static void compare_shims(struct sim *sim, const struct shim *a, const struct shim *b)
{
    if (a == b || !b->has_process) {
        return;
    }
    /* Two machines with one key both do what their agent was told; under a lease only one may. */
    if (str_eq(a->uid, b->uid) && a->machine == b->machine) {
        sim_fail(sim, "once-per-run",
                 "%s/%s: runs %" PRId64 " and %" PRId64 " of assignment %s live at once",
                 a->session, a->slot, b->run, a->run, a->uid);
    }
    if (a->lease_ms > 0 && b->lease_ms > 0 && str_eq(a->session, b->session) &&
        str_eq(a->slot, b->slot)) {
        sim_fail(sim, "exclusive",
                 "%s/%s runs on %s (epoch %" PRId64 ") and on %s (epoch %" PRId64 ") at once",
                 a->session, a->slot, b->machine->name, b->lease_epoch, a->machine->name,
                 a->lease_epoch);
    }
}

/* Whoever is told the epoch may refuse lower ones than it saw. */
static void check_fence(struct sim *sim, const struct shim *shim)
{
    char name[600];
    struct fence *fence;

    if (shim->lease_ms == 0) {
        return;
    }
    (void)snprintf(name, sizeof(name), "%s/%s", shim->session, shim->slot);
    fence = map_find(&sim->checks->fences, name);
    if (fence == NULL) {
        fence = MEM_NEW(struct fence);
        (void)map_put(&sim->checks->fences, name, fence);
    }
    if (shim->lease_epoch < fence->epoch) {
        sim_fail(sim, "fencing", "%s runs on %s under lease epoch %" PRId64 " after %" PRId64, name,
                 shim->machine->name, shim->lease_epoch, fence->epoch);
    }
    fence->epoch = shim->lease_epoch;
}

void check_overlap(struct sim *sim, const struct shim *shim)
{
    check_fence(sim, shim);
    for (size_t i = 0; i < sim->machine_count; i++) {
        vec_each (&sim->machines[i]->shims, other) {
            compare_shims(sim, shim, *other);
        }
    }
}

/* --- the mirror ------------------------------------------------------------------------------- */

static void digest_spec(const struct node *root, struct digest *ret_digest)
{
    const struct node *spec = node_find(root, "spec");
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    if (spec != NULL) {
        json_emit(spec, JSON_SORTED, &text);
    }
    digest_of(text.data, text.length, ret_digest);
}

static void digest_form(const struct node *root, struct digest *ret_digest)
{
    const struct node *spec = node_find(root, "spec");
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    for (size_t i = 0; spec != NULL && i < spec->map.count; i++) { /* sorted by name */
        if (session_form_has(spec->map.members[i].key)) {
            str_addf(&text, "\n%s ", spec->map.members[i].key);
            json_emit(spec->map.members[i].value, JSON_SORTED, &text);
        }
    }
    digest_of(text.data, text.length, ret_digest);
}

static void note_lease(struct checks *checks, const struct node *root)
{
    const char *text = node_text(node_find_path(root, "spec.leaseDuration"));
    int64_t lease_ms;

    if (text != NULL && duration_from_str(text, &lease_ms) && lease_ms > checks->longest_lease_ms) {
        checks->longest_lease_ms = lease_ms;
    }
}

static void digest_body(struct checks *checks, const struct blob *body, struct mirrored *row)
{
    _cleanup_(arena_fini)
    struct arena arena = {0};
    struct problems problems;
    struct node *root = NULL;

    problems_init(&problems, &arena, NULL);
    if (body != NULL) {
        (void)json_parse(&arena, body->data, body->size_bytes, JSON_PLAIN, &problems, &root);
    }
    note_lease(checks, root);
    digest_spec(root, &row->spec);
    digest_form(root, &row->form);
}

static bool is_declared(const struct kind *kind)
{
    return !kind->is_derived && !kind->is_event;
}

static struct carried_out *carried_out(struct checks *checks, const char *key)
{
    struct carried_out *done = map_find(&checks->keys, key);

    if (done == NULL) {
        done = MEM_NEW(struct carried_out);
        (void)map_put(&checks->keys, key, done);
    }
    return done;
}

static void check_key(struct sim *sim, const struct mirrored *row, uint64_t batch)
{
    struct checks *checks = sim->checks;
    struct carried_out *done;

    if (!str_starts(row->why, "k-")) {
        return;
    }
    done = carried_out(checks, row->why);
    if (done->ordinal != 0 && (done->ordinal != checks->ordinal || done->batch != batch)) {
        sim_fail(sim, "exactly-once", "%s: %s \"%s\" at revision %" PRIu64 " is a second time",
                 row->why, row->kind->singular, row->name, row->revision);
    }
    done->ordinal = checks->ordinal;
    done->batch = batch;
}

/* Takes over the texts. */
static void mirror(struct sim *sim, struct mirrored *row, const struct blob *body, uint64_t batch)
{
    if (is_declared(row->kind)) {
        digest_body(sim->checks, body, row);
    }
    if (row->revision <= checks_revision(sim)) {
        sim_fail(sim, "never-back", "revision %" PRIu64 " follows %" PRIu64, row->revision,
                 checks_revision(sim));
    }
    check_key(sim, row, batch);
    vec_add(&sim->checks->rows, *row);
}

void check_attempt(struct sim *sim, const struct batch *batch)
{
    reference_take_contents(sim->reference, batch);
}

void check_batch(struct sim *sim, const struct batch *batch)
{
    check_rows(sim, batch);
    sim->checks->ordinal++;
    vec_each (&batch->rows, it) {
        struct mirrored row = {.revision = it->revision,
                               .verb = it->verb,
                               .kind = it->kind,
                               .name = mem_strdup(it->name),
                               .uid = mem_strdup(it->uid),
                               .why = mem_strdup(it->why),
                               .at = it->at};

        sim->checks->revision = it->revision;
        if (it->log == ROW_LEDGER) {
            mirror(sim, &row, it->body, batch->seq);
        } else {
            free(row.name);
            free(row.uid);
            free(row.why);
        }
    }
}

void check_commit_error(struct sim *sim, int code, const struct err *err)
{
    if (code == ERR_INVALID) {
        sim_fail(sim, "ledger", "the core asks for what cannot be: %s", err->text);
    }
    if (disk_counters(sim->controller->disk)->faults == 0 && code != ERR_FULL) {
        sim_fail(sim, "committed", "a commit fails for no reason: %s", err->text);
    }
}

/* --- the store -------------------------------------------------------------------------------- */

void check_state(struct sim *sim, const struct stored_state *state)
{
    struct checks *checks = sim->checks;

    if (checks->is_restored && (state->era <= checks->era || state->revision <= checks->highest)) {
        sim_fail(sim, "never-back",
                 "after a restore the store is at revision %" PRIu64 " of era %" PRIu64
                 ", and revision %" PRIu64 " of era %" PRIu64 " was there before",
                 state->revision, state->era, checks->highest, checks->era);
    }
    if (!checks->is_restored && checks->store_id[0] != '\0' &&
        (strcmp(checks->store_id, state->store_id) != 0 || checks->era != state->era)) {
        sim_fail(sim, "never-back", "another store or era: %s of %" PRIu64 " after %s of %" PRIu64,
                 state->store_id, state->era, checks->store_id, checks->era);
    }
    if (state->revision < checks->revision || state->newest.ms < checks->newest.ms) {
        sim_fail(sim, "committed",
                 "the store is at revision %" PRIu64 ", and %" PRIu64 " was committed",
                 state->revision, checks->revision);
    }
    keeping_started(sim, state);
    memcpy(checks->store_id, state->store_id, sizeof(checks->store_id));
    checks->is_restored = false;
    checks->era = sim->reference->era = state->era;
    checks->revision = state->revision;
    checks->newest = state->newest;
}

static bool is_same(const struct mirrored *row, const struct stored_change *change)
{
    return row->revision == change->revision && row->verb == change->verb &&
           row->kind == change->kind && str_eq(row->name, change->name) &&
           str_eq(row->uid, change->uid) && str_eq(row->why, change->why);
}

static void compare_row(struct sim *sim, const struct stored_change *change, size_t at)
{
    struct checks *checks = sim->checks;

    if (change->ledger_seq != at + 1) {
        sim_fail(sim, "ledger", "row %zu has the number %" PRIu64, at + 1, change->ledger_seq);
    } else if (at < checks->rows.count) {
        const struct mirrored *row = &checks->rows.items[at];

        if (!is_same(row, change)) {
            sim_fail(sim, "committed",
                     "row %zu is %s \"%s\" at %" PRIu64 ", and %s \"%s\" at %" PRIu64
                     " was committed",
                     at + 1, change->kind->singular, change->name, change->revision,
                     row->kind->singular, row->name, row->revision);
        }
    } else {
        struct mirrored row = {.revision = change->revision,
                               .verb = change->verb,
                               .kind = change->kind,
                               .name = mem_strdup(change->name),
                               .uid = mem_strdup(change->uid),
                               .why = mem_strdup(change->why),
                               .at = change->at};

        mirror(sim, &row, change->body, 0);
    }
}

/* How many rows lie before history begins. */
static size_t rows_gone(const struct sim *sim)
{
    const struct checks *checks = sim->checks;
    size_t low = 0, high = checks->rows.count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (checks->rows.items[middle].revision <= keeping_horizon(sim)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Compares the rows from `at` on, as far as they are kept, with the disk; returns how many there
 * are. */
static size_t walk(struct sim *sim, size_t at)
{
    struct checks *checks = sim->checks;
    struct read_query query = {.type = READ_CHANGES, .upto = checks->revision, .limit = 1000};
    bool complete = false;

    at = at < rows_gone(sim) ? rows_gone(sim) : at;
    query.after = at == 0 ? 0 : checks->rows.items[at - 1].revision;
    query.after = query.after < keeping_horizon(sim) ? keeping_horizon(sim) : query.after;
    checks->ordinal++;
    while (!complete && !sim->has_failed && query.after < query.upto) {
        struct read_result *result = store_read(sim->controller->store, &query);

        if (result->code < 0) {
            sim_trace(sim, "the checks cannot read: %s", err_to_str(result->code));
            read_result_free(result);
            return SIZE_MAX;
        }
        for (size_t i = 0; i < result->changes.count && !sim->has_failed; i++) {
            const struct stored_change *change = &result->changes.items[i];

            if (change->log == ROW_LEDGER) {
                compare_row(sim, change, at++);
            }
            check_found(sim, change);
            reference_take_stored(sim->reference, change);
            check_quorum_hears(sim, change->kind, change->name);
        }
        complete = result->complete || result->covered <= query.after;
        query.after = result->covered;
        read_result_free(result);
    }
    return at;
}

static bool is_kept(const struct checks *checks, const struct acknowledgement *told)
{
    for (size_t i = checks->rows.count; i-- > 0;) {
        const struct mirrored *row = &checks->rows.items[i];

        if (row->kind != told->kind || !str_eq(row->uid, told->uid) ||
            (row->verb == ROW_DELETE) != told->is_removal || row->revision > told->revision) {
            continue;
        }
        return told->is_removal || ((!told->is_exact || row->revision == told->revision) &&
                                    digest_eq(&row->spec, &told->spec));
    }
    return false;
}

static void check_acknowledgements(struct sim *sim)
{
    struct checks *checks = sim->checks;

    for (size_t i = checks->acknowledgements_checked; i < checks->acknowledgements.count; i++) {
        const struct acknowledgement *told = &checks->acknowledgements.items[i];

        if (!is_kept(checks, told)) {
            sim_fail(sim, "acknowledged", "%s: %s of %s \"%s\" at %" PRIu64 " was told and is lost",
                     told->key, told->is_removal ? "the removal" : "the write",
                     told->kind->singular, told->name, told->revision);
            return;
        }
    }
    checks->acknowledgements_checked = checks->acknowledgements.count;
}

void check_store(struct sim *sim)
{
    struct checks *checks = sim->checks;
    size_t count = walk(sim, checks->rows_checked);

    if (sim->has_failed || count == SIZE_MAX) {
        return;
    }
    if (count < checks->rows.count) {
        sim_fail(sim, "committed", "the ledger has %zu rows, and %zu were committed", count,
                 checks->rows.count);
        return;
    }
    checks->rows_checked = count;
    check_acknowledgements(sim);
}

void check_store_fully(struct sim *sim)
{
    struct err err = ERR_NONE;
    uint64_t rows = 0;

    sim->checks->rows_checked = 0;
    sim->checks->acknowledgements_checked = 0;
    if (store_verify(sim->controller->store, &rows, &err) < 0) {
        sim_fail(sim, "ledger", "%s", err.text);
    } else if (rows != sim->checks->rows.count - rows_gone(sim)) {
        sim_fail(sim, "ledger", "%" PRIu64 " rows verified, and %zu were committed", rows,
                 sim->checks->rows.count - rows_gone(sim));
    } else {
        check_store(sim);
    }
}

/* --- restores --------------------------------------------------------------------------------- */

struct checks_mark checks_mark(const struct sim *sim)
{
    const struct checks *checks = sim->checks;

    return (struct checks_mark){.rows = checks->rows.count,
                                .revision = checks->revision,
                                .ordinal = checks->ordinal,
                                .newest = checks->newest};
}

static void forget_acknowledgements(struct checks *checks, const struct checks_mark *mark)
{
    size_t kept = 0;

    for (size_t i = 0; i < checks->acknowledgements.count; i++) {
        struct acknowledgement *told = &checks->acknowledgements.items[i];

        if (told->revision <= mark->revision || is_kept(checks, told)) {
            checks->acknowledgements.items[kept++] = *told;
        } else {
            free(told->key);
            free(told->name);
            free(told->uid);
        }
    }
    checks->acknowledgements.count = kept;
    checks->acknowledgements_checked = 0;
}

void checks_restored(struct sim *sim, const struct checks_mark *mark)
{
    struct checks *checks = sim->checks;

    for (size_t i = mark->rows; i < checks->rows.count; i++) {
        free(checks->rows.items[i].name);
        free(checks->rows.items[i].uid);
        free(checks->rows.items[i].why);
    }
    checks->rows.count = mark->rows;
    checks->rows_checked = 0;
    checks->highest = checks->revision > checks->highest ? checks->revision : checks->highest;
    checks->revision = mark->revision;
    checks->newest = mark->newest;
    checks->is_restored = true;
    keeping_restored(sim);
    reference_reset(sim, mark->revision);
    reverts_restored(sim);
    blob_store_restored(sim);
    forget_acknowledgements(checks, mark);
    map_each (&checks->keys, it) {
        struct carried_out *done = it->value;

        if (done->ordinal == 0 || done->ordinal > mark->ordinal) {
            *done = (struct carried_out){0};
        }
    }
}

int64_t checks_longest_lease_ms(const struct sim *sim)
{
    return sim->checks->longest_lease_ms > 0 ? sim->checks->longest_lease_ms : 1000;
}

/* --- answers ---------------------------------------------------------------------------------- */

static void acknowledge(struct sim *sim, const char *key, const struct node *object,
                        const struct acknowledgement *how)
{
    const struct node *meta = node_find(object, "metadata");
    const char *revision = how->is_removal ? NULL : node_find_text(meta, "resourceVersion");
    struct acknowledgement told = *how;

    if (!is_declared(told.kind)) {
        return; /* it ends when what it stands for has ended: nothing more was promised */
    }
    told.key = mem_strdup(key);
    told.name = mem_strdup(node_find_text(meta, "name"));
    told.uid = mem_strdup(node_find_text(meta, "uid"));
    if (revision != NULL) {
        (void)u64_from_str(revision, &told.revision);
    }
    digest_spec(object, &told.spec);
    vec_add(&sim->checks->acknowledgements, told);
}

static void acknowledge_results(struct sim *sim, const char *key, const struct node *results)
{
    for (size_t i = 0; results != NULL && i < results->list.count; i++) {
        const struct node *result = results->list.items[i];
        const struct node *object = node_find(result, "object");
        const char *outcome = node_find_text(result, "result");
        struct acknowledgement how = {.kind = kind_find("fog/v1", node_find_text(result, "kind")),
                                      .is_exact = str_eq(outcome, "created") ||
                                                  str_eq(outcome, "configured")};

        if (object != NULL) {
            acknowledge(sim, key, object, &how);
        }
    }
}

/* {"kind": "Status", "status": "Success", "details": {"name", "kind", "uid"}} */
static void acknowledge_removal(struct sim *sim, const char *key, const struct node *details)
{
    struct acknowledgement told = {.is_removal = true, .revision = UINT64_MAX};

    told.kind = kind_find_plural("fog", node_find_text(details, "kind"));
    told.key = mem_strdup(key);
    told.name = mem_strdup(node_find_text(details, "name"));
    told.uid = mem_strdup(node_find_text(details, "uid"));
    vec_add(&sim->checks->acknowledgements, told);
}

/* {"kind": "HarvestSessionList", "items": […]}: all of these are gone. */
static void acknowledge_removals(struct sim *sim, const char *key, const struct node *items)
{
    for (size_t i = 0; items != NULL && i < items->list.count; i++) {
        struct acknowledgement how = {.is_removal = true, .revision = UINT64_MAX};

        how.kind = kind_find("fog/v1", node_find_text(items->list.items[i], "kind"));
        acknowledge(sim, key, items->list.items[i], &how);
    }
}

void check_read(struct sim *sim, const struct node *object)
{
    struct acknowledgement how = {.kind = NULL};

    how.kind = kind_find("fog/v1", node_find_text(object, "kind"));
    if (how.kind != NULL && node_find_path(object, "metadata.uid") != NULL) {
        acknowledge(sim, "a read", object, &how);
    }
}

static void check_same_answer(struct sim *sim, const char *key, const struct blob *body)
{
    struct carried_out *done = carried_out(sim->checks, key);
    struct digest digest;

    digest_of(body->data, body->size_bytes, &digest);
    if (done->is_answered && !digest_eq(&done->answer, &digest)) {
        sim_fail(sim, "same-answer", "%s was answered in two ways, now %.200s", key, body->data);
    }
    done->answer = digest;
    done->is_answered = true;
}

void check_acknowledged(struct sim *sim, const char *key, int code, const struct blob *body)
{
    _cleanup_(arena_fini)
    struct arena arena = {0};
    struct problems problems;
    struct node *root = NULL;
    const char *kind;

    problems_init(&problems, &arena, NULL);
    if (json_parse(&arena, body->data, body->size_bytes, JSON_PLAIN, &problems, &root) < 0) {
        sim_fail(sim, "answers", "%s: the answer is not JSON: %.100s", key, body->data);
        return;
    }
    sim->tallies.acknowledged++;
    check_same_answer(sim, key, body);
    kind = node_find_text(root, "kind");
    if (str_eq(kind, "ChangeSet")) {
        acknowledge_results(sim, key, node_find_path(root, "status.results"));
    } else if (str_eq(kind, "Status")) {
        acknowledge_removal(sim, key, node_find(root, "details"));
    } else if (str_ends(kind, "List")) {
        acknowledge_removals(sim, key, node_find(root, "items"));
    } else {
        struct acknowledgement how = {.kind = kind_find("fog/v1", kind), .is_exact = code == 201};

        acknowledge(sim, key, root, &how);
    }
}
