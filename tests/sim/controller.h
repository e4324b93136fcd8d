/* The controller's machine: the production core, gate and store, over a disk that loses power.
 *
 * What the shell does with threads happens here by chance and in one thread: batches wait, are
 * committed in groups, and the core hears of it later; the process may die before, between and
 * after. */
#pragma once

#include "controller/core/ctl.h"
#include "controller/core/gate.h"
#include "controller/io/store/store.h"
#include "tests/sim/clock.h"
#include "tests/sim/disk.h"
#include "tests/sim/release.h"
#include "tests/sim/sim.h"

struct controller {
    struct disk *disk; /* owned */
    bool has_power, is_up;
    unsigned life; /* of the core; rises with each start and each reload */
    struct clock clock;
    int64_t wall_offset_ms;
    int64_t stalled_until_ms;
    unsigned crash_in;           /* effects and commits until the process dies; 0: never */
    unsigned crash_when_started; /* the same, of the next start */
    bool is_dying, loses_power;
    int64_t down_ms; /* after the next death, as a plan says; 0: by chance */

    struct store *store, *history; /* owned, as the next two; NULL while down */
    struct ctl *ctl;
    struct gate *gate;
    struct {
        VEC_OF(struct batch *);
    } waiting; /* owned: for the writer */
    struct {
        VEC_OF(struct read_result *);
    } reads;                 /* owned: results on their way to the core */
    bool is_writing;         /* a look of the writer is due */
    int writer_code;         /* of the first failure */
    uint64_t told_committed; /* batch that the core was told of */
    uint64_t tick;           /* newest timer */
    unsigned steps;          /* of the core, in all lives */
    bool is_full;            /* the ballast was given back */
    unsigned recoveries;     /* in a row */
    int64_t heartbeat_ms;
    size_t bursts_max;        /* as its configuration says */
    enum release release;     /* of the program that is started next */
    uint64_t era;             /* as its state directory remembers */
    bool is_restored;         /* its next start is the first from a copy that was put back */
    int64_t lease_wait_ms;    /* after one; 0: the longest */
    struct ctl_counters past; /* of earlier lives, as far as they are asked for */
};

struct controller *controller_new(struct sim *sim);
void controller_free(struct controller *controller);
struct mono controller_mono(const struct sim *sim);
struct wall controller_wall(const struct sim *sim);
/* History begins after this revision: while nothing else is under way. */
void controller_tell_compacted(struct sim *sim, uint64_t revision);
uint64_t controller_batches(const struct sim *sim); /* made so far, in all lives */
uint64_t controller_assigns(const struct sim *sim); /* assign messages composed, in all lives */

void controller_start(struct sim *sim);
/* The process dies; it is started again after a while. */
void controller_crash(struct sim *sim, bool with_power);
/* It ends as it should, and is started again after a while. */
void controller_stop(struct sim *sim);
/* What became of a notification. */
void controller_notified(struct sim *sim, const struct notified *notified);
/* It looked at the config directory; `is_fine`: nothing is wrong with what is there. */
void controller_directory(struct sim *sim, const struct directory *directory, bool is_fine);
void controller_configure(struct sim *sim, size_t bursts_max); /* from now on */
void controller_tell_space(struct sim *sim);

/* From the network and the operators. */
void controller_link_up(struct sim *sim, uint64_t id);
void controller_frame(struct sim *sim, uint64_t id, const struct blob *bytes);
void controller_link_drained(struct sim *sim, uint64_t id);
void controller_link_down(struct sim *sim, uint64_t id);
void controller_http(struct sim *sim, uint64_t id, const struct http_request *request);
void controller_http_gone(struct sim *sim, uint64_t id);
