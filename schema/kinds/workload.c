/* What runs: the tables of a workload and of its resolved form. */
#include "schema/kinds/workload.h"

#include "schema/emit.h"
#include "schema/forms.h"
#include "schema/limits.h"

const char *const checkpoint_signal_words[] = {"USR1", "USR2", NULL};

static const char *const restart_words[] = {"never", "onFailure", "always", NULL};

static const struct field resources_fields[] = {
    {"cores", FIELD_CORES, AT(struct resources, cores), .fallback = "100m", .max = CORES_MAX * 1000,
     .doc = "processor cores to keep free for it"},
    {"memory", FIELD_QUANTITY, AT(struct resources, memory), .max = INT64_MAX,
     .doc = "bytes of memory to keep free for it, and the most it may use; absent: none kept, no "
            "limit"},
    {"disk", FIELD_QUANTITY, AT(struct resources, disk), .max = INT64_MAX,
     .doc = "bytes on disk to keep free for it; absent: none kept"},
};

const struct shape resources_shape = SHAPE("resources", struct resources, resources_fields);

static const struct field artifact_fields[] = {
    {"digest", FIELD_STR, AT(struct artifact, digest), .flags = FIELD_REQUIRED,
     .check_text = form_is_digest, .doc = "what it must be: \"blake2b:\" and 64 hex digits"},
    {"path", FIELD_STR, AT(struct artifact, path), .flags = FIELD_REQUIRED,
     .max = WORK_PATH_BYTES_MAX, .check_text = form_is_path,
     .doc = "where it is put, inside the working directory"},
};

static const struct shape artifact_shape = SHAPE("artifact", struct artifact, artifact_fields);

static const struct field output_fields[] = {
    {"path", FIELD_STR, AT(struct output, path), .flags = FIELD_REQUIRED,
     .max = WORK_PATH_BYTES_MAX, .check_text = form_is_path,
     .doc = "where it is found, inside the working directory"},
};

static const struct field output_status_fields[] = {
    {"path", FIELD_STR, AT(struct output_status, path), .flags = FIELD_REQUIRED,
     .max = WORK_PATH_BYTES_MAX, .check_text = form_is_path, .doc = "as the workload declares it"},
    {"digest", FIELD_STR, AT(struct output_status, digest), .flags = FIELD_REQUIRED,
     .check_text = form_is_digest, .doc = "of the blob that has it"},
    {"size", FIELD_QUANTITY, AT(struct output_status, size), .max = INT64_MAX, .doc = "in bytes"},
};

const struct shape output_status_shape =
    SHAPE("outputStatus", struct output_status, output_status_fields);

static const struct shape output_shape = SHAPE("output", struct output, output_fields);

static const struct field checkpoint_fields[] = {
    {"signal", FIELD_ENUM, AT(struct checkpoint, signal), .words = checkpoint_signal_words,
     .fallback = "USR1", .doc = "sent to the program itself, once before each such suspension"},
    {"grace", FIELD_DURATION, AT(struct checkpoint, grace_ms), .fallback = "5s",
     .min = CHECKPOINT_GRACE_MIN_MS, .max = CHECKPOINT_GRACE_MAX_MS,
     .doc = "time from the signal until it is frozen"},
};

static const struct shape checkpoint_shape =
    SHAPE("checkpoint", struct checkpoint, checkpoint_fields);

static const struct field workload_fields[] = {
    {"command", FIELD_LIST, AT(struct workload, command), .item = FIELD_STR,
     .flags = FIELD_REQUIRED, .min = 1, .max = COMMAND_WORDS_MAX,
     .doc = "the program and its arguments, as they are: no shell reads them"},
    {"environment", FIELD_STRMAP, AT(struct workload, environment), .max = ENVIRONMENT_MAX,
     .check_text = form_is_environment,
     .doc = "variables it is started with, beside PATH, HOME and those that begin with FOG_"},
    {"restart", FIELD_ENUM, AT(struct workload, restart), .words = restart_words,
     .fallback = "onFailure", .doc = "whether it is started again when it has ended"},
    {"resources", FIELD_STRUCT, AT(struct workload, resources), .shape = &resources_shape,
     .doc = "what an agent must have free to be given this"},
    {"artifacts", FIELD_LIST, AT(struct workload, artifacts), .shape = &artifact_shape,
     .map_key = "path", .max = ARTIFACTS_MAX,
     .doc = "files that are fetched, verified and put in place before it starts; none "
            "lies below another"},
    {"outputs", FIELD_LIST, AT(struct workload, outputs), .shape = &output_shape, .map_key = "path",
     .max = ARTIFACTS_MAX,
     .doc = "files that are collected when it has ended; none lies below another"},
    {"checkpoint", FIELD_STRUCT, AT(struct workload, checkpoint), .shape = &checkpoint_shape,
     .flags = FIELD_EXPLICIT,
     .doc = "its chance to save its state before a policy suspends it; absent: it is frozen at "
            "once.  Heat, unknown readings and its owner's word do not wait for it"},
};

const struct shape workload_shape = SHAPE("workload", struct workload, workload_fields);

/* The limits of a resolved template: as in the policy, and none where the policy has none. */
static const struct field template_limits_fields[] = {
    {"cpuPercent", FIELD_INT, AT(struct limits_policy, cpu_percent), .min = 1, .max = 100,
     .doc = "share of the machine's processor time"},
    {"memoryPercent", FIELD_INT, AT(struct limits_policy, memory_percent), .min = 1, .max = 100,
     .doc = "share of the machine's memory"},
    {"pids", FIELD_INT, AT(struct limits_policy, pids), .min = 1, .max = PIDS_MAX,
     .doc = "processes and threads"},
};

static const struct shape template_limits_shape =
    SHAPE("limits", struct limits_policy, template_limits_fields);

static const struct field template_fields[] = {
    {"workload", FIELD_STRUCT, AT(struct template, workload), .shape = &workload_shape,
     .flags = FIELD_REQUIRED, .doc = "what runs"},
    {"limits", FIELD_STRUCT, AT(struct template, limits), .shape = &template_limits_shape,
     .flags = FIELD_EXPLICIT, .doc = "what it may use of the machine, from its policy"},
    {"grace", FIELD_DURATION, AT(struct template, grace_ms), .max = GRACE_MAX_MS,
     .doc = "time to end by itself between TERM and KILL"},
    {"orphanAfter", FIELD_DURATION, AT(struct template, orphan_after_ms), .max = WORK_TIME_MAX_MS,
     .doc = "it is ended when no agent came back for this long; 0s: never"},
    {"leaseDuration", FIELD_DURATION, AT(struct template, lease_ms), .max = LEASE_MAX_MS,
     .doc = "length of its lease when it is exclusive; 0s: not exclusive"},
    {"policy", FIELD_STRUCT, AT(struct template, policy), .shape = &harvest_policy_spec_shape,
     .flags = FIELD_EXPLICIT,
     .doc = "when it may run at all, as its policy says; a change of it alone restarts nothing"},
    {"taskCount", FIELD_INT, AT(struct template, task_count), .max = TASKS_MAX,
     .doc = "it is one of so many tasks, and its slot is its index; absent: it is none"},
    {"drift", FIELD_ENUM, AT(struct template, drift), .words = drift_mode_words,
     .doc = "whether drift is healed or reported alone; a change of it alone restarts nothing"},
};

const struct shape template_shape = SHAPE("template", struct template, template_fields);

const struct harvest_policy_spec *template_policy(const struct template *resolved)
{
    return shape_has(&template_shape, resolved, &resolved->policy) ? &resolved->policy : NULL;
}

const struct checkpoint *template_checkpoint(const struct template *resolved)
{
    const struct workload *workload = &resolved->workload;

    return shape_has(&workload_shape, workload, &workload->checkpoint) ? &workload->checkpoint
                                                                       : NULL;
}

void template_digest(const struct template *resolved, char ret_text[static DIGEST_TEXT_SIZE])
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    struct digest digest;

    emit_shape_json(&template_shape, resolved, &text);
    digest_of(text.data, text.length, &digest);
    digest_to_str(&digest, ret_text);
}

void template_run_digest(const struct template *resolved, char ret_text[static DIGEST_TEXT_SIZE])
{
    struct template run = *resolved;

    shape_remove(&template_shape, &run, &run.policy);
    shape_remove(&template_shape, &run, &run.drift);
    shape_remove(&template_limits_shape, &run.limits, &run.limits.cpu_percent);
    template_digest(&run, ret_text);
}

enum { ESCAPED_BYTES = 6 }; /* "\\u001f" */

size_t outputs_bytes(const outputs_t *outputs)
{
    size_t bytes = TASK_RESULT_BYTES;

    for (size_t i = 0; i < outputs->count; i++) {
        bytes += TASK_OUTPUT_BYTES;
        for (const char *c = outputs->items[i].path; *c != '\0'; c++) {
            bytes += *c == '"' || *c == '\\' || (unsigned char)*c < ' ' ? ESCAPED_BYTES : 1;
        }
    }
    return bytes;
}
