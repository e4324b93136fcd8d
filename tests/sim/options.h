/* What fog-sim is asked to do. */
#pragma once

#include "schema/base/err.h"
#include "tests/sim/sim.h"

struct options {
    uint64_t from, count; /* seeds */
    uint64_t agents;      /* 0: drawn */
    uint64_t jobs;        /* processes; 0: one for each core */
    uint64_t budget;      /* of runs, for shrinking */
    const char *tape;     /* borrowed: to be replayed; NULL: run seeds */
    const char *tape_out; /* borrowed: where a failure's tape goes; NULL: beside the program */
    const char *faults;   /* borrowed: "all", "none" or names with commas between; NULL: drawn */
    const char *mutant;   /* borrowed: a seeded mistake; NULL: none */
    const char *canary;   /* borrowed: NULL, "" or a fault's name; see sim_options */
    bool is_traced, is_quiet, shrinks, keeps_going, is_campaign, shows_sites, shows_hashes,
        is_bench, lists_mutants;

    bool faults_on[FAULT_COUNT]; /* from `faults` */
};

extern const char options_usage[];

/* The words of the command line.  On a mistake, returns a negative code. */
int options_read(struct options *options, int count, char **words, struct err *err);
/* Those a replay needs as well, as one line for a tape; and back. */
void options_to_tape(const struct options *options, char *line, size_t size_bytes);
int options_from_tape(struct options *options, char *line, struct err *err);
struct sim_options options_of_world(const struct options *options, uint64_t seed);
