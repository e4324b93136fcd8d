/* One operator, shared by operators.c (who asks until it is known what became of it) and acts.c
 * (what is asked); for nobody else. */
#pragma once

#include "schema/base/map.h"
#include "schema/base/str.h"
#include "schema/base/vec.h"
#include "schema/tree.h"
#include "tests/sim/http.h"
#include "tests/sim/operators.h"

enum { PERSON_KEY_SIZE = 24, PERSON_TARGET_SIZE = 200, REMEMBERED_MAX = 6 };

struct person;

/* What must come of a request. */
enum wish {
    WISH_DONE,    /* a write; it may be refused for a reason */
    WISH_TRIED,   /* a dry run: as a write, and nothing is done */
    WISH_REFUSED, /* something is wrong with it: `path` is named, and nothing is done */
    WISH_SAME,    /* it was done before: answered as then, and nothing is done */
    WISH_TAKEN,   /* its key belongs to another request: 422 */
    WISH_READ,
};

struct request_draft {
    const char *method, *content_type; /* static; the second may be NULL */
    char target[PERSON_TARGET_SIZE];
    struct str body;
    enum wish wish;
    const char *path;  /* WISH_REFUSED: in the person's arena */
    bool may_conflict; /* 409: it is there, another owner, another revision, in use */
    bool may_miss;     /* 404 */
    bool is_merge;     /* with what is there: rules between fields may be hurt together */
    bool is_part;      /* of an object: without the rest it is none */
    int code;          /* WISH_SAME: as it was */
    uint64_t back_to;  /* a rollback, or a read of the past: 410 when that is gone */
    uint64_t seen;     /* WISH_READ of one object: a revision of it that was acknowledged before */
    /* Called once it is known what became of it; composes the next request of the same action and
     * says so, or returns false.  `root` may be NULL. */
    bool (*follow)(struct person *person, int code, const struct node *root);
};

struct person {
    struct sim *sim;
    char name[16];
    struct die pace, die; /* when it acts; all about the action under way */
    uint64_t exchange;    /* 0: none */
    uint64_t attempt;     /* rises; late patience of an earlier one is ignored */
    unsigned attempts;    /* of this request */
    bool is_busy, is_patient;

    char key[PERSON_KEY_SIZE];
    struct request_draft draft;
    struct arena arena;      /* of the action under way */
    const struct node *kept; /* for what follows: in the arena */
    const char *text_kept;
    char name_kept[64];
    unsigned rounds;

    struct str last; /* body of the newest change set, for applying it again */
    struct {
        const struct sent *sent;
        int code;
    } remembered[REMEMBERED_MAX]; /* acknowledged, for asking again much later */
    unsigned remembered_count;    /* ever */
};

enum { OPERATORS = 3 };

struct operators {
    struct person people[OPERATORS];
    struct {
        VEC_OF(struct sent *);
    } sent; /* owned: every write */
    unsigned keys, versions, fresh_names;
    bool is_ended;
    struct {
        VEC_OF(uint64_t);
    } revisions;       /* seen in answers: to roll back to */
    struct map newest; /* "harvestsessions/s-1" → struct seen, owned */
};

struct seen { /* of an object, in the answer to a write */
    char uid[64];
    uint64_t revision;
};

/* The newest that somebody was told of an object; NULL. */
const struct seen *person_seen(const struct person *person, const char *plural, const char *name);

/* Draws an action and composes its first request; person->key is set, all else is empty. */
void act_choose(struct person *person);
