/* Agent: its table. */
#include "schema/kinds/agent.h"

#include "schema/base/parse.h"
#include "schema/check.h"
#include "schema/forms.h"
#include "schema/kinds/rules.h"
#include "schema/limits.h"

static const char *const drain_words[] = {"never", "gently", "forced", NULL};

static const struct field spec_fields[] = {
    {"publicKey", FIELD_STR, AT(struct agent_spec, public_key), .flags = FIELD_IMMUTABLE,
     .check_text = form_is_public_key,
     .doc = "Ed25519 key that the machine proves itself with, in base64; the first hello pins it"},
    {"unschedulable", FIELD_BOOL, AT(struct agent_spec, unschedulable), .fallback = "false",
     .doc = "place no new work here; what runs stays"},
    {"drain", FIELD_ENUM, AT(struct agent_spec, drain), .words = drain_words, .fallback = "never",
     .doc =
         "place no new work here, and let what runs go elsewhere: gently, so that tasks end here "
         "first, or forced, so that they begin anew"},
};

static const struct field capacity_fields[] = {
    {"cores", FIELD_CORES, AT(struct resources, cores), .max = INT64_MAX, .doc = "processor cores"},
    {"memory", FIELD_QUANTITY, AT(struct resources, memory), .max = INT64_MAX,
     .doc = "memory in bytes"},
    {"disk", FIELD_QUANTITY, AT(struct resources, disk), .max = INT64_MAX,
     .doc = "room on disk in bytes"},
};

static const struct field share_fields[] = {
    {"sessionUid", FIELD_STR, AT(struct period_share, session_uid), .max = 63,
     .flags = FIELD_REQUIRED, .doc = "uid of the HarvestSession that it was used for"},
    {"cpu", FIELD_DURATION, AT(struct period_share, cpu_ms), .max = DURATION_MAX_MS,
     .doc = "processor time used"},
    {"wall", FIELD_DURATION, AT(struct period_share, wall_ms), .max = DURATION_MAX_MS,
     .doc = "time that its work ran, each piece by itself"},
    {"suspensions", FIELD_INT, AT(struct period_share, suspensions), .max = INT64_MAX,
     .doc = "how often it was suspended"},
};

const struct shape period_share_shape = SHAPE("share", struct period_share, share_fields);

static const struct field period_fields[] = {
    {"number", FIELD_INT, AT(struct period, number), .max = PERIOD_NUMBER_MAX,
     .doc = "rises with each of the agent's, across its restarts"},
    {"shares", FIELD_LIST, AT(struct period, shares), .shape = &period_share_shape,
     .map_key = "sessionUid", .max = PERIOD_SESSIONS_MAX,
     .doc = "what was used for each session; for good: a period never changes"},
};

const struct shape period_shape = SHAPE("period", struct period, period_fields);

static const struct field status_fields[] = {
    {"observedGeneration", FIELD_INT, AT(struct agent_status, observed_generation),
     .max = INT64_MAX, .doc = "generation of the spec that this status speaks of"},
    {"capacity", FIELD_STRUCT, AT(struct agent_status, capacity), .shape = &capacity_shape,
     .flags = FIELD_EXPLICIT,
     .doc = "what the machine has for our work, less what its owner keeps"},
    {"version", FIELD_STR, AT(struct agent_status, version), .max = 63,
     .doc = "version of fog-agent"},
    {"platform", FIELD_STR, AT(struct agent_status, platform), .max = 63,
     .doc = "operating system and processor, as in \"linux/amd64\""},
    {"bootId", FIELD_STR, AT(struct agent_status, boot_id), .max = 63,
     .doc = "changes each time the machine starts, or the agent uses another state directory"},
    {"paused", FIELD_BOOL, AT(struct agent_status, paused),
     .doc = "the machine's owner has paused it, so it runs nothing of ours"},
    {"assignments", FIELD_INT, AT(struct agent_status, assignments), .max = INT64_MAX,
     .doc = "assignments placed on it"},
    {"period", FIELD_STRUCT, AT(struct agent_status, period), .shape = &period_shape,
     .flags = FIELD_EXPLICIT,
     .doc = "the newest accounting period that was taken in; each is taken in once"},
    {"contribution", FIELD_STRUCT, AT(struct agent_status, contribution),
     .shape = &contribution_shape, .flags = FIELD_EXPLICIT,
     .doc = "the sum of all accounting periods that were taken in; no peak of memory"},
    {"reputation", FIELD_STRUCT, AT(struct agent_status, reputation), .shape = &reputation_shape,
     .flags = FIELD_EXPLICIT,
     .doc = "how far it can be relied upon, by what became of the work that it was given"},
    {"lastSeen", FIELD_TIME, AT(struct agent_status, last_seen),
     .doc = "when it was last heard of; known when read, never stored"},
    {"sensors", FIELD_STRUCT, AT(struct agent_status, sensors), .shape = &sensors_shape,
     .flags = FIELD_EXPLICIT, .doc = "what its sensors told last; known when read, never stored"},
    {"conditions", FIELD_LIST, AT(struct agent_status, conditions), .shape = &condition_shape,
     .map_key = "type", .max = CONDITIONS_MAX,
     .doc = "Ready: connected and reporting; Healthy: what is started here does start; "
            "Schedulable: there only while it may get no work; Drained: only while it is drained; "
            "Paused: only while its owner has paused it"},
};

const struct shape capacity_shape = SHAPE("capacity", struct resources, capacity_fields);
const struct shape agent_spec_shape = SHAPE("spec", struct agent_spec, spec_fields);
const struct shape agent_status_shape = SHAPE("status", struct agent_status, status_fields);

static const struct field fields[] = {
    {"spec", FIELD_STRUCT, AT(struct agent, spec), .shape = &agent_spec_shape,
     .doc = "what operators declare about the machine"},
    {"status", FIELD_STRUCT, AT(struct agent, status), .shape = &agent_status_shape,
     .flags = FIELD_IS_STATUS | FIELD_EXPLICIT, .doc = "what the machine says about itself"},
};

const struct shape agent_shape = SHAPE("Agent", struct agent, fields);

static const struct column columns[] = {
    {"Ready", "status.conditions[Ready].status", 0},
    {"Cores", "status.capacity.cores", 0},
    {"Memory", "status.capacity.memory", 0},
    {"Battery", "status.sensors.battery", 0},
    {"Temperature", "status.sensors.temperature", 0},
    {"Assignments", "status.assignments", 0},
    {"Paused", "status.paused", 0},
    {"Last Seen", "status.lastSeen", 0},
    {"Charging", "status.sensors.charging", 1},
    {"Idle", "status.sensors.idle", 1},
    {"Load", "status.sensors.load", 1},
    {"Metered", "status.sensors.metered", 1},
    {"Disk", "status.capacity.disk", 1},
    {"Platform", "status.platform", 1},
    {"Version", "status.version", 1},
    {"Reputation", "status.reputation.harvest.score", 1},
    {"Unschedulable", "spec.unschedulable", 1},
};

static const char *const short_names[] = {"ag", NULL};
static const char *const categories[] = {"all", "fog", NULL};

static void check(const struct object *object, const struct node *root, struct problems *problems)
{
    rule_work_name(object, root, problems);
}

const struct kind agent_kind = {
    .id = KIND_AGENT,
    .name = "Agent",
    .plural = "agents",
    .singular = "agent",
    .group = "fog",
    .api_version = "fog/v1",
    .short_names = short_names,
    .categories = categories,
    .doc = "A machine that dials in and offers to run work.  Its first hello makes the object and "
           "pins its key; it may also be declared beforehand, with labels to place work by and "
           "with the key that will be accepted.",
    .shape = &agent_shape,
    .columns = columns,
    .column_count = COUNT_OF(columns),
    .check = check,
};
