/* Conflict: its table. */
#include "schema/kinds/conflict.h"

#include "schema/limits.h"

static const struct field spec_fields[] = {
    {"object", FIELD_STR, AT(struct conflict_spec, object), .max = 2 * NAME_BYTES_MAX,
     .doc = "whose field it is, as kind/name"},
    {"field", FIELD_STR, AT(struct conflict_spec, field), .max = MESSAGE_TEXT_BYTES_MAX,
     .doc = "the field that is left out; `(deleted)` for an object that stays deleted"},
    {"owner", FIELD_STR, AT(struct conflict_spec, owner), .max = MESSAGE_TEXT_BYTES_MAX,
     .doc = "the manager who owns it, or who deleted the object"},
    {"ownerSource", FIELD_STR, AT(struct conflict_spec, owner_source), .max = 63,
     .doc = "the source that this manager writes for: api, directory"},
    {"refused", FIELD_STR, AT(struct conflict_spec, refused), .max = 63,
     .doc = "the source that says something else and is refused: directory, discovery"},
};

const struct shape conflict_spec_shape = SHAPE("spec", struct conflict_spec, spec_fields);

static const struct field fields[] = {
    {"spec", FIELD_STRUCT, AT(struct conflict, spec), .shape = &conflict_spec_shape,
     .doc = "who is refused what"},
};

const struct shape conflict_shape = SHAPE("Conflict", struct conflict, fields);

static const struct column columns[] = {
    {"Object", "spec.object", 0},      {"Field", "spec.field", 0},     {"Owner", "spec.owner", 0},
    {"Source", "spec.ownerSource", 0}, {"Refused", "spec.refused", 0},
};

static const char *const categories[] = {"fog", NULL};
static const char *const short_names[] = {"cf", NULL};

const struct kind conflict_kind = {
    .id = KIND_CONFLICT,
    .name = "Conflict",
    .plural = "conflicts",
    .singular = "conflict",
    .group = "fog",
    .api_version = "fog/v1",
    .short_names = short_names,
    .categories = categories,
    .doc = "A source says something of an object, and a source of higher rank owns the field or "
           "has deleted the object.  It is as old as the disagreement, and goes with it; `fogctl "
           "release` gives the field back.",
    .shape = &conflict_shape,
    .columns = columns,
    .column_count = COUNT_OF(columns),
    .is_derived = true,
    .is_record = true,
};
