/* Source: its table. */
#include "schema/kinds/source.h"

#include "schema/limits.h"

static const struct field status_fields[] = {
    {"digest", FIELD_STR, AT(struct config_status, digest), .max = 127,
     .doc = "of what is in force, all files together"},
    {"files", FIELD_INT, AT(struct config_status, files), .doc = "that it was read from"},
    {"objects", FIELD_INT, AT(struct config_status, objects), .doc = "that they declare"},
    {"refused", FIELD_INT, AT(struct config_status, refused),
     .doc = "of these, left deleted or with a field that a higher source owns: `get conflicts`"},
    {"problems", FIELD_LIST, AT(struct config_status, problems), .item = FIELD_STR,
     .max = PROBLEMS_MAX,
     .doc = "what is wrong with what was found last, with file, line and column; empty when that "
            "is in force"},
    {"conditions", FIELD_LIST, AT(struct config_status, conditions), .shape = &condition_shape,
     .map_key = "type", .max = CONDITIONS_MAX,
     .doc = "Applied: what was found last is in force as a whole"},
};

const struct shape config_status_shape = SHAPE("status", struct config_status, status_fields);

static const struct field fields[] = {
    {"status", FIELD_STRUCT, AT(struct config_source, status), .shape = &config_status_shape,
     .flags = FIELD_IS_STATUS | FIELD_EXPLICIT, .doc = "what became of it"},
};

const struct shape config_source_shape = SHAPE("Source", struct config_source, fields);

static const struct column columns[] = {
    {"Files", "status.files", 0},
    {"Objects", "status.objects", 0},
    {"Refused", "status.refused", 0},
    {"Applied", "status.conditions[Applied].status", 0},
    {"Reason", "status.conditions[Applied].reason", 0},
    {"Message", "status.conditions[Applied].message", 1},
};

static const char *const categories[] = {"fog", NULL};
static const char *const short_names[] = {"src", NULL};

const struct kind source_kind = {
    .id = KIND_SOURCE,
    .name = "Source",
    .plural = "sources",
    .singular = "source",
    .group = "fog",
    .api_version = "fog/v1",
    .short_names = short_names,
    .categories = categories,
    .doc = "What became of the config directory (the source `directory`): what of it is in force, "
           "and why what was found there last is not.",
    .shape = &config_source_shape,
    .columns = columns,
    .column_count = COUNT_OF(columns),
    .is_derived = true,
    .is_record = true,
};
