/* Messages that obey their table and make no sense otherwise: made from schema/wire's tables alone,
 * so that a field that is added there is lied about from the next day on. */
#pragma once

#include "schema/wire/wire.h"
#include "tests/sim/die.h"

enum { NONSENSE_WORDS_MAX = 64, NONSENSE_NUMBERS_MAX = 16 };

/* What it is made from, beside words and numbers that are always odd: things of this world. */
struct nonsense {
    struct die *die;
    struct arena *arena; /* of the messages */
    const char *words[NONSENSE_WORDS_MAX];
    size_t word_count;
    int64_t numbers[NONSENSE_NUMBERS_MAX];
    size_t number_count;
};

void nonsense_init(struct nonsense *nonsense, struct die *die, struct arena *arena);
void nonsense_add_word(struct nonsense *nonsense, const char *word); /* borrowed; NULL: none */
void nonsense_add_number(struct nonsense *nonsense, int64_t number);
/* One of the words. */
const char *nonsense_word(struct nonsense *nonsense);

/* A message of this type, whose texts live in the arena; false when chance found none that its
 * table allows. */
bool nonsense_message(struct nonsense *nonsense, enum wire_type type, bool from_agent,
                      struct wire_message *ret_message);
/* A type that this side may say. */
enum wire_type nonsense_type(struct nonsense *nonsense, bool from_agent);
