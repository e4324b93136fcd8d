#include "tests/sim/controller.h"

#include "schema/limits.h"
#include "tests/sim/alerts.h"
#include "tests/sim/blobs.h"
#include "tests/sim/check_columns.h"
#include "tests/sim/check_effects.h"
#include "tests/sim/check_metrics.h"
#include "tests/sim/check_sources.h"
#include "tests/sim/checks.h"
#include "tests/sim/configdir.h"
#include "tests/sim/http.h"
#include "tests/sim/network.h"
#include "tests/sim/plan.h"
#include "tests/sim/restore.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    COMMIT_MAX_MS = 6,
    TELL_MAX_MS = 4,
    READ_MAX_MS = 15,
    RECOVERIES_MAX = 5,
    SPACE_LOOK_MS = 5000,
    OPEN_TRIES = 50,
};

static void step(struct sim *sim, struct ctl_event *event);

struct mono controller_mono(const struct sim *sim)
{
    return clock_read(&sim->controller->clock, sim_now(sim));
}

struct wall controller_wall(const struct sim *sim)
{
    return (struct wall){1795000000000 + sim_now(sim) + sim->controller->wall_offset_ms};
}

static void boot(struct sim *sim)
{
    struct controller *controller = sim->controller;

    controller->has_power = true;
    controller->clock = (struct clock){
        sim_now(sim) - die_between(&sim->dice.controller, 100, 100000), controller->clock.ppm};
}

struct controller *controller_new(struct sim *sim)
{
    static const int64_t heartbeats_ms[] = {2000, 4000, 7000};
    struct controller *controller = MEM_NEW(struct controller);
    struct die die;
    char name[40];

    (void)snprintf(name, sizeof(name), "sim-%" PRIu64, sim->seed);
    tape_die(&sim->tape, &die, "disk");
    controller->disk = disk_new_with(name, &die);
    controller->heartbeat_ms = heartbeats_ms[die_below(&sim->dice.controller, 3)];
    tape_die(&sim->tape, &die, "bursts");
    controller->bursts_max = BURSTS_MAX - (size_t)die_below(&die, BURSTS_MAX);
    sim->controller = controller;
    controller->clock.ppm = faults_draw_ppm(sim, &sim->dice.controller);
    boot(sim);
    return controller;
}

static void add_past(struct controller *controller)
{
    const struct ctl_counters *counters = ctl_counters(controller->ctl);

    controller->past.batches += counters->batches;
    controller->past.assign_messages_sent += counters->assign_messages_sent;
}

static void drop_core(struct controller *controller)
{
    if (controller->ctl != NULL) {
        add_past(controller);
    }
    ctl_free(TAKE(controller->ctl));
    gate_free(TAKE(controller->gate));
    vec_each (&controller->waiting, it) {
        batch_free(*it);
    }
    vec_clear(&controller->waiting);
    if (controller->history != NULL) {
        store_close(TAKE(controller->history));
    }
    if (controller->store != NULL) {
        store_close(TAKE(controller->store));
    }
    controller->life++;
    controller->tick++;
    controller->is_writing = false;
    controller->writer_code = 0;
    controller->told_committed = 0;
}

void controller_free(struct controller *controller)
{
    if (controller == NULL) {
        return;
    }
    drop_core(controller);
    vec_fini(&controller->waiting);
    vec_each (&controller->reads, it) {
        read_result_free(*it);
    }
    vec_fini(&controller->reads);
    disk_free(controller->disk);
    free(controller);
}

uint64_t controller_batches(const struct sim *sim)
{
    const struct controller *controller = sim->controller;

    return controller->past.batches +
           (controller->ctl == NULL ? 0 : ctl_counters(controller->ctl)->batches);
}

uint64_t controller_assigns(const struct sim *sim)
{
    const struct controller *controller = sim->controller;

    return controller->past.assign_messages_sent +
           (controller->ctl == NULL ? 0 : ctl_counters(controller->ctl)->assign_messages_sent);
}

/* --- effects ---------------------------------------------------------------------------------- */

static void forget_read(struct controller *controller, struct read_result *result)
{
    for (size_t i = 0; i < controller->reads.count; i++) {
        if (controller->reads.items[i] == result) {
            vec_remove(&controller->reads, i);
            break;
        }
    }
    read_result_free(result);
}

static void finish_read(struct sim *sim, void *who, uint64_t arg)
{
    struct read_result *result = who;
    struct ctl_event event = {.type = CTL_READ_DONE, .read = result};

    if (arg == sim->controller->life && sim->controller->stalled_until_ms > sim_now(sim)) {
        schedule_at(&sim->schedule, sim->controller->stalled_until_ms, finish_read, result, arg);
        return;
    }
    if (arg == sim->controller->life && sim->controller->is_up) {
        step(sim, &event);
    }
    forget_read(sim->controller, result);
}

static void begin_read(struct sim *sim, const struct read_query *query)
{
    struct read_result *result = store_read(sim->controller->history, query);

    if (disk_is_off(sim->controller->disk)) {
        sim->controller->is_dying = sim->controller->loses_power = true;
    }
    vec_add(&sim->controller->reads, result);
    schedule_after(&sim->schedule, die_between(&sim->dice.controller, 0, READ_MAX_MS), finish_read,
                   result, sim->controller->life);
}

static void perform_one(struct sim *sim, struct effect *effect)
{
    struct blob *said;

    switch (effect->type) {
    case EFFECT_ANSWER:
        http_answered(sim, effect);
        break;
    case EFFECT_CHUNK:
        http_chunk(sim, effect->id, effect->bytes);
        break;
    case EFFECT_END:
        http_end(sim, effect->id);
        break;
    case EFFECT_SEND:
        check_told_agent(sim, effect->bytes);
        said = release_frame(sim->controller->release, effect->bytes);
        network_controller_send(sim, effect->id, said);
        blob_unref(said);
        break;
    case EFFECT_HANGUP:
        sim_trace(sim, "controller hangs up %" PRIu64 ": %s", effect->id, effect->reason);
        network_controller_closes(sim, effect->id);
        break;
    case EFFECT_READ:
        begin_read(sim, &effect->read);
        break;
    case EFFECT_NOTIFY:
        alerts_told(sim, effect);
        break;
    }
}

static void count_to_crash(struct controller *controller)
{
    if (controller->crash_in > 0 && --controller->crash_in == 0) {
        controller->is_dying = true;
    }
}

static void perform(struct sim *sim)
{
    struct controller *controller = sim->controller;
    struct effect effect;

    while (!controller->is_dying && gate_next(controller->gate, &effect)) {
        count_to_crash(controller);
        if (!controller->is_dying) {
            perform_one(sim, &effect);
        }
        effect_fini(&effect);
    }
}

/* --- the writer ------------------------------------------------------------------------------- */

static void recover(struct sim *sim, int code);

static void hear_written(struct sim *sim, void *who, uint64_t arg)
{
    struct controller *controller = sim->controller;
    struct ctl_event event = {.type = CTL_COMMITTED, .id = arg};
    unsigned life = (unsigned)(uintptr_t)who;

    if (life != controller->life || !controller->is_up || arg <= controller->told_committed) {
        return;
    }
    if (controller->stalled_until_ms > sim_now(sim)) {
        schedule_at(&sim->schedule, controller->stalled_until_ms, hear_written, who, arg);
        return;
    }
    controller->told_committed = arg;
    controller->recoveries = 0;
    gate_committed(controller->gate, arg);
    perform(sim);
    if (sim->plan != NULL) {
        plan_told(sim);
    }
    if (controller->is_dying) {
        controller_crash(sim, controller->loses_power);
        return;
    }
    step(sim, &event);
}

static void hear_failure(struct sim *sim, void *who, uint64_t arg)
{
    (void)arg;
    if ((unsigned)(uintptr_t)who == sim->controller->life && sim->controller->is_up) {
        recover(sim, sim->controller->writer_code);
    }
}

static void write_group(struct sim *sim, void *who, uint64_t arg);

static void schedule_write(struct sim *sim)
{
    struct controller *controller = sim->controller;

    if (!controller->is_writing && controller->waiting.count > 0 && controller->writer_code == 0) {
        controller->is_writing = true;
        schedule_after(&sim->schedule, die_between(&sim->dice.controller, 0, COMMIT_MAX_MS),
                       write_group, (void *)(uintptr_t)controller->life, 0);
    }
}

static void trace_rows(struct sim *sim, const struct batch *batch)
{
    static const char *const verbs[] = {"creates", "updates", "deletes"};

    vec_each (&batch->rows, row) {
        sim_trace(sim, "  %s %s %s \"%s\" at %" PRIu64 " for %s: %s",
                  row->log == ROW_LEDGER ? "ledger" : "status", verbs[row->verb],
                  row->kind->singular, row->name, row->revision, row->who, row->why);
    }
}

static void trace_commit(struct sim *sim, size_t group, int code)
{
    struct batch **batches = sim->controller->waiting.items;

    sim_trace(sim, "controller commits %zu batches to %" PRIu64 ": %s", group,
              batches[group - 1]->seq, code == 0 ? "done" : err_to_str(code));
    for (size_t i = 0; i < group; i++) {
        trace_rows(sim, batches[i]);
        sim->tallies.rows += code == 0 ? batches[i]->rows.count : 0;
    }
    sim->tallies.commits += code == 0;
}

static void write_group(struct sim *sim, void *who, uint64_t arg)
{
    struct controller *controller = sim->controller;
    size_t group = controller->waiting.count;
    struct err err = ERR_NONE;
    uint64_t newest;
    int code;

    (void)arg;
    if ((unsigned)(uintptr_t)who != controller->life || !controller->is_up) {
        return;
    }
    controller->is_writing = false;
    if (group > 1 && die_chance(&sim->dice.controller, 300)) {
        group = 1 + die_below(&sim->dice.controller, group);
    }
    newest = controller->waiting.items[group - 1]->seq;
    if (sim->plan != NULL && !plan_commit(sim)) {
        return;
    }
    disk_set_wall(controller->disk, controller_wall(sim));
    for (size_t i = 0; i < group; i++) {
        check_attempt(sim, controller->waiting.items[i]);
    }
    code = store_commit(controller->store, controller->waiting.items, group, &err);
    trace_commit(sim, group, code);
    if (disk_is_off(controller->disk)) {
        controller_crash(sim, true);
        return;
    }
    if (code < 0) {
        check_commit_error(sim, code, &err);
        controller->writer_code = code;
        schedule_after(&sim->schedule, die_between(&sim->dice.controller, 0, TELL_MAX_MS),
                       hear_failure, who, 0);
        return;
    }
    for (size_t i = 0; i < group; i++) {
        check_batch(sim, controller->waiting.items[i]);
        blob_store_committed(sim, controller->waiting.items[i]);
        batch_free(controller->waiting.items[i]);
    }
    controller->waiting.count -= group;
    memmove(controller->waiting.items, controller->waiting.items + group,
            controller->waiting.count * sizeof(controller->waiting.items[0]));
    if (store_wal_pages(controller->store) > 1000 || die_chance(&sim->dice.controller, 120)) {
        code = store_checkpoint(controller->store, &err);
    }
    count_to_crash(controller);
    if (disk_is_off(controller->disk) || controller->is_dying || code == ERR_SYNC) {
        controller_crash(sim, disk_is_off(controller->disk) || controller->loses_power);
        return;
    }
    schedule_after(&sim->schedule, die_between(&sim->dice.controller, 0, TELL_MAX_MS), hear_written,
                   who, newest);
    schedule_write(sim);
}

/* --- steps ------------------------------------------------------------------------------------ */

static void on_tick(struct sim *sim, void *who, uint64_t arg)
{
    struct controller *controller = sim->controller;
    struct ctl_event event = {.type = CTL_TICK};

    (void)who;
    if (arg != controller->tick || !controller->is_up) {
        return;
    }
    if (controller->stalled_until_ms > sim_now(sim)) {
        schedule_at(&sim->schedule, controller->stalled_until_ms, on_tick, who, arg);
        return;
    }
    step(sim, &event);
}

/* As the shell: when the core asks for it, and at least twice in a heartbeat. */
static void set_timer(struct sim *sim)
{
    struct controller *controller = sim->controller;
    struct mono now = controller_mono(sim);
    struct mono moment =
        mono_earlier(ctl_deadline(controller->ctl), mono_after(now, controller->heartbeat_ms / 2));
    int64_t at_ms = clock_true_ms(&controller->clock, moment);

    if (at_ms <= sim_now(sim)) {
        at_ms = sim_now(sim) + 1;
    }
    schedule_at(&sim->schedule, at_ms + die_between(&sim->dice.controller, 0, 3), on_tick, NULL,
                ++controller->tick);
}

static void step(struct sim *sim, struct ctl_event *event)
{
    struct controller *controller = sim->controller;
    struct effects effects;

    event->now = controller_mono(sim);
    event->wall = controller_wall(sim);
    effects_init(&effects);
    ctl_step(controller->ctl, event, &effects);
    check_columns(sim, ++controller->steps);
    check_metrics(sim, controller->steps);
    if (effects.batch != NULL) {
        vec_add(&controller->waiting, TAKE(effects.batch));
        schedule_write(sim);
    }
    gate_take(controller->gate, &effects);
    effects_fini(&effects);
    perform(sim);
    if (controller->is_dying) {
        controller_crash(sim, controller->loses_power);
    } else {
        set_timer(sim);
    }
}

/* --- start ------------------------------------------------------------------------------------ */

static int load_object(void *context, const struct stored_change *change, struct err *err)
{
    return ctl_load_object(context, change, err);
}

static int load_content(void *context, const struct content *content, struct err *err)
{
    (void)err;
    ctl_load_content(context, content);
    return 0;
}

static int load_answer(void *context, const struct answer_row *answer, struct err *err)
{
    (void)err;
    ctl_load_answer(context, answer);
    return 0;
}

static void draw_seed(struct sim *sim, uint8_t seed[static RAND_SEED_SIZE])
{
    struct die die;

    tape_die(&sim->tape, &die, "seed/%u", sim->controller->life);
    for (size_t i = 0; i < RAND_SEED_SIZE; i += sizeof(uint64_t)) {
        uint64_t word = die_u64(&die);

        memcpy(seed + i, &word, sizeof(word));
    }
}

static int load_core(struct sim *sim, struct err *err)
{
    struct controller *controller = sim->controller;
    struct ctl_options options = {.name = "fog",
                                  .version = "0.1",
                                  .heartbeat_min_ms = controller->heartbeat_ms,
                                  .speaks = release_speaks(controller->release),
                                  .bursts_max = controller->bursts_max,
                                  .lease_wait_ms = controller->lease_wait_ms};
    struct store_loader loader = {
        .object = load_object, .content = load_content, .answer = load_answer};
    struct stored_state state;
    int code;

    draw_seed(sim, options.seed);
    code = store_state(controller->store, &state, err);
    if (code < 0) {
        return code;
    }
    check_state(sim, &state);
    if (sim->plan != NULL) {
        plan_state(sim, &state);
    }
    controller->era = state.era;
    controller->ctl = loader.context = ctl_new(&options);
    controller->gate = gate_new();
    ctl_load_state(controller->ctl, &state);
    return store_load(controller->store, &loader, err);
}

static int open_once(struct sim *sim, struct err *err)
{
    struct controller *controller = sim->controller;
    struct store_options options = {
        .path = "store.db", .vfs = disk_name(controller->disk), .create = true};
    struct store_options history = options;
    int code;

    draw_seed(sim, options.seed);
    history.create = false;
    history.is_reader = true;
    disk_set_wall(controller->disk, controller_wall(sim));
    code = store_open(&options, &controller->store, err);
    if (code == 0 && controller->is_restored) {
        code = store_raise_era(controller->store, controller->era, controller_wall(sim), err);
        controller->is_restored = code < 0;
    }
    if (code == 0) {
        code = store_open(&history, &controller->history, err);
    }
    return code < 0 ? code : load_core(sim, err);
}

/* 0, or an error that a fault explains; what no fault explains fails the run. */
static int open_engine(struct sim *sim)
{
    struct controller *controller = sim->controller;
    uint64_t faults = disk_counters(controller->disk)->faults;
    struct err err = ERR_NONE;
    int code = open_once(sim, &err);

    if (code == ERR_FULL) {
        drop_core(controller);
        disk_set_full(controller->disk, false); /* the ballast is given back */
        controller->is_full = true;
        code = open_once(sim, &err);
    }
    if (code < 0 && !disk_is_off(controller->disk) && !restore_explains(sim) &&
        disk_counters(controller->disk)->faults == faults) {
        sim_fail(sim, "store-opens", "the store does not open again: %s", err.text);
    }
    if (code < 0) {
        sim_trace(sim, "controller: the store does not open: %s", err.text);
    }
    return code;
}

static void on_space_look(struct sim *sim, void *who, uint64_t arg)
{
    if ((unsigned)(uintptr_t)who == sim->controller->life && sim->controller->is_up) {
        controller_tell_space(sim);
    }
    (void)arg;
}

static void start_core(struct sim *sim)
{
    struct controller *controller = sim->controller;
    struct ctl_event start = {.type = CTL_START};
    struct ctl_event full = {.type = CTL_STORE_SPACE, .store_is_full = true};
    unsigned life = controller->life;

    step(sim, &start);
    config_folder_started(sim);
    if (controller->life == life && controller->is_full) {
        step(sim, &full);
        schedule_after(&sim->schedule, SPACE_LOOK_MS, on_space_look, (void *)(uintptr_t)life, 0);
    }
}

static void on_restart(struct sim *sim, void *who, uint64_t arg)
{
    (void)who;
    if (arg == sim->controller->life && !sim->controller->is_up && !sim->has_failed) {
        controller_start(sim);
    }
}

static void restart_later(struct sim *sim)
{
    struct die *die = &sim->dice.controller;
    int64_t most_ms = sim->faults.is_active && die_chance(die, 150) ? 20000 : 2000;
    int64_t down_ms = die_between(die, 50, most_ms);

    if (sim->controller->down_ms > 0) {
        down_ms = sim->controller->down_ms;
        sim->controller->down_ms = 0;
    }
    schedule_after(&sim->schedule, down_ms, on_restart, NULL, sim->controller->life);
}

void controller_start(struct sim *sim)
{
    struct controller *controller = sim->controller;
    int code;

    if (!controller->has_power) {
        boot(sim);
    }
    controller->is_dying = controller->loses_power = false;
    controller->recoveries = 0;
    controller->crash_in = controller->crash_when_started;
    controller->crash_when_started = 0;
    if (sim->plan != NULL && !plan_open(sim)) {
        controller_crash(sim, false);
        return;
    }
    code = open_engine(sim);
    if (code < 0 || (sim->plan != NULL && !plan_opened(sim))) {
        controller_crash(sim, disk_is_off(controller->disk));
        restore_mend(sim);
        return;
    }
    restore_opened(sim);
    controller->is_up = true;
    sim_trace(sim, "controller starts, life %u", controller->life);
    check_store(sim);
    blob_store_started(sim);
    if (!sim->has_failed) {
        start_core(sim);
    }
}

void controller_directory(struct sim *sim, const struct directory *directory, bool is_fine)
{
    struct controller *controller = sim->controller;
    struct ctl_event event = {.type = CTL_DIRECTORY, .directory = directory};
    unsigned life = controller->life;
    size_t waiting = controller->waiting.count;

    step(sim, &event);
    if (controller->life == life && controller->ctl != NULL) {
        check_directory(sim, directory, is_fine,
                        controller->waiting.count > waiting
                            ? controller->waiting.items[controller->waiting.count - 1]
                            : NULL);
    }
}

void controller_tell_space(struct sim *sim)
{
    struct controller *controller = sim->controller;
    struct ctl_event event = {.type = CTL_STORE_SPACE, .store_is_full = false};

    if (!controller->is_full) {
        return;
    }
    if (faults_disk_is_full(sim)) {
        schedule_after(&sim->schedule, SPACE_LOOK_MS, on_space_look,
                       (void *)(uintptr_t)controller->life, 0);
        return;
    }
    controller->is_full = false;
    sim_trace(sim, "controller: the disk has room again");
    step(sim, &event);
}

void controller_tell_compacted(struct sim *sim, uint64_t revision)
{
    struct ctl_event event = {.type = CTL_COMPACTED, .id = revision};

    if (sim->controller->stalled_until_ms <= sim_now(sim)) {
        step(sim, &event);
    }
}

/* Who is away or stands still hears of it at the next start. */
void controller_configure(struct sim *sim, size_t bursts_max)
{
    struct controller *controller = sim->controller;
    struct ctl_event event = {.type = CTL_OPTIONS, .bursts_max = bursts_max};

    if (controller->is_up && controller->stalled_until_ms > sim_now(sim)) {
        return;
    }
    controller->bursts_max = bursts_max;
    sim_trace(sim, "controller: at most %zu bursts", bursts_max);
    if (controller->is_up) {
        step(sim, &event);
    }
}

void controller_notified(struct sim *sim, const struct notified *notified)
{
    step(sim, &(struct ctl_event){.type = CTL_NOTIFIED, .notified = notified});
}

/* --- ends ------------------------------------------------------------------------------------- */

static void cut_power(struct sim *sim)
{
    struct controller *controller = sim->controller;
    struct die die;

    tape_die(&sim->tape, &die, "cut/%u", controller->life);
    if (sim->plan != NULL) {
        plan_cut(sim, &die);
    }
    disk_power_cut(controller->disk, &die);
    controller->has_power = false;
}

void controller_crash(struct sim *sim, bool with_power)
{
    struct controller *controller = sim->controller;

    sim->tallies.restarts++;
    sim->tallies.power_cuts += with_power;
    sim_trace(sim, "controller: %s", with_power ? "the power is gone" : "the process dies");
    controller->is_up = false;
    blob_store_ended(sim);
    if (with_power) {
        cut_power(sim);
    } else {
        disk_process_crash(controller->disk);
    }
    network_controller_gone(sim, with_power);
    http_controller_gone(sim, with_power);
    drop_core(controller);
    controller->crash_in = 0;
    controller->stalled_until_ms = 0;
    controller->is_dying = controller->loses_power = false;
    restart_later(sim);
}

void controller_stop(struct sim *sim)
{
    struct controller *controller = sim->controller;

    sim->tallies.restarts++;
    sim_trace(sim, "controller: the process ends");
    controller->is_up = false;
    blob_store_ended(sim);
    network_controller_gone(sim, false);
    http_controller_gone(sim, false);
    drop_core(controller);
    if (disk_is_off(controller->disk)) { /* while it closed its files */
        cut_power(sim);
    }
    controller->crash_in = 0;
    controller->stalled_until_ms = 0;
    controller->is_dying = controller->loses_power = false;
    restart_later(sim);
}

/* As the shell does after a failed commit. */
static void recover(struct sim *sim, int code)
{
    struct controller *controller = sim->controller;

    if (code == ERR_SYNC || ++controller->recoveries > RECOVERIES_MAX) {
        controller_crash(sim, false);
        return;
    }
    sim->tallies.recoveries++;
    sim_trace(sim, "controller loads its state again");
    gate_poison(controller->gate);
    perform(sim);
    if (controller->is_dying) {
        controller_crash(sim, controller->loses_power);
        return;
    }
    network_controller_gone(sim, false);
    http_controller_gone(sim, false);
    drop_core(controller);
    if (code == ERR_FULL) {
        disk_set_full(controller->disk, false);
        controller->is_full = true;
    }
    if (open_engine(sim) < 0) {
        controller_crash(sim, disk_is_off(controller->disk));
        return;
    }
    check_store(sim);
    if (!sim->has_failed) {
        start_core(sim);
    }
}

/* --- events ----------------------------------------------------------------------------------- */

void controller_link_up(struct sim *sim, uint64_t id)
{
    step(sim, &(struct ctl_event){.type = CTL_LINK_UP, .id = id});
}

void controller_frame(struct sim *sim, uint64_t id, const struct blob *bytes)
{
    if (!network_is_idle_frame(bytes)) {
        sim_trace(sim, "controller hears from %" PRIu64 ": %.100s", id, bytes->data);
    }
    step(sim,
         &(struct ctl_event){.type = CTL_LINK_FRAME,
                             .id = id,
                             .frame = {.bytes = bytes->data, .size_bytes = bytes->size_bytes}});
}

void controller_link_drained(struct sim *sim, uint64_t id)
{
    step(sim, &(struct ctl_event){.type = CTL_LINK_DRAINED, .id = id});
}

void controller_link_down(struct sim *sim, uint64_t id)
{
    step(sim, &(struct ctl_event){.type = CTL_LINK_DOWN, .id = id});
}

void controller_http(struct sim *sim, uint64_t id, const struct http_request *request)
{
    step(sim, &(struct ctl_event){.type = CTL_HTTP, .id = id, .http = request});
}

void controller_http_gone(struct sim *sim, uint64_t id)
{
    if (sim->controller->is_up) {
        step(sim, &(struct ctl_event){.type = CTL_HTTP_GONE, .id = id});
    }
}
