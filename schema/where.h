/* The language of conditions: what `fogctl get agents --where`, sessions and rules ask of named
 * fields.
 *
 *     sensors.battery >= 40 && region in (north, east) && !exists labels['old']
 *
 *     or     =  and { "||" and }
 *     and    =  not { "&&" not }
 *     not    =  "!" not  |  "(" or ")"  |  test
 *     test   =  FIELD OP VALUE  |  FIELD ("in" | "notin") "(" VALUE { "," VALUE } ")"
 *            |  "exists" FIELD  |  FIELD                     (of one that is true or false)
 *     OP     =  "==" | "=" | "!=" | "<" | "<=" | ">" | ">="
 *     FIELD  =  a name of the caller's table  |  GROUP "." KEY  |  GROUP "[" TEXT "]"
 *            |  a bare word: a key of the group that takes them
 *     VALUE  =  a word  |  TEXT;  TEXT is 'in quotes' or "in quotes", and has no escapes
 *
 * `!` negates the whole test that follows.  A value is read as its field wants it: 40, 40%, 2Gi,
 * 500m, 5m, true, linux/amd64.
 *
 * What is not known satisfies nothing, also not under `!`.  A test is true, false or neither
 * (Kleene's three values), and an expression holds when it is true: `!(sensors.battery < 20)` does
 * not hold for a battery that nobody can read, `sensors.battery < 20 || region == north` does in
 * the north.  A field that is absent (a machine without a battery) is neither, too; `exists` is
 * false of it.  Of a group with WHERE_TOTAL, such as labels, one that is absent differs from every
 * value, as in label selectors: `region != north` holds without a region.
 *
 * Which fields there are is a table of the caller's; the result is a flat program.  Pure; nothing
 * here recurses, and every size has a bound in schema/limits.h. */
#pragma once

#include "schema/base/arena.h"
#include "schema/base/str.h"
#include "schema/problem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum where_type { /* what values of a field are, and the unit of `number` */
                  WHERE_TEXT,
                  WHERE_VERSION,  /* a text; runs of digits are numbers: 0.10.0 is above 0.9.1 */
                  WHERE_FLAG,     /* 0, 1 */
                  WHERE_NUMBER,   /* thousandths */
                  WHERE_BYTES,    /* written 512Mi */
                  WHERE_CORES,    /* thousandths; written 2 or 500m */
                  WHERE_DURATION, /* milliseconds; written 5m, or a number of seconds */
};

enum where_flags {
    WHERE_PERCENT = 1 << 0,  /* of a number: 40% may be written for 40 */
    WHERE_GROUP = 1 << 1,    /* a key follows: labels.KEY, labels['KEY'] */
    WHERE_BARE = 1 << 2,     /* of one group: a word that is no name is a key of it */
    WHERE_TOTAL = 1 << 3,    /* absent differs from every value, instead of being neither */
    WHERE_VOLATILE = 1 << 4, /* comes and goes by itself, as readings do */
    WHERE_OWN = 1 << 8,      /* from here on the bits are the caller's */
};

struct where_name { /* a row of the caller's table */
    const char *name;
    enum where_type type;
    unsigned flags;
    const char *doc;
    /* WHERE_GROUP: form of a key, as in schema/kind.h. */
    bool (*check_key)(const char *key, const char **ret_why);
};

struct where_names {
    const struct where_name *rows;
    size_t count;
    unsigned needs;     /* flags that a field must have to be asked for here; 0: none */
    const char *needed; /* what those have that have them: "what sessions may ask for" */
};

enum where_state { WHERE_ABSENT, WHERE_KNOWN, WHERE_UNKNOWN };

struct where_value { /* what somebody has of a field, and what it is compared with */
    enum where_state state;
    const char *text; /* TEXT, VERSION */
    int64_t number;   /* of the other types */
};

enum where_compare {
    WHERE_EQ,
    WHERE_NE,
    WHERE_GT,
    WHERE_GE,
    WHERE_LT,
    WHERE_LE,
    WHERE_IN,
    WHERE_NOT_IN,
    WHERE_EXISTS
};

enum where_code { WHERE_TEST, WHERE_NOT, WHERE_AND, WHERE_OR };

struct where_step {
    enum where_code code;
    enum where_compare compare; /* TEST, and the rest of it */
    size_t row;
    const char *key; /* of a group; else NULL */
    const struct where_value *values;
    size_t count;
};

/* A postfix program over a stack of truths; texts and steps live in the arena that it was made in,
 * the names outlive it. */
struct where {
    const struct where_names *names; /* borrowed */
    const struct where_step *steps;
    size_t count;     /* 0: holds always */
    size_t depth;     /* of its stack, at most WHERE_DEPTH_MAX + 1 */
    bool is_volatile; /* asks for a field that is WHERE_VOLATILE */
};

enum where_truth { WHERE_FALSE, WHERE_TRUE, WHERE_NEITHER };

/* 0, or ERR_INVALID with every mistake that can be told from those before it among `problems`: its
 * line and column in the text, from 1, and an empty path. */
int where_parse(struct arena *arena, const struct where_names *names, const char *text,
                struct problems *problems, struct where *ret_where);
/* The same for a program of one test.  `values` must be as where_value_from_str() makes them. */
void where_of_test(struct arena *arena, const struct where_names *names,
                   const struct where_step *test, struct where *ret_where);

/* The row that a field's text means, as in the grammar but without brackets, and the key in it;
 * false when there is none.  Whether it has what `needs` wants is another question. */
bool where_find(const struct where_names *names, const char *text, size_t *ret_row,
                const char **ret_key);
/* Of what was written in place of a name: the name that was meant, or NULL. */
const char *where_closest(const struct where_names *names, const char *text);

/* False when the text is not of the type; it is borrowed. */
bool where_value_from_str(const struct where_name *name, const char *text,
                          struct where_value *ret_value);
const char *where_type_words(enum where_type type); /* "a quantity, such as 512Mi" */
bool where_type_has_order(enum where_type type);

typedef struct where_value where_get_f(const void *context, size_t row, const char *key);

/* What one test makes of a value; `have` of any state. */
enum where_truth where_test(const struct where_step *test, const struct where_name *name,
                            const struct where_value *have);
/* What all of it makes of somebody, whose fields `get` tells. */
enum where_truth where_eval(const struct where *where, where_get_f *get, const void *context);

static inline bool where_holds(const struct where *where, where_get_f *get, const void *context)
{
    return where_eval(where, get, context) == WHERE_TRUE;
}

/* "column 12: …; column 30: …": what is wrong, in one line. */
const char *where_problems_text(struct arena *arena, const struct problems *problems);
