/* The columns of controller/core/roster.h, kept; controller/core/roster_select.c asks them. */
#include "controller/core/roster.h"

#include "controller/core/agent_view.h"
#include "schema/limits.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { ROSTER_ROWS_MIN = 64 };

static bool has_column(size_t row)
{
    return row != AGENT_NAME && row != AGENT_ASSIGNMENTS && row < AGENT_LABELS;
}

static bool is_text(const struct roster_column *column)
{
    return column->name->type == WHERE_TEXT || column->name->type == WHERE_VERSION;
}

/* --- one column ------------------------------------------------------------------------------- */

static void column_resize(struct roster_column *column, size_t before, size_t rows)
{
    column->numbers = mem_resize(column->numbers, rows, sizeof(column->numbers[0]));
    column->known = mem_resize(column->known, rows / 64, sizeof(column->known[0]));
    column->unknown = mem_resize(column->unknown, rows / 64, sizeof(column->unknown[0]));
    memset(&column->numbers[before], 0, (rows - before) * sizeof(column->numbers[0]));
    memset(&column->known[before / 64], 0, (rows - before) / 64 * sizeof(column->known[0]));
    memset(&column->unknown[before / 64], 0, (rows - before) / 64 * sizeof(column->unknown[0]));
}

static void column_begin(struct roster_column *column, size_t row, const char *key, size_t rows)
{
    *column = (struct roster_column){.name = &agent_where_names.rows[row], .row = row};
    column->key = key == NULL ? NULL : mem_strdup(key);
    map_init(&column->codes);
    if (rows > 0) {
        column_resize(column, 0, rows);
    }
}

static void forget_texts(struct roster_column *column)
{
    map_clear(&column->codes);
    vec_clear(&column->texts);
}

static void column_end(struct roster_column *column)
{
    if (column->name == NULL) {
        return;
    }
    free(column->key);
    free(column->numbers);
    free(column->known);
    free(column->unknown);
    map_fini(&column->codes);
    vec_fini(&column->texts);
}

static int64_t code_of(struct roster_column *column, const char *text)
{
    uintptr_t code = (uintptr_t)map_find(&column->codes, text);

    if (code == 0) {
        code = column->texts.count + 1;
        (void)map_put(&column->codes, text, (void *)code);
        /* The map never removes one alone, so its keys stay where they are. */
        vec_add(&column->texts, column->codes.entries[column->codes.used - 1].key);
    }
    return (int64_t)code;
}

static void column_set(struct roster_column *column, size_t row, const struct where_value *value)
{
    uint64_t bit = UINT64_C(1) << (row % 64);

    column->known[row / 64] &= ~bit;
    column->unknown[row / 64] &= ~bit;
    column->numbers[row] = 0;
    switch (value->state) {
    case WHERE_ABSENT:
        break;
    case WHERE_UNKNOWN:
        column->unknown[row / 64] |= bit;
        break;
    case WHERE_KNOWN:
        column->known[row / 64] |= bit;
        column->numbers[row] = is_text(column) ? code_of(column, value->text) : value->number;
        break;
    }
}

static void column_read(struct roster_column *column, const struct agent_entry *agent)
{
    const struct agent_view view = agent_view_of(agent);
    const struct where_value value = agent_view_get(&view, column->row, column->key);

    column_set(column, agent->row, &value);
}

/* Texts that nobody has any more stay until they are too many. */
static void tidy(struct roster *roster, struct roster_column *column)
{
    if (column->texts.count <= 2 * roster->agents.count + ROSTER_ROWS_MIN) {
        return;
    }
    forget_texts(column);
    vec_each (&roster->agents, it) {
        column_read(column, *it);
    }
}

static void column_copy(struct roster_column *column, size_t from, size_t to)
{
    struct where_value value = {.state = WHERE_ABSENT};
    bool is_known = roster_has(column->known, from);
    bool is_unknown = roster_has(column->unknown, from);
    int64_t number = column->numbers[from];

    column_set(column, to, &value);
    column->numbers[to] = number;
    column->known[to / 64] |= (uint64_t)is_known << (to % 64);
    column->unknown[to / 64] |= (uint64_t)is_unknown << (to % 64);
}

/* --- all of them ------------------------------------------------------------------------------ */

typedef void column_f(struct roster_column *column, const void *context);

static void each_column(struct roster *roster, column_f *act, const void *context)
{
    for (size_t i = 0; i < COUNT_OF(roster->columns); i++) {
        if (roster->columns[i].name != NULL) {
            act(&roster->columns[i], context);
        }
    }
    vec_each (&roster->keyed, it) {
        act(*it, context);
    }
}

void roster_init(struct roster *roster)
{
    *roster = (struct roster){0};
    for (size_t i = 0; i < COUNT_OF(roster->columns); i++) {
        if (has_column(i)) {
            column_begin(&roster->columns[i], i, NULL, 0);
        }
    }
}

static void end_one(struct roster_column *column, const void *context)
{
    (void)context;
    column_end(column);
}

void roster_fini(struct roster *roster)
{
    each_column(roster, end_one, NULL);
    vec_each (&roster->keyed, it) {
        free(*it);
    }
    vec_fini(&roster->keyed);
    vec_fini(&roster->agents);
}

struct move { /* from so many rows to so many, or from a row to another */
    size_t from, to;
};

static void grow_one(struct roster_column *column, const void *context)
{
    const struct move *growth = context;

    column_resize(column, growth->from, growth->to);
}

static void read_one(struct roster_column *column, const void *context)
{
    column_read(column, context);
}

void roster_add(struct roster *roster, struct agent_entry *agent)
{
    if (roster->agents.count == roster->capacity) {
        struct move growth = {roster->capacity,
                              roster->capacity == 0 ? ROSTER_ROWS_MIN : roster->capacity * 2};

        each_column(roster, grow_one, &growth);
        roster->capacity = growth.to;
    }
    agent->row = roster->agents.count;
    vec_add(&roster->agents, agent);
    roster_update(roster, agent);
}

static void move_one(struct roster_column *column, const void *context)
{
    const struct move *move = context;
    const struct where_value nothing = {.state = WHERE_ABSENT};

    column_copy(column, move->from, move->to);
    column_set(column, move->from, &nothing);
}

/* The last one takes its row. */
void roster_remove(struct roster *roster, struct agent_entry *agent)
{
    struct move move = {roster->agents.count - 1, agent->row};

    assert(roster->agents.items[agent->row] == agent);
    each_column(roster, move_one, &move);
    roster->agents.items[agent->row] = roster->agents.items[move.from];
    roster->agents.items[agent->row]->row = agent->row;
    roster->agents.count--;
}

void roster_update(struct roster *roster, const struct agent_entry *agent)
{
    each_column(roster, read_one, agent);
    for (size_t i = 0; i < COUNT_OF(roster->columns); i++) {
        tidy(roster, &roster->columns[i]);
    }
    vec_each (&roster->keyed, it) {
        tidy(roster, *it);
    }
}

void roster_update_readings(struct roster *roster, const struct agent_entry *agent)
{
    for (size_t i = 0; i < SENSOR_COUNT; i++) {
        column_read(&roster->columns[AGENT_SENSORS + i], agent);
    }
    column_read(&roster->columns[AGENT_REPUTATION_HARVEST], agent);
}

static bool is_same(const struct roster_column *column, const struct agent_entry *agent)
{
    const struct agent_view view = agent_view_of(agent);
    const struct where_value value = agent_view_get(&view, column->row, column->key);
    bool is_known = roster_has(column->known, agent->row);

    if (is_known != (value.state == WHERE_KNOWN) ||
        roster_has(column->unknown, agent->row) != (value.state == WHERE_UNKNOWN)) {
        return false;
    }
    if (!is_known) {
        return true;
    }
    return is_text(column)
               ? str_eq(column->texts.items[column->numbers[agent->row] - 1], value.text)
               : column->numbers[agent->row] == value.number;
}

static bool is_column_right(const struct roster *roster, const struct roster_column *column,
                            struct str *ret_words)
{
    vec_each (&roster->agents, it) {
        if (!is_same(column, *it)) {
            str_addf(ret_words, "column %s%s%s of %s", column->name->name,
                     column->key == NULL ? "" : ".", column->key == NULL ? "" : column->key,
                     (*it)->object->meta.name);
            return false;
        }
    }
    return true;
}

bool roster_is_right(const struct roster *roster, struct str *ret_words)
{
    for (size_t i = 0; i < COUNT_OF(roster->columns); i++) {
        if (roster->columns[i].name != NULL &&
            !is_column_right(roster, &roster->columns[i], ret_words)) {
            return false;
        }
    }
    vec_each (&roster->keyed, it) {
        if (!is_column_right(roster, *it, ret_words)) {
            return false;
        }
    }
    return true;
}

/* --- groups ----------------------------------------------------------------------------------- */

static struct roster_column *find_keyed(const struct roster *roster, size_t row, const char *key)
{
    vec_each (&roster->keyed, it) {
        if ((*it)->row == row && str_eq((*it)->key, key)) {
            return *it;
        }
    }
    return NULL;
}

static void drop_oldest(struct roster *roster)
{
    size_t oldest = 0;

    for (size_t i = 1; i < roster->keyed.count; i++) {
        if (roster->keyed.items[i]->used_at < roster->keyed.items[oldest]->used_at) {
            oldest = i;
        }
    }
    column_end(roster->keyed.items[oldest]);
    free(roster->keyed.items[oldest]);
    vec_remove(&roster->keyed, oldest);
}

const struct roster_column *roster_column(struct roster *roster, size_t row, const char *key)
{
    struct roster_column *column;

    if (key == NULL) {
        return has_column(row) ? &roster->columns[row] : NULL;
    }
    column = find_keyed(roster, row, key);
    if (column == NULL) {
        if (roster->keyed.count == ROSTER_KEYED_MAX) {
            drop_oldest(roster);
        }
        column = MEM_NEW(struct roster_column);
        column_begin(column, row, key, roster->capacity);
        vec_add(&roster->keyed, column);
        vec_each (&roster->agents, it) {
            column_read(column, *it);
        }
    }
    column->used_at = ++roster->clock;
    return column;
}
