/* What a plan does to the world, at the effects that it names. */
#include "tests/sim/plan.h"

#include "agent/core/agt.h"
#include "tests/sim/controller.h"
#include "tests/sim/machine.h"
#include "tests/sim/network.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

void plan_run_init(struct plan_run *run, const struct plan *plan, const struct script *script)
{
    *run = (struct plan_run){.plan = *plan, .script = script};
    str_init(&run->ending);
}

void effects_seen_fini(struct effects_seen *effects)
{
    vec_each (effects, it) {
        blob_unref(it->bytes);
    }
    vec_fini(effects);
}

void plan_run_fini(struct plan_run *run)
{
    effects_seen_fini(&run->effects);
    str_fini(&run->ending);
    blob_unref(run->held);
    blob_unref(run->awaited);
    player_free(run->player);
}

static const char *actor_name(const struct sim *sim, size_t actor)
{
    return actor == 0 ? "controller" : sim->machines[actor - 1]->name;
}

/* Does it count when these are counted? */
static bool is_one(const struct effect_seen *seen, const char *noun)
{
    const char *type;

    if (str_eq(noun, "effect") || str_eq(noun, deed_words[seen->deed])) {
        return true;
    }
    type = seen->bytes == NULL || !str_starts(seen->bytes->data, "{\"type\":\"")
               ? ""
               : seen->bytes->data + strlen("{\"type\":\"");
    return str_starts(type, noun) && type[strlen(noun)] == '"';
}

/* The n-th so far; NULL: there were not so many. */
static const struct effect_seen *find_effect(const struct plan_run *run, size_t actor,
                                             const char *noun, uint64_t number)
{
    vec_each (&run->effects, it) {
        if (it->actor == actor && is_one(it, noun) && --number == 0) {
            return it;
        }
    }
    return NULL;
}

/* Counts an effect; returns what is done to it, or NULL. */
static const struct blow *at_effect(struct sim *sim, const struct effect_seen *what)
{
    struct plan_run *run = sim->plan;
    struct effect_seen seen = *what;
    const struct effect_seen *newest;

    if (run->is_over) {
        return NULL;
    }
    seen.number = ++run->counts[seen.actor];
    seen.bytes = seen.bytes == NULL ? NULL : blob_ref(seen.bytes);
    vec_add(&run->effects, seen);
    if (run->survey != NULL) {
        run->survey(run, sim, &run->effects.items[run->effects.count - 1]);
    }
    newest = &run->effects.items[run->effects.count - 1];
    for (size_t i = 0; i < run->plan.count; i++) {
        const struct blow *blow = &run->plan.blows[i];

        if (find_effect(run, blow->actor, blow->noun, blow->effect) == newest) {
            sim_trace(sim, "plan: %s, at the %s that is effect %" PRIu64 " of %s",
                      plan_words[blow->type].verb, deed_words[seen.deed], seen.number,
                      actor_name(sim, seen.actor));
            run->struck++;
            return blow;
        }
    }
    return NULL;
}

/* --- deaths ----------------------------------------------------------------------------------- */

static void controller_dies(struct sim *sim, void *who, uint64_t arg)
{
    (void)who;
    if (sim->controller->is_up && sim->controller->life == arg) {
        controller_crash(sim, false);
    }
}

static void agent_dies(struct sim *sim, void *who, uint64_t arg)
{
    struct machine *machine = who;

    (void)sim;
    if (machine->agt != NULL && machine->life == arg) {
        machine_crash(machine);
    }
}

static void power_goes(struct sim *sim, void *who, uint64_t arg)
{
    struct machine *machine = who;

    (void)sim;
    if (machine->boots == arg) {
        machine_reboot(machine, machine->down_ms);
    }
}

/* Between this step and whatever comes next. */
static void crash_after_step(struct sim *sim, size_t actor)
{
    if (actor == 0) {
        schedule_after(&sim->schedule, 0, controller_dies, NULL, sim->controller->life);
    } else {
        struct machine *machine = sim->machines[actor - 1];

        schedule_after(&sim->schedule, 0, agent_dies, machine, machine->life);
    }
}

static void lose_power_after_step(struct sim *sim, size_t actor)
{
    if (actor > 0) {
        struct machine *machine = sim->machines[actor - 1];

        schedule_after(&sim->schedule, 0, power_goes, machine, machine->boots);
    }
}

static void set_down_time(struct sim *sim, const struct blow *blow)
{
    if (plan_words[blow->type].duration != plan_words[BLOW_CRASH_BEFORE].duration) {
        return; /* nobody goes down */
    }
    if (blow->actor == 0) {
        sim->controller->down_ms = blow->ms;
    } else {
        sim->machines[blow->actor - 1]->down_ms = blow->ms;
    }
}

static void stall(struct sim *sim, const struct blow *blow)
{
    int64_t *until_ms = blow->actor == 0 ? &sim->controller->stalled_until_ms
                                         : &sim->machines[blow->actor - 1]->stalled_until_ms;

    if (blow->type == BLOW_STALL) {
        *until_ms = sim_now(sim) + blow->ms;
    }
}

static void crash_now(struct sim *sim, size_t actor)
{
    if (actor == 0) {
        sim->controller->is_dying = true;
    } else {
        sim->machines[actor - 1]->is_dying = true;
    }
}

/* --- commits and answers ---------------------------------------------------------------------- */

/* TEMPER_COUNT: the power does not go within it. */
static enum temper temper_of(enum blow_type type)
{
    static const enum temper tempers[] = {TEMPER_WILD, TEMPER_LOSE_ALL, TEMPER_KEEP_ALL,
                                          TEMPER_IN_ORDER, TEMPER_ANY};

    if (type < BLOW_POWER_WITHIN || type > BLOW_POWER_SPARING) {
        return TEMPER_COUNT;
    }
    return tempers[type - BLOW_POWER_WITHIN];
}

static void strike_disk(struct sim *sim, const struct blow *blow)
{
    struct disk *disk = sim->controller->disk;
    enum temper temper = temper_of(blow->type);

    if (temper != TEMPER_COUNT) { /* each cut draws otherwise */
        sim->plan->cut_seed = sim->plan->counts[0] * 1000 + blow->number + (uint64_t)blow->ms;
        disk_set_temper(disk, temper);
        disk_cut_at(disk, blow->number);
    } else if (blow->type == BLOW_IO_FAILS) {
        disk_fail_at(disk, blow->number);
    } else if (blow->type == BLOW_SYNC_FAILS) {
        temper = (enum temper)((sim->plan->counts[0] + blow->number) % TEMPER_COUNT);
        disk_set_temper(disk, temper);
        disk_fail_sync_at(disk, blow->number);
    } else if (blow->type == BLOW_FULL) {
        disk_set_full(disk, true); /* until the store gives its ballast back */
    }
}

void plan_cut(struct sim *sim, struct die *die)
{
    if (sim->plan->cut_seed > 0) {
        die_init(die, sim->plan->cut_seed);
        sim->plan->cut_seed = 0;
    }
}

bool plan_commit(struct sim *sim)
{
    struct plan_run *run = sim->plan;
    struct controller *controller = sim->controller;
    struct effect_seen what = {.deed = DEED_COMMIT};
    const struct blow *blow = at_effect(sim, &what);

    run->before = *disk_counters(controller->disk);
    if (blow == NULL) {
        return true;
    }
    set_down_time(sim, blow);
    if (blow->type == BLOW_CRASH_BEFORE) {
        controller_crash(sim, false);
        return false;
    }
    strike_disk(sim, blow);
    stall(sim, blow);
    controller->is_dying = blow->type == BLOW_CRASH_UNTOLD;
    run->dies_when_told = blow->type == BLOW_CRASH_AFTER;
    return true;
}

/* Ends the process when it was made for that. */
static void tell_measured(struct sim *sim)
{
    struct plan_run *run = sim->plan;
    const struct disk_counters *now = disk_counters(sim->controller->disk);

    if (run->measured != NULL) {
        run->measured->changes = now->changes - run->before.changes;
        run->measured->operations = now->operations - run->before.operations;
        run->measured->syncs = now->syncs - run->before.syncs;
        _exit(0);
    }
}

void plan_told(struct sim *sim)
{
    struct plan_run *run = sim->plan;

    tell_measured(sim);
    if (run->dies_when_told) {
        run->dies_when_told = false;
        sim->controller->is_dying = true;
    }
}

bool plan_open(struct sim *sim)
{
    struct plan_run *run = sim->plan;
    struct effect_seen what = {.deed = DEED_OPEN};
    const struct blow *blow = at_effect(sim, &what);

    run->before = *disk_counters(sim->controller->disk);
    if (blow == NULL) {
        return true;
    }
    set_down_time(sim, blow);
    strike_disk(sim, blow);
    run->dies_when_told = blow->type == BLOW_CRASH_UNTOLD;
    return blow->type != BLOW_CRASH_BEFORE;
}

bool plan_opened(struct sim *sim)
{
    struct plan_run *run = sim->plan;
    bool dies = run->dies_when_told;

    tell_measured(sim);
    run->dies_when_told = false;
    return !dies;
}

int64_t plan_http(struct sim *sim, enum deed deed)
{
    struct effect_seen what = {.deed = deed};
    const struct blow *blow = at_effect(sim, &what);

    if (blow == NULL) {
        return 0;
    }
    set_down_time(sim, blow);
    stall(sim, blow);
    if (blow->type == BLOW_CRASH_AFTER) {
        crash_after_step(sim, 0);
    } else if (blow->type == BLOW_CRASH_BEFORE || blow->type == BLOW_CRASH_UNTOLD) {
        crash_now(sim, 0);
    }
    if (blow->type == BLOW_TEAR) {
        return PLAN_TORN;
    }
    if (blow->type == BLOW_CRASH_BEFORE || blow->type == BLOW_LOSE) {
        return PLAN_LOST;
    }
    return blow->type == BLOW_DELAY ? blow->ms : 0;
}

/* --- an agent's acts -------------------------------------------------------------------------- */

/* DEED_COUNT: none, or one that is counted elsewhere. */
static enum deed deed_of(enum agt_effect_type type)
{
    switch (type) {
    case AGT_SAVE:
        return DEED_SAVE;
    case AGT_SPAWN:
        return DEED_SPAWN;
    case AGT_SIGNAL:
    case AGT_OVERRUN:
        return DEED_KILL;
    case AGT_EXTEND:
        return DEED_EXTEND;
    case AGT_SUSPEND:
    case AGT_RESUME:
    case AGT_LIMIT:
    case AGT_WATCH:
    case AGT_MEND:
        return DEED_FREEZE;
    case AGT_FORGET:
        return DEED_FORGET;
    case AGT_CONNECT:
    case AGT_SEND:
    case AGT_HANGUP:
    case AGT_FETCH:
    case AGT_UNFETCH:
    case AGT_COLLECT:
    case AGT_UNCOLLECT:
    case AGT_READ_LOG:
    case AGT_STOP_LOG:
        break;
    }
    return DEED_COUNT;
}

/* True: the save itself goes wrong, and nothing else. */
static bool strike_save(struct machine *machine, const struct blow *blow, enum deed deed)
{
    if (blow->type != BLOW_SAVE_FAILS && blow->type != BLOW_SAVE_UNSURE &&
        blow->type != BLOW_POWER_WITHIN) {
        return false;
    }
    if (deed == DEED_SAVE) {
        machine->saves_to_fail = blow->type != BLOW_POWER_WITHIN;
        machine->cut_in_saves = blow->type == BLOW_POWER_WITHIN;
        machine->unlucky =
            blow->type == BLOW_SAVE_UNSURE || blow->number == 2 ? SAVING_UNSYNCED : SAVING_REFUSED;
    }
    return true;
}

void plan_act(struct machine *machine, const struct agt_effect *effect)
{
    struct sim *sim = machine->sim;
    struct effect_seen what = {.actor = 1 + machine->index, .deed = deed_of(effect->type)};
    const struct blow *blow;

    if (what.deed == DEED_COUNT) {
        return;
    }
    blow = at_effect(sim, &what);
    if (blow == NULL) {
        return;
    }
    set_down_time(sim, blow);
    stall(sim, blow);
    if (blow->type == BLOW_STALL || strike_save(machine, blow, what.deed)) {
        return;
    }
    machine->is_dying = blow->type == BLOW_CRASH_BEFORE || blow->type == BLOW_POWER_BEFORE;
    machine->loses_power = blow->type == BLOW_POWER_BEFORE;
    if (blow->type == BLOW_CRASH_UNTOLD || blow->type == BLOW_POWER_AFTER) {
        machine->crash_in = 1; /* nothing more is done of this step */
    }
    if (blow->type == BLOW_POWER_AFTER) {
        machine->loses_power = true;
        lose_power_after_step(sim, what.actor);
    } else if (!machine->is_dying) {
        crash_after_step(sim, what.actor);
    }
}

/* The shim lives on when its agent dies. */
enum shim_fate plan_shim(struct machine *machine, enum deed deed)
{
    struct sim *sim = machine->sim;
    struct effect_seen what = {.actor = 1 + machine->index, .deed = deed};
    const struct blow *blow = at_effect(sim, &what);

    if (blow == NULL) {
        return SHIM_GOES_ON;
    }
    set_down_time(sim, blow);
    stall(sim, blow);
    if (blow->type == BLOW_POWER_BEFORE || blow->type == BLOW_POWER_AFTER) {
        lose_power_after_step(sim, what.actor);
    } else if (blow->type == BLOW_CRASH_AFTER) {
        crash_after_step(sim, what.actor);
    }
    if (blow->type == BLOW_KILL) {
        return SHIM_DIES;
    }
    return blow->type == BLOW_POWER_BEFORE ? SHIM_STOPS : SHIM_GOES_ON;
}

/* --- frames ----------------------------------------------------------------------------------- */

static void replay(struct sim *sim, struct stream *stream, struct blob *bytes,
                   const struct blow *blow)
{
    const struct effect_seen *old = find_effect(sim->plan, blow->actor, blow->noun, blow->number);
    size_t peer = stream->is_up ? 0 : 1 + stream->conn->machine->index;

    network_put(sim, stream, bytes, 0);
    if (old == NULL || old->bytes == NULL || old->peer != peer) {
        sim->plan->struck--; /* a plan that does not fit any more */
        return;
    }
    network_put(sim, stream, old->bytes, 0);
}

/* Returns whether the frame goes out as it should. */
static bool strike_frame(struct sim *sim, struct stream *stream, struct blob *bytes,
                         const struct blow *blow)
{
    struct plan_run *run = sim->plan;

    set_down_time(sim, blow);
    stall(sim, blow);
    switch (blow->type) {
    case BLOW_CRASH_BEFORE:
    case BLOW_CRASH_UNTOLD:
        crash_now(sim, blow->actor);
        return blow->type == BLOW_CRASH_UNTOLD;
    case BLOW_CRASH_AFTER:
        crash_after_step(sim, blow->actor);
        return true;
    case BLOW_CRASH_HEARD:
        run->awaited = blob_ref(bytes);
        run->awaited_from = blow->actor;
        return true;
    case BLOW_TEAR:
        network_break(sim, stream->conn, false);
        return false;
    case BLOW_DROP:
        run->dropping = stream;
        run->to_drop = blow->number;
        return true;
    case BLOW_MUTE:
        run->muted = stream;
        return true;
    case BLOW_DELAY:
        network_put(sim, stream, bytes, blow->ms);
        return false;
    case BLOW_REPEAT:
        network_put(sim, stream, bytes, 0);
        return true;
    case BLOW_SWAP:
        run->holding = stream;
        run->held = blob_ref(bytes);
        return false;
    case BLOW_REPLAY:
        replay(sim, stream, bytes, blow);
        return false;
    case BLOW_POWER_AFTER:
        lose_power_after_step(sim, blow->actor);
        return true;
    case BLOW_STALL:
        return true;
    case BLOW_POWER_WITHIN:
    case BLOW_POWER_LOSING:
    case BLOW_POWER_KEEPING:
    case BLOW_POWER_AMID:
    case BLOW_POWER_SPARING:
    case BLOW_POWER_BEFORE:
    case BLOW_IO_FAILS:
    case BLOW_SYNC_FAILS:
    case BLOW_FULL:
    case BLOW_SAVE_FAILS:
    case BLOW_SAVE_UNSURE:
    case BLOW_LOSE:
    case BLOW_KILL:
    case BLOW_COUNT:
        break; /* not of frames: a plan written by hand */
    }
    return true;
}

static bool is_report(const struct blob *bytes)
{
    return str_starts(bytes->data, "{\"type\":\"report\"");
}

bool plan_frame(struct sim *sim, struct stream *stream, struct blob *bytes)
{
    struct plan_run *run = sim->plan;
    size_t machine = 1 + stream->conn->machine->index;
    struct effect_seen what = {.actor = stream->is_up ? machine : 0,
                               .peer = stream->is_up ? 0 : machine,
                               .deed = DEED_FRAME,
                               .is_report = stream->is_up && is_report(bytes),
                               .bytes = bytes};
    const struct blow *blow = at_effect(sim, &what);

    if (blow == NULL && run->holding == stream) {
        run->holding = NULL;
        network_put(sim, stream, bytes, 0);
        network_put(sim, stream, run->held, 0);
        return false;
    }
    if (blow != NULL && !strike_frame(sim, stream, bytes, blow)) {
        return false;
    }
    if (run->dropping == stream && run->to_drop > 0) {
        run->to_drop--;
        return false;
    }
    return run->muted != stream;
}

void plan_arrived(struct sim *sim, const struct blob *bytes)
{
    struct plan_run *run = sim->plan;

    if (run->awaited != NULL && run->awaited == bytes) {
        blob_unref(TAKE(run->awaited));
        crash_after_step(sim, run->awaited_from);
    }
}
