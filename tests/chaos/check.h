/* fog-chaos-check: the second opinion on a run of the real programs.  It shares no code with them,
 * nor with the simulator: it reads what operators wrote down (ops.jsonl, load.h), what workloads
 * wrote down (runs.jsonl, work.c), the store's file, and the API's answers, and decides whether all
 * of that can be true at once.
 *
 * The ledger's revisions are one total order of all writes.  Each write carries its operation's id
 * as its cause, so for each row it is known who asked, and when.  Everything is linearizable if
 * that order agrees with real time: that is what the rules below come to, and why they cost no
 * search.
 *
 *     chain        the ledger is gapless, in order, and its hashes follow from its rows
 *     life         each object is made, changed, deleted, in this order and under one uid
 *     lost-write   an acknowledged write has its row, with the revision and value it was told
 *     refused      what was refused, only tried, or only read has no row; and it was refused
 * because it was there, or was not, at such a moment as a read could tell of unasked      each row
 * of the operators' objects was asked for: this object, this value twice        an operation and an
 * idempotency key have at most one row for each object same-answer  a request that is repeated is
 * answered as it was order        a write comes after all that was known to be done before it was
 * asked for stale        a read tells of a moment not before what was known when it was asked for,
 *     future       and not after a write that was asked for only once it was answered,
 *     read         and the object was so at that moment, which is not in the midst of a change set
 *     condition    what was made from one version follows that version
 *     rollback     what went back is as it was
 *     double-run   an exclusive replica, and any assignment, has one live process at a time
 *     run-twice    no run was started twice
 *     trace        a workload's line is whole
 *     history      the API's history says what the store's file says
 *     final        objects are as last written, all has converged (or says why not), and what is
 *                  declared runs, no more */
#pragma once

#include <jansson.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum row_verb { VERB_CREATE, VERB_UPDATE, VERB_DELETE };
enum end { END_NONE, END_OK, END_FAIL, END_UNKNOWN };
enum { HASH_SIZE = 17 };

struct row { /* of the ledger; texts owned */
    uint64_t revision;
    enum row_verb verb;
    char *object; /* "Kind/name" */
    char *kind, *name, *uid, *who, *why;
    char *value; /* of the annotation chaos/value; "" */
    char spec[HASH_SIZE];
    bool has_label;    /* chaos=yes */
    uint64_t next;     /* revision of the object's next row; UINT64_MAX: none */
    size_t next_index; /* its place; SIZE_MAX */
};

struct op {
    json_t *invoke, *end;    /* owned: their lines; `end` NULL when there is none */
    const char *id, *verb;   /* borrowed from `invoke` */
    int64_t t_invoke, t_end; /* INT64_MAX without end */
    enum end type;
    uint64_t first_row, last_row; /* revisions of its rows; 0: none */
    uint64_t told;                /* the highest revision that its answer proves; 0 */
};

struct check {
    const char *dir, *url, *token;
    int64_t wait_ms;
    sqlite3 *db; /* owned: a copy in memory */
    struct row *rows;
    size_t row_count;
    json_t *first, *newest; /* owned: object → index of its first and newest row */
    json_t *uids;           /* owned: those that were given out */
    struct op *ops;
    size_t op_count;
    json_t *by_id;     /* owned: id → index */
    json_t *keys;      /* owned: key → id of the operation that has rows */
    json_t *exclusive; /* owned: uid of a session → whether it always was exclusive */
    json_t *work;      /* owned: uid of an assignment → [uid of its session, slot] */
    struct process *processes;
    size_t process_count;
    json_t *counts; /* owned: rule → how often it was broken */
    uint64_t reads, writes, violations;
};

/* Prints a line. */
__attribute__((format(printf, 3, 4))) void violation(struct check *check, const char *rule,
                                                     const char *format, ...);
/* Ends the program: the evidence cannot be read, which is no verdict. */
__attribute__((format(printf, 1, 2), noreturn)) void cannot(const char *format, ...);
void *grow(void *items, size_t count, size_t size); /* room for one more */
char *copy_text(const char *text);                  /* "" for NULL */

static inline const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text == NULL ? "" : text;
}

uint64_t number_of(const char *text); /* 0 for what is none */
/* FNV-1a of the JSON with sorted keys and without spaces, as operators log it; "" for NULL. */
void hash_json(const json_t *json, char *ret_hash);
/* Calls for each whole line; what is no JSON comes as NULL. */
void each_line(const char *dir, const char *name,
               void (*take)(struct check *check, json_t *line, size_t number), struct check *check);

/* check_ledger.c */
void ledger_open(struct check *check); /* copies the database */
void ledger_check_chain(struct check *check);
void ledger_read(struct check *check);
/* The object's row in force at a revision; NULL: it is not there. */
const struct row *ledger_at(const struct check *check, const char *object, uint64_t revision);
const struct row *ledger_row(const struct check *check, uint64_t revision); /* may be NULL */
/* True when a version, as it was told, is the one of this row. */
bool ledger_is_version(const struct row *row, const json_t *told);
/* Of an object that operators write. */
bool ledger_is_operators(const struct row *row);
/* The same in words of the ledger's body; owned, NULL for none. */
json_t *ledger_body(struct check *check, uint64_t revision);

/* check_ops.c, check_order.c */
void ops_read(struct check *check);
void ops_check_rows(struct check *check);
void ops_check_answers(struct check *check);
void ops_check_order(struct check *check);
bool op_is_read(const struct op *op);
struct op *op_find(const struct check *check, const char *id);

/* check_runs.c */
struct process {
    char *uid, *session, *replica, *value;
    int64_t run, pid;
    int64_t t_start, t_last; /* of its first and last line */
    bool has_ended;
    struct hole {
        int64_t from, to; /* stopped; INT64_MAX: still */
    } * holes;
    size_t hole_count;
};

void runs_read(struct check *check);
void runs_check(struct check *check);

/* check_final.c; both need the API. */
void final_check_history(struct check *check);
void final_check(struct check *check);
