#include "tests/sim/operators.h"

#include "schema/kinds/assignment.h"
#include "tests/sim/checks.h"
#include "tests/sim/controller.h"
#include "tests/sim/manifests.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    OPERATORS = 3,
    THINK_MAX_MS = 4000,
    PATIENCE_MAX_MS = 9000,
    AGAIN_MAX_MS = 1500,
    KEY_SIZE_ = 24
};

struct operator
{
    struct sim *sim;
    char name[16];
    struct die pace, die; /* when it acts; all about the action under way */
    uint64_t exchange;    /* 0: none */
    uint64_t attempt;     /* rises; late patience of an earlier one is ignored */
    unsigned attempts;    /* of this action */
    bool is_busy, is_patient;
    bool is_dry_run;

    /* The action under way. */
    char key[KEY_SIZE_];
    char target[160];
    const char *method, *content_type;
    struct str body;

    struct str last; /* body of the newest change set, for applying it again */
};

struct operators {
    struct operator items[OPERATORS];
    unsigned keys, versions;
    bool is_ended;
    struct {
        VEC_OF(uint64_t);
    } revisions; /* seen in answers: to roll back to */
};

struct operators *operators_new(struct sim *sim)
{
    struct operators *operators = MEM_NEW(struct operators);
    static const char *const names[OPERATORS] = {"alice", "bob", "ci"};

    for (size_t i = 0; i < OPERATORS; i++) {
        struct operator* it = & operators->items[i];

        it->sim = sim;
        (void)snprintf(it->name, sizeof(it->name), "%s", names[i]);
        tape_die(&sim->tape, &it->pace, "op/%s", it->name);
        str_init(&it->body);
        str_init(&it->last);
    }
    return operators;
}

void operators_free(struct operators *operators)
{
    for (size_t i = 0; i < OPERATORS; i++) {
        str_fini(&operators->items[i].body);
        str_fini(&operators->items[i].last);
    }
    vec_fini(&operators->revisions);
    free(operators);
}

static struct die *dice(struct operator* operator)
{
    return &operator->die;
}

/* --- actions ---------------------------------------------------------------------------------- */

static void ask(struct operator* operator, const char * method, const char *content_type,
                const char *format, ...) _printf_(4, 5);

static void ask(struct operator* operator, const char * method, const char *content_type,
                const char *format, ...)
{
    va_list args;

    operator->method = method;
    operator->content_type = content_type;
    va_start(args, format);
    (void)vsnprintf(operator->target, sizeof(operator->target), format, args);
    va_end(args);
}

static void add_object(struct operator* operator, unsigned session, bool is_policy, struct str *to)
{
    if (is_policy) {
        manifest_policy(dice(operator), session % POLICY_NAMES, to);
    } else {
        manifest_session(dice(operator), session, ++operator->sim->operators->versions, to);
    }
}

static void compose_changes(struct operator* operator)
{
    struct die *die = dice(operator);
    uint64_t count = 1 + die_below(die, 3);
    unsigned first = (unsigned)die_below(die, SESSION_NAMES);
    bool has_policy = die_chance(die, 400);
    struct str *to = &operator->body;

    str_addf(
        to,
        "{\"kind\":\"ChangeSet\",\"apiVersion\":\"fog/v1\",\"spec\":{\"force\":%s,\"changes\":[",
        die_chance(die, 700) ? "true" : "false");
    if (has_policy) {
        str_add(to, "{\"verb\":\"apply\",\"object\":");
        add_object(operator,(unsigned) die_below(die, POLICY_NAMES), true, to);
        str_add(to, "},");
    }
    for (uint64_t i = 0; i < count; i++) {
        unsigned name = (first + (unsigned)i) % SESSION_NAMES;

        str_add(to, i > 0 ? "," : "");
        if (die_chance(die, 100)) {
            str_addf(to, "{\"verb\":\"delete\",\"kind\":\"HarvestSession\",\"name\":\"s-%u\"}",
                     name);
        } else {
            str_add(to, "{\"verb\":\"apply\",\"object\":");
            add_object(operator, name, false, to);
            str_add(to, "}");
        }
    }
    str_add(to, "]}}");
}

static void act_changeset(struct operator* operator)
{
    bool is_again = operator->last.length> 0 && die_chance(dice(operator), 200);

    operator->is_dry_run = die_chance(dice(operator), 100);
    ask(operator, "POST", "application/json",
        "/apis/fog/v1/changesets?fieldManager=%s%s", operator->name,
                                                     operator->is_dry_run ? "&dryRun=All" : "");
    if (is_again) {
        str_add(&operator->body, operator->last.data);
    } else {
        compose_changes(operator);
        str_clear(&operator->last);
        str_add(&operator->last, operator->body.data);
    }
}

static void act_apply(struct operator* operator)
{
    unsigned name = (unsigned)die_below(dice(operator), SESSION_NAMES);

    ask(operator, "PATCH", "application/apply-patch+yaml",
        "/apis/fog/v1/harvestsessions/s-%u?fieldManager=%s&force=true", name, operator->name);
    add_object(operator, name, false, &operator->body);
}

static void act_patch(struct operator* operator)
{
    struct die *die = dice(operator);

    ask(operator, "PATCH", "application/merge-patch+json",
        "/apis/fog/v1/harvestsessions/s-%" PRIu64 "?fieldManager=%s",
        die_below(die, SESSION_NAMES), operator->name);
    switch (die_below(die, 4)) {
    case 0:
        str_addf(&operator->body, "{\"spec\":{\"replicas\":%" PRIu64 ",\"everyAgent\":null}}",
                 die_below(die, 5));
        break;
    case 1:
        str_addf(&operator->body,
                 "{\"spec\":{\"workload\":{\"environment\":{\"VERSION\":\"%u\"}}}}",
                 ++operator->sim->operators->versions);
        break;
    case 2:
        str_addf(&operator->body, "{\"spec\":{\"rollout\":{\"pause\":%s}}}",
                 die_chance(die, 300) ? "true" : "false");
        break;
    case 3:
        str_addf(&operator->body, "{\"spec\":{\"exclusive\":%s}}",
                 die_chance(die, 500) ? "true" : "false");
        break;
    }
}

static void act_replace(struct operator* operator)
{
    unsigned name = (unsigned)die_below(dice(operator), SESSION_NAMES);

    ask(operator, "PUT", "application/json", "/apis/fog/v1/harvestsessions/s-%u?fieldManager=%s",
        name, operator->name);
    add_object(operator, name, false, &operator->body);
}

static void act_delete(struct operator* operator)
{
    struct die *die = dice(operator);

    const char *assignment = checks_some_name(operator->sim, &assignment_kind, die);

    switch (die_below(die, assignment == NULL ? 6 : 8)) {
    case 6:
    case 7:
        ask(operator, "DELETE", NULL, "/apis/fog/v1/assignments/%s", assignment);
        break;
    case 0:
        ask(operator, "DELETE", NULL, "/apis/fog/v1/harvestpolicies/p-%" PRIu64,
            die_below(die, POLICY_NAMES));
        break;
    case 1:
        ask(operator, "DELETE", NULL, "/apis/fog/v1/agents/%s",
            die_chance(die, 500) ? "m-0" : "m-1");
        break;
    default:
        ask(operator, "DELETE", NULL, "/apis/fog/v1/harvestsessions/s-%" PRIu64,
            die_below(die, SESSION_NAMES));
        break;
    }
}

static void act_agent(struct operator* operator)
{
    struct die *die = dice(operator);

    ask(operator, "PATCH", "application/merge-patch+json",
        "/apis/fog/v1/agents/m-%" PRIu64 "?fieldManager=%s",
        die_below(die, operator->sim->machine_count), operator->name);
    str_addf(&operator->body, "{\"spec\":{\"unschedulable\":%s}}",
             die_chance(die, 250) ? "true" : "false");
}

static void act_rollback(struct operator* operator)
{
    struct die *die = dice(operator);
    struct operators *operators = operator->sim->operators;
    uint64_t revision = operators->revisions.items[die_below(die, operators->revisions.count)];

    ask(operator, "POST", "application/json",
        "/apis/fog/v1/rollbacks?fieldManager=%s", operator->name);
    str_addf(&operator->body,
             "{\"kind\":\"Rollback\",\"apiVersion\":\"fog/v1\",\"spec\":{\"toRevision\":\"%" PRIu64
             "\",\"prune\":%s}}",
             revision, die_chance(die, 400) ? "true" : "false");
}

static void choose(struct operator* operator)
{
    uint64_t draw = die_below(dice(operator), 100);

    operator->is_dry_run = false;
    if (draw < 42) {
        act_changeset(operator);
    } else if (draw < 57) {
        act_apply(operator);
    } else if (draw < 72) {
        act_patch(operator);
    } else if (draw < 79) {
        act_replace(operator);
    } else if (draw < 89) {
        act_delete(operator);
    } else if (draw < 94 || operator->sim->operators->revisions.count == 0) {
        act_agent(operator);
    } else {
        act_rollback(operator);
    }
}

/* --- asking until it is known ----------------------------------------------------------------- */

static void attempt(struct sim *sim, void *who, uint64_t arg);
static void think(struct operator* operator);

static void try_again(struct operator* operator)
{
    operator->sim->tallies.retries++;
    operator->is_patient = false;
    operator->attempt++;
    schedule_after(&operator->sim->schedule, die_between(dice(operator), 50, AGAIN_MAX_MS),
                   attempt, operator, operator->attempt);
}

/* "status":{"revision":"12" of a change set's answer, or the resourceVersion of an object's. */
static void learn_revision(struct operator* operator, const struct blob * body)
{
    static const char *const before[] = {"\"revision\":\"", "\"resourceVersion\":\""};

    for (size_t i = 0; i < COUNT_OF(before); i++) {
        const char *at = strstr(body->data, before[i]);
        uint64_t revision = at == NULL ? 0 : strtoull(at + strlen(before[i]), NULL, 10);

        if (revision > 0) {
            vec_add(&operator->sim->operators->revisions, revision);
            return;
        }
    }
}

static void settle(struct operator* operator, int code, const struct blob *body)
{
    struct sim *sim = operator->sim;

    if (code / 100 == 2 && !operator->is_dry_run) {
        check_acknowledged(sim, operator->key, code, body);
        learn_revision(operator, body);
    } else if (code / 100 == 2) {
        if (checks_has_key(sim, operator->key)) {
            sim_fail(sim, "dry-run", "%s was carried out", operator->key);
        }
    } else if (code == 409 || code == 404 || code == 422) {
        sim->tallies.conflicts++;
        if (operator->attempts == 1 && checks_has_key(sim, operator->key)) {
            sim_fail(sim, "refused", "%s was refused with %d and carried out", operator->key, code);
        }
    } else {
        sim_fail(sim, "answers",
                 "%s: %s %s with %s was answered %d %.300s",
                 operator->name, operator->method, operator->target, operator->body.data, code,
                 body->data);
    }
    think(operator);
}

static void answered(struct sim *sim, void *who, int code, const struct blob *body)
{
    struct operator* operator= who;

    operator->exchange = 0;
    if (code == 0 || code == 503 || code == 429 || code == 500) {
        sim->tallies.unknown_outcomes += code != 429;
        if (code == 500 && !sim->faults.is_on[FAULT_DISK_IO] &&
            !sim->faults.is_on[FAULT_CONTROLLER_POWER]) {
            sim_fail(sim, "answers", "%s was answered %d %.300s", operator->key, code, body->data);
        }
        try_again(operator);
    } else {
        sim_trace(sim, "%s hears %d for %s", operator->name, code, operator->key);
        operator->is_patient = false;
        settle(operator, code, body);
    }
}

static void lose_patience(struct sim *sim, void *who, uint64_t arg)
{
    struct operator* operator= who;

    (void)sim;
    if (operator->is_patient && operator->attempt == arg) {
        http_close(operator->sim, operator->exchange);
        try_again(operator);
    }
}

static void attempt(struct sim *sim, void *who, uint64_t arg)
{
    struct operator* operator= who;
    struct http_client client = {.answered = answered, .who = operator};
    struct http_request request = {.method = operator->method,
                                   .target = operator->target,
                                   .content_type = operator->content_type,
                                   .accept = "application/json",
                                   .user_agent = "fogctl/0.1",
                                   .user = operator->name,
                                   .cause = operator->key,
                                   .idempotency_key = operator->key,
                                   .body = operator->body.data,
                                   .body_size_bytes = operator->body.length };

    if (arg != operator->attempt) {
        return;
    }
    operator->attempts++;
    operator->is_patient = true;
    operator->exchange = http_send(sim, &request, &client);
    schedule_after(&sim->schedule, die_between(dice(operator), 1000, PATIENCE_MAX_MS),
                   lose_patience, operator, operator->attempt);
}

static void act(struct sim *sim, void *who, uint64_t arg)
{
    struct operator* operator= who;

    (void)arg;
    if (sim->operators->is_ended) {
        operator->is_busy = false;
        return;
    }
    if (!sim_happens(sim, &operator->die, "op/%s", operator->name)) {
        think(operator);
        return;
    }
    str_clear(&operator->body);
    (void)snprintf(operator->key, sizeof(operator->key), "k-%u", ++sim->operators->keys);
    choose(operator);
    sim_trace(
        sim,
        "%s %s: %s %s %.90s", operator->name, operator->key, operator->method, operator->target,
                                                                               operator->body.data);
    operator->attempts = 0;
    operator->attempt++;
    attempt(sim, operator, operator->attempt);
}

static void think(struct operator* operator)
{
    schedule_after(&operator->sim->schedule, die_between(&operator->pace, 20, THINK_MAX_MS),
                   act, operator, 0);
}

void operators_begin(struct sim *sim)
{
    for (size_t i = 0; i < OPERATORS; i++) {
        sim->operators->items[i].is_busy = true;
        think(&sim->operators->items[i]);
    }
}

void operators_end(struct sim *sim)
{
    sim->operators->is_ended = true;
}

bool operators_are_done(const struct sim *sim)
{
    for (size_t i = 0; i < OPERATORS; i++) {
        if (sim->operators->items[i].is_busy) {
            return false;
        }
    }
    return true;
}
