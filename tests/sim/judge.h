/* Is the world as desired?  Asked through the API, compared with the processes that there are:
 *
 *     liveness   every replica that can run does so, once, in its newest form; nothing else runs
 *     says-why   what does not run has a condition that says why, and it is true
 *
 * The judge knows the rules of placing in its own words and shares no code with the planner. */
#pragma once

#include "schema/base/arena.h"
#include "schema/base/str.h"
#include "schema/tree.h"
#include "tests/sim/http.h"
#include "tests/sim/sim.h"

struct answer_got {
    int code; /* 0: none came in time */
    struct node *root;
};

/* Asks and lets time pass until the answer is there.  `key` may be NULL. */
struct answer_got judge_ask(struct sim *sim, struct arena *arena, const char *method,
                            const char *target, const char *content_type, const char *body);
struct answer_got judge_send(struct sim *sim, struct arena *arena,
                             const struct http_request *request);

/* True when all is well; otherwise *why says what is not. */
bool judge_world(struct sim *sim, struct str *why);
void judge_show(struct sim *sim); /* the world, into the trace */
/* Lets time pass until nothing is suspended that its policy would have ended after a while: that
 * would be told in what should be silence; false: nothing is.  It fails when that does not happen
 * in time. */
bool judge_await_evictions(struct sim *sim);
/* The same for tasks that are held back and not in memory, while there is another agent that would
 * run them: they move there once they have waited for long enough. */
bool judge_await_moves(struct sim *sim);
/* Is such a task to move where nobody can say: a program of an older version tells or hears no
 * readings, so that any agent may turn out to hold it back, too?  Then it goes on looking. */
bool judge_moves_blindly(struct sim *sim);
/* The same for machines that somebody has used, until they have been left alone for as long as a
 * policy asks for before work begins, or will not have been for so long. */
bool judge_await_idle(struct sim *sim, int64_t ahead_ms);
/* The same for what runs and ends by itself: a window, a battery or an owner may have let it begin
 * long after all was as desired.  What is begun again and again is not waited for. */
bool judge_await_ends(struct sim *sim);
/* How long it may take from now, as the objects' own specs say. */
enum { JUDGE_BLIND_MS = 60000 }; /* what judge_bound_ms() says when nobody answers */
int64_t judge_bound_ms(struct sim *sim);
/* What failed without a limit goes on failing: without its policy nothing is decided about it; and
 * what moves blindly goes on moving. */
bool judge_is_restless(struct sim *sim);
