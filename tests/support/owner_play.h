/* One sequence of requests about one object, and what the reference model says of it: for the test
 * of ownership through the API (tests/unit/controller/ownership_model_test.c).
 *
 * owner_play.c compares, owner_writes.c draws writes and plays them in the model. */
#pragma once

#include "tests/support/api.h"
#include "tests/support/owner_model.h"

enum { PLAY_PEOPLE = 4, PLAY_MOMENTS = 3 };

/* The last one gives no fieldManager but when it must: the name of its program counts. */
extern const char *const play_people[PLAY_PEOPLE];

struct world { /* of some sequences, one after the other */
    struct api api;
    const struct kind *kind;
    bool was_told;     /* of a config directory, ever */
    bool is_blind;     /* and not since the last start */
    uint64_t left_out; /* steps after which a lower source is refused something */
};

enum op_type { OP_APPLY, OP_CREATE, OP_REPLACE, OP_MERGE, OP_JSON_PATCH, OP_SCALE };
enum owners_said { OWNERS_AS_THEY_ARE, OWNERS_ABSENT, OWNERS_FORGOTTEN, OWNERS_FEWER };

struct op {
    enum op_type type;
    struct node *body;
    enum owners_said owners; /* of OP_REPLACE */
};

struct moment {
    uint64_t revision;
    struct owner_model model;
};

struct play { /* one sequence */
    struct world *world;
    struct api *api;
    struct arena arena;
    struct rand dice;
    const struct kind *kind;
    const char *name;
    struct owner_model model;
    struct node *said[PLAY_PEOPLE]; /* the configuration that each applied last; NULL: none */
    struct node *folder;            /* what the config directory says of it; NULL: nothing */
    struct node *hello;             /* what its agent says, who is connected; NULL: he is not */
    struct api_agent agent;
    bool is_buried, is_deleting;
    bool has_refused;   /* `refused` is what is told */
    struct map refused; /* fields, each with who is refused them */
    struct moment moments[PLAY_MOMENTS];
    size_t moment_count;
    struct node *before; /* as it was read before this step */
    const char *words;   /* what this step is */
    uint64_t seed;
    unsigned step;
};

const char *play_text(struct play *play, const struct node *node);
/* Fails, and shows both sides. */
_Noreturn void play_differ(struct play *play, const struct node *real, const char *what);
struct wall play_now(const struct play *play);
const char *play_url(struct play *play, const char *subresource);
struct api_reply *play_call(struct play *play, const char *method, const char *type,
                            const char *target, const struct node *body);

/* Bound, when it is valid: by the rules between fields and objects, by those between its fields,
 * by the form of each field. */
struct node *play_judge_all(void *play, struct node *root);
struct node *play_judge_alone(void *play, struct node *root);
struct node *play_judge_form(void *play, struct node *root);
/* Does a configuration say nothing wrong by itself? */
bool play_is_fine(struct play *play, const struct node *config);

extern const struct model_who play_of_folder, play_of_agent;
/* What the lower sources say is laid over what became of a write. */
enum model_outcome play_lay_over(struct play *play);
/* What lower sources own, say, or may say once the directory is read. */
void play_find_claims(struct play *play, struct map *to);
bool play_has_source(const struct play *play, enum source source);
bool play_folder_speaks(const struct play *play);
bool play_folder_cares(const struct play *play);
void play_vanish(struct play *play);

/* The object is as the model says; from now on the model has its items in the same order. */
void play_compare(struct play *play);
/* Each conflict of the model is a cause, and each cause one of them; `change`: of which change of a
 * set, -1: of a request of its own. */
void play_compare_causes(struct play *play, const struct node *answer, int64_t change);

struct node *play_fresh(struct play *play);
/* What somebody applies who said this before (NULL: nothing). */
struct node *play_config(struct play *play, const struct node *said);
struct node *play_edited(struct play *play);
struct node *play_merge_patch(struct play *play);
/* An agent's key is its own. */
const struct node *play_key(const struct node *root);
bool play_keeps_key(const struct play *play, const struct node *next);
/* A way to write an object that is there, but an apply. */
struct op play_draw_update(struct play *play);
/* Carried out in the model: the code that the write is answered with; then, when it is refused, the
 * model is as it was. */
int play_op(struct play *play, const struct op *op, const char *manager, bool force);
