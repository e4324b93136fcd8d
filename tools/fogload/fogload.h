/* The parts of fogload: agents.c holds them and their links, stir.c makes a quiet fleet move,
 * measure.c looks at clocks and memory, main.c goes through the stages. */
#pragma once

#include "agent/core/agt.h"

#include <netinet/in.h>

enum link_state { LINK_NONE, LINK_WAITING, LINK_DIALLING, LINK_SHAKING, LINK_OPEN };

struct load;

struct load_agent {
    struct load *load;
    struct agt *core;
    struct agt_options options;
    char name[64];
    size_t index;
    int fd; /* -1: none */
    enum link_state state;
    struct str in, message, out;
    bool wants_write, is_welcomed, is_paused;
    struct mono deadline;
    size_t heap_index;
};

struct happening { /* an event for later, with texts of its own */
    struct load_agent *agent;
    enum agt_event_type type;
    char *uid; /* owned */
    int64_t run;
    uint64_t log_id;
};

struct counts {
    uint64_t in[WIRE_TYPE_COUNT + 1], in_all, in_bytes, out_all, out_bytes;
};

struct load {
    struct load_agent *agents; /* owned */
    size_t agent_count, session_count;
    struct load_agent **heap; /* owned: by deadline, soonest first */
    struct {
        VEC_OF(struct happening);
    } happenings;
    size_t first_happening;
    struct {
        VEC_OF(struct load_agent *);
    } to_dial;
    size_t first_to_dial, dialling;
    int epoll_fd;
    struct sockaddr_in link_address, api_address;
    long controller_pid;
    int64_t quiet_ms, timeout_ms;
    const char *prefix;
    struct agt_effects effects;
    struct counts counts;
    size_t welcomed, running, saves, reconnects, refused;
    struct stir {
        int64_t owners, readings; /* agents a second */
        bool is_on;
        struct mono since;
        int64_t owners_done, readings_done; /* since then */
    } stir;
    struct mono news_at; /* of the last message that was no heartbeat */
    char *buffer;        /* owned: READ_BYTES */
};

struct gauge { /* of this process and of the controller */
    struct mono at;
    int64_t cpu_ms, controller_cpu_ms, rss_kib, controller_rss_kib;
    struct counts counts;
};

/* agents.c */
void load_begin(struct load *load); /* makes all agents; they begin to dial */
void load_turn(struct load *load);  /* waits for at most a tenth of a second and does what is due */
void load_end(struct load *load);
void load_happen(struct load_agent *agent, struct agt_event *event); /* and all that follows */
struct mono now_mono(void);

/* stir.c */
void stir_begin(void);             /* from here on SIGUSR1 turns it on, and off again */
void stir_turn(struct load *load); /* does what is due by now */

/* measure.c */
void read_text(const char *path, char *text, size_t size); /* empty when it is not there */
struct gauge measure(const struct load *load);
void print_stage(const char *name, size_t count, const struct gauge *from, const struct gauge *to);
void print_counts(const struct load *load);
