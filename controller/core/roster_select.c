/* A condition over columns.  Every test is made ready once: of numbers, to ranges that they may lie
 * in; of texts, to what the test makes of each text that the column has.  Then block after block
 * goes through the program, with a stack of sets of rows: those of which a thing is true, and those
 * of which it is false; the rest is neither. */
#include "controller/core/agent_view.h"
#include "controller/core/roster.h"
#include "schema/limits.h"

#include <assert.h>
#include <string.h>

enum { BLOCK_WORDS = ROSTER_BLOCK / 64 };

struct range {
    int64_t low, high; /* both included */
};

struct ask { /* a test, made ready */
    const struct where_step *step;
    const struct where_name *name;
    const struct roster_column *column; /* NULL: it is read row by row */
    struct range *ranges;               /* of numbers */
    size_t range_count;
    bool is_negated; /* holds outside of the ranges */
    uint8_t *holds;  /* of texts: by code */
};

struct truths {
    uint64_t yes[BLOCK_WORDS], no[BLOCK_WORDS];
};

/* --- making ready ----------------------------------------------------------------------------- */

static struct range range_of(enum where_compare compare, int64_t value)
{
    static const struct range empty = {1, 0};

    switch (compare) {
    case WHERE_EQ:
    case WHERE_NE:
    case WHERE_IN:
    case WHERE_NOT_IN:
    case WHERE_EXISTS:
        break;
    case WHERE_GT:
        return value == INT64_MAX ? empty : (struct range){value + 1, INT64_MAX};
    case WHERE_GE:
        return (struct range){value, INT64_MAX};
    case WHERE_LT:
        return value == INT64_MIN ? empty : (struct range){INT64_MIN, value - 1};
    case WHERE_LE:
        return (struct range){INT64_MIN, value};
    }
    return (struct range){value, value};
}

static void ready_numbers(struct arena *arena, struct ask *ask)
{
    const struct where_step *step = ask->step;

    ask->is_negated = step->compare == WHERE_NE || step->compare == WHERE_NOT_IN;
    ask->ranges = arena_array(arena, step->count, sizeof(ask->ranges[0]));
    for (size_t i = 0; i < step->count; i++) {
        struct range range = range_of(step->compare, step->values[i].number);

        if (range.low <= range.high) {
            ask->ranges[ask->range_count++] = range;
        }
    }
}

static void ready_texts(struct arena *arena, struct ask *ask)
{
    const struct roster_column *column = ask->column;

    ask->holds = arena_array(arena, column->texts.count + 1, 1);
    for (size_t i = 0; i < column->texts.count; i++) {
        const struct where_value have = {WHERE_KNOWN, column->texts.items[i], 0};

        ask->holds[i + 1] = where_test(ask->step, ask->name, &have) == WHERE_TRUE;
    }
}

static struct ask *ready(struct roster *roster, struct arena *arena, const struct where *where)
{
    struct ask *asks = arena_array(arena, where->count, sizeof(*asks));

    for (size_t i = 0; i < where->count; i++) {
        struct ask *ask = &asks[i];

        ask->step = &where->steps[i];
        if (ask->step->code != WHERE_TEST) {
            continue;
        }
        ask->name = &where->names->rows[ask->step->row];
        ask->column = roster_column(roster, ask->step->row, ask->step->key);
        if (ask->column == NULL || ask->step->compare == WHERE_EXISTS) {
            continue;
        }
        if (ask->name->type == WHERE_TEXT || ask->name->type == WHERE_VERSION) {
            ready_texts(arena, ask);
        } else {
            ready_numbers(arena, ask);
        }
    }
    return asks;
}

/* --- tests ------------------------------------------------------------------------------------ */

static uint64_t in_range(const int64_t *numbers, const struct range *range)
{
    uint64_t low = (uint64_t)range->low, width = (uint64_t)range->high - low, bits = 0;

    for (unsigned i = 0; i < 64; i++) {
        bits |= (uint64_t)((uint64_t)numbers[i] - low <= width) << i;
    }
    return bits;
}

static uint64_t in_texts(const int64_t *codes, const uint8_t *holds)
{
    uint64_t bits = 0;

    for (unsigned i = 0; i < 64; i++) {
        bits |= (uint64_t)holds[codes[i]] << i;
    }
    return bits;
}

static uint64_t matches(const struct ask *ask, size_t word)
{
    const int64_t *numbers = &ask->column->numbers[word * 64];
    uint64_t bits = 0;

    if (ask->holds != NULL) {
        return in_texts(numbers, ask->holds);
    }
    for (size_t i = 0; i < ask->range_count; i++) {
        bits |= in_range(numbers, &ask->ranges[i]);
    }
    return ask->is_negated ? ~bits : bits;
}

static void test_column(const struct ask *ask, size_t begin, size_t count, struct truths *to)
{
    const struct roster_column *column = ask->column;
    bool is_total = (ask->name->flags & WHERE_TOTAL) != 0;
    bool is_unlike = ask->step->compare == WHERE_NE || ask->step->compare == WHERE_NOT_IN;

    for (size_t i = 0; i < count; i++) {
        uint64_t known = column->known[begin + i];
        uint64_t absent = ~(known | column->unknown[begin + i]);
        uint64_t bits;

        if (ask->step->compare == WHERE_EXISTS) {
            to->yes[i] = known;
            to->no[i] = absent;
            continue;
        }
        bits = known == 0 ? 0 : matches(ask, begin + i);
        to->yes[i] = (bits & known) | (is_total && is_unlike ? absent : 0);
        to->no[i] = (~bits & known) | (is_total && !is_unlike ? absent : 0);
    }
}

/* What has no column. */
static void test_rows(const struct roster *roster, const struct ask *ask, size_t begin,
                      size_t count, struct truths *to)
{
    memset(to, 0, sizeof(*to));
    for (size_t row = begin * 64; row < (begin + count) * 64 && row < roster->agents.count; row++) {
        const struct agent_view view = agent_view_of(roster->agents.items[row]);
        const struct where_value have = agent_view_get(&view, ask->step->row, ask->step->key);
        enum where_truth truth = where_test(ask->step, ask->name, &have);

        to->yes[row / 64 - begin] |= (uint64_t)(truth == WHERE_TRUE) << (row % 64);
        to->no[row / 64 - begin] |= (uint64_t)(truth == WHERE_FALSE) << (row % 64);
    }
}

/* --- the program ------------------------------------------------------------------------------ */

static void negate(struct truths *it, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t yes = it->yes[i];

        it->yes[i] = it->no[i];
        it->no[i] = yes;
    }
}

static void join(struct truths *it, const struct truths *other, size_t count, bool is_and)
{
    for (size_t i = 0; i < count; i++) {
        it->yes[i] = is_and ? it->yes[i] & other->yes[i] : it->yes[i] | other->yes[i];
        it->no[i] = is_and ? it->no[i] | other->no[i] : it->no[i] & other->no[i];
    }
}

/* `count` words from `begin` on. */
static void select_block(const struct roster *roster, const struct where *where,
                         const struct ask *asks, size_t begin, size_t count, struct truths *stack)
{
    size_t top = 0;

    for (size_t i = 0; i < where->count; i++) {
        switch (where->steps[i].code) {
        case WHERE_TEST:
            assert(top < where->depth);
            if (asks[i].column == NULL) {
                test_rows(roster, &asks[i], begin, count, &stack[top++]);
            } else {
                test_column(&asks[i], begin, count, &stack[top++]);
            }
            break;
        case WHERE_NOT:
            negate(&stack[top - 1], count);
            break;
        case WHERE_AND:
        case WHERE_OR:
            top--;
            join(&stack[top - 1], &stack[top], count, where->steps[i].code == WHERE_AND);
            break;
        }
    }
}

uint64_t *roster_select(struct roster *roster, struct arena *arena, const struct where *where)
{
    size_t words = (roster->agents.count + 63) / 64;
    uint64_t *selected = arena_array(arena, words + 1, sizeof(selected[0]));
    struct truths *stack = arena_array(arena, where->depth + 1, sizeof(*stack));
    struct ask *asks = ready(roster, arena, where);

    memset(stack[0].yes, 0xff, sizeof(stack[0].yes)); /* what nothing is asked of holds */
    for (size_t begin = 0; begin < words; begin += BLOCK_WORDS) {
        size_t count = words - begin < BLOCK_WORDS ? words - begin : BLOCK_WORDS;

        select_block(roster, where, asks, begin, count, stack);
        memcpy(&selected[begin], stack[0].yes, count * sizeof(selected[0]));
    }
    if (roster->agents.count % 64 != 0) {
        selected[words - 1] &= (UINT64_C(1) << (roster->agents.count % 64)) - 1;
    }
    return selected;
}
