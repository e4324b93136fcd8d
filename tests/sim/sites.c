/* Sites are armed in the order of their names, not of their places in the program: another
 * compiler puts them elsewhere, and the draws must be the same. */
#include "tests/sim/sites.h"

#include "schema/base/site.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { SITES_MAX = 250, ARMED_PER_MILLE = 300 };

static struct sim *world; /* borrowed: whose questions these are */
static struct site *sorted[SITES_MAX];
static size_t sorted_count;
static unsigned rates[SITES_MAX]; /* per mille, in the order of `sorted`, as are: */
static struct die dice[SITES_MAX];

static int compare(const void *a, const void *b)
{
    const struct site *const *left = a, *const *right = b;

    return strcmp((*left)->name, (*right)->name);
}

static void sort_sites(void)
{
    sorted_count = 0;
    for (struct site *site = sites_begin; site < sites_end; site++) {
        if (site->type == SITE_BUGGIFY) {
            assert(sorted_count < SITES_MAX);
            sorted[sorted_count++] = site;
        }
    }
    qsort(sorted, sorted_count, sizeof(sorted[0]), compare);
    for (size_t i = 1; i < sorted_count; i++) {
        assert(strcmp(sorted[i - 1]->name, sorted[i]->name) != 0);
    }
}

/* Asked so seldom that hardly any world would hear a yes, or of use only when it is said again and
 * again. */
static const struct {
    const char *name;
    unsigned armed, rate; /* per mille */
} eager[] = {{"check-fully", 700, 700},
             {"period-later", 700, 980},
             {"period-short", 800, 500},
             {"read-past-short", 500, 500},
             {"room-given-back", 500, 500}};

static bool is_armed_eagerly(struct die *die, const char *name, unsigned *ret_rate)
{
    for (size_t i = 0; i < sizeof(eager) / sizeof(eager[0]); i++) {
        if (strcmp(eager[i].name, name) == 0) {
            *ret_rate = eager[i].rate;
            return die_chance(die, eager[i].armed);
        }
    }
    return false;
}

/* `is_armed` of a site is 1 + its place in `sorted`, or 0. */
static bool ask(struct site *site)
{
    if (site->is_armed == 0 || !world->faults.is_active ||
        !die_chance(&dice[site->is_armed - 1], rates[site->is_armed - 1])) {
        return false;
    }
    site_pass(site);
    sim_trace(world, "strikes: %s", site->name);
    world->tallies.fired[FAULT_BUGGIFY]++;
    return true;
}

void sites_begin_world(struct sim *sim)
{
    static const unsigned choices[] = {2, 10, 50, 250};

    world = sim;
    site_ask = ask;
    sort_sites();
    for (size_t i = 0; i < sorted_count; i++) {
        struct die *die = &dice[i];
        bool is_armed;

        tape_die(&sim->tape, die, "site/%s", sorted[i]->name);
        is_armed = sim->faults.is_on[FAULT_BUGGIFY] && die_chance(die, ARMED_PER_MILLE);
        rates[i] = choices[die_below(die, sizeof(choices) / sizeof(choices[0]))];
        if (sim->faults.is_on[FAULT_BUGGIFY] && is_armed_eagerly(die, sorted[i]->name, &rates[i])) {
            is_armed = true;
        }
        sorted[i]->is_armed = is_armed ? (uint8_t)(i + 1) : 0;
        if (is_armed) {
            sim_trace(sim, "site %s is armed, %u per mille", sorted[i]->name, rates[i]);
        }
    }
}

void sites_end_world(void)
{
    site_ask = NULL;
    world = NULL;
}
