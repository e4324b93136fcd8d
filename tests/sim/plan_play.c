/* Plays a workload's script: one act after the other, each request repeated under one key until it
 * is answered. */
#include "tests/sim/plan.h"

#include "tests/sim/checks.h"
#include "tests/sim/controller.h"
#include "tests/sim/http.h"
#include "tests/sim/machine.h"
#include "tests/sim/network.h"
#include "tests/sim/plan_work.h"
#include "tests/sim/watcher.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    HEARTBEAT_MS = 4000,
    PATIENCE_MS = 4000,
    AGAIN_MS = 400,
    LOOK_MS = 100,
    PLAY_MAX_MS = 300000,
    KEY_SIZE_ = 24,
};

struct player {
    size_t at;        /* the act under way or to come */
    uint64_t attempt; /* rises: patience of earlier ones is ignored */
    uint64_t exchange;
    bool is_asking, is_done;
    char key[KEY_SIZE_];
    struct str body;
    uint64_t revisions[ACTS_MAX];
};

static void act(struct sim *sim, void *who, uint64_t arg);
static void attempt(struct sim *sim, void *who, uint64_t arg);

static const struct act *current(const struct sim *sim)
{
    return &sim->plan->script->acts[sim->plan->player->at];
}

static void wait_for_next(struct sim *sim)
{
    struct player *player = sim->plan->player;

    player->is_done = player->at == ACTS_MAX || current(sim)->wait_ms == 0;
    if (!player->is_done) {
        schedule_after(&sim->schedule, current(sim)->wait_ms, act, NULL, 0);
    }
}

static void next(struct sim *sim)
{
    sim->plan->player->at++;
    wait_for_next(sim);
}

/* --- requests --------------------------------------------------------------------------------- */

static void try_again(struct sim *sim)
{
    struct player *player = sim->plan->player;

    player->is_asking = false;
    schedule_after(&sim->schedule, AGAIN_MS, attempt, NULL, ++player->attempt);
}

static uint64_t revision_in(const struct blob *body)
{
    static const char *const before[] = {"\"revision\":\"", "\"resourceVersion\":\""};

    for (size_t i = 0; i < COUNT_OF(before); i++) {
        const char *at = strstr(body->data, before[i]);

        if (at != NULL) {
            return strtoull(at + strlen(before[i]), NULL, 10);
        }
    }
    return 0;
}

static void answered(struct sim *sim, void *who, int code, const struct blob *body)
{
    struct player *player = sim->plan->player;

    (void)who;
    if (code == 404 && checks_has_key(sim, player->key)) {
        sim_fail(sim, "refused", "%s was refused with 404 and carried out", player->key);
    }
    if (code == 0 || code == 503 || code == 429 || code == 500 || code == 404) {
        sim_trace(sim, "operator hears %d for %s", code, player->key); /* or it is not there yet */
        try_again(sim);
        return;
    }
    player->is_asking = false;
    player->attempt++;
    if (code / 100 != 2) {
        sim_fail(sim, "answers", "%s %s with %s was answered %d %.300s", current(sim)->method,
                 current(sim)->target, player->body.data, code, body->data);
        return;
    }
    check_acknowledged(sim, player->key, code, body);
    player->revisions[player->at] = revision_in(body);
    next(sim);
}

static void lose_patience(struct sim *sim, void *who, uint64_t arg)
{
    struct player *player = sim->plan->player;

    (void)who;
    if (player->is_asking && player->attempt == arg) {
        http_close(sim, player->exchange);
        try_again(sim);
    }
}

static void attempt(struct sim *sim, void *who, uint64_t arg)
{
    struct player *player = sim->plan->player;
    const struct act *what = current(sim);
    struct http_client client = {.answered = answered};
    struct http_request request = {.method = what->method,
                                   .target = what->target,
                                   .content_type = what->content_type,
                                   .accept = "application/json",
                                   .user_agent = "fogctl/0.1",
                                   .user = "operator",
                                   .cause = player->key,
                                   .idempotency_key = player->key,
                                   .body = player->body.data,
                                   .body_size_bytes = player->body.length};

    (void)who;
    if (arg != player->attempt) {
        return;
    }
    player->is_asking = true;
    player->exchange = http_send(sim, &request, &client);
    schedule_after(&sim->schedule, PATIENCE_MS, lose_patience, NULL, player->attempt);
}

/* "@3@" becomes the revision that the third act was answered with. */
static void compose(struct player *player, const char *body)
{
    str_clear(&player->body);
    while (body != NULL && *body != '\0') {
        size_t length = strcspn(body, "@");

        str_add_bytes(&player->body, body, length);
        body += length;
        if (*body == '@') {
            unsigned long number = strtoul(body + 1, NULL, 10);

            assert(number > 0 && number <= ACTS_MAX);
            str_addf(&player->body, "%" PRIu64, player->revisions[number - 1]);
            body = strchr(body + 1, '@') + 1;
        }
    }
}

static void ask(struct sim *sim, const struct act *what)
{
    struct player *player = sim->plan->player;

    (void)snprintf(player->key, sizeof(player->key), "k-%zu", player->at + 1);
    compose(player, what->body);
    sim_trace(sim, "operator %s: %s %s %.200s", player->key, what->method, what->target,
              player->body.data);
    attempt(sim, NULL, ++player->attempt);
}

/* --- the rest --------------------------------------------------------------------------------- */

static void act(struct sim *sim, void *who, uint64_t arg)
{
    const struct act *what = current(sim);
    struct machine *machine = what->machine < 0 ? NULL : sim->machines[what->machine];

    (void)who;
    (void)arg;
    switch (what->type) {
    case ACT_ASK:
        ask(sim, what);
        return;
    case ACT_JOIN:
        machine_start(machine);
        break;
    case ACT_BLOCK:
        network_block(sim, machine, true, true);
        break;
    case ACT_UNBLOCK:
        network_unblock(sim, machine);
        break;
    case ACT_PAUSE:
    case ACT_RESUME:
        machine_pause(machine, what->type == ACT_PAUSE);
        break;
    case ACT_FORGET:
    case ACT_CRASH:
        sim->plan->forgets = what->type == ACT_FORGET;
        if (machine != NULL) {
            machine_crash(machine);
        } else if (sim->controller->is_up) {
            controller_crash(sim, false);
        }
        break;
    case ACT_REBOOT:
        machine_reboot(machine, 1000);
        break;
    }
    next(sim);
}

/* As the store would say when what is older has been cut off. */
void plan_state(struct sim *sim, struct stored_state *state)
{
    struct plan_run *run = sim->plan;

    if (run->forgets) {
        run->forgets = false;
        run->compacted = state->revision;
        sim_trace(sim, "history begins after revision %" PRIu64, state->revision);
    }
    state->compacted = run->compacted;
}

/* Alike machines, on alternating sites. */
static void furnish(struct sim *sim)
{
    sim->controller->heartbeat_ms = HEARTBEAT_MS;
    for (size_t i = 0; i < sim->machine_count; i++) {
        struct machine *machine = sim->machines[i];

        machine->options.settings.capacity.cores = 4000;
        machine->options.settings.capacity.memory = machine->options.memory = INT64_C(4) << 30;
        machine->options.settings.caps = (struct limits_policy){.set = 0};
        machine->labels[0].value = i % 2 == 0 ? "a" : "b";
    }
}

/* What was held back goes out, and nothing is held back from now on. */
static void heal(struct sim *sim)
{
    struct plan_run *run = sim->plan;

    run->is_over = true;
    if (run->holding != NULL) {
        network_put(sim, run->holding, run->held, 0);
    }
    run->muted = run->dropping = run->holding = NULL;
}

void player_free(struct player *player)
{
    if (player != NULL) {
        str_fini(&player->body);
        free(player);
    }
}

void plan_play(struct sim *sim)
{
    struct plan_run *run = sim->plan;
    struct player *player = MEM_NEW(struct player);
    int64_t waited_ms = 0;

    str_init(&player->body);
    run->player = player;
    furnish(sim);
    controller_start(sim);
    for (size_t i = 0; i < sim->machine_count && !sim->has_failed; i++) {
        if ((run->script->late >> i & 1) == 0) {
            machine_start(sim->machines[i]);
        }
    }
    watcher_begin(sim);
    wait_for_next(sim);
    for (; !player->is_done && waited_ms < PLAY_MAX_MS && !sim->has_failed; waited_ms += LOOK_MS) {
        sim_pass(sim, LOOK_MS);
    }
    if (!player->is_done) {
        sim_fail(sim, "liveness", "the script gets no further than act %zu", player->at + 1);
    }
    sim_pass(sim, run->script->tail_ms);
    heal(sim);
}
