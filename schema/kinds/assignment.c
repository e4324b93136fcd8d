/* Assignment: its table. */
#include "schema/kinds/assignment.h"

#include "schema/base/parse.h"
#include "schema/forms.h"
#include "schema/limits.h"

const char *const assignment_phase_words[] = {"Pending",   "Starting",  "Running",
                                              "Suspended", "Succeeded", "Failed",
                                              "Stopping",  "Stopped",   NULL};

static const struct field spec_fields[] = {
    {"agent", FIELD_NAME, AT(struct assignment_spec, agent),
     .flags = FIELD_REQUIRED | FIELD_IMMUTABLE, .doc = "the agent it is for"},
    {"session", FIELD_NAME, AT(struct assignment_spec, session),
     .flags = FIELD_REQUIRED | FIELD_IMMUTABLE, .doc = "the HarvestSession it is part of"},
    {"sessionUid", FIELD_STR, AT(struct assignment_spec, session_uid), .max = 63,
     .flags = FIELD_REQUIRED | FIELD_IMMUTABLE,
     .doc = "uid of that session, as a name may be used again"},
    {"slot", FIELD_NAME, AT(struct assignment_spec, slot),
     .flags = FIELD_REQUIRED | FIELD_IMMUTABLE,
     .doc = "which replica it is: \"0\", \"1\", …, or the agent's name with everyAgent; of a task "
            "its index"},
    {"template", FIELD_STR, AT(struct assignment_spec, template_digest), .flags = FIELD_REQUIRED,
     .check_text = form_is_digest, .doc = "digest of everything that is to run"},
    {"policy", FIELD_STR, AT(struct assignment_spec, policy), .check_text = form_is_digest,
     .doc = "digest of the policy it was resolved with; absent: without a policy"},
    {"leaseEpoch", FIELD_INT, AT(struct assignment_spec, lease_epoch), .max = INT64_MAX,
     .doc = "raised each time the replica is granted anew; absent: not exclusive"},
};

static const struct field contribution_fields[] = {
    {"cpu", FIELD_DURATION, AT(struct contribution, cpu_ms), .max = DURATION_MAX_MS,
     .doc = "processor time used"},
    {"wall", FIELD_DURATION, AT(struct contribution, wall_ms), .max = DURATION_MAX_MS,
     .doc = "time it ran"},
    {"memoryPeak", FIELD_QUANTITY, AT(struct contribution, memory_peak), .max = INT64_MAX,
     .doc = "most memory it used, in bytes"},
    {"suspensions", FIELD_INT, AT(struct contribution, suspensions), .max = INT64_MAX,
     .doc = "how often it was suspended"},
};

const struct shape contribution_shape =
    SHAPE("contribution", struct contribution, contribution_fields);

static const struct field status_fields[] = {
    {"observedGeneration", FIELD_INT, AT(struct assignment_status, observed_generation),
     .max = INT64_MAX, .doc = "generation that the agent speaks of"},
    {"phase", FIELD_ENUM, AT(struct assignment_status, phase), .words = assignment_phase_words,
     .doc = "how far it is on its agent"},
    {"restarts", FIELD_INT, AT(struct assignment_status, restarts), .max = INT64_MAX,
     .doc = "how often this generation was started again"},
    {"failures", FIELD_INT, AT(struct assignment_status, failures), .max = INT64_MAX,
     .doc = "failed runs in a row"},
    {"exitCode", FIELD_INT, AT(struct assignment_status, exit_code), .max = 255,
     .doc = "of the last run that ended; 128 + n: ended by signal n"},
    {"startTime", FIELD_TIME, AT(struct assignment_status, started),
     .doc = "when the last run began"},
    {"endTime", FIELD_TIME, AT(struct assignment_status, ended), .doc = "when the last run ended"},
    {"reason", FIELD_STR, AT(struct assignment_status, reason), .max = 63,
     .check_text = form_is_reason, .doc = "why it is in this phase, in one word"},
    {"message", FIELD_STR, AT(struct assignment_status, message), .max = MESSAGE_TEXT_BYTES_MAX,
     .doc = "the same in a sentence"},
    {"contribution", FIELD_STRUCT, AT(struct assignment_status, contribution),
     .shape = &contribution_shape, .flags = FIELD_EXPLICIT,
     .doc = "what it used so far; grows only, also across restarts"},
    {"outputs", FIELD_LIST, AT(struct assignment_status, outputs), .shape = &output_status_shape,
     .map_key = "path", .max = ARTIFACTS_MAX,
     .doc = "files of the last run that were collected and are stored as blobs"},
    {"drift", FIELD_LIST, AT(struct assignment_status, drift), .shape = &drift_row_shape,
     .map_key = "sort", .max = DRIFT_ROWS_MAX,
     .doc = "what was changed on the machine without a change of what was declared"},
    {"policyChange", FIELD_INT, AT(struct assignment_status, policy_change), .max = INT64_MAX,
     .doc = "number of the newest change of what its policy asks for that became an event"},
    {"conditions", FIELD_LIST, AT(struct assignment_status, conditions), .shape = &condition_shape,
     .map_key = "type", .max = CONDITIONS_MAX,
     .doc = "Converged: the agent does what it was told; Drifted: what runs there was changed by "
            "somebody else"},
};

const struct shape assignment_spec_shape = SHAPE("spec", struct assignment_spec, spec_fields);
const struct shape assignment_status_shape =
    SHAPE("status", struct assignment_status, status_fields);

static const struct field fields[] = {
    {"spec", FIELD_STRUCT, AT(struct assignment, spec), .shape = &assignment_spec_shape,
     .flags = FIELD_REQUIRED, .doc = "what the reconciler decided"},
    {"status", FIELD_STRUCT, AT(struct assignment, status), .shape = &assignment_status_shape,
     .flags = FIELD_IS_STATUS | FIELD_EXPLICIT, .doc = "what the agent reports"},
};

const struct shape assignment_shape = SHAPE("Assignment", struct assignment, fields);

static const struct column columns[] = {
    {"Agent", "spec.agent", 0},
    {"Phase", "status.phase", 0},
    {"Restarts", "status.restarts", 0},
    {"Reason", "status.reason", 0},
    {"Exit", "status.exitCode", 1},
    {"Session", "spec.session", 1},
    {"Slot", "spec.slot", 1},
    {"CPU", "status.contribution.cpu", 1},
    {"Drifted", "status.conditions[Drifted].status", 1},
};

static const char *const short_names[] = {"asg", NULL};
static const char *const categories[] = {"all", "fog", NULL};

const struct kind assignment_kind = {
    .id = KIND_ASSIGNMENT,
    .name = "Assignment",
    .plural = "assignments",
    .singular = "assignment",
    .group = "fog",
    .api_version = "fog/v1",
    .short_names = short_names,
    .categories = categories,
    .doc = "One resolved piece of work for one agent.  The controller makes it out of a session, "
           "its policy and the agents there are; operators read it, and delete it to have the work "
           "placed anew.  It stays with its agent for life: a move is another assignment.",
    .shape = &assignment_shape,
    .columns = columns,
    .column_count = COUNT_OF(columns),
    .is_derived = true,
};
