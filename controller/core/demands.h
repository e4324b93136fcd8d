/* What a session asks of agents beside its selector, made ready: its requirements and its `where`,
 * each a program of schema/where.h.  A demand that is neither true nor false is not met. */
#pragma once

#include "schema/kinds/harvest_session.h"
#include "schema/limits.h"
#include "schema/where.h"

struct agent_entry;
struct session_entry;

/* Index of a demand: that of the requirement, or: */
enum { DEMAND_WHERE = REQUIREMENTS_MAX, DEMANDS_MAX };

struct demand {
    bool is_readable; /* else nobody meets it: another version let it pass */
    struct where where;
};

struct demands {
    struct arena arena;   /* owned */
    struct demand *items; /* requirements, in order */
    size_t count;
    bool has_where;
    struct demand where;
    bool are_volatile; /* one of them asks for what comes and goes */
};

/* Borrows texts of the spec. */
void demands_init(struct demands *demands, const struct harvest_session_spec *spec);
void demands_fini(struct demands *demands); /* also of zeroes */

/* False: *ret_demand is the first one that is not met. */
bool demands_are_met(const struct demands *demands, const struct agent_entry *agent,
                     size_t *ret_demand);
/* May what is placed there stay?  What comes and goes never moves what runs: then a demand has to
 * be false whatever the readings are. */
bool demands_let_stay(const struct demands *demands, const struct agent_entry *agent);

/* For people: "capacity.memory >= 2Gi"; and what the agent has of its fields: "1Gi", "none". */
void demand_to_str(const struct session_entry *session, size_t demand, struct str *to);
void demand_have_to_str(const struct session_entry *session, size_t demand,
                        const struct agent_entry *agent, struct str *to);
