/* Receivers that fail in every way, and who writes rules.  All dice are of their own. */
#include "tests/sim/alerts.h"

#include "schema/base/str.h"
#include "schema/kinds/alert_rule.h"
#include "schema/limits.h"
#include "tests/sim/controller.h"
#include "tests/sim/http.h"
#include "tests/sim/judge.h"
#include "tests/sim/sim.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    WORLDS_PER_MILLE = 300,
    WRITES_MAX = 8,
    ANSWER_MAX_MS = 1500,
    END_STEP_MS = 500,
    END_MAX_MS = 120000,
    TOLD_MAX_MS = 2 * (RESTART_MAX_MS + ALERT_ANSWER_MS), /* a try that came too early, and one */
    RULES = 2,
};

struct told { /* a notification to one receiver, by its id and him */
    bool is_stored, is_taken;
    bool is_struck;    /* out, durably, as taken */
    unsigned heard_in; /* one more than the life of the controller that heard so; 0: none */
};

struct word {             /* on its way back to the controller */
    char *rule, *id, *to; /* owned */
    bool is_taken;
};

struct alerts_world {
    struct map told; /* "ID RECEIVER" → struct told, owned */
    struct {
        VEC_OF(struct word *);
    } words; /* owned */
    struct die die;
    unsigned planned, on_way; /* writes: not sent yet, not answered yet */
    bool has_written;
    bool is_calm; /* receivers take what they are told, and say so */
};

struct alerts_world *alerts_world_new(void)
{
    struct alerts_world *alerts = MEM_NEW(struct alerts_world);

    map_init(&alerts->told);
    return alerts;
}

static void word_free(struct word *word)
{
    free(word->rule);
    free(word->id);
    free(word->to);
    free(word);
}

void alerts_world_free(struct alerts_world *alerts)
{
    if (alerts == NULL) {
        return;
    }
    map_each (&alerts->told, it) {
        free(it->value);
    }
    map_fini(&alerts->told);
    vec_each (&alerts->words, it) {
        word_free(*it);
    }
    vec_fini(&alerts->words);
    free(alerts);
}

static struct told *told_of(struct sim *sim, const char *id, const char *to)
{
    char key[ALERT_ID_BYTES_MAX + ALERT_URL_BYTES_MAX + 2];
    struct told *told;

    (void)snprintf(key, sizeof(key), "%s %s", id, to);
    told = map_find(&sim->alerts->told, key);
    if (told == NULL) {
        told = MEM_NEW(struct told);
        (void)map_put(&sim->alerts->told, key, told);
    }
    return told;
}

/* --- people ----------------------------------------------------------------------------------- */

static void on_answered(struct sim *sim, void *who, int code, const struct blob *body)
{
    (void)who;
    (void)code;
    (void)body;
    sim->alerts->on_way--;
}

static void write_rule(struct sim *sim, void *who, uint64_t arg)
{
    static const char *const exprs[] = {
        "fog_agents.away > 0",
        "fog_agents.connected > 1",
        "fog_sessions.false > 0",
        "fog_sessions_diverged.Network > 0 || fog_sessions_diverged.Resources > 0",
        "fog_revision > 0",
        "fog_http_connections > 0"};
    static const char *const receivers[] = {
        "", "{\"log\":{}}", "{\"webhook\":{\"url\":\"https://r-0/hook\"}}",
        "{\"log\":{}},{\"webhook\":{\"url\":\"http://r-1:80/hook?a=b\",\"timeout\":\"1s\"}}"};
    struct die *die = &sim->alerts->die;
    struct http_client client = {.answered = on_answered};
    char body[400], target[100];
    struct http_request request = {.method = "PATCH",
                                   .target = target,
                                   .content_type = "application/apply-patch+yaml",
                                   .user = "watchman",
                                   .body = body};

    (void)who;
    (void)snprintf(target, sizeof(target),
                   "/apis/fog/v1/alertrules/r-%" PRIu64 "?fieldManager=watchman&force=true",
                   arg % RULES);
    (void)snprintf(
        body, sizeof(body),
        "{\"apiVersion\":\"fog/v1\",\"kind\":\"AlertRule\",\"metadata\":{\"name\":\"r-%" PRIu64
        "\"},\"spec\":{\"expr\":\"%s\",\"for\":\"%" PRIu64 "s\",\"cooldown\":\"%" PRIu64
        "s\",\"receivers\":[%s]}}",
        arg % RULES, exprs[die_below(die, COUNT_OF(exprs))], die_below(die, 3) * 7,
        die_below(die, 3) * 10, receivers[die_chance(die, 900) ? 1 + die_below(die, 3) : 0]);
    request.body_size_bytes = strlen(body);
    if (die_chance(die, 100)) {
        request.method = "DELETE";
        request.body_size_bytes = 0;
    }
    sim->alerts->planned--;
    sim->alerts->on_way++;
    sim->alerts->has_written = true;
    (void)http_send(sim, &request, &client);
}

void alerts_begin(struct sim *sim)
{
    struct die *die = &sim->alerts->die;
    uint64_t writes;

    tape_die(&sim->tape, die, "alerts");
    if (!die_chance(die, WORLDS_PER_MILLE)) {
        return;
    }
    writes = 1 + die_below(die, WRITES_MAX);
    for (uint64_t i = 0; i < writes; i++) {
        schedule_after(&sim->schedule, die_between(die, 0, sim->faults.chaos_ms), write_rule, NULL,
                       i);
        sim->alerts->planned++;
    }
}

static bool is_anybody_untold(struct sim *sim)
{
    struct arena arena = {0};
    struct answer_got got = judge_ask(sim, &arena, "GET", "/apis/fog/v1/alertrules", NULL, NULL);
    const struct node *items = got.code == 200 ? node_find(got.root, "items") : NULL;
    bool is_untold = items == NULL;

    for (size_t i = 0; items != NULL && i < items->list.count; i++) {
        is_untold = is_untold || node_find_path(items->list.items[i], "status.unsent") != NULL;
    }
    arena_fini(&arena);
    return is_untold;
}

/* Whoever is to be told is told when nothing is in the way any more. */
static void await_told(struct sim *sim)
{
    int64_t until_ms = sim_now(sim) + TOLD_MAX_MS;

    sim->alerts->is_calm = true;
    while (is_anybody_untold(sim) && !sim->has_failed) {
        if (sim_now(sim) > until_ms) {
            sim_fail(sim, "alerts", "a notification is not taken in %d ms", TOLD_MAX_MS);
        }
        sim_pass(sim, END_STEP_MS);
    }
}

/* Only an answer says that it is gone: a write whose commit failed may turn out to be durable. */
static bool remove_rule(struct sim *sim, int number)
{
    struct arena arena = {0};
    char target[64];
    int code;

    (void)snprintf(target, sizeof(target), "/apis/fog/v1/alertrules/r-%d", number);
    code = judge_ask(sim, &arena, "DELETE", target, NULL, NULL).code;
    arena_fini(&arena);
    return code == 200 || code == 404;
}

void alerts_end(struct sim *sim)
{
    struct alerts_world *alerts = sim->alerts;
    int64_t until_ms = sim_now(sim) + END_MAX_MS;
    int removed = 0;

    /* A write that is on its way would make a rule anew. */
    while ((alerts->planned > 0 || alerts->on_way > 0) && sim_now(sim) < until_ms &&
           !sim->has_failed) {
        sim_pass(sim, END_STEP_MS);
    }
    if (alerts->has_written) {
        await_told(sim);
        until_ms = sim_now(sim) + END_MAX_MS;
    }
    while (alerts->has_written && removed < RULES && sim_now(sim) < until_ms && !sim->has_failed) {
        if (remove_rule(sim, removed)) {
            removed++;
        } else {
            sim_pass(sim, END_STEP_MS);
        }
    }
    if (alerts->planned > 0 || alerts->on_way > 0 || (alerts->has_written && removed < RULES)) {
        sim_fail(sim, "liveness", "an alert rule is not removed in %d ms", END_MAX_MS);
    }
}

/* --- receivers -------------------------------------------------------------------------------- */

static void bring_word(struct sim *sim, void *who, uint64_t life)
{
    struct controller *controller = sim->controller;
    struct word *word = who;

    if (life == controller->life && controller->is_up &&
        controller->stalled_until_ms > sim_now(sim)) {
        schedule_at(&sim->schedule, controller->stalled_until_ms, bring_word, word, life);
        return;
    }
    if (life == controller->life && controller->is_up) {
        const struct notified notified = {word->rule, word->id, word->to, word->is_taken,
                                          word->is_taken ? NULL : "it refused"};

        if (word->is_taken) {
            told_of(sim, word->id, word->to)->heard_in = controller->life + 1;
        }
        controller_notified(sim, &notified);
    }
    for (size_t i = 0; i < sim->alerts->words.count; i++) {
        if (sim->alerts->words.items[i] == word) {
            vec_remove(&sim->alerts->words, i);
            break;
        }
    }
    word_free(word);
}

void alerts_told(struct sim *sim, const struct effect *effect)
{
    struct told *told = told_of(sim, effect->notify.id, effect->notify.to);
    struct die *die = &sim->alerts->die;
    uint64_t draw = die_below(die, 1000);
    bool is_calm = sim->alerts->is_calm;
    bool arrives = is_calm || draw < 700, is_answered = is_calm || draw < 550 || draw >= 850;
    struct word *word;

    sim_trace(sim, "controller notifies %s of %s", effect->notify.to, effect->notify.id);
    if (!told->is_stored) {
        sim_fail(sim, "alerts", "%s is sent, and nothing of it is stored", effect->notify.id);
    }
    if (told->heard_in == sim->controller->life + 1) {
        sim_fail(sim, "alerts", "%s was taken, and is sent again", effect->notify.id);
    }
    if (told->is_struck && !sim->faults.is_on[FAULT_RESTORE] &&
        !sim->faults.is_on[FAULT_DISK_ROT]) {
        sim_fail(sim, "alerts", "%s was taken and struck out, and is sent again",
                 effect->notify.id);
    }
    told->is_taken = told->is_taken || arrives;
    if (!is_answered) {
        return;
    }
    word = MEM_NEW(struct word);
    word->rule = mem_strdup(effect->notify.rule);
    word->id = mem_strdup(effect->notify.id);
    word->to = mem_strdup(effect->notify.to);
    word->is_taken = arrives;
    vec_add(&sim->alerts->words, word);
    schedule_after(&sim->schedule, die_between(die, 0, ANSWER_MAX_MS), bring_word, word,
                   sim->controller->life);
}

/* --- rows ------------------------------------------------------------------------------------- */

static const struct node *unsent_of(const struct node *status, const char *id, const char *to)
{
    const struct node *list = node_find(status, "unsent");

    for (size_t i = 0; list != NULL && i < list->list.count; i++) {
        const struct node *it = list->list.items[i];

        if (str_eq(node_find_text(it, "id"), id) && str_eq(node_find_text(it, "to"), to)) {
            return it;
        }
    }
    return NULL;
}

/* How many are to be told of this one. */
static size_t count_of(const struct node *status, int64_t number)
{
    const struct node *list = node_find(status, "unsent");
    size_t count = 0;

    for (size_t i = 0; list != NULL && i < list->list.count; i++) {
        int64_t its = 0;

        (void)node_find_int(list->list.items[i], "number", &its);
        count += its == number;
    }
    return count;
}

/* Who is not named any more is told nothing more. */
static bool is_receiver(const struct node *receivers, const char *to)
{
    for (size_t i = 0; receivers != NULL && i < receivers->list.count; i++) {
        const struct node *it = receivers->list.items[i];
        const char *url = node_text(node_find_path(it, "webhook.url"));

        if (str_eq(to, str_is_empty(url) ? "log" : url)) {
            return true;
        }
    }
    return false;
}

static const struct node *status_of(const struct node *body)
{
    const struct node *status = node_find(body, "status");

    return status == NULL ? body : status;
}

static void note_unsent(struct sim *sim, const struct node *status)
{
    const struct node *list = node_find(status, "unsent");

    for (size_t i = 0; list != NULL && i < list->list.count; i++) {
        const struct node *it = list->list.items[i];

        told_of(sim, node_find_text(it, "id"), node_find_text(it, "to"))->is_stored = true;
    }
}

void alerts_found(struct sim *sim, const struct row *row, const struct node *body)
{
    if (row->kind == &alert_rule_kind && row->log == ROW_STATUS && body != NULL) {
        note_unsent(sim, status_of(body));
    }
}

void alerts_row(struct sim *sim, const struct row *row, const struct node *body,
                const struct ref_object *before)
{
    const struct node *status = status_of(body);
    const struct node *was = before == NULL ? NULL : before->status;
    const struct node *list = node_find(was, "unsent");
    const struct node *receivers =
        before == NULL ? NULL : node_find_path(before->ledger, "spec.receivers");
    size_t count = receivers == NULL ? 0 : receivers->list.count;
    int64_t made = 0, made_before = 0;

    if (row->kind != &alert_rule_kind || row->log != ROW_STATUS || row->verb == ROW_DELETE) {
        return;
    }
    note_unsent(sim, status);
    (void)node_find_int(status, "notifications", &made);
    (void)node_find_int(was, "notifications", &made_before);
    if (made < made_before || made > made_before + 1 ||
        (str_eq(node_find_text(status, "state"), "Firing") !=
         str_eq(node_find_text(was, "state"), "Firing")) != (made == made_before + 1)) {
        sim_fail(sim, "alerts", "%s is %s after %s with %" PRId64 " notifications after %" PRId64,
                 row->name, node_find_text(status, "state"), node_find_text(was, "state"), made,
                 made_before);
    }
    if (made > made_before && count_of(status, made) != count) {
        sim_fail(sim, "alerts",
                 "%s: %zu of %zu receivers will be told of its notification %" PRId64, row->name,
                 count_of(status, made), count, made);
    }
    for (size_t i = 0; list != NULL && i < list->list.count; i++) {
        const char *id = node_find_text(list->list.items[i], "id");
        const char *to = node_find_text(list->list.items[i], "to");
        struct told *told = told_of(sim, id, to);

        if (unsent_of(status, id, to) != NULL || !is_receiver(receivers, to)) {
            continue;
        }
        told->is_struck = true;
        if (!told->is_taken) {
            sim_fail(sim, "alerts", "%s: %s is struck out, and %s did not take it", row->name, id,
                     to);
        }
    }
}
