/* Asking until it is known what became of it, and what may become of it. */
#include "tests/sim/operators.h"

#include "schema/base/parse.h"
#include "schema/json.h"
#include "schema/kind.h"
#include "tests/sim/blobs.h"
#include "tests/sim/check_owners.h"
#include "tests/sim/checks.h"
#include "tests/sim/keeping.h"
#include "tests/sim/person.h"
#include "tests/sim/restore.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { THINK_MAX_MS = 4000, PATIENCE_MAX_MS = 9000, AGAIN_MAX_MS = 1500, FOLLOW_MAX_MS = 400 };

struct operators *operators_new(struct sim *sim)
{
    struct operators *operators = MEM_NEW(struct operators);
    static const char *const names[OPERATORS] = {"alice", "bob", "ci"};

    map_init(&operators->newest);
    for (size_t i = 0; i < OPERATORS; i++) {
        struct person *it = &operators->people[i];

        it->sim = sim;
        (void)snprintf(it->name, sizeof(it->name), "%s", names[i]);
        tape_die(&sim->tape, &it->pace, "op/%s", it->name);
        str_init(&it->draft.body);
        str_init(&it->last);
        arena_init(&it->arena);
    }
    return operators;
}

void operators_free(struct operators *operators)
{
    for (size_t i = 0; i < OPERATORS; i++) {
        struct person *it = &operators->people[i];

        str_fini(&it->draft.body);
        str_fini(&it->last);
        arena_fini(&it->arena);
    }
    map_each (&operators->newest, it) {
        free(it->value);
    }
    map_fini(&operators->newest);
    vec_each (&operators->sent, it) {
        free((*it)->body);
        free(*it);
    }
    vec_fini(&operators->sent);
    vec_fini(&operators->revisions);
    free(operators);
}

/* --- what is known ---------------------------------------------------------------------------- */

const struct seen *person_seen(const struct person *person, const char *plural, const char *name)
{
    char key[128];

    (void)snprintf(key, sizeof(key), "%s/%s", plural, name);
    return map_find(&person->sim->operators->newest, key);
}

static void learn_object(struct sim *sim, const struct node *object)
{
    const struct node *meta = node_find(object, "metadata");
    const char *text = node_find_text(meta, "resourceVersion"),
               *name = node_find_text(meta, "name");
    const struct kind *kind = kind_find("fog/v1", node_find_text(object, "kind"));
    struct seen *seen;
    char key[128];
    uint64_t revision = 0;

    if (kind == NULL || text == NULL || name == NULL || !u64_from_str(text, &revision)) {
        return;
    }
    (void)snprintf(key, sizeof(key), "%s/%s", kind->plural, name);
    seen = map_find(&sim->operators->newest, key);
    if (seen == NULL) {
        seen = MEM_NEW(struct seen);
        (void)map_put(&sim->operators->newest, key, seen);
    }
    if (revision > seen->revision) {
        seen->revision = revision;
        (void)snprintf(seen->uid, sizeof(seen->uid), "%s", node_find_text(meta, "uid"));
        vec_add(&sim->operators->revisions, revision);
    }
}

void operators_restored(struct sim *sim, uint64_t revision)
{
    map_each (&sim->operators->newest, it) {
        struct seen *seen = it->value;

        if (seen->revision > revision) {
            seen->revision = 0;
        }
    }
    for (size_t i = 0; i < OPERATORS; i++) {
        sim->operators->people[i].draft.seen = 0;
    }
}

static void learn(struct sim *sim, const struct node *root)
{
    const struct node *results = node_find_path(root, "status.results");

    learn_object(sim, root);
    for (size_t i = 0; results != NULL && i < results->list.count; i++) {
        learn_object(sim, node_find(results->list.items[i], "object"));
    }
}

const struct sent *operators_sent(const struct sim *sim, const char *key)
{
    vec_each (&sim->operators->sent, it) {
        if (str_eq((*it)->key, key)) {
            return *it;
        }
    }
    return NULL;
}

static void keep(const struct person *person)
{
    struct sent *it = MEM_NEW(struct sent);
    const struct request_draft *draft = &person->draft;

    it->method = draft->method;
    it->content_type = draft->content_type;
    it->body = mem_strdup(draft->body.length == 0 ? "" : draft->body.data);
    it->body_size_bytes = draft->body.length;
    (void)snprintf(it->key, sizeof(it->key), "%s", person->key);
    (void)snprintf(it->target, sizeof(it->target), "%s", draft->target);
    vec_add(&person->sim->operators->sent, it);
}

static void remember(struct person *person, int code)
{
    size_t at = person->remembered_count++ % REMEMBERED_MAX;

    person->remembered[at].sent = operators_sent(person->sim, person->key);
    person->remembered[at].code = code;
}

/* --- may it be answered so? ------------------------------------------------------------------- */

static void wonder(struct person *person, const char *checker, int code, const struct blob *body)
{
    const struct request_draft *draft = &person->draft;

    const char *text = body == NULL ? "" : body->data, *causes = strstr(text, "\"causes\"");

    sim_trace(person->sim, "%s", draft->body.length == 0 ? "" : draft->body.data);
    sim_fail(person->sim, checker, "%s: %s %s with %.200s was answered %d %.200s %.500s",
             person->key, draft->method, draft->target,
             draft->body.length == 0 ? "" : draft->body.data, code, text,
             causes == NULL ? "" : causes);
}

static bool is_named(const struct node *causes, const char *path)
{
    for (size_t i = 0; causes != NULL && i < causes->list.count; i++) {
        if (str_eq(node_find_text(causes->list.items[i], "field"), path)) {
            return true;
        }
    }
    return false;
}

/* What is drawn is valid on its own.  It may name a policy that is not there; laid over what others
 * wrote it may hurt a rule between fields. */
static bool is_explained(const struct person *person, const struct node *causes)
{
    static const char *const together[] = {"spec.replicas",
                                           "spec.battery.",
                                           "spec.thermal.",
                                           "spec.workload.artifacts",
                                           "spec.workload.outputs",
                                           "spec.everyAgent",
                                           "spec.workload.restart",
                                           "spec.tasks",
                                           "spec.gang"};

    for (size_t i = 0; causes != NULL && i < causes->list.count; i++) {
        const char *field = node_find_text(causes->list.items[i], "field");
        const char *reason = node_find_text(causes->list.items[i], "reason");
        bool is_fine = str_eq(field, "spec.policy") ||
                       (str_eq(reason, "NotFound") && person->draft.may_miss) ||
                       (str_starts(field, "spec.workload") && person->draft.is_part) ||
                       (str_ends(reason, "Conflict") && person->draft.may_conflict);

        for (size_t k = 0; k < COUNT_OF(together) && person->draft.is_merge; k++) {
            is_fine = is_fine || str_starts(field, together[k]);
        }
        if (!is_fine) {
            return false;
        }
    }
    return causes != NULL && causes->list.count > 0;
}

static void judge_refusal(struct person *person, int code, const struct node *root,
                          const struct blob *body)
{
    struct sim *sim = person->sim;
    const struct request_draft *draft = &person->draft;
    const struct node *causes = node_find_path(root, "details.causes");
    bool is_fine = false;

    sim->tallies.conflicts++;
    if (code == 409 && draft->wish == WISH_DONE && restore_wait_ms(sim) == 0) {
        check_owners_refusal(sim, operators_sent(sim, person->key), root);
    }
    if (restore_wait_ms(sim) > 0 && (code == 404 || code == 409 || code == 410 ||
                                     draft->wish == WISH_TAKEN || draft->wish == WISH_SAME)) {
        return; /* what it means was lost, or what was done before */
    }
    switch (draft->wish) {
    case WISH_DONE:
    case WISH_TRIED:
        is_fine = (code == 409 && draft->may_conflict) || (code == 404 && draft->may_miss) ||
                  (code == 422 && is_explained(person, causes)) ||
                  (code == 410 && draft->back_to > 0 && draft->back_to < keeping_horizon(sim));
        break;
    case WISH_REFUSED:
        is_fine = code == 422 && is_named(causes, draft->path);
        is_fine = is_fine || (code == 404 && draft->may_miss);
        break;
    case WISH_TAKEN:
        is_fine = code == 422;
        break;
    case WISH_READ:
        is_fine = (code == 404 && draft->may_miss) ||
                  (code == 410 && draft->back_to > 0 && draft->back_to < keeping_horizon(sim));
        break;
    case WISH_SAME:
        break;
    }
    if (!is_fine) {
        wonder(person, draft->wish == WISH_REFUSED ? "refused" : "answers", code, body);
    }
    /* An attempt before this one may have been carried out, and its answer lost. */
    if (checks_has_key(sim, person->key) && draft->wish != WISH_TAKEN &&
        (person->attempts == 1 || draft->wish == WISH_REFUSED || draft->wish == WISH_TRIED)) {
        sim_fail(sim, "refused", "%s was refused with %d and carried out", person->key, code);
    }
}

static void judge_moment(struct person *person, const struct node *object)
{
    const char *text = node_text(node_find_path(object, "metadata.resourceVersion"));
    uint64_t then = person->draft.back_to, revision = 0;

    if (then > 0 && (text == NULL || !u64_from_str(text, &revision) || revision > then)) {
        sim_fail(person->sim, "past", "%s shows what was written at %" PRIu64, person->draft.target,
                 revision);
    }
}

/* What is read is durable, and not older than what somebody was told before; of the past, not newer
 * than that. */
static void judge_reading(struct person *person, const struct node *root)
{
    const struct node *items = node_find(root, "items");
    const char *text = node_text(node_find_path(root, "metadata.resourceVersion"));
    uint64_t revision = 0;

    if (items == NULL) {
        check_read(person->sim, root);
        check_owners_read(person->sim, root);
    }
    for (size_t i = 0; items != NULL && items->type == NODE_LIST && i < items->list.count; i++) {
        check_read(person->sim, items->list.items[i]);
        judge_moment(person, items->list.items[i]);
    }
    if (person->draft.seen > 0 && text != NULL && u64_from_str(text, &revision) &&
        revision < person->draft.seen) {
        sim_fail(person->sim, "stale", "%s is read at %" PRIu64 ", and %" PRIu64 " was told before",
                 person->draft.target, revision, person->draft.seen);
    }
}

static void judge_success(struct person *person, int code, const struct node *root,
                          const struct blob *body)
{
    struct sim *sim = person->sim;
    enum wish wish = person->draft.wish;

    if (restore_wait_ms(sim) > 0 &&
        (wish == WISH_SAME || wish == WISH_REFUSED || wish == WISH_TAKEN)) {
        wish = WISH_DONE; /* what stood against it, or was done before, was lost */
    }
    switch (wish) {
    case WISH_DONE:
        check_acknowledged(sim, person->key, code, body);
        check_owners_answer(sim, operators_sent(sim, person->key), root);
        learn(sim, root);
        remember(person, code);
        break;
    case WISH_SAME:
        check_acknowledged(sim, person->key, code, body);
        if (code != person->draft.code) {
            wonder(person, "same-answer", code, body);
        }
        break;
    case WISH_TRIED:
        if (checks_has_key(sim, person->key)) {
            sim_fail(sim, "dry-run", "%s was carried out", person->key);
        }
        break;
    case WISH_READ:
        judge_reading(person, root);
        break;
    case WISH_REFUSED:
    case WISH_TAKEN:
        sim_trace(sim, "%s should name %s", person->key,
                  person->draft.path == NULL ? "the key" : person->draft.path);
        wonder(person, "refused", code, body);
        break;
    }
}

/* --- asking until it is known ----------------------------------------------------------------- */

static void attempt(struct sim *sim, void *who, uint64_t arg);
static void think(struct person *person);

static void try_again(struct person *person)
{
    person->sim->tallies.retries++;
    person->is_patient = false;
    person->attempt++;
    schedule_after(&person->sim->schedule, die_between(&person->die, 50, AGAIN_MAX_MS), attempt,
                   person, person->attempt);
}

static void begin_draft(struct person *person)
{
    struct request_draft *draft = &person->draft;
    struct str body = draft->body;

    str_clear(&body);
    *draft = (struct request_draft){.body = body};
    (void)snprintf(person->key, sizeof(person->key), "k-%u", ++person->sim->operators->keys);
}

static void send_draft(struct person *person, int64_t after_ms)
{
    const struct request_draft *draft = &person->draft;

    sim_trace(person->sim, "%s %s: %s %s %.90s", person->name, person->key, draft->method,
              draft->target, draft->body.length == 0 ? "" : draft->body.data);
    if (draft->wish == WISH_DONE) {
        blob_people_see(person->sim, &draft->body);
        keep(person);
    }
    person->attempts = 0;
    person->attempt++;
    schedule_after(&person->sim->schedule, after_ms, attempt, person, person->attempt);
}

/* The next request of the action, or the next action. */
static void go_on(struct person *person, int code, const struct node *root)
{
    bool (*follow)(struct person *, int, const struct node *) = person->draft.follow;

    begin_draft(person);
    if (follow != NULL && !person->sim->has_failed && follow(person, code, root)) {
        send_draft(person, die_between(&person->die, 0, FOLLOW_MAX_MS));
    } else {
        think(person);
    }
}

static void settle(struct person *person, int code, const struct blob *body)
{
    struct problems problems;
    struct node *root = NULL;

    problems_init(&problems, &person->arena, NULL);
    if (json_parse(&person->arena, body->data, body->size_bytes, JSON_PLAIN, &problems, &root) <
        0) {
        wonder(person, "answers", code, body);
    } else if (code / 100 == 2) {
        judge_success(person, code, root, body);
    } else {
        judge_refusal(person, code, root, body);
    }
    go_on(person, code, root);
}

static void answered(struct sim *sim, void *who, int code, const struct blob *body)
{
    struct person *person = who;

    person->exchange = 0;
    if (code == 0 || code == 503 || code == 429 || code == 500) {
        sim->tallies.unknown_outcomes += code != 429;
        if (code == 500 && !sim->faults.is_on[FAULT_DISK_IO] &&
            !sim->faults.is_on[FAULT_CONTROLLER_POWER]) {
            wonder(person, "answers", code, body);
        }
        try_again(person);
    } else {
        sim_trace(sim, "%s hears %d for %s", person->name, code, person->key);
        person->is_patient = false;
        settle(person, code, body);
    }
}

static void lose_patience(struct sim *sim, void *who, uint64_t arg)
{
    struct person *person = who;

    (void)sim;
    if (person->is_patient && person->attempt == arg) {
        http_close(person->sim, person->exchange);
        try_again(person);
    }
}

static void attempt(struct sim *sim, void *who, uint64_t arg)
{
    struct person *person = who;
    const struct request_draft *draft = &person->draft;
    struct http_client client = {.answered = answered, .who = person};
    bool is_read = draft->wish == WISH_READ;
    struct http_request request = {.method = draft->method,
                                   .target = draft->target,
                                   .content_type = draft->content_type,
                                   .accept = "application/json",
                                   .user_agent = "fogctl/0.1",
                                   .user = person->name,
                                   .cause = person->key,
                                   .idempotency_key = is_read ? NULL : person->key,
                                   .body = draft->body.data,
                                   .body_size_bytes = draft->body.length};

    if (arg != person->attempt) {
        return;
    }
    person->attempts++;
    person->is_patient = true;
    person->exchange = http_send(sim, &request, &client);
    schedule_after(&sim->schedule, die_between(&person->die, 1000, PATIENCE_MAX_MS), lose_patience,
                   person, person->attempt);
}

static void act(struct sim *sim, void *who, uint64_t arg)
{
    struct person *person = who;

    (void)arg;
    if (sim->operators->is_ended) {
        person->is_busy = false;
        return;
    }
    if (!sim_happens(sim, &person->die, "op/%s", person->name)) {
        think(person);
        return;
    }
    arena_reset(&person->arena);
    person->rounds = 0;
    begin_draft(person);
    act_choose(person);
    send_draft(person, 0);
}

static void think(struct person *person)
{
    schedule_after(&person->sim->schedule, die_between(&person->pace, 20, THINK_MAX_MS), act,
                   person, 0);
}

void operators_begin(struct sim *sim)
{
    for (size_t i = 0; i < OPERATORS; i++) {
        sim->operators->people[i].is_busy = true;
        think(&sim->operators->people[i]);
    }
}

void operators_end(struct sim *sim)
{
    sim->operators->is_ended = true;
}

bool operators_are_done(const struct sim *sim)
{
    for (size_t i = 0; i < OPERATORS; i++) {
        if (sim->operators->people[i].is_busy) {
            return false;
        }
    }
    return true;
}
