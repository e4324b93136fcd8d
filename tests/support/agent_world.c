/* The world around one agent's core. */
#include "tests/support/agent_world.h"

#include "schema/bind.h"
#include "schema/emit.h"
#include "schema/json.h"
#include "schema/limits.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { WALL_OFFSET_S = 1700000000 };

static struct wall wall_of(const struct agent_world *world)
{
    return (struct wall){world->now_ms + INT64_C(1000) * WALL_OFFSET_S + world->clock_ahead_ms};
}

static void new_core(struct agent_world *world)
{
    world->agt = agt_new(&world->options);
    if (world->disk.length > 0) {
        assert_int_equal(agt_load(world->agt, world->disk.data, world->disk.length, NULL), 0);
    }
}

int world_begin(void **state)
{
    struct agent_world *world = MEM_NEW(struct agent_world);
    const uint8_t nonce[WIRE_NONCE_SIZE] = {1, 2, 3};

    world->options = (struct agt_options){.name = "edge-1",
                                          .version = "0.1",
                                          .platform = "linux/amd64",
                                          .boot_id = "boot-1",
                                          .controller = "",
                                          .key = {7},
                                          .seed = {9},
                                          .settings = {.capacity = {.cores = 2000}}};
    world->now_ms = 1000;
    world->era = 1;
    world->heartbeat_ms = HEARTBEAT_MAX_MS;
    base64_to_str(nonce, sizeof(nonce), world->nonce);
    str_init(&world->page);
    str_init(&world->disk);
    arena_init(&world->arena);
    arena_init(&world->policies);
    agt_effects_init(&world->effects);
    new_core(world);
    *state = world;
    return 0;
}

int world_end(void **state)
{
    struct agent_world *world = *state;

    agt_free(world->agt);
    agt_effects_fini(&world->effects);
    arena_fini(&world->arena);
    arena_fini(&world->policies);
    str_fini(&world->page);
    str_fini(&world->disk);
    free(world);
    return 0;
}

void world_reboot(struct agent_world *world)
{
    agt_free(world->agt);
    agt_effects_clear(&world->effects);
    new_core(world);
}

/* --- the page -----------------------------------------------------------------------------------
 */

static void print_item(struct agent_world *world, const struct wire_report_item *item)
{
    const struct assignment_status *status = &item->status;
    struct str *page = &world->page;

    world->told_end = status->ended;
    str_addf(page, " %s/%d:%s", item->uid, (int)item->generation,
             assignment_phase_words[status->phase]);
    if (!str_is_empty(status->reason)) {
        str_addf(page, "(%s)", status->reason);
    }
    if (status->restarts > 0) {
        str_addf(page, "+%d", (int)status->restarts);
    }
    if (status->exit_code != 0) {
        str_addf(page, "=%d", (int)status->exit_code);
    }
    if (status->contribution.cpu_ms > 0) {
        str_addf(page, "[%dms]", (int)status->contribution.cpu_ms);
    }
    if (world->shows_changes && item->dropped > 0) {
        str_addf(page, " dropped=%d", (int)item->dropped);
    }
    for (size_t i = 0; world->shows_changes && i < item->changes.count; i++) {
        str_addf(page, " %s/%s", item->changes.items[i].outcome, item->changes.items[i].reason);
    }
}

static void print_period(const struct period *period, struct str *page)
{
    if (period->number > 0) {
        str_addf(page, " period %d", (int)period->number);
    }
    for (size_t i = 0; i < period->shares.count; i++) {
        str_addf(page, " %s=%dms", period->shares.items[i].session_uid,
                 (int)period->shares.items[i].cpu_ms);
    }
}

static void print_sensors(const struct wire_heartbeat *heartbeat, struct str *page)
{
    struct readings readings;
    char text[READING_TEXT_SIZE];

    readings_from_sensors(&heartbeat->sensors, MONO_ZERO, &readings);
    for (size_t i = 0; i < SENSOR_COUNT; i++) {
        if (readings.of[i].state != READING_NONE) {
            reading_to_str((enum sensor)i, &readings.of[i], text);
            str_addf(page, " %s=%s", sensor_words[i], text);
        }
    }
}

static void print_sent(struct agent_world *world, const struct wire_message *message)
{
    struct str *page = &world->page;

    str_addf(page, "send %s", wire_table[message->type].name);
    switch (message->type) {
    case WIRE_HELLO:
        world->hello = message->hello;
        str_addf(page, " rev=%d%s", (int)message->hello.revision,
                 message->hello.paused ? " paused" : "");
        break;
    case WIRE_ACCEPTED:
        str_addf(page, " rev=%d", (int)message->accepted.revision);
        break;
    case WIRE_REPORT:
        world->report_seq = message->report.seq;
        str_add(page, message->report.paused ? " paused" : "");
        for (size_t i = 0; i < message->report.items.count; i++) {
            print_item(world, &message->report.items.items[i]);
        }
        print_period(&message->report.period, page);
        break;
    case WIRE_RENEW:
        world->renew_seq = message->renew.seq;
        for (size_t i = 0; i < message->renew.leases.count; i++) {
            str_addf(page, " %s/%d", message->renew.leases.items[i].uid,
                     (int)message->renew.leases.items[i].lease_epoch);
        }
        break;
    case WIRE_LOG_DATA:
        str_addf(page, " %d \"%s\"%s", (int)message->log_data.id,
                 message->log_data.data == NULL ? "" : message->log_data.data,
                 message->log_data.end ? " end" : "");
        if (message->log_data.dropped > 0) {
            str_addf(page, " dropped=%d", (int)message->log_data.dropped);
        }
        if (message->log_data.error != NULL) {
            str_addf(page, " error: %s", message->log_data.error);
        }
        break;
    case WIRE_ERROR:
        str_addf(page, " about \"%s\": %s",
                 message->error.about == NULL ? "" : message->error.about, message->error.message);
        break;
    case WIRE_HEARTBEAT:
        if (message->heartbeat.usage.cpu_ms > 0) {
            str_addf(page, " cpu=%dms", (int)message->heartbeat.usage.cpu_ms);
        }
        world->told_clock = message->heartbeat.clock;
        world->told_offset_minutes = message->heartbeat.utc_offset_minutes;
        print_sensors(&message->heartbeat, page);
        break;
    case WIRE_RESYNC:
    case WIRE_CHALLENGE:
    case WIRE_WELCOME:
    case WIRE_REFUSE:
    case WIRE_ASSIGN:
    case WIRE_REPORTED:
    case WIRE_RENEWED:
    case WIRE_LOG_REQUEST:
    case WIRE_LOG_CANCEL:
    case WIRE_TYPE_COUNT:
        break;
    }
    str_add_char(page, '\n');
}

static void answer_heartbeat(struct agent_world *world)
{
    struct wire_message message = {.type = WIRE_HEARTBEAT,
                                   .heartbeat = {.epoch = world->epoch, .seq = 1}};

    if (!world->controller_is_silent) {
        world_message(world, &message);
    }
}

/* Returns whether it was a heartbeat. */
static bool perform_send(struct agent_world *world, const struct agt_effect *effect)
{
    struct wire_message message;
    struct err err = ERR_NONE;

    if (wire_decode(&world->arena, effect->bytes->data, effect->bytes->size_bytes, true, &message,
                    &err) != 0) {
        fail_msg("the agent sent nonsense: %s: %s", err.text, effect->bytes->data);
    }
    if (message.type != WIRE_HEARTBEAT || world->shows_heartbeats) {
        print_sent(world, &message);
    }
    return message.type == WIRE_HEARTBEAT;
}

static void print_spawn(struct agent_world *world, const struct agt_spawn *spawn)
{
    str_addf(&world->page, "spawn %s run=%d gen=%d %s", spawn->uid, (int)spawn->run,
             (int)spawn->generation, spawn->template->workload.command.items[0]);
    if (!mono_is_never(spawn->lease_end)) {
        str_addf(&world->page, " epoch=%d lease=%d", (int)spawn->lease_epoch,
                 (int)spawn->lease_end.ms);
    }
    if (spawn->cpu_limit != 0) {
        str_addf(&world->page, " cpu=%d", (int)spawn->cpu_limit);
    }
    str_add_char(&world->page, '\n');
}

static void print_run(struct agent_world *world, const char *verb, const struct agt_effect *effect)
{
    str_addf(&world->page, "%s %s run=%d", verb, effect->uid, (int)effect->run);
}

static void print_suspend(struct agent_world *world, const struct agt_effect *effect)
{
    bool is_suspended = effect->type == AGT_SUSPEND;

    print_run(world, is_suspended ? "suspend" : "resume", effect);
    if (is_suspended && effect->checkpoint.grace_ms > 0) {
        str_addf(&world->page, " signal=%s grace=%d",
                 checkpoint_signal_words[effect->checkpoint.signal],
                 (int)effect->checkpoint.grace_ms);
    }
    str_add_char(&world->page, '\n');
}

static void perform(struct agent_world *world, const struct agt_effect *effect)
{
    struct str *page = &world->page;

    switch (effect->type) {
    case AGT_CONNECT:
        str_add(page, "connect\n");
        break;
    case AGT_HANGUP:
        str_addf(page, "hangup: %s\n", effect->reason);
        break;
    case AGT_FETCH:
        print_run(world, "fetch", effect);
        str_addf(page, " port=%d\n", effect->fetch.port);
        break;
    case AGT_COLLECT:
        print_run(world, "collect", effect);
        str_add_char(page, '\n');
        break;
    case AGT_UNCOLLECT:
    case AGT_UNFETCH:
        print_run(world, effect->type == AGT_UNFETCH ? "unfetch" : "uncollect", effect);
        str_add_char(page, '\n');
        break;
    case AGT_SPAWN:
        print_spawn(world, &effect->spawn);
        break;
    case AGT_SIGNAL:
        print_run(world, "signal", effect);
        str_addf(page, " grace=%d\n", (int)effect->grace_ms);
        break;
    case AGT_EXTEND:
        print_run(world, "extend", effect);
        str_addf(page, " lease=%d\n", (int)effect->lease_end.ms);
        break;
    case AGT_SUSPEND:
    case AGT_RESUME:
        print_suspend(world, effect);
        break;
    case AGT_LIMIT:
        print_run(world, "limit", effect);
        str_addf(page, " cpu=%d\n", (int)effect->cpu_limit);
        break;
    case AGT_OVERRUN:
        print_run(world, "overrun", effect);
        str_addf(page, " %s\n", effect->message);
        break;
    case AGT_WATCH:
        print_run(world, "watch", effect);
        str_addf(page, " ms=%d\n", (int)effect->unwatched_ms);
        break;
    case AGT_MEND:
    case AGT_FORGET:
        print_run(world, effect->type == AGT_MEND ? "mend" : "forget", effect);
        str_add_char(page, '\n');
        break;
    case AGT_READ_LOG:
        print_run(world, "readlog", effect);
        str_addf(page, " id=%d tail=%d%s\n", (int)effect->log.id, (int)effect->log.tail,
                 effect->log.follow ? " follow" : "");
        break;
    case AGT_STOP_LOG:
        str_addf(page, "stoplog id=%d\n", (int)effect->log.id);
        break;
    case AGT_SEND:
    case AGT_SAVE:
        break;
    }
}

static bool perform_save(struct agent_world *world, const struct agt_effect *effect)
{
    if (world->disk_is_full) {
        str_add(&world->page, "save fails\n");
        return false;
    }
    str_clear(&world->disk);
    str_add_bytes(&world->disk, effect->bytes->data, effect->bytes->size_bytes);
    str_add(&world->page, "save\n");
    return true;
}

void world_event(struct agent_world *world, struct agt_event *event)
{
    struct agt_event failed = {.type = AGT_SAVE_FAILED};
    bool has_failed = false, was_heartbeat = false;

    event->now = (struct mono){world->now_ms};
    event->wall = wall_of(world);
    event->utc_offset_ms = world->utc_offset_ms;
    agt_effects_clear(&world->effects);
    agt_step(world->agt, event, &world->effects);
    for (size_t i = 0; i < world->effects.count && !has_failed; i++) {
        const struct agt_effect *effect = &world->effects.items[i];

        if (effect->type == AGT_SAVE) {
            has_failed = !perform_save(world, effect);
        } else if (effect->type == AGT_SEND) {
            was_heartbeat |= perform_send(world, effect);
        } else {
            perform(world, effect);
        }
    }
    if (has_failed) {
        world_event(world, &failed);
    }
    if (was_heartbeat) {
        answer_heartbeat(world);
    }
}

void world_clear(struct agent_world *world)
{
    str_clear(&world->page);
}

void expect_at(struct agent_world *world, const char *text, const char *file, int line)
{
    _cleanup_(str_fini)
    struct str page = world->page;

    str_init(&world->page);
    if (!str_eq(page.data, text)) {
        print_error("--- expected\n%s--- got\n%s---\n", text, page.data);
        _fail(file, line);
    }
}

void expect_has_at(struct agent_world *world, const char *text, const char *file, int line)
{
    _cleanup_(str_fini)
    struct str page = world->page;

    str_init(&world->page);
    if (strstr(page.data, text) == NULL) {
        print_error("--- expected somewhere\n%s--- got\n%s---\n", text, page.data);
        _fail(file, line);
    }
}

/* --- events -------------------------------------------------------------------------------------
 */

static void simple_event(struct agent_world *world, enum agt_event_type type)
{
    struct agt_event event = {.type = type};

    world_event(world, &event);
}

void world_start(struct agent_world *world)
{
    simple_event(world, AGT_START);
}

void world_pass(struct agent_world *world, int64_t ms)
{
    int64_t until = world->now_ms + ms;
    struct mono deadline = agt_deadline(world->agt);

    while (!mono_is_never(deadline) && deadline.ms <= until) {
        assert_true(deadline.ms > world->now_ms);
        world->now_ms = deadline.ms;
        simple_event(world, AGT_TICK);
        deadline = agt_deadline(world->agt);
    }
    world->now_ms = until;
}

void world_read(struct agent_world *world)
{
    struct agt_event event = {.type = AGT_READINGS, .readings = {.now = &world->readings}};

    for (size_t i = 0; i < SENSOR_COUNT; i++) {
        world->readings.of[i].at = (struct mono){world->now_ms};
    }
    world_event(world, &event);
}

void world_reading(struct agent_world *world, enum sensor sensor, int64_t value)
{
    world->readings.of[sensor] = (struct reading){.state = READING_KNOWN, .value = value};
    world_read(world);
}

void world_unknown(struct agent_world *world, enum sensor sensor)
{
    world->readings.of[sensor] = (struct reading){.state = READING_UNKNOWN};
    world_read(world);
}

void world_owner(struct agent_world *world, bool paused)
{
    struct agt_event event = {.type = AGT_OWNER, .owner_paused = paused};

    world_event(world, &event);
}

void world_dial(struct agent_world *world)
{
    for (int i = 0; i < 1000 && strstr(world->page.data, "connect\n") == NULL; i++) {
        world_pass(world, 100);
    }
    expect_has(world, "connect\n");
}

void world_up(struct agent_world *world)
{
    simple_event(world, AGT_LINK_UP);
}

void world_down(struct agent_world *world)
{
    simple_event(world, AGT_LINK_DOWN);
}

void world_text(struct agent_world *world, const char *text)
{
    struct agt_event event = {.type = AGT_LINK_FRAME,
                              .frame = {.bytes = text, .size_bytes = strlen(text)}};

    world_event(world, &event);
}

void world_message(struct agent_world *world, const struct wire_message *message)
{
    struct blob *blob = wire_encode(message);

    world_text(world, blob->data);
    blob_unref(blob);
}

void world_challenge(struct agent_world *world, const char *store_id)
{
    const struct wire_message message = {.type = WIRE_CHALLENGE,
                                         .challenge = {.version_min = 1,
                                                       .version_max = 1,
                                                       .store_id = store_id,
                                                       .era = world->era,
                                                       .nonce = world->nonce,
                                                       .controller = "fog"}};

    world_message(world, &message);
}

void world_welcome(struct agent_world *world)
{
    struct wire_message message = {.type = WIRE_WELCOME};

    message.welcome.epoch = ++world->epoch;
    message.welcome.era = world->era;
    message.welcome.heartbeat_ms = world->heartbeat_ms;
    message.welcome.agent_uid = world->agent_uid;
    message.welcome.period = world->period_taken;
    world_message(world, &message);
}

void world_connect(struct agent_world *world)
{
    world_dial(world);
    world_up(world);
    world_challenge(world, "store-1");
    world_welcome(world);
    world_clear(world);
}

/* --- assignments --------------------------------------------------------------------------------
 */

static void fill_assignment(const struct want *want, char digest_text[static DIGEST_TEXT_SIZE],
                            const char **command, struct wire_assignment *assignment)
{
    static struct artifact artifact = {
        .digest = "blake2b:ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1",
        .path = "input"};

    static struct output output = {.path = "result"};

    *command = want->command == NULL ? "work" : want->command;
    *assignment = (struct wire_assignment){.uid = want->uid,
                                           .name = "name",
                                           .session = "session",
                                           .session_uid = "session-uid",
                                           .slot = "0",
                                           .generation = want->generation,
                                           .lease_epoch = want->lease_epoch};
    assignment->template.workload.command.items = command;
    assignment->template.workload.command.count = 1;
    assignment->template.workload.restart = want->restart;
    assignment->template.lease_ms = want->lease_ms;
    if (want->has_output) {
        assignment->template.workload.outputs.items = &output;
        assignment->template.workload.outputs.count = 1;
    }
    if (want->has_artifact) {
        assignment->template.workload.artifacts.items = &artifact;
        assignment->template.workload.artifacts.count = 1;
    }
    assignment->template.grace_ms = want->grace_ms == 0 ? 5000 : want->grace_ms;
    assignment->template.drift = want->drift;
    assignment->template.workload.resources.cores = want->cores;
    assignment->template.workload.resources.memory = want->memory;
    if (want->checkpoint_ms > 0) {
        shape_put(
            &workload_shape, &assignment->template.workload, checkpoint,
            ((struct checkpoint){.signal = CHECKPOINT_USR2, .grace_ms = want->checkpoint_ms}));
    }
    if (want->policy != NULL) {
        shape_put(&template_shape, &assignment->template, policy, *want->policy);
        shape_put(&template_shape, &assignment->template, limits, want->policy->limits);
    }
    wire_template_digest(&assignment->template, digest_text);
    assignment->template_digest = digest_text;
}

const struct harvest_policy_spec *world_policy(struct agent_world *world, const char *text)
{
    struct arena *arena = &world->policies;
    struct harvest_policy_spec *policy = ARENA_NEW(arena, struct harvest_policy_spec);
    char *json = arena_strdup(arena, text);
    struct problems problems;
    struct node *root;

    for (char *c = json; *c != '\0'; c++) {
        *c = *c == '\'' ? '"' : *c;
    }
    problems_init(&problems, arena, NULL);
    assert_int_equal(json_parse(arena, json, strlen(json), JSON_PLAIN, &problems, &root), 0);
    assert_true(bind_shape(arena, &harvest_policy_spec_shape, root, "", 0, &problems, policy));
    return policy;
}

enum { WANTS_MAX = 1100 };

struct filled {
    struct wire_assignment assignments[WANTS_MAX];
    const char *commands[WANTS_MAX];
    char digests[WANTS_MAX][DIGEST_TEXT_SIZE];
    size_t count;
};

static struct filled *fill(const struct want *wants)
{
    struct filled *filled = MEM_NEW(struct filled);

    for (; wants[filled->count].uid != NULL; filled->count++) {
        size_t i = filled->count;

        assert_true(i < WANTS_MAX);
        fill_assignment(&wants[i], filled->digests[i], &filled->commands[i],
                        &filled->assignments[i]);
    }
    return filled;
}

void world_digest_of(const struct want *wants, struct digest *ret_digest)
{
    struct filled *filled = fill(wants);

    *ret_digest = (struct digest){0};
    for (size_t i = 0; i < filled->count; i++) {
        struct digest one;

        wire_assignment_digest(wants[i].uid, wants[i].generation, wants[i].lease_epoch,
                               filled->digests[i], &one);
        digest_set_add(ret_digest, &one);
    }
    free(filled);
}

void world_assign_as(struct agent_world *world, struct wire_assign assign, const struct want *wants)
{
    struct wire_message message = {.type = WIRE_ASSIGN};
    struct filled *filled = fill(wants);

    assign.assignments.items = filled->assignments;
    assign.assignments.count = filled->count;
    message.assign = assign;
    world_message(world, &message);
    free(filled);
}

void world_assign(struct agent_world *world, const struct want *wants)
{
    struct wire_assign assign = {
        .era = world->era, .epoch = world->epoch, .revision = ++world->revision, .full = true};
    char text[DIGEST_TEXT_SIZE];

    world_digest_of(wants, &world->digest);
    digest_to_str(&world->digest, text);
    assign.digest = text;
    world_assign_as(world, assign, wants);
}

void world_reported(struct agent_world *world)
{
    const struct wire_message message = {.type = WIRE_REPORTED,
                                         .reported = {.epoch = world->epoch,
                                                      .seq = world->report_seq,
                                                      .period = world->period_taken}};

    world_message(world, &message);
}

void world_renewed(struct agent_world *world, const struct want *wants)
{
    struct wire_lease leases[16] = {0};
    struct wire_message message = {
        .type = WIRE_RENEWED,
        .renewed = {.era = world->era, .epoch = world->epoch, .seq = world->renew_seq}};

    for (size_t i = 0; wants[i].uid != NULL; i++) {
        leases[i].uid = wants[i].uid;
        leases[i].lease_epoch = wants[i].lease_epoch;
        message.renewed.leases.count++;
    }
    message.renewed.leases.items = leases;
    world_message(world, &message);
}

/* --- runs ---------------------------------------------------------------------------------------
 */

static struct agt_exit exit_of(const struct agent_world *world, enum exit_cause cause, int code)
{
    return (struct agt_exit){
        .cause = cause, .code = code, .started = wall_of(world), .ended = wall_of(world)};
}

void world_found_running(struct agent_world *world, const char *uid, int64_t run)
{
    struct agt_event event = {
        .type = AGT_FOUND, .uid = uid, .run = run, .found = {.running = true}};

    world_event(world, &event);
}

void world_found_ended(struct agent_world *world, const char *uid, int64_t run,
                       enum exit_cause cause, int code)
{
    const struct agt_exit exit = exit_of(world, cause, code);
    struct agt_event event = {.type = AGT_FOUND, .uid = uid, .run = run, .found = {.exit = &exit}};

    world_event(world, &event);
}

void world_found_frozen(struct agent_world *world, const char *uid, int64_t run, int64_t for_ms)
{
    struct agt_event event = {.type = AGT_STARTED, .uid = uid, .run = run};

    event.started = wall_of(world);
    event.frozen_since.ms = world->now_ms - for_ms;
    world_event(world, &event);
}

void world_started(struct agent_world *world, const char *uid, int64_t run)
{
    world_found_frozen(world, uid, run, world->now_ms); /* since never */
}

void world_lapsed_for(struct agent_world *world, const char *uid, int64_t run, int64_t for_ms)
{
    struct agt_event event = {.type = AGT_LAPSED, .uid = uid, .run = run};

    event.frozen_since.ms = world->now_ms - for_ms;
    world_event(world, &event);
}

void world_lapsed(struct agent_world *world, const char *uid, int64_t run)
{
    world_lapsed_for(world, uid, run, world->now_ms);
}

void world_exited(struct agent_world *world, const char *uid, int64_t run, enum exit_cause cause,
                  int code)
{
    const struct agt_exit exit = exit_of(world, cause, code);
    struct agt_event event = {.type = AGT_EXITED, .uid = uid, .run = run, .exit = &exit};

    world_event(world, &event);
}

void world_exited_after(struct agent_world *world, const char *uid, int64_t run, int code,
                        int64_t wall_ms)
{
    struct agt_exit exit = exit_of(world, EXIT_BY_ITSELF, code);
    struct agt_event event = {.type = AGT_EXITED, .uid = uid, .run = run, .exit = &exit};

    exit.usage.wall_ms = wall_ms;
    world_event(world, &event);
}

void world_fetching(struct agent_world *world, const char *uid, int64_t number, int64_t done_bytes,
                    int64_t total_bytes)
{
    struct agt_event event = {.type = AGT_FETCHING, .uid = uid, .run = number};

    event.progress.done_bytes = done_bytes;
    event.progress.total_bytes = total_bytes;
    world_event(world, &event);
}

void world_fetched(struct agent_world *world, const char *uid, int64_t number, int code)
{
    struct agt_event event = {.type = AGT_FETCHED, .uid = uid, .run = number};

    event.fetched.code = code;
    event.fetched.message = code == 0 ? NULL : "not this time";
    world_event(world, &event);
}

void world_collected(struct agent_world *world, const char *uid, int64_t run, int code)
{
    struct output_status output = {
        .path = "result",
        .digest = "blake2b:ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1",
        .size = 7};
    const outputs_t outputs = {.items = &output, .count = 1};
    struct agt_event event = {.type = AGT_COLLECTED, .uid = uid, .run = run};

    event.collected.code = code;
    event.collected.message = code == 0 ? NULL : "not this time";
    event.collected.outputs = &outputs;
    world_event(world, &event);
}

void world_holds(struct agent_world *world, const char *uid, int64_t run, int64_t memory)
{
    struct agt_event event = {.type = AGT_USAGE, .uid = uid, .run = run, .memory = memory};

    world_event(world, &event);
}

void world_usage(struct agent_world *world, const char *uid, int64_t run, int64_t cpu_ms)
{
    struct agt_event event = {
        .type = AGT_USAGE, .uid = uid, .run = run, .usage = {.cpu_ms = cpu_ms}};

    world_event(world, &event);
}
