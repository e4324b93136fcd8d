/* States that work gets stuck in, each with a name.  `why` has to name what is in the way, since
 * when, and what to do; each line of that is then carried out as it stands, in a world of its own,
 * and nothing may be in the way any more.  docs/WHY.md lists the same states, and is compared.
 *
 * Agents are played: they run what they are told, and let the real evaluator of policies judge what
 * they run by the readings that they were given. */
#include "controller/core/directory.h"
#include "controller/core/reconcile.h"
#include "schema/base/parse.h"
#include "schema/bind.h"
#include "schema/policy.h"
#include "schema/yaml.h"
#include "tests/support/fleet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { LINES_MAX = 8 };

struct stuck {
    const char *name;
    const char *given;     /* what was stored when the controller started */
    void (*happens)(void); /* then; may be NULL */
    const char *asks;      /* "harvestsession/work"; "copy": of its replica 0 */
    const char *reason;    /* of what is in the way */
    const char *line;      /* one of those to carry out; NULL: its words say what to do */
    const char *edit;      /* what a person writes where a line says edit: a merge patch; where it
                              says replace, all of it */
    void (*mends)(void);   /* what a person does whom no line can tell more; may be NULL */
};

static struct fleet fleet;
static const struct stuck *row;

/* --- the world -------------------------------------------------------------------------------- */

#define SENSORS                                                                                    \
    "sensors: {battery: 90, charging: true, temperature: 30, idle: 10m, foreignCpu: 1, "           \
    "memoryAvailable: 4Gi, memoryPressure: 0, metered: false, load: 0}"
#define CAPACITY "version: 0.1.0, capacity: {cores: 8, memory: 1Gi, disk: 8Gi}"
#define AGENT_OF(meta, spec, status)                                                               \
    "---\napiVersion: fog/v1\nkind: Agent\nmetadata: {name: edge-1" meta "}\nspec: {" spec "}\n"   \
    "status: {" CAPACITY status "}\n"
#define AGENT AGENT_OF("", "", ", " SENSORS)
#define POLICY_OF(more)                                                                            \
    "---\napiVersion: fog/v1\nkind: HarvestPolicy\nmetadata: {name: p}\nspec:\n"                   \
    "  battery: {minPercent: 30, resumePercent: 50, requireCharging: false}\n"                     \
    "  user: {startAfterIdle: 1m, continueAfterIdle: 1m}\n" more
#define POLICY POLICY_OF("")
#define WORK_OF(meta, spec, workload)                                                              \
    "---\napiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: work" meta "}\n"              \
    "spec: {" spec "workload: {command: [/bin/run]" workload "}}\n"
#define WORK WORK_OF("", "", "")
#define HELD WORK_OF("", "policy: p, ", "")

static struct agent_entry *edge(void)
{
    return model_agent(&fleet.ctl->model, "edge-1");
}

/* What was refused stored nothing, so its answer is of the last step. */
static void expect_no_refusal(const char *target)
{
    vec_each (&fleet.last, it) {
        if (it->type == EFFECT_ANSWER && it->answer.code >= 400) {
            fail_msg("%s: %s is answered %d: %s", row->name, target, it->answer.code,
                     it->bytes == NULL ? "" : it->bytes->data);
        }
    }
}

static void request(const char *method, const char *target, const char *type, const char *body)
{
    const struct http_request http = {.method = method,
                                      .target = target,
                                      .content_type = type,
                                      .user_agent = "fogctl/0.1",
                                      .user = "ann",
                                      .body = body,
                                      .body_size_bytes = strlen(body)};
    static uint64_t id = 1000;
    struct ctl_event event = {.type = CTL_HTTP, .id = ++id, .http = &http};

    fleet_event(&fleet, &event);
    expect_no_refusal(target);
    fleet_tick(&fleet);
}

static void patch(const char *plural, const char *name, const char *body)
{
    char target[160];

    (void)snprintf(target, sizeof(target), "/apis/fog/v1/%s/%s", plural, name);
    request("PATCH", target, "application/merge-patch+json", body);
}

static void create(const char *plural, const char *body)
{
    char target[160];

    (void)snprintf(target, sizeof(target), "/apis/fog/v1/%s", plural);
    request("POST", target, "application/json", body);
}

/* Told anew, as with each heartbeat: what is known is known now. */
static void tell_readings(struct agent_entry *agent)
{
    for (size_t i = 0; i < SENSOR_COUNT; i++) {
        agent->readings.of[i].at = fleet.now;
    }
    agent->read_at = (struct policy_moment){fleet.now, fleet.wall};
    agent->last_seen = fleet.wall;
    roster_update_readings(&fleet.ctl->model.roster, agent);
    reconcile_readings(fleet.ctl, agent);
}

/* As its owner says, and its agent reports. */
static void set_paused(bool is_paused)
{
    static const struct write write = {ROW_STATUS, "agent/edge-1", "fog-agent", "its owner's word"};
    struct object *next = object_edit(edge()->object);

    shape_put(&agent_status_shape, &((struct agent *)next->body)->status, paused, is_paused);
    fleet.ctl->batch = batch_new(fleet.ctl->batch_seq + 1);
    ctl_begin(fleet.ctl, false);
    (void)ctl_put(fleet.ctl, next, &write);
    ctl_commit(fleet.ctl);
    batch_free(TAKE(fleet.ctl->batch));
    fleet_tick(&fleet);
}

/* What an agent makes of one of its runs. */
static void judge(struct assignment_entry *copy)
{
    const struct policy_entry *policy = copy->session->policy;
    enum assignment_phase phase = assignment_status(copy)->phase;
    const struct policy_input input = {
        .spec = policy == NULL ? NULL : &harvest_policy_of(policy->object)->spec,
        .readings = &copy->agent->readings,
        .moment = copy->agent->read_at,
        .owner_paused = agent_status(copy->agent)->paused,
        .is_running = true,
    };
    struct policy_verdict verdict;

    policy_predict(&input, &verdict);
    if (verdict.outcome >= POLICY_SUSPEND) {
        fleet_report(&fleet, copy, PHASE_SUSPENDED, policy_reason_words[verdict.reason], 0);
    } else if (phase == PHASE_SUSPENDED) {
        fleet_report(&fleet, copy, PHASE_RUNNING, NULL, 0);
    }
}

/* Agents do what they were told, and judge what runs. */
static void agents_work(void)
{
    for (int pass = 0; pass < 3; pass++) {
        map_each (&fleet.ctl->model.objects[KIND_AGENT], it) {
            tell_readings(it->value);
        }
        fleet_obey(&fleet);
        map_each (&fleet.ctl->model.objects[KIND_ASSIGNMENT], it) {
            struct assignment_entry *copy = it->value;

            if (copy->is_in_set && copy->agent != NULL && copy->agent->link != NULL &&
                (assignment_status(copy)->phase == PHASE_RUNNING ||
                 assignment_status(copy)->phase == PHASE_SUSPENDED)) {
                judge(copy);
            }
        }
        fleet_advance(&fleet, 1000);
    }
}

static void feel(enum sensor sensor, int64_t value)
{
    edge()->readings.of[sensor] = (struct reading){READING_KNOWN, value, fleet.now};
    edge()->has_readings = true;
    agents_work();
}

#include "tests/unit/controller/stuck_states.h"

/* --- asking ----------------------------------------------------------------------------------- */

static const struct object *asked(void)
{
    const struct model *model = &fleet.ctl->model;

    if (str_eq(row->asks, "copy")) {
        return fleet_copy(&fleet, "work", "0")->object;
    }
    if (str_eq(row->asks, "conflict")) {
        struct map_entry *first = map_next(&model->objects[KIND_CONFLICT], NULL);

        return first == NULL ? NULL : ((struct entry *)first->value)->object;
    }
    for (size_t i = 0; i < KIND_COUNT; i++) {
        const char *slash = strchr(row->asks, '/');

        if (strncmp(kinds[i]->singular, row->asks, (size_t)(slash - row->asks)) == 0) {
            return model_find(model, kinds[i]->id, slash + 1);
        }
    }
    return NULL;
}

/* In the arena of the core, until its next step. */
static const struct node *in_the_way(void)
{
    const struct object *object = asked();

    return object == NULL ? NULL : node_find(explain_object(fleet.ctl, object), "inTheWay");
}

static void begin(void)
{
    fleet_init(&fleet);
    fleet_load(&fleet, row->given);
    fleet_start(&fleet);
    if (row->happens != NULL) {
        row->happens();
    }
}

static void expect_words(const struct node *found)
{
    const char *remedy = node_find_text(found, "remedy");

    if (!str_eq(node_find_text(found, "reason"), row->reason)) {
        fail_msg("%s: %s is in the way, not %s: %s", row->name, node_find_text(found, "reason"),
                 row->reason, node_find_text(found, "message"));
    }
    assert_non_null(node_find_text(found, "object"));
    assert_non_null(node_find_text(found, "message"));
    assert_non_null(remedy);
    assert_string_not_equal(remedy, "wait");
    assert_string_not_equal(remedy, "look at its message and its logs");
    assert_non_null(node_find_text(found, "since"));
}

/* The lines to carry out, of a world that is stuck. */
static size_t find_lines(char *lines[static LINES_MAX])
{
    const struct node *found, *actions;
    size_t count = 0;
    bool is_there = row->line == NULL;

    begin();
    found = in_the_way();
    if (found == NULL) {
        fail_msg("%s: nothing is in the way", row->name);
    }
    expect_words(found);
    actions = node_find(found, "actions");
    for (size_t i = 0; actions != NULL && i < actions->list.count; i++) {
        assert_true(count < LINES_MAX);
        lines[count] = mem_strdup(node_text(actions->list.items[i]));
        is_there = is_there || str_eq(lines[count], row->line);
        count++;
    }
    if (!is_there) {
        for (size_t i = 0; i < count; i++) {
            print_message("# %s\n", lines[i]);
        }
        fail_msg("%s: no line \"%s\"", row->name, row->line);
    }
    fleet_fini(&fleet);
    return count;
}

/* --- carrying out ----------------------------------------------------------------------------- */

struct line {
    char text[512];
    char *words[8]; /* in `text`; what stands in '…' is one */
    size_t count;
};

static void split(const char *text, struct line *line)
{
    char *at = line->text;

    *line = (struct line){.count = 0};
    (void)snprintf(line->text, sizeof(line->text), "%s", text);
    while (*at != '\0' && line->count < COUNT_OF(line->words)) {
        char end = *at == '\'' ? '\'' : ' ';

        at += *at == '\'';
        line->words[line->count++] = at;
        while (*at != '\0' && *at != end) {
            at++;
        }
        while (*at == end || *at == ' ') {
            *at++ = '\0';
        }
    }
}

static const char *plural_of(const char *title, const char **ret_name)
{
    const char *slash = strchr(title, '/');
    char word[64];

    (void)snprintf(word, sizeof(word), "%.*s", (int)(slash - title), title);
    *ret_name = slash + 1;
    return kind_find_word(word)->plural;
}

static void patch_title(const char *title, const char *body)
{
    const char *name, *plural = plural_of(title, &name);

    patch(plural, name, body);
}

static void delete_title(const char *title)
{
    const char *name, *plural = plural_of(title, &name);
    char target[160];

    (void)snprintf(target, sizeof(target), "/apis/fog/v1/%s/%s", plural, name);
    request("DELETE", target, NULL, "");
}

static void label_agent(const char *prefix, const char *pair)
{
    char body[256];

    (void)snprintf(body, sizeof(body), "{\"metadata\":{\"labels\":{\"%s%.*s\":\"%s\"}}}", prefix,
                   (int)strcspn(pair, "="), pair, strchr(pair, '=') + 1);
    patch("agents", "edge-1", body);
}

/* NULL: all of it. */
static void release_title(const char *title, const char *field)
{
    const char *slash = strchr(title, '/');
    char body[512], word[64], fields[256] = "";

    (void)snprintf(word, sizeof(word), "%.*s", (int)(slash - title), title);
    if (field != NULL) {
        (void)snprintf(fields, sizeof(fields), ",\"fields\":[\"%s\"]", field);
    }
    (void)snprintf(
        body, sizeof(body),
        "{\"spec\":{\"changes\":[{\"verb\":\"release\",\"kind\":\"%s\",\"name\":\"%s\"%s}]}}",
        kind_find_word(word)->name, slash + 1, fields);
    request("POST", "/apis/fog/v1/changesets?fieldManager=fogctl", "application/json", body);
}

/* False: it only shows something. */
static bool carry_out_fogctl(const struct line *line)
{
    char *const *words = line->words;
    const char *verb = words[1];

    if (str_eq(verb, "patch")) {
        assert_string_equal(words[3], "-p");
        patch_title(words[2], words[4]);
    } else if (str_eq(verb, "edit")) {
        if (row->edit == NULL) {
            return false; /* another line says what to write */
        }
        patch_title(words[2], row->edit);
    } else if (str_eq(verb, "label")) {
        assert_string_equal(words[2], "agent/edge-1");
        assert_true(line->count == 5 && str_eq(words[4], "--overwrite"));
        label_agent("", words[3]);
    } else if (str_eq(verb, "uncordon")) {
        patch("agents", words[2], "{\"spec\":{\"unschedulable\":false,\"drain\":null}}");
    } else if (str_eq(verb, "delete")) {
        delete_title(words[2]);
    } else if (str_eq(verb, "release")) {
        assert_true(line->count == 3 || str_eq(words[3], "--field"));
        release_title(words[2], line->count == 3 ? NULL : words[4]);
    } else if (str_eq(verb, "rollout") && str_eq(words[2], "resume")) {
        patch_title(words[3], "{\"spec\":{\"rollout\":{\"pause\":false}}}");
    } else if (str_eq(verb, "rollout")) {
        assert_string_equal(words[2], "undo");
        patch_title(words[3], OLD_FORM);
    } else if (str_eq(verb, "replace")) {
        assert_string_equal(words[4], "--force");
        delete_title("harvestsession/work");
        agents_work();
        create("harvestsessions", row->edit);
    } else if (str_eq(verb, "blob")) {
        report(PHASE_RUNNING, NULL, 0); /* its agent fetches it, and starts */
    } else {
        assert_true(str_eq(verb, "logs") || str_eq(verb, "describe") || str_eq(verb, "get") ||
                    str_eq(verb, "why") || str_eq(verb, "results"));
        return false;
    }
    return true;
}

/* The machine comes to be so that the condition holds, and not more. */
static void make_true(const char *field, const char *value)
{
    int64_t number = value == NULL ? 1 : strtoll(value, NULL, 10);

    if (str_eq(field, "sensors.battery")) {
        feel(SENSOR_BATTERY, number);
    } else if (str_eq(field, "sensors.charging")) {
        feel(SENSOR_CHARGING, 1);
    } else if (str_eq(field, "!sensors.metered")) {
        feel(SENSOR_METERED, 0);
    } else if (str_eq(field, "sensors.temperature")) {
        feel(SENSOR_TEMPERATURE, number * 1000);
    } else if (str_eq(field, "sensors.idle")) {
        assert_true(duration_from_str(value, &number));
        feel(SENSOR_IDLE, number);
    } else if (str_eq(field, "sensors.foreignCpu")) {
        feel(SENSOR_FOREIGN_CPU, number * 1000 - 1);
    } else if (str_eq(field, "sensors.memoryPressure")) {
        feel(SENSOR_MEMORY_PRESSURE, number * 1000 - 1);
    } else {
        fail_msg("nobody knows how to make \"%s\" true", field);
    }
}

static bool carry_out_there(const struct line *line)
{
    char *const *words = line->words;

    if (str_eq(words[1], "a")) { /* on a machine: … */
        fleet_apply(&fleet, AGENT);
        fleet_connect_new(&fleet);
    } else if (str_eq(words[2], "until")) {
        make_true(words[3], line->count > 5 ? words[5] : NULL);
    } else if (str_eq(words[3], "resume")) {
        set_paused(false);
    } else if (str_eq(words[3], "--name")) {
        assert_string_equal(words[4], "edge-1");
        if (line->count > 5) {
            assert_string_equal(words[5], "--label");
            label_agent(REPORTED_PREFIX, words[6]);
        } else {
            fleet_connect(&fleet, "edge-1");
        }
    } else {
        return false; /* status and doctor show something */
    }
    return true;
}

static bool carry_out(const char *text)
{
    int64_t ms = 0;
    struct line line;

    split(text, &line);
    if (str_eq(line.words[0], "fogctl")) {
        return carry_out_fogctl(&line);
    }
    if (str_eq(line.words[0], "on")) {
        return carry_out_there(&line);
    }
    assert_string_equal(line.words[0], "wait");
    assert_true(duration_from_str(line.words[1], &ms));
    fleet_advance(&fleet, ms + 1000);
    return true;
}

static void expect_unblocked(const char *line)
{
    const struct node *found;
    const char *reason = "";

    agents_work();
    fleet_advance(&fleet, 15 * 1000);
    agents_work();
    found = in_the_way();
    reason = found == NULL ? "" : node_find_text(found, "reason");
    if (found != NULL) {
        fail_msg("%s: after \"%s\" %s is in the way: %s", row->name, line, reason,
                 node_find_text(found, "message"));
    }
}

static void follow(const struct stuck *stuck)
{
    char *lines[LINES_MAX];
    size_t count, followed = 0;

    row = stuck;
    count = find_lines(lines);
    for (size_t i = 0; i < count; i++) {
        begin();
        if (carry_out(lines[i])) {
            expect_unblocked(lines[i]);
            followed++;
        }
        fleet_fini(&fleet);
        free(lines[i]);
    }
    if (row->mends != NULL) {
        begin();
        row->mends();
        expect_unblocked("what a person mends");
        fleet_fini(&fleet);
        followed++;
    }
    assert_true(followed > 0);
}

static void each_state_is_left_by_what_why_says(void **state)
{
    const char *only = getenv("FOG_STUCK");

    (void)state;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        if (only == NULL || str_eq(only, table[i].name)) {
            follow(&table[i]);
        }
    }
    assert_true(COUNT_OF(table) >= 25);
}

/* --- docs ------------------------------------------------------------------------------------- */

static void every_state_stands_in_the_docs(void **state)
{
    static char text[1 << 16];
    FILE *file = fopen("docs/WHY.md", "re");

    (void)state;
    assert_non_null(file);
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    (void)fclose(file);
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        char line[512];

        if (table[i].line == NULL) {
            (void)snprintf(line, sizeof(line), "| %s | %s | none, only words: ", table[i].name,
                           table[i].reason);
        } else {
            (void)snprintf(line, sizeof(line), "| %s | %s | `%s` |\n", table[i].name,
                           table[i].reason, table[i].line);
        }
        if (strstr(text, line) == NULL) {
            fail_msg("docs/WHY.md lacks the row %s", line);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_state_is_left_by_what_why_says),
        cmocka_unit_test(every_state_stands_in_the_docs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
