/* The tables of metadata and of conditions, which all kinds share. */
#include "schema/bind.h"
#include "schema/forms.h"
#include "schema/limits.h"
#include "schema/object.h"

static const char *const operation_words[] = {"Apply", "Update", NULL};
static const char *const condition_words[] = {"False", "True", "Unknown", NULL};

static const struct field owner_fields[] = {
    {"apiVersion", FIELD_STR, AT(struct owner_reference, api_version), .flags = FIELD_REQUIRED,
     .max = 63, .doc = "apiVersion of the owner"},
    {"kind", FIELD_STR, AT(struct owner_reference, kind), .flags = FIELD_REQUIRED, .max = 63,
     .doc = "kind of the owner"},
    {"name", FIELD_NAME, AT(struct owner_reference, name), .flags = FIELD_REQUIRED,
     .doc = "name of the owner"},
    {"uid", FIELD_STR, AT(struct owner_reference, uid), .flags = FIELD_REQUIRED, .max = 63,
     .doc = "uid of the owner"},
    {"controller", FIELD_BOOL, AT(struct owner_reference, controller),
     .doc = "the owner is the one that manages it"},
    {"blockOwnerDeletion", FIELD_BOOL, AT(struct owner_reference, block_owner_deletion),
     .doc = "kept for clients that set it"},
};

static const struct field managed_fields[] = {
    {"manager", FIELD_STR, AT(struct managed_field, manager), .max = MANAGER_BYTES_MAX,
     .doc = "who owns the fields"},
    {"operation", FIELD_ENUM, AT(struct managed_field, operation), .words = operation_words,
     .doc = "whether they were applied or written"},
    {"apiVersion", FIELD_STR, AT(struct managed_field, api_version), .max = 63,
     .doc = "version in which the fields are named"},
    {"time", FIELD_TIME, AT(struct managed_field, time), .doc = "when the set last changed"},
    {"fieldsType", FIELD_STR, AT(struct managed_field, fields_type), .max = 63,
     .doc = "always \"FieldsV1\""},
    {"fieldsV1", FIELD_ANY, AT(struct managed_field, fields),
     .doc = "the set of fields, as a tree of their paths"},
    {"subresource", FIELD_STR, AT(struct managed_field, subresource), .max = 63,
     .doc = "\"status\" when written through it"},
    {"source", FIELD_STR, AT(struct managed_field, source), .max = 63,
     .doc = "\"api\", \"directory\" or \"discovery\"; absent: api"},
};

const struct shape owner_reference_shape =
    SHAPE("ownerReference", struct owner_reference, owner_fields);
const struct shape managed_field_shape =
    SHAPE("managedField", struct managed_field, managed_fields);

static const struct field meta_fields[] = {
    {"name", FIELD_NAME, AT(struct meta, name), .flags = FIELD_IMMUTABLE,
     .doc = "the object's name, unique in its kind"},
    {"generateName", FIELD_STR, AT(struct meta, generate_name), .max = NAME_BYTES_MAX,
     .doc = "without a name: what the server's choice of one begins with"},
    {"uid", FIELD_STR, AT(struct meta, uid), .max = 63, .flags = FIELD_SERVER,
     .doc = "tells apart objects that had the same name one after the other"},
    {"resourceVersion", FIELD_REVISION, AT(struct meta, revision), .flags = FIELD_SERVER,
     .doc = "the store's revision that made this version; given with a write, it must still be it"},
    {"generation", FIELD_INT, AT(struct meta, generation), .max = INT64_MAX, .flags = FIELD_SERVER,
     .doc = "raised by each change of the spec"},
    {"creationTimestamp", FIELD_TIME, AT(struct meta, created), .flags = FIELD_SERVER,
     .doc = "when it was created"},
    {"deletionTimestamp", FIELD_TIME, AT(struct meta, deleted), .flags = FIELD_SERVER,
     .doc = "when its deletion was asked for"},
    {"deletionGracePeriodSeconds", FIELD_INT, AT(struct meta, deletion_grace_seconds),
     .max = INT64_MAX, .flags = FIELD_SERVER, .doc = "how long its deletion may take"},
    {"labels", FIELD_STRMAP, AT(struct meta, labels), .flags = FIELD_LABELS, .max = LABELS_MAX,
     .doc = "what selectors look at; those of an agent under reported/ it declares itself"},
    {"annotations", FIELD_STRMAP, AT(struct meta, annotations), .check_text = label_key_is_valid,
     .max = ANNOTATIONS_MAX, .doc = "texts for people and programs, at most 256 KiB together"},
    {"finalizers", FIELD_LIST, AT(struct meta, finalizers), .item = FIELD_STR,
     .check_text = label_key_is_valid, .flags = FIELD_SET, .max = FINALIZERS_MAX,
     .doc = "who must agree before a deleted object goes"},
    {"ownerReferences", FIELD_LIST, AT(struct meta, owners), .shape = &owner_reference_shape,
     .map_key = "uid", .max = OWNERS_MAX, .doc = "objects with which this one goes"},
    {"managedFields", FIELD_LIST, AT(struct meta, managed_fields), .shape = &managed_field_shape,
     .max = MANAGERS_MAX, .doc = "which manager owns which fields"},
};

const struct shape meta_shape = SHAPE("metadata", struct meta, meta_fields);

static const struct field condition_fields[] = {
    {"type", FIELD_STR, AT(struct condition, type), .flags = FIELD_REQUIRED, .max = 63,
     .check_text = form_is_reason, .doc = "what is said to be so"},
    {"status", FIELD_ENUM, AT(struct condition, status), .words = condition_words,
     .flags = FIELD_REQUIRED, .doc = "whether it is so"},
    {"observedGeneration", FIELD_INT, AT(struct condition, observed_generation), .max = INT64_MAX,
     .doc = "generation that it is said of"},
    {"lastTransitionTime", FIELD_TIME, AT(struct condition, since),
     .doc = "since when the status is what it is"},
    {"reason", FIELD_STR, AT(struct condition, reason), .max = 63, .check_text = form_is_reason,
     .doc = "why, in one word"},
    {"message", FIELD_STR, AT(struct condition, message), .max = MESSAGE_TEXT_BYTES_MAX,
     .doc = "what stands in the way, and what would remove it"},
    {"class", FIELD_STR, AT(struct condition, class), .max = 63,
     .doc = "of what is not as declared: Configuration (it has not caught up, or differs), Network "
            "(somebody cannot be reached), Resources (something is lacking), Software (it does not "
            "run as it should)"},
};

const struct shape condition_shape = SHAPE("condition", struct condition, condition_fields);
