/* Places in the code that tests know by name.
 *
 * MARK(name) counts that it was passed: a rare path that a campaign of tests never took is found by
 * asking which marks are zero.  It changes nothing else.
 *
 * BUGGIFY(name) asks whether to make life harder here: a batch of one, a queue of two, a timeout
 * at once, a full answer where a short one would do.  Both ways must be right.  False unless a test
 * program installed site_ask; a name stands for what happens when it is true.  (After the macro of
 * that name in FoundationDB.)
 *
 * MUTANT(NAME) is true in a build with -DFOG_MUTANTS in which that seeded mistake was chosen, and
 * the constant false everywhere else; docs/MUTANTS.md lists them.
 *
 * The sites of a program lie in one section, as an array: sites_begin … sites_end. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum site_type { SITE_MARK, SITE_BUGGIFY };

struct site {
    const char *name;
    const char *file;
    uint64_t passed; /* times a mark was passed, or a question was answered with yes */
    enum site_type type;
    uint8_t is_armed; /* of a test program, which decides what it means */
} __attribute__((aligned(32)));

extern bool (*site_ask)(struct site *site); /* NULL: every answer is no */

/* All sites that are linked into the program. */
extern struct site __start_fog_sites[] __attribute__((weak));
extern struct site __stop_fog_sites[] __attribute__((weak));
#define sites_begin __start_fog_sites
#define sites_end   __stop_fog_sites

/* Threads may lose a count to each other, never the fact that there was one. */
static inline void site_pass(struct site *site)
{
    __atomic_store_n(&site->passed, __atomic_load_n(&site->passed, __ATOMIC_RELAXED) + 1,
                     __ATOMIC_RELAXED);
}

#define SITE_(the_name, the_type)                                                                  \
    static struct site site_ __attribute__((section("fog_sites"), used)) = {                       \
        .name = (the_name), .file = __FILE__, .type = (the_type)}

#define MARK(name)                                                                                 \
    do {                                                                                           \
        SITE_(name, SITE_MARK);                                                                    \
        site_pass(&site_);                                                                         \
    } while (0)

#define BUGGIFY(name)                                                                              \
    __extension__({                                                                                \
        SITE_(name, SITE_BUGGIFY);                                                                 \
        __builtin_expect(site_ask != NULL, 0) && site_ask(&site_);                                 \
    })

#ifdef FOG_MUTANTS
#include "schema/base/mutant.h"
#define MUTANT(name) (mutant_chosen == MUTANT_##name)
#else
#define MUTANT(name) false
#endif
