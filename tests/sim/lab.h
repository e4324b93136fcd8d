/* Where a world runs in a process of its own: whatever ends it (a failed assertion, a sanitizer)
 * ends only that, and what it recorded lies in memory that is shared with the parent. */
#pragma once

#include "tests/sim/sim.h"
#include "tests/sim/tape_file.h"

struct lab { /* plain data */
    struct record_tail tail;
    struct tallies tallies;
    uint64_t hash;
    bool is_running; /* a world is under way */
    bool has_failed;
    struct tape_log log;
};

/* Shared memory, zeroed, that costs nothing until it is used; NULL: there is none. */
void *lab_memory(size_t size_bytes);
/* In this process.  True when nothing was wrong. */
bool lab_run(struct lab *lab, const struct sim_options *options);
/* In a child.  `output`: a file for what it prints, traces too; NULL: where we print. */
bool lab_try(struct lab *lab, const struct sim_options *options, const char *output);
/* Says what has to be said after lab_run() ended with its process. */
void lab_tell_crash(struct lab *lab, const char *output);
/* The tape of the last run. */
bool lab_take_tape(const struct lab *lab, struct tape_file *file);
