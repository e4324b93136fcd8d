/* An agent's core in a test: a virtual clock, a disk, and a page on which every effect is a line.
 *
 *     given a world;  world_start(), world_welcome();  world_assign(…);  world_exited(…);
 *     then  expect(world, "save\n" "spawn u1 run=1 gen=1\n");
 *
 * expect() compares what was written since the last one.  Effects are performed as the shell does:
 * a save goes to the disk, or fails and ends the step's effects when `disk_is_full`. */
#pragma once

#include "agent/core/agt.h"

struct agent_world {
    struct agt *agt;
    struct agt_options options;
    struct agt_effects effects;
    struct str page;
    struct str disk; /* the last bytes saved; "" none */
    bool disk_is_full;
    bool controller_is_silent; /* else it answers heartbeats */
    bool shows_heartbeats, shows_changes;
    struct wall told_end; /* of a run, in what was reported last */
    struct wall told_clock;
    int64_t told_offset_minutes;
    int64_t clock_ahead_ms, utc_offset_ms; /* its clock is wrong by this; its time zone */
    int64_t now_ms;
    int64_t era, epoch; /* of the controller; the epoch of the connection */
    uint64_t revision;
    uint64_t report_seq, renew_seq; /* last sent by the agent */
    int64_t heartbeat_ms;
    struct digest digest;  /* of the set the controller wants */
    const char *agent_uid; /* that the controller knows it by; NULL: it does not say */
    int64_t period_taken;  /* that the controller says it has taken in */
    char nonce[KEY_TEXT_SIZE];
    struct wire_hello hello; /* the last; texts in `arena` */
    struct arena arena;
    struct arena policies;
    struct readings readings; /* of world_readings() */
};

struct want { /* one assignment, by what differs between tests */
    const char *uid;
    int64_t generation;
    const char *command; /* another one makes another template; NULL: "work" */
    int restart;         /* enum restart_policy */
    int64_t lease_epoch, lease_ms;
    int64_t grace_ms;                         /* 0: 5000 */
    const struct harvest_policy_spec *policy; /* NULL: none */
    int64_t cores;                            /* thousandths */
    int64_t memory;                           /* bytes */
    bool has_artifact, has_output;
    int64_t checkpoint_ms; /* after USR2; 0: none */
    int drift;             /* enum drift_mode */
};

/* WANTS(WANT("u1", 1), WANT("u2", 3, .restart = RESTART_ALWAYS)); ONE("u1", 1); NOTHING. */
#define WANT(the_uid, the_generation, ...)                                                         \
    {                                                                                              \
        .uid = (the_uid), .generation = (the_generation), ##__VA_ARGS__                            \
    }
#define WANTS(...) ((const struct want[]){__VA_ARGS__, {.uid = NULL}})
#define ONE(...)   WANTS(WANT(__VA_ARGS__))
#define NOTHING    ((const struct want[]){{.uid = NULL}})

int world_begin(void **state); /* setup and teardown for cmocka */
int world_end(void **state);

/* A crash and a new process: what is on the disk stays.  AGT_START is the caller's. */
void world_reboot(struct agent_world *world);

void world_event(struct agent_world *world, struct agt_event *event); /* fills in the moment */
void world_start(struct agent_world *world);
/* Lets time pass, with a tick at each deadline. */
void world_pass(struct agent_world *world, int64_t ms);
/* A sensor tells this from now on, and all are read; as the shell does when they are due. */
void world_reading(struct agent_world *world, enum sensor sensor, int64_t value);
void world_unknown(struct agent_world *world, enum sensor sensor);
void world_read(struct agent_world *world);
void world_owner(struct agent_world *world, bool paused);

/* The link: dials, and shakes hands up to the welcome. */
void world_dial(struct agent_world *world);
void world_up(struct agent_world *world);
void world_down(struct agent_world *world);
void world_challenge(struct agent_world *world, const char *store_id);
void world_welcome(struct agent_world *world); /* with the next epoch */
void world_connect(struct agent_world *world); /* all of the above; clears the page */
void world_message(struct agent_world *world, const struct wire_message *message);
void world_text(struct agent_world *world, const char *text);

/* As written, with its defaults; ' stands for ".  Lives as long as the world. */
const struct harvest_policy_spec *world_policy(struct agent_world *world, const char *text);
/* A full assign of these, at the next revision; the list ends with a row without uid. */
void world_assign(struct agent_world *world, const struct want *wants);
/* Exactly this message, with the assignments filled in. */
void world_assign_as(struct agent_world *world, struct wire_assign assign,
                     const struct want *wants);
void world_digest_of(const struct want *wants, struct digest *ret_digest);
void world_reported(struct agent_world *world);
/* Answers the last renew: grants these, refuses the others it asked for. */
void world_renewed(struct agent_world *world, const struct want *wants);

void world_found_running(struct agent_world *world, const char *uid, int64_t run);
void world_found_ended(struct agent_world *world, const char *uid, int64_t run,
                       enum exit_cause cause, int code);
void world_started(struct agent_world *world, const char *uid, int64_t run);
void world_lapsed(struct agent_world *world, const char *uid, int64_t run);
/* Its shim says that it has been frozen for so long; of a lapse, and to an agent that found it. */
void world_lapsed_for(struct agent_world *world, const char *uid, int64_t run, int64_t for_ms);
void world_found_frozen(struct agent_world *world, const char *uid, int64_t run, int64_t for_ms);
void world_exited(struct agent_world *world, const char *uid, int64_t run, enum exit_cause cause,
                  int code);
void world_fetching(struct agent_world *world, const char *uid, int64_t number, int64_t done_bytes,
                    int64_t total_bytes);
void world_fetched(struct agent_world *world, const char *uid, int64_t number, int code);
void world_collected(struct agent_world *world, const char *uid, int64_t run, int code);
void world_usage(struct agent_world *world, const char *uid, int64_t run, int64_t cpu_ms);
/* It holds so many bytes. */
void world_holds(struct agent_world *world, const char *uid, int64_t run, int64_t memory);
/* As world_exited(), having run that long. */
void world_exited_after(struct agent_world *world, const char *uid, int64_t run, int code,
                        int64_t wall_ms);

void world_clear(struct agent_world *world);
void expect_at(struct agent_world *world, const char *text, const char *file, int line);
#define expect(world, text) expect_at(world, text, __FILE__, __LINE__)
/* Somewhere in the page; the page is then cleared. */
void expect_has_at(struct agent_world *world, const char *text, const char *file, int line);
#define expect_has(world, text) expect_has_at(world, text, __FILE__, __LINE__)
