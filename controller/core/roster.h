/* All agents, field by field: columns beside the model, for questions about the whole fleet.
 *
 * Each agent has a row; each field that a condition may ask for has a column of numbers (of texts:
 * their index among the texts of the column) and two sets of rows: of whom it is known, and of whom
 * nobody knows it.  A condition is evaluated column by column, over ROSTER_BLOCK rows at a time: a
 * test reads nothing but its own column, and what it finds is a set of rows, one bit each.
 *
 * Columns of groups (labels, conditions) are made when they are asked for, and the one asked for
 * least lately goes when there are too many.  Names and counts of assignments have none: they are
 * read row by row.  Whoever changes what a column tells calls roster_update() or, when only
 * readings or the connection changed, roster_update_readings(); roster_is_right() says whether all
 * did. */
#pragma once

#include "schema/base/map.h"
#include "schema/base/vec.h"
#include "schema/kinds/agent_fields.h"

enum { ROSTER_BLOCK = 4096 };

struct agent_entry;

struct roster_column {
    const struct where_name *name; /* NULL: not made */
    size_t row;                    /* enum agent_field */
    char *key;                     /* owned; of a group */
    uint64_t used_at;              /* of a group: when it was last asked for */
    int64_t *numbers;              /* owned, as the next; roster.capacity of them */
    uint64_t *known, *unknown;     /* sets of rows; in neither: absent */
    struct map codes;              /* of texts: text → its index, from 1 */
    struct {
        VEC_OF(char *); /* borrowed from the keys of `codes` */
    } texts;
};

struct roster {
    struct {
        VEC_OF(struct agent_entry *); /* borrowed; the row is the index */
    } agents;
    size_t capacity; /* rows that columns have room for; a multiple of 64 */
    struct roster_column columns[AGENT_LABELS];
    struct {
        VEC_OF(struct roster_column *); /* owned */
    } keyed;
    uint64_t clock; /* counts questions */
};

void roster_init(struct roster *roster);
void roster_fini(struct roster *roster);

void roster_add(struct roster *roster, struct agent_entry *agent); /* gives it agent->row */
void roster_remove(struct roster *roster, struct agent_entry *agent);
void roster_update(struct roster *roster, const struct agent_entry *agent);
void roster_update_readings(struct roster *roster, const struct agent_entry *agent);

/* Of whom it holds: one bit for each row, bit i of word i / 64; in the arena. */
uint64_t *roster_select(struct roster *roster, struct arena *arena, const struct where *where);

/* The column of a field, made if need be and good until the next one is asked for ROSTER_KEYED_MAX
 * times; NULL: it has none. */
const struct roster_column *roster_column(struct roster *roster, size_t row, const char *key);

static inline bool roster_has(const uint64_t *selected, size_t row)
{
    return (selected[row / 64] >> (row % 64) & 1) != 0;
}

/* Does every column tell what the agents' objects and readings say?  For tests; `ret_words` says
 * what does not. */
bool roster_is_right(const struct roster *roster, struct str *ret_words);
