/* The owner's word: `fog-agent pause | resume | status | doctor` speaks to the running agent
 * through a socket in its state directory.  One word and a newline there, one answer back, then
 * both hang up.
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
/* The other side, for the command line: blocks.  ERR_UNAVAILABLE when no agent answers. */
int owner_ask(const struct cache *cache, const char *word, struct str *answer, struct err *err);
