/* Drift: its table and its words. */
#include "schema/kinds/drift.h"

#include "schema/base/str.h"
#include "schema/forms.h"
#include "schema/limits.h"

const char *const drift_words[] = {"Ended", "Stopped", "Limits", "Files", NULL};
_Static_assert(COUNT_OF(drift_words) == DRIFT_COUNT + 1, "one word for each sort");
const char *const drift_mode_words[] = {"heal", "report", NULL};

static const struct field row_fields[] = {
    {"sort", FIELD_STR, AT(struct drift_row, sort), .flags = FIELD_REQUIRED, .max = 63,
     .check_text = form_is_reason,
     .doc = "Ended: its process or its shim was ended from outside; Stopped: its process was "
            "stopped; Limits: values of its control groups were changed; Files: its working "
            "directory is gone"},
    {"open", FIELD_BOOL, AT(struct drift_row, open), .doc = "it is so now"},
    {"found", FIELD_INT, AT(struct drift_row, found), .max = INT64_MAX,
     .doc = "how often it was found"},
    {"healed", FIELD_INT, AT(struct drift_row, healed), .max = INT64_MAX,
     .doc = "how often it was made as declared again"},
    {"since", FIELD_TIME, AT(struct drift_row, since),
     .doc = "when it was found last, on the agent's clock"},
    {"detail", FIELD_STR, AT(struct drift_row, detail), .max = MESSAGE_TEXT_BYTES_MAX,
     .doc = "what was found, in a sentence"},
};

const struct shape drift_row_shape = SHAPE("drift", struct drift_row, row_fields);

const struct drift_row *drift_row_find(const drift_t *drift, const char *sort)
{
    for (size_t i = 0; i < drift->count; i++) {
        if (str_eq(drift->items[i].sort, sort)) {
            return &drift->items[i];
        }
    }
    return NULL;
}

const struct drift_row *drift_open(const drift_t *drift)
{
    for (size_t i = 0; i < drift->count; i++) {
        if (drift->items[i].open) {
            return &drift->items[i];
        }
    }
    return NULL;
}

void drift_copy(struct object *object, drift_t *to, const drift_t *from)
{
    drift_t copy = {.count = from->count};

    if (from->count > 0) {
        copy.items = arena_array(&object->arena, from->count, sizeof(copy.items[0]));
    }
    for (size_t i = 0; i < from->count; i++) {
        copy.items[i] = from->items[i];
        copy.items[i].sort = object_strdup(object, from->items[i].sort);
        copy.items[i].detail = object_strdup(object, from->items[i].detail);
    }
    *to = copy;
}
