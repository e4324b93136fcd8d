/* The agent's shell, as far as the core can tell: effects are performed in order, and the process
 * may die between any two of them. */
#include "tests/sim/machine.h"

#include "schema/limits.h"
#include "tests/sim/check_effects.h"
#include "tests/sim/check_share.h"
#include "tests/sim/checks.h"
#include "tests/sim/day_life.h"
#include "tests/sim/drift.h"
#include "tests/sim/hours.h"
#include "tests/sim/liar.h"
#include "tests/sim/plan.h"
#include "tests/sim/shim.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    START_MS = 30,
    RESTART_MAX_MS_SIM = 3000,
    BOOT_MS = 2000,
    LOG_MS = 5,
    EARLY_EFFECTS_MAX = 6,
    CAPPED_PER_MILLE = 400,
};

static void step(struct machine *machine, struct agt_event *event);

struct mono machine_mono(const struct machine *machine)
{
    return clock_read(&machine->clock, sim_now(machine->sim));
}

bool machine_is_asleep(const struct machine *machine)
{
    return machine->lived != NULL && machine->lived->is_asleep;
}

struct wall machine_wall(const struct machine *machine)
{
    return (struct wall){1795000000000 + sim_now(machine->sim) + machine->wall_offset_ms};
}

static void boot(struct machine *machine)
{
    machine->boots++;
    machine->clock.zero_ms = sim_now(machine->sim) - die_between(&machine->die, 100, 100000);
    (void)snprintf(machine->boot_id, sizeof(machine->boot_id), "boot-%zu-%u", machine->index,
                   machine->boots);
    machine->is_on = true;
}

/* The machine has more than what its owner lets it offer. */
static void draw_caps(struct machine *machine)
{
    struct agt_options *options = &machine->options;
    struct die die;

    tape_die(&machine->sim->tape, &die, "m%zu/caps", machine->index);
    options->memory = options->settings.capacity.memory;
    if (die_chance(&die, CAPPED_PER_MILLE)) {
        options->settings.caps.cpu_percent = die_between(&die, 20, 90);
        options->settings.caps.memory_percent = die_between(&die, 20, 90);
        options->memory =
            options->settings.capacity.memory / options->settings.caps.memory_percent * 100;
    }
}

struct machine *machine_new(struct sim *sim, size_t index)
{
    struct machine *machine = MEM_NEW(struct machine);
    struct agt_options *options = &machine->options;

    machine->sim = sim;
    machine->index = index;
    fetches_init(&machine->fetches);
    tape_die(&sim->tape, &machine->die, "m%zu", index);
    tape_die(&sim->tape, &machine->work_die, "m%zu/work", index);
    (void)snprintf(machine->name, sizeof(machine->name), "m-%zu", index);
    machine->labels[0] = (struct strpair){"site", die_chance(&machine->die, 500) ? "a" : "b"};
    machine->clock.ppm = faults_draw_ppm(sim, &machine->die);
    *options = (struct agt_options){
        .name = machine->name,
        .version = "0.1",
        .platform = "linux/amd64",
        .boot_id = machine->boot_id,
        .controller = "fog",
        .settings = {.capacity = {.cores = die_between(&machine->die, 2, 6) * 1000,
                                  .memory = die_between(&machine->die, 1, 4) << 30,
                                  .disk = INT64_C(100) << 30},
                     .labels = {.items = machine->labels, .count = 1}},
    };
    options->key[0] = (uint8_t)(index + 1);
    draw_caps(machine);
    owner_begin(machine);
    agt_effects_init(&machine->effects);
    boot(machine);
    senses_begin(machine);
    hours_begin(machine);
    return machine;
}

void machine_free(struct machine *machine)
{
    if (machine == NULL) {
        return;
    }
    liar_end(machine, true);
    agt_free(machine->agt);
    agt_effects_fini(&machine->effects);
    statefile_fini(&machine->file);
    blob_unref(machine->backup);
    blob_unref(machine->policies_seen.bytes);
    arena_fini(&machine->policies_seen.arena);
    vec_each (&machine->shims, shim) {
        shim_free(*shim);
    }
    vec_fini(&machine->shims);
    fetches_fini(&machine->fetches);
    owner_end(machine);
    free(machine);
}

/* --- effects ---------------------------------------------------------------------------------- */

static void on_link_down_due(struct sim *sim, void *who, uint64_t arg)
{
    struct conn *conn = who;

    if (conn->machine->stalled_until_ms > sim_now(sim)) {
        schedule_at(&sim->schedule, conn->machine->stalled_until_ms, on_link_down_due, conn, arg);
        return;
    }
    if (!conn->agent_was_told && conn->agent_life == conn->machine->life) {
        conn->agent_was_told = true;
        machine_link_down(conn->machine, conn);
    }
}

static void hang_up(struct machine *machine)
{
    struct conn *conn = machine->conn;

    if (conn == NULL) {
        return;
    }
    network_agent_closes(machine->sim, conn);
    schedule_after(&machine->sim->schedule, die_between(&machine->die, 0, 20), on_link_down_due,
                   conn, 0);
}

static void trace_frame(struct machine *machine, const char *how, const struct blob *bytes)
{
    if (!network_is_idle_frame(bytes)) {
        sim_trace(machine->sim, "%s %s %.330s", machine->name, how, bytes->data);
    }
}

bool machine_disk_is_full(const struct machine *machine)
{
    return machine->sim->faults.is_active && machine->disk_full_until_ms > sim_now(machine->sim);
}

/* How far this save comes. */
static enum saving draw_saving(struct machine *machine)
{
    struct die *die = &machine->die;
    enum saving unlucky = machine->unlucky;

    if (machine->cut_in_saves > 0 && --machine->cut_in_saves == 0) {
        machine->is_dying = machine->loses_power = true;
    } else if (machine_disk_is_full(machine)) {
        return SAVING_REFUSED;
    } else if (machine->saves_to_fail > 0) {
        machine->saves_to_fail--;
    } else {
        return SAVING_WELL;
    }
    machine->unlucky = SAVING_WELL;
    if (unlucky != SAVING_WELL) {
        return unlucky;
    }
    return die_chance(die, 500) ? SAVING_REFUSED : SAVING_UNSYNCED;
}

/* False: the disk refused. */
static bool save(struct machine *machine, struct blob *bytes)
{
    enum saving saving = draw_saving(machine);
    struct blob *written = release_state(machine->release, bytes);

    machine->is_unsaved = saving != SAVING_WELL;
    statefile_replace(&machine->file, written, saving);
    blob_unref(written);
    if (saving != SAVING_WELL) {
        machine->sim->tallies.saves_failed++;
        return machine->is_dying;
    }
    check_saved(machine);
    return true;
}

/* The shell reads them, and then tells: never within the step that asked. */
static void on_log_due(struct sim *sim, void *who, uint64_t arg)
{
    struct machine *machine = who;
    struct agt_event event = {.type = AGT_LOG_LINES};

    (void)sim;
    event.log.id = arg;
    event.log.data = "a line\n";
    event.log.end = true;
    machine_said(machine, &event);
}

static void say_frame(struct machine *machine, struct blob *bytes)
{
    struct blob *said;

    if (machine->conn != NULL) {
        trace_frame(machine, "sends", bytes);
        check_says(machine, bytes);
        said = release_frame(machine->release, bytes);
        network_agent_send(machine->sim, machine->conn, said);
        blob_unref(said);
    }
}

/* False: a save failed, and with it the rest of the step. */
static bool perform_one(struct machine *machine, const struct agt_effect *effect)
{
    struct sim *sim = machine->sim;

    switch (effect->type) {
    case AGT_CONNECT:
        machine->conn = network_connect(sim, machine);
        break;
    case AGT_SEND:
        say_frame(machine, effect->bytes);
        break;
    case AGT_HANGUP:
        sim_trace(sim, "%s hangs up: %s", machine->name, effect->reason);
        hang_up(machine);
        break;
    case AGT_SAVE:
        sim_trace(sim, "%s saves", machine->name);
        return save(machine, effect->bytes);
    case AGT_FETCH:
        fetch_begin(machine, effect);
        break;
    case AGT_UNFETCH:
        fetch_stop(machine, effect);
        break;
    case AGT_COLLECT:
        collect_begin(machine, effect);
        break;
    case AGT_UNCOLLECT:
        collect_stop(machine, effect);
        break;
    case AGT_SPAWN:
        fetch_spawn(machine, &effect->spawn);
        shim_spawn(machine, &effect->spawn);
        break;
    case AGT_SIGNAL:
        shim_stop(machine, effect->uid, effect->run, effect->grace_ms);
        break;
    case AGT_EXTEND:
        shim_extend(machine, effect->uid, effect->run, effect->lease_end);
        break;
    case AGT_SUSPEND:
    case AGT_RESUME:
        shim_freeze(machine, effect);
        break;
    case AGT_LIMIT:
        shim_limit(machine, effect->uid, effect->run, effect->cpu_limit);
        break;
    case AGT_OVERRUN:
        shim_overrun(machine, effect->uid, effect->run, effect->message);
        break;
    case AGT_WATCH:
        shim_watch(machine, effect->uid, effect->run, effect->unwatched_ms);
        break;
    case AGT_MEND:
        shim_mend(machine, effect->uid, effect->run);
        break;
    case AGT_FORGET:
        shim_forget(machine, effect->uid, effect->run);
        break;
    case AGT_READ_LOG:
        schedule_after(&sim->schedule, die_between(&machine->die, 0, LOG_MS), on_log_due, machine,
                       effect->log.id);
        break;
    case AGT_STOP_LOG:
        break;
    }
    return true;
}

/* Returns false when a save failed. */
static bool perform(struct machine *machine)
{
    vec_each (&machine->effects, effect) {
        if (machine->crash_in > 0 && --machine->crash_in == 0) {
            machine->is_dying = true;
        }
        if (machine->sim->plan != NULL && !machine->is_dying) {
            plan_act(machine, effect);
        }
        if (machine->is_dying) {
            return true;
        }
        if (!perform_one(machine, effect)) {
            return false;
        }
    }
    return true;
}

/* --- steps ------------------------------------------------------------------------------------ */

static struct mono readings_due(const struct machine *machine)
{
    return mono_later(agt_readings_due(machine->agt), mono_after(machine->sensed, POLICY_STEP_MS));
}

static void on_tick(struct sim *sim, void *who, uint64_t arg)
{
    struct machine *machine = who;
    struct agt_event event = {.type = AGT_TICK};
    struct readings readings;

    if (arg != machine->tick || machine->agt == NULL) {
        return;
    }
    if (machine->stalled_until_ms > sim_now(sim)) {
        schedule_at(&sim->schedule, machine->stalled_until_ms, on_tick, machine, arg);
        return;
    }
    if (mono_is_due(readings_due(machine), machine_mono(machine))) {
        senses_look(machine, &readings);
        machine->sensed = machine_mono(machine);
        event.type = AGT_READINGS;
        event.readings.now = &readings;
        event.readings.exclusive_program = machine->program;
    }
    step(machine, &event);
    if (event.type == AGT_READINGS && machine->agt != NULL) {
        shims_watched(machine);
    }
}

static void set_timer(struct machine *machine)
{
    struct sim *sim = machine->sim;
    struct mono deadline = mono_earlier(agt_deadline(machine->agt), readings_due(machine));
    int64_t at_ms;

    machine->tick++;
    if (mono_is_never(deadline)) {
        return;
    }
    at_ms = clock_true_ms(&machine->clock, deadline);
    if (at_ms <= sim_now(sim)) {
        at_ms = sim_now(sim) + 1;
    }
    schedule_at(&sim->schedule, at_ms + die_between(&machine->die, 0, 3), on_tick, machine,
                machine->tick);
}

static void step_once(struct machine *machine, struct agt_event *event)
{
    event->now = machine_mono(machine);
    event->wall = machine_wall(machine);
    event->utc_offset_ms = machine->utc_offset_ms;
    agt_effects_clear(&machine->effects);
    agt_step(machine->agt, event, &machine->effects);
}

static void step(struct machine *machine, struct agt_event *event)
{
    struct agt_event failed = {.type = AGT_SAVE_FAILED};

    step_once(machine, event);
    if (perform(machine)) {
        check_overruns(machine);
    } else {
        sim_trace(machine->sim, "%s cannot save", machine->name);
        step_once(machine, &failed);
        (void)perform(machine); /* as the shell: the core's deadline brings the next try */
    }
    agt_effects_clear(&machine->effects);
    if (machine->is_dying && machine->loses_power) {
        machine_reboot(machine, machine->down_ms > 0 ? machine->down_ms
                                                     : die_between(&machine->die, 100, 4000));
    } else if (machine->is_dying) {
        machine_crash(machine);
    } else {
        set_timer(machine);
    }
}

/* --- events ----------------------------------------------------------------------------------- */

void machine_link_up(struct machine *machine, struct conn *conn)
{
    struct agt_event event = {.type = AGT_LINK_UP};

    if (machine->agt != NULL && machine->conn == conn) {
        vec_each (&machine->shims, it) { /* what nobody was told of may be gone */
            (*it)->is_collected &= (*it)->is_forgotten;
        }
        step(machine, &event);
    }
}

void machine_frame(struct machine *machine, struct conn *conn, const struct blob *bytes)
{
    struct agt_event event = {.type = AGT_LINK_FRAME,
                              .frame = {.bytes = bytes->data, .size_bytes = bytes->size_bytes}};

    if (machine->liar != NULL) {
        liar_hears(machine, conn, bytes);
        return;
    }
    if (machine->agt != NULL && machine->conn == conn) {
        trace_frame(machine, "hears", bytes);
        step(machine, &event);
    }
}

void machine_link_drained(struct machine *machine, struct conn *conn)
{
    struct agt_event event = {.type = AGT_LINK_DRAINED};

    if (machine->agt != NULL && machine->conn == conn) {
        step(machine, &event);
    }
}

void machine_link_down(struct machine *machine, struct conn *conn)
{
    struct agt_event event = {.type = AGT_LINK_DOWN};

    if (machine->liar != NULL) {
        liar_loses(machine, conn);
        return;
    }
    if (machine->agt == NULL || machine->conn != conn) {
        return;
    }
    machine->conn = NULL;
    sim_trace(machine->sim, "%s: link down", machine->name);
    step(machine, &event);
}

void machine_said(struct machine *machine, struct agt_event *event)
{
    if (machine->agt != NULL && !machine->is_dying) {
        step(machine, event);
    }
}

/* --- life ------------------------------------------------------------------------------------- */

static void on_start_due(struct sim *sim, void *who, uint64_t arg)
{
    struct machine *machine = who;

    if (machine_is_asleep(machine)) {
        schedule_at(&sim->schedule, machine->stalled_until_ms, on_start_due, machine, arg);
    } else if (machine->agt == NULL && machine->is_on && arg == machine->life) {
        machine_start(machine);
    }
}

static void find_shims(struct machine *machine)
{
    for (size_t i = 0; i < machine->shims.count; i++) {
        struct agt_event event = {.type = AGT_FOUND};

        if (machine->agt != NULL && shim_describe(machine->shims.items[i], &event)) {
            step(machine, &event);
        }
    }
}

/* Effects until it dies while it comes up: it loads, finds its shims, says hello. */
static unsigned draw_early_end(struct machine *machine)
{
    if (machine->crash_when_starting == 0 || !machine->sim->faults.is_active) {
        return 0;
    }
    machine->crash_when_starting--;
    faults_fired(machine->sim, FAULT_AGENT_CRASH_STARTING);
    return (unsigned)die_between(&machine->die, 1, EARLY_EFFECTS_MAX);
}

static void forget_seen(struct machine *machine)
{
    machine->highest_epoch = 0;
    machine->seen.era = 0;
    machine->seen.revision = machine->seen.reserved = machine->seen.report = 0;
}

/* It begins anew beside the folders of its runs. */
static void lose_state(struct machine *machine)
{
    machine->has_rot = false;
    statefile_set(&machine->file, NULL);
    forget_seen(machine);
    shims_restored(machine, 0, false);
}

/* False: the run has failed. */
static bool load(struct machine *machine)
{
    struct statefile *file = &machine->file;
    struct err err = ERR_NONE;
    int code;

    if (file->seen == NULL) {
        return true;
    }
    statefile_set(file, file->seen); /* the shell syncs the folder before it reads */
    if (!machine->has_rot) {
        check_saved(machine);
    }
    code = agt_load(machine->agt, file->seen->data, file->seen->size_bytes, &err);
    if (machine->has_rot && code < 0) {
        sim_trace(machine->sim, "%s: puts a broken state aside", machine->name);
        lose_state(machine);
    } else if (machine->has_rot || code < 0) {
        sim_fail(machine->sim, "agent-state", "%s: %s", machine->name,
                 code < 0 ? err.text : "a broken state is taken for a whole one");
    }
    return !machine->sim->has_failed;
}

void machine_start(struct machine *machine)
{
    struct sim *sim = machine->sim;
    struct agt_event owner = {.type = AGT_OWNER, .owner_paused = machine->is_owner_paused};
    struct agt_event start = {.type = AGT_START};

    for (size_t i = 0; i < RAND_SEED_SIZE; i += sizeof(uint64_t)) {
        uint64_t word = die_u64(&machine->die);

        memcpy(machine->options.seed + i, &word, sizeof(word));
    }
    machine->life++;
    machine->conn = NULL;
    machine->is_dying = machine->loses_power = false;
    machine->crash_in = draw_early_end(machine);
    machine->options.speaks = release_speaks(machine->release);
    machine->agt = agt_new(&machine->options);
    machine->sensed = machine_mono(machine); /* once, for rates */
    machine->started_at_ms = sim_now(sim);
    sim_trace(sim, "%s: agent starts, life %u", machine->name, machine->life);
    if (!load(machine)) {
        return;
    }
    if (machine->is_owner_paused) {
        step_once(machine, &owner);
    }
    shims_joined(machine);
    find_shims(machine);
    if (machine->agt != NULL) {
        step(machine, &start);
    }
}

static void end_process(struct machine *machine, bool with_power)
{
    if (machine->agt == NULL) {
        return;
    }
    network_agent_gone(machine->sim, machine, with_power);
    agt_free(TAKE(machine->agt));
    fetches_clear(&machine->fetches);
    machine->life++;
    machine->tick++;
    machine->conn = NULL;
    machine->crash_in = machine->cut_in_saves = 0;
    machine->is_dying = machine->loses_power = false;
    machine->stalled_until_ms = 0;
    shims_alone(machine);
}

void machine_silence(struct machine *machine)
{
    end_process(machine, false);
}

void machine_crash(struct machine *machine)
{
    struct die *die = &machine->die;
    int64_t down_ms;

    if (machine->agt == NULL) {
        return;
    }
    machine->sim->tallies.agent_crashes++;
    sim_trace(machine->sim, "%s: agent dies", machine->name);
    end_process(machine, false);
    down_ms = die_between(die, START_MS,
                          die_chance(die, 200) ? 8 * RESTART_MAX_MS_SIM : RESTART_MAX_MS_SIM);
    if (machine->down_ms > 0) {
        down_ms = machine->down_ms;
        machine->down_ms = 0;
    }
    schedule_after(&machine->sim->schedule, down_ms, on_start_due, machine, machine->life);
}

static void on_boot_due(struct sim *sim, void *who, uint64_t arg)
{
    struct machine *machine = who;

    if (arg != machine->boots || machine->is_lost) {
        return;
    }
    boot(machine);
    sim_trace(sim, "%s: boots", machine->name);
    schedule_after(&sim->schedule, die_between(&machine->die, START_MS, BOOT_MS), on_start_due,
                   machine, machine->life);
}

static void power_off(struct machine *machine)
{
    liar_end(machine, true);
    end_process(machine, true);
    machine->down_ms = 0;
    statefile_lose_power(&machine->file, &machine->die);
    machine->is_on = false;
    shims_lost(machine);
}

void machine_reboot(struct machine *machine, int64_t off_ms)
{
    if (!machine->is_on) {
        return;
    }
    machine->sim->tallies.reboots++;
    sim_trace(machine->sim, "%s: power is gone", machine->name);
    power_off(machine);
    schedule_after(&machine->sim->schedule, off_ms, on_boot_due, machine, machine->boots);
}

void machine_lose(struct machine *machine)
{
    sim_trace(machine->sim, "%s: is lost for good", machine->name);
    machine->is_lost = true;
    if (machine->is_on) {
        power_off(machine);
    }
}

void machine_pause(struct machine *machine, bool is_paused)
{
    struct agt_event event = {.type = AGT_OWNER, .owner_paused = is_paused};

    machine->is_owner_paused = is_paused;
    sim_trace(machine->sim, "%s: its owner %s it", machine->name, is_paused ? "pauses" : "resumes");
    if (machine->agt != NULL && machine->stalled_until_ms <= sim_now(machine->sim)) {
        step(machine, &event);
    } else if (machine->agt != NULL) {
        machine_crash(machine); /* stalled: killed, it learns it at its next start */
    }
}

/* --- copies ----------------------------------------------------------------------------------- */

/* Everything is copied but processes: also the folders of runs. */
bool machine_clone(struct machine *machine)
{
    struct sim *sim = machine->sim;
    struct machine *copy;

    if (machine->twin != NULL || machine->file.seen == NULL || !machine->is_on ||
        sim->machine_count == MACHINES_MAX) {
        return false;
    }
    copy = machine_new(sim, sim->machine_count);
    sim->machines[sim->machine_count++] = copy;
    (void)snprintf(copy->name, sizeof(copy->name), "m-%zu-copy", machine->index);
    copy->options.name = machine->name;
    copy->options.settings.capacity = machine->options.settings.capacity;
    copy->options.memory = machine->options.memory;
    copy->options.settings.caps = machine->options.settings.caps;
    copy->labels[0] = machine->labels[0];
    copy->owner.first_cap = machine->owner.first_cap;
    copy->owner.first_site = machine->owner.first_site;
    copy->utc_offset_ms = machine->utc_offset_ms;
    memcpy(copy->options.key, machine->options.key, sizeof(copy->options.key));
    copy->release = machine->release;
    copy->is_owner_paused = machine->is_owner_paused;
    copy->has_rot = machine->has_rot;
    copy->highest_epoch = machine->highest_epoch;
    statefile_set(&copy->file, machine->file.seen);
    shims_copy(machine, copy);
    copy->twin = machine;
    machine->twin = copy;
    sim_trace(sim, "%s: its state directory was copied, and is used", machine->name);
    schedule_after(&sim->schedule, die_between(&machine->die, START_MS, BOOT_MS), on_start_due,
                   copy, copy->life);
    return true;
}

bool machine_is_copy(const struct machine *machine)
{
    return machine->options.name != machine->name;
}

struct machine *machine_named(const struct sim *sim, const char *agent)
{
    struct machine *found = NULL;

    for (size_t i = 0; i < sim->machine_count; i++) {
        struct machine *machine = sim->machines[i];

        if (str_eq(machine->options.name, agent) && (found == NULL || found->is_lost)) {
            found = machine;
        }
    }
    return found;
}

void machine_back_up(struct machine *machine)
{
    if (machine->has_rot) {
        return;
    }
    blob_unref(machine->backup);
    machine->backup = machine->file.seen == NULL ? NULL : blob_ref(machine->file.seen);
    machine->backup_shims = machine->shims.count;
}

bool machine_restore(struct machine *machine)
{
    struct die *die = &machine->die;
    bool is_whole;

    if (machine->backup == NULL || !machine->is_on) {
        return false;
    }
    is_whole = die_chance(die, 500);
    sim_trace(machine->sim, "%s: an old %s is put back", machine->name,
              is_whole ? "disk" : "state");
    if (is_whole) {
        machine_reboot(machine, die_between(die, 100, 4000));
    } else {
        machine_crash(machine);
    }
    shims_restored(machine, machine->backup_shims, is_whole);
    statefile_set(&machine->file, machine->backup);
    machine->has_rot = false;
    forget_seen(machine); /* what was put back cannot know better */
    return true;
}

bool machine_rot(struct machine *machine, struct die *die)
{
    struct blob *seen = machine->file.seen, *bytes = NULL;
    uint64_t how = die_below(die, 3);

    if (seen == NULL || machine->is_lost || machine->has_rot) {
        return false;
    }
    if (how == 1) {
        bytes = blob_new(seen->data, die_below(die, seen->size_bytes));
    } else if (how == 2) {
        size_t at = die_below(die, seen->size_bytes);

        bytes = blob_new(seen->data, seen->size_bytes);
        bytes->data[at] = (char)(bytes->data[at] ^ (1 << die_below(die, 8)));
    }
    sim_trace(machine->sim, "%s: what it saved is %s", machine->name,
              bytes == NULL ? "gone" : "garbled");
    machine_crash(machine);
    statefile_set(&machine->file, bytes);
    machine->has_rot = bytes != NULL;
    if (bytes == NULL) {
        lose_state(machine);
    }
    blob_unref(bytes);
    return true;
}
