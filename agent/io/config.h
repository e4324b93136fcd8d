/* What the agent is told: options of the command line, and for each FOG_AGENT_NAME in the
 * environment; the command line counts more. */
#pragma once

#include "agent/io/link.h"
#include "schema/base/log.h"
#include "schema/kinds/workload.h"

enum verb { VERB_RUN, VERB_PAUSE, VERB_RESUME, VERB_STATUS, VERB_HELP, VERB_VERSION };

struct config {
    struct arena arena; /* owned: all texts */
    enum verb verb;
    const char *controller_url, *controller_name;
    struct link_address controller;
    const char *name;
    const char *state;
    struct strmap labels;
    struct resources capacity; /* overrides what is measured, where `set` says so */
    struct limits_policy caps;
    int log_level; /* enum log_level */
    bool is_insecure, stops_workloads;
};

/* Fills in defaults too; `config` is to be finished in any case. ERR_INVALID with words. */
int config_parse(struct config *config, int argc, char **argv, struct err *err);
void config_fini(struct config *config);

void config_help(struct str *to);
