#include "tests/support/camera.h"

struct camera_output {
    uint64_t set;
    const char *name, *path, *format;
};

struct camera_battery {
    uint64_t set;
    int64_t min_percent, resume_percent;
    const char *mode;
};

struct camera_spec {
    uint64_t set;
    int64_t interval_ms;
    int64_t retries;
    const char *policy;
    struct strmap environment;
    LIST_OF(const char *) tags;
    LIST_OF(const char *) command;
    LIST_OF(struct camera_output) outputs;
    struct camera_battery battery;
};

struct camera_status {
    uint64_t set;
    const char *phase;
    conditions_t conditions;
};

struct camera {
    uint64_t set;
    struct camera_spec spec;
    struct camera_status status;
};

static const struct field output_fields[] = {
    {"name", FIELD_STR, AT(struct camera_output, name), .flags = FIELD_REQUIRED},
    {"path", FIELD_STR, AT(struct camera_output, path), .doc = ""},
    {"format", FIELD_STR, AT(struct camera_output, format), .fallback = "raw"},
};

static const struct field battery_fields[] = {
    {"minPercent", FIELD_INT, AT(struct camera_battery, min_percent), .fallback = "30"},
    {"resumePercent", FIELD_INT, AT(struct camera_battery, resume_percent), .fallback = "60"},
    {"mode", FIELD_STR, AT(struct camera_battery, mode), .doc = ""},
};

static const struct shape output_shape = SHAPE("output", struct camera_output, output_fields);
static const struct shape battery_shape = SHAPE("battery", struct camera_battery, battery_fields);

static const struct field spec_fields[] = {
    {"interval", FIELD_DURATION, AT(struct camera_spec, interval_ms), .fallback = "30s"},
    {"retries", FIELD_INT, AT(struct camera_spec, retries), .fallback = "3"},
    {"policy", FIELD_STR, AT(struct camera_spec, policy), .doc = ""},
    {"environment", FIELD_STRMAP, AT(struct camera_spec, environment), .doc = ""},
    {"tags", FIELD_LIST, AT(struct camera_spec, tags), .item = FIELD_STR, .flags = FIELD_SET},
    {"command", FIELD_LIST, AT(struct camera_spec, command), .item = FIELD_STR},
    {"outputs", FIELD_LIST, AT(struct camera_spec, outputs), .shape = &output_shape,
     .map_key = "name"},
    {"battery", FIELD_STRUCT, AT(struct camera_spec, battery), .shape = &battery_shape,
     .flags = FIELD_EXPLICIT},
};

static const struct field status_fields[] = {
    {"phase", FIELD_STR, AT(struct camera_status, phase), .doc = ""},
    {"conditions", FIELD_LIST, AT(struct camera_status, conditions), .shape = &condition_shape,
     .map_key = "type"},
};

static const struct shape spec_shape = SHAPE("spec", struct camera_spec, spec_fields);
static const struct shape status_shape = SHAPE("status", struct camera_status, status_fields);

static const struct field fields[] = {
    {"spec", FIELD_STRUCT, AT(struct camera, spec), .shape = &spec_shape},
    {"status", FIELD_STRUCT, AT(struct camera, status), .shape = &status_shape,
     .flags = FIELD_IS_STATUS | FIELD_EXPLICIT},
};

static const struct shape camera_shape = SHAPE("Camera", struct camera, fields);

const struct kind camera_kind = {
    .id = KIND_COUNT,
    .name = "Camera",
    .plural = "cameras",
    .singular = "camera",
    .group = "fog",
    .api_version = "fog/v1",
    .doc = "a kind for tests",
    .shape = &camera_shape,
};
