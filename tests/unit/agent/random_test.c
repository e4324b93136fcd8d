/* Random lives of one agent: whatever happens, in whatever order, some things never do; and when
 * the trouble is over, it does what it was told.
 *
 * A shell that loses power between any two effects, shims that outlive it, a controller that
 * changes its mind, a link that drops messages.  What never happens is asserted where it would. */
#include "agent/core/agt.h"
#include "schema/bind.h"
#include "schema/limits.h"
#include "tests/sim/mutants.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SEEDS = 150, ROUNDS = 400, WORKS = 5, LEASE_MS = 9000, RUNS_MAX = 4 };

enum shim_state { SHIM_NONE, SHIM_LIVE, SHIM_ENDED };

struct shim {
    enum shim_state state;
    int64_t run;
    bool is_stopping, is_frozen;
    struct mono lease_end;
    struct agt_exit exit;
};

struct job { /* what the controller wants, and what the machine has of it */
    char uid[8];
    bool is_wanted;
    int64_t generation, lease_epoch;
    const char *command;
    int restart;
    struct shim shims[RUNS_MAX];
    int64_t highest_run;
    int64_t granted_until; /* by the controller's count */
    int phase;             /* last reported; -1 none */
    int64_t reported_generation;
};

struct life {
    struct rand rand;
    struct agt *agt;
    struct agt_options options;
    struct agt_effects effects;
    struct arena arena;
    struct str disk;
    int64_t now_ms;
    bool disk_is_full, is_paused, loses_power, is_calm;
    bool is_dialled, is_up, is_ending; /* ending: hung up, and the end is still to be told */
    int64_t epoch;
    uint64_t revision, last_report_seq;
    struct wire_hello hello;
    struct job jobs[WORKS];
    struct blob *answers[64]; /* of the controller, on their way */
    size_t answer_count;
    uint64_t seed;
};

static bool chance(struct life *life, unsigned per_mille)
{
    return rand_chance(&life->rand, per_mille);
}

#define never(life, condition)                                                                     \
    do {                                                                                           \
        if (condition) {                                                                           \
            fail_msg("seed %d at %d ms: %s", (int)(life)->seed, (int)(life)->now_ms, #condition);  \
        }                                                                                          \
    } while (0)

/* --- the controller -----------------------------------------------------------------------------
 */

static void send_to_agent(struct life *life, const struct wire_message *message)
{
    if (life->answer_count < COUNT_OF(life->answers) && (life->is_calm || !chance(life, 100))) {
        life->answers[life->answer_count++] = wire_encode(message);
    }
}

static void clear_answers(struct life *life)
{
    for (size_t i = 0; i < life->answer_count; i++) {
        blob_unref(life->answers[i]);
    }
    life->answer_count = 0;
}

static void fill(const struct job *job, struct wire_assignment *to, char *digest_text,
                 struct digest *ret_digest)
{
    *to = (struct wire_assignment){.uid = job->uid,
                                   .session_uid = "session-uid",
                                   .name = "n",
                                   .session = "s",
                                   .slot = "0",
                                   .generation = job->generation,
                                   .lease_epoch = job->lease_epoch,
                                   .template_digest = digest_text};
    to->template.workload.command.items = (const char **)&job->command;
    to->template.workload.command.count = 1;
    to->template.workload.restart = job->restart;
    to->template.grace_ms = 2000;
    to->template.lease_ms = job->lease_epoch > 0 ? LEASE_MS : 0;
    wire_template_digest(&to->template, digest_text);
    wire_assignment_digest(job->uid, job->generation, job->lease_epoch, digest_text, ret_digest);
}

static void send_assign(struct life *life)
{
    struct wire_message message = {.type = WIRE_ASSIGN};
    struct wire_assignment items[WORKS];
    char digests[WORKS][DIGEST_TEXT_SIZE], text[DIGEST_TEXT_SIZE];
    struct digest set = {0}, one;

    message.assign = (struct wire_assign){
        .era = 1, .epoch = life->epoch, .revision = life->revision, .full = true};
    for (size_t i = 0; i < WORKS; i++) {
        if (life->jobs[i].is_wanted) {
            size_t at = message.assign.assignments.count++;

            fill(&life->jobs[i], &items[at], digests[at], &one);
            digest_set_add(&set, &one);
        }
    }
    digest_to_str(&set, text);
    message.assign.digest = text;
    message.assign.assignments.items = items;
    send_to_agent(life, &message);
}

static void set_digest(struct life *life, struct digest *set)
{
    *set = (struct digest){0};
    for (size_t i = 0; i < WORKS; i++) {
        struct wire_assignment item;
        char text[DIGEST_TEXT_SIZE];
        struct digest one;

        if (life->jobs[i].is_wanted) {
            fill(&life->jobs[i], &item, text, &one);
            digest_set_add(set, &one);
        }
    }
}

static struct job *job_find(struct life *life, const char *uid)
{
    for (size_t i = 0; i < WORKS; i++) {
        if (strcmp(life->jobs[i].uid, uid) == 0) {
            return &life->jobs[i];
        }
    }
    return NULL;
}

static void on_renew(struct life *life, const struct wire_renew *renew)
{
    struct wire_message message = {.type = WIRE_RENEWED,
                                   .renewed = {.era = 1, .epoch = life->epoch, .seq = renew->seq}};
    struct wire_lease leases[WORKS];

    for (size_t i = 0; i < renew->leases.count; i++) {
        struct job *job = job_find(life, renew->leases.items[i].uid);

        assert_non_null(job);
        if (job->is_wanted && job->lease_epoch == renew->leases.items[i].lease_epoch &&
            (life->is_calm || chance(life, 900))) {
            leases[message.renewed.leases.count++] = renew->leases.items[i];
            job->granted_until = life->now_ms + LEASE_MS;
        }
    }
    message.renewed.leases.items = leases;
    send_to_agent(life, &message);
}

static void on_report(struct life *life, const struct wire_report *report)
{
    const struct wire_message message = {.type = WIRE_REPORTED,
                                         .reported = {.epoch = life->epoch, .seq = report->seq}};

    never(life, report->seq <= life->last_report_seq);
    life->last_report_seq = report->seq;
    for (size_t i = 0; i < report->items.count; i++) {
        struct job *job = job_find(life, report->items.items[i].uid);

        assert_non_null(job);
        job->phase = report->items.items[i].status.phase;
        job->reported_generation = report->items.items[i].generation;
    }
    send_to_agent(life, &message);
}

static void on_hello(struct life *life, const struct wire_hello *hello)
{
    struct wire_message message = {.type = WIRE_WELCOME};

    never(life, hello->epoch > life->epoch);
    never(life, hello->revision > life->revision);
    message.welcome.epoch = ++life->epoch;
    message.welcome.era = 1;
    message.welcome.heartbeat_ms = 2000;
    send_to_agent(life, &message);
    send_assign(life);
}

static void on_heartbeat(struct life *life)
{
    struct wire_message message = {.type = WIRE_HEARTBEAT, .heartbeat = {.epoch = life->epoch}};
    struct digest set;
    char text[DIGEST_TEXT_SIZE];

    set_digest(life, &set);
    digest_to_str(&set, text);
    message.heartbeat.digest = text;
    send_to_agent(life, &message);
}

/* What a new process would read: is the set of this digest on the disk? */
static bool disk_has_set(const struct life *life, const char *digest)
{
    struct agt *agt = agt_new(&life->options);
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    if (life->disk.length > 0) {
        assert_int_equal(agt_load(agt, life->disk.data, life->disk.length, NULL), 0);
    }
    agt_describe(agt, &text);
    agt_free(agt);
    return strstr(text.data, digest) != NULL;
}

static void on_sent(struct life *life, const struct agt_effect *effect)
{
    struct wire_message message;
    int ret = wire_decode(&life->arena, effect->bytes->data, effect->bytes->size_bytes, true,
                          &message, NULL);

    never(life, ret != 0);
    never(life, !life->is_up);
    /* Only a welcome that was lost makes sense of what follows it hard to see. */
    never(life, message.type == WIRE_ERROR &&
                    strstr(message.error.message, "is not expected now") == NULL);
    never(life, message.type == WIRE_ACCEPTED && !disk_has_set(life, message.accepted.digest));
    if (!life->is_calm && chance(life, 50)) {
        return; /* lost */
    }
    if (message.type == WIRE_HELLO) {
        on_hello(life, &message.hello);
    } else if (message.type == WIRE_REPORT) {
        on_report(life, &message.report);
    } else if (message.type == WIRE_RENEW) {
        on_renew(life, &message.renew);
    } else if (message.type == WIRE_HEARTBEAT) {
        on_heartbeat(life);
    } else if (message.type == WIRE_RESYNC) {
        send_assign(life);
    }
}

/* --- the machine --------------------------------------------------------------------------------
 */

static void step(struct life *life, struct agt_event *event);

static struct shim *shim_find(struct life *life, const char *uid, int64_t run)
{
    struct job *job = job_find(life, uid);

    for (size_t i = 0; job != NULL && i < RUNS_MAX; i++) {
        if (job->shims[i].state != SHIM_NONE && job->shims[i].run == run) {
            return &job->shims[i];
        }
    }
    return NULL;
}

static void on_spawn(struct life *life, const struct agt_spawn *spawn)
{
    struct job *job = job_find(life, spawn->uid);
    struct shim *free_shim = NULL;

    assert_non_null(job);
    never(life, spawn->run <= job->highest_run);
    never(life, life->is_paused);
    never(life, strstr(life->disk.data, spawn->uid) == NULL);
    job->highest_run = spawn->run;
    for (size_t i = 0; i < RUNS_MAX; i++) {
        never(life, job->shims[i].state == SHIM_LIVE);
        free_shim = job->shims[i].state == SHIM_NONE ? &job->shims[i] : free_shim;
    }
    assert_non_null(free_shim);
    if (spawn->template->lease_ms > 0) {
        never(life, spawn->lease_end.ms > job->granted_until);
        never(life, spawn->lease_end.ms <= life->now_ms);
    }
    *free_shim =
        (struct shim){.state = SHIM_LIVE, .run = spawn->run, .lease_end = spawn->lease_end};
}

static void end_shim(struct life *life, struct shim *shim, enum exit_cause cause, int code)
{
    shim->state = SHIM_ENDED;
    shim->exit = (struct agt_exit){.cause = cause, .code = code, .ended = {life->now_ms}};
}

static void perform(struct life *life, const struct agt_effect *effect)
{
    struct shim *shim = effect->uid == NULL ? NULL : shim_find(life, effect->uid, effect->run);

    switch (effect->type) {
    case AGT_CONNECT:
        never(life, life->is_dialled || life->is_up || life->is_ending);
        life->is_dialled = true;
        break;
    case AGT_SEND:
        on_sent(life, effect);
        break;
    case AGT_HANGUP:
        never(life, !life->is_dialled && !life->is_up);
        life->is_up = life->is_dialled = false;
        life->is_ending = true;
        break;
    case AGT_SPAWN:
        on_spawn(life, &effect->spawn);
        break;
    case AGT_SIGNAL:
        if (shim != NULL) {
            never(life, shim->is_frozen);
            shim->is_stopping = true;
        }
        break;
    case AGT_EXTEND:
        if (shim != NULL) {
            never(life, effect->lease_end.ms > job_find(life, effect->uid)->granted_until);
            shim->lease_end = effect->lease_end;
        }
        break;
    case AGT_SUSPEND:
    case AGT_RESUME:
        if (shim != NULL) {
            shim->is_frozen = effect->type == AGT_SUSPEND;
        }
        break;
    case AGT_FORGET:
        never(life, shim != NULL && shim->state == SHIM_LIVE);
        if (shim != NULL) {
            shim->state = SHIM_NONE;
        }
        break;
    case AGT_LIMIT:
    case AGT_OVERRUN:
    case AGT_WATCH:
    case AGT_MEND:
    case AGT_SAVE:
    case AGT_FETCH:
    case AGT_UNFETCH:
    case AGT_COLLECT:
    case AGT_UNCOLLECT:
    case AGT_READ_LOG:
    case AGT_STOP_LOG:
        break;
    }
}

static bool save(struct life *life, const struct agt_effect *effect)
{
    if (life->disk_is_full) {
        return false;
    }
    str_clear(&life->disk);
    str_add_bytes(&life->disk, effect->bytes->data, effect->bytes->size_bytes);
    return true;
}

static void found(struct life *life, struct job *job, struct shim *shim)
{
    struct agt_event event = {.type = AGT_FOUND, .uid = job->uid, .run = shim->run};

    event.found.running = shim->state == SHIM_LIVE;
    event.found.exit = &shim->exit;
    if (shim->state != SHIM_NONE) {
        step(life, &event);
    }
}

static void restart(struct life *life)
{
    struct agt_event owner = {.type = AGT_OWNER, .owner_paused = life->is_paused};
    struct agt_event start = {.type = AGT_START};

    agt_free(life->agt);
    clear_answers(life);
    life->is_dialled = life->is_up = life->is_ending = life->loses_power = false;
    rand_secret(&life->rand, life->options.seed, sizeof(life->options.seed));
    life->agt = agt_new(&life->options);
    if (life->disk.length > 0) {
        never(life, agt_load(life->agt, life->disk.data, life->disk.length, NULL) != 0);
    }
    step(life, &owner);
    for (size_t i = 0; i < WORKS; i++) {
        for (size_t k = 0; k < RUNS_MAX; k++) {
            found(life, &life->jobs[i], &life->jobs[i].shims[k]);
        }
    }
    step(life, &start);
}

static void step(struct life *life, struct agt_event *event)
{
    struct agt_event failed = {.type = AGT_SAVE_FAILED};
    bool has_failed = false;

    if (life->loses_power) {
        return;
    }
    event->now = (struct mono){life->now_ms};
    event->wall = (struct wall){life->now_ms + 1000000000};
    agt_effects_clear(&life->effects);
    agt_step(life->agt, event, &life->effects);
    for (size_t i = 0; i < life->effects.count && !has_failed && !life->loses_power; i++) {
        if (life->effects.items[i].type == AGT_SAVE) {
            has_failed = !save(life, &life->effects.items[i]);
        } else {
            perform(life, &life->effects.items[i]);
        }
        life->loses_power = !life->is_calm && chance(life, 3);
    }
    never(life,
          !mono_is_never(agt_deadline(life->agt)) && agt_deadline(life->agt).ms <= life->now_ms);
    if (has_failed) {
        step(life, &failed);
    }
}

/* --- what happens -------------------------------------------------------------------------------
 */

static void simple(struct life *life, enum agt_event_type type)
{
    struct agt_event event = {.type = type};

    step(life, &event);
}

static void link_happens(struct life *life)
{
    struct wire_message message = {
        .type = WIRE_CHALLENGE,
        .challenge = {.version_min = 1,
                      .version_max = 1,
                      .store_id = "store",
                      .era = 1,
                      .controller = "fog",
                      .nonce = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}};

    if (life->is_ending) {
        life->is_ending = false;
        clear_answers(life);
        simple(life, AGT_LINK_DOWN);
    } else if (life->is_dialled) {
        bool comes_up = life->is_calm || chance(life, 700);

        life->is_dialled = false;
        clear_answers(life);
        life->is_up = comes_up;
        simple(life, comes_up ? AGT_LINK_UP : AGT_LINK_DOWN);
        if (comes_up) {
            send_to_agent(life, &message);
        }
    } else if (life->is_up && !life->is_calm && chance(life, 30)) {
        life->is_up = false;
        clear_answers(life);
        simple(life, AGT_LINK_DOWN);
    }
}

static void answer_arrives(struct life *life)
{
    struct agt_event event = {.type = AGT_LINK_FRAME};
    struct blob *blob;

    if (life->answer_count == 0 || !life->is_up) {
        return;
    }
    blob = life->answers[0];
    life->answer_count--;
    memmove(life->answers, life->answers + 1, life->answer_count * sizeof(life->answers[0]));
    event.frame.bytes = blob->data;
    event.frame.size_bytes = blob->size_bytes;
    step(life, &event);
    blob_unref(blob);
}

static void shim_happens(struct life *life, struct job *job, struct shim *shim)
{
    struct agt_event started = {.type = AGT_STARTED, .uid = job->uid, .run = shim->run};
    struct agt_event usage = {
        .type = AGT_USAGE, .uid = job->uid, .run = shim->run, .usage = {.cpu_ms = life->now_ms}};
    struct agt_event exited = {
        .type = AGT_EXITED, .uid = job->uid, .run = shim->run, .exit = &shim->exit};

    if (shim->state == SHIM_LIVE && shim->lease_end.ms <= life->now_ms) {
        end_shim(life, shim, EXIT_LEASE_ENDED, 137);
    } else if (shim->state == SHIM_LIVE && shim->is_stopping && chance(life, 500)) {
        end_shim(life, shim, EXIT_STOPPED, 143);
    } else if (shim->state == SHIM_LIVE && !life->is_calm && chance(life, 30)) {
        end_shim(life, shim, chance(life, 900) ? EXIT_BY_ITSELF : EXIT_NOT_STARTED,
                 chance(life, 500));
    } else if (shim->state == SHIM_LIVE) {
        step(life, chance(life, 500) ? &started : &usage);
        return;
    }
    if (shim->state == SHIM_ENDED) {
        step(life, &exited);
    }
}

static void mind_changes(struct life *life)
{
    static const char *const commands[] = {"one", "two", "three"};
    struct job *job = &life->jobs[rand_below(&life->rand, WORKS)];

    life->revision++;
    if (chance(life, 300)) {
        job->is_wanted = !job->is_wanted;
    } else {
        job->generation++;
        job->command = commands[rand_below(&life->rand, COUNT_OF(commands))];
        job->restart = (int)rand_below(&life->rand, 3);
    }
    if (job->lease_epoch > 0 && chance(life, 300)) {
        job->lease_epoch++;
    }
    if (life->is_up && life->epoch > 0) {
        send_assign(life);
    }
}

static void machine_boots(struct life *life)
{
    for (size_t i = 0; i < WORKS; i++) {
        for (size_t k = 0; k < RUNS_MAX; k++) {
            struct shim *shim = &life->jobs[i].shims[k];

            shim->state = shim->state == SHIM_LIVE ? SHIM_NONE : shim->state;
        }
    }
    restart(life);
}

static void owner_speaks(struct life *life, bool paused)
{
    struct agt_event event = {.type = AGT_OWNER, .owner_paused = paused};

    life->is_paused = paused;
    step(life, &event);
}

static void trouble(struct life *life)
{
    if (chance(life, 100)) {
        mind_changes(life);
    }
    if (chance(life, 10)) {
        life->disk_is_full = !life->disk_is_full;
    }
    if (chance(life, 20)) {
        owner_speaks(life, !life->is_paused);
    }
    if (chance(life, 5)) {
        machine_boots(life);
    }
    if (chance(life, 10)) {
        life->now_ms += 60 * 1000; /* it slept */
    }
}

static void round_of(struct life *life)
{
    life->now_ms += (int64_t)rand_below(&life->rand, 500);
    simple(life, AGT_TICK);
    link_happens(life);
    for (int i = 0; i < 4; i++) {
        answer_arrives(life);
    }
    for (size_t i = 0; i < WORKS; i++) {
        for (size_t k = 0; k < RUNS_MAX; k++) {
            if (chance(life, 500)) {
                shim_happens(life, &life->jobs[i], &life->jobs[i].shims[k]);
            }
        }
    }
    if (!life->is_calm) {
        trouble(life);
    }
    if (life->loses_power) {
        restart(life);
    }
    arena_reset(&life->arena);
}

/* --- the end ------------------------------------------------------------------------------------
 */

static int live_count(const struct job *job)
{
    int count = 0;

    for (size_t i = 0; i < RUNS_MAX; i++) {
        count += job->shims[i].state == SHIM_LIVE;
    }
    return count;
}

static void all_is_as_wanted(struct life *life)
{
    for (size_t i = 0; i < WORKS; i++) {
        const struct job *job = &life->jobs[i];

        if (!job->is_wanted) {
            never(life, live_count(job) != 0);
            never(life, job->phase != -1 && job->phase != PHASE_STOPPED);
            continue;
        }
        never(life, job->reported_generation != job->generation);
        never(life, live_count(job) != (job->phase == PHASE_RUNNING));
        never(life, job->phase != PHASE_RUNNING && job->phase != PHASE_SUCCEEDED &&
                        job->phase != PHASE_FAILED);
    }
}

static void live(uint64_t seed)
{
    struct life *life = MEM_NEW(struct life);

    life->seed = seed;
    life->now_ms = 1000;
    life->options = (struct agt_options){
        .name = "edge-1", .version = "0", .platform = "p", .boot_id = "b", .controller = ""};
    rand_init_u64(&life->rand, seed);
    str_init(&life->disk);
    arena_init(&life->arena);
    agt_effects_init(&life->effects);
    for (size_t i = 0; i < WORKS; i++) {
        (void)snprintf(life->jobs[i].uid, sizeof(life->jobs[i].uid), "u%zu", i);
        life->jobs[i].generation = 1;
        life->jobs[i].command = "one";
        life->jobs[i].lease_epoch = i < 2;
        life->jobs[i].phase = -1;
        life->jobs[i].restart = RESTART_ALWAYS;
    }
    restart(life);
    for (int i = 0; i < ROUNDS; i++) {
        round_of(life);
    }
    life->is_calm = true;
    life->disk_is_full = false;
    owner_speaks(life, false);
    for (int i = 0; i < 3 * ROUNDS; i++) {
        round_of(life);
    }
    all_is_as_wanted(life);
    agt_free(life->agt);
    clear_answers(life);
    agt_effects_fini(&life->effects);
    arena_fini(&life->arena);
    str_fini(&life->disk);
    free(life);
}

static void whatever_happens_some_things_never_do(void **state)
{
    const char *one = getenv("SEED");

    (void)state;
    if (one != NULL) {
        live(strtoull(one, NULL, 10));
        return;
    }
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        live(seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_happens_some_things_never_do),
    };

    mutants_choose_from_environment();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
