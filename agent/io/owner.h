/* The owner's word: `fog-agent pause | resume | status | doctor` speaks to the running agent
 * through a socket in its state directory.  One word and a newline there, one answer back, then
 * both hang up.  An answer ends with a newline, too: one that does not was cut off.
 */
#pragma once

#include "agent/io/cache.h"

#include <uv.h>

struct owner;

/* Answers a word; false when it does not know it. */
typedef bool owner_word_fn(void *data, const char *word, struct str *answer);

int owner_new(uv_loop_t *loop, const struct cache *cache, owner_word_fn *on_word, void *data,
              struct owner **ret_owner, struct err *err);
void owner_close(struct owner *owner); /* to be freed after the loop has drained */
void owner_free(struct owner *owner);

/* Is there such a socket?  An agent may have left it behind when it was killed. */
bool owner_may_answer(const char *state);

/* The other side, for the command line: blocks.  `patience_ms` is for each step of it.  An answer
 * that is cut off is none: `answer` is empty then.  ERR_UNAVAILABLE when nobody listens,
 * ERR_TIMEOUT when an agent hangs, ERR_IO when it hung up. */
enum { OWNER_PATIENCE_MS = 10 * 1000 };
int owner_ask(const struct cache *cache, const char *word, int64_t patience_ms, struct str *answer,
              struct err *err);
/* Passes on "pause", "resume" or "status"; an agent that is just starting is asked again, one that
 * hangs is not.  Where none runs, the word is written down, for which the lock is taken.  A "pause"
 * that an agent did not hear is written down for its next start: it fails, and `err` says so.  A
 * "resume" is not: when in doubt work is suspended. */
int owner_say(struct cache *cache, const char *word, int64_t patience_ms, struct str *answer,
              struct err *err);
