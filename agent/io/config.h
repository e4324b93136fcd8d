/* What the agent is told: flags (`--cap-cpu-percent 50`), the environment
 * (`FOG_AGENT_CAP_CPU_PERCENT=50`) and the owner's file (`cap-cpu-percent = 50`); schema/option.h,
 * and the table in options.c.
 *
 * The file is /etc/fog/agent.conf, because workloads run as the agent's user and can write to its
 * state directory: what limits them must not lie there. */
#pragma once

#include "agent/io/link.h"
#include "schema/base/log.h"
#include "schema/kinds/harvest_policy.h"
#include "schema/kinds/workload.h"
#include "schema/option.h"

#define CONFIG_FILE "/etc/fog/agent.conf"

enum verb {
    VERB_RUN,
    VERB_PAUSE,
    VERB_RESUME,
    VERB_STATUS,
    VERB_DOCTOR,
    VERB_CHECK,
    VERB_SHOW,
    VERB_HELP,
    VERB_VERSION,
};
enum output_form { OUTPUT_TEXT, OUTPUT_JSON };

struct config {
    struct arena arena;       /* owned: all texts */
    struct problems problems; /* all that is wrong, with its place */
    struct options options;   /* what was given */
    int word_count;           /* borrowed: of the command line, for config_read_again() */
    char **words;
    enum verb verb;
    int output;               /* enum output_form */
    const char *file;         /* "": none was there */
    bool is_unread;           /* it is there, or was named, and could not be read */
    const char *file_trouble; /* NULL, or why it does not count; an agent does not run then */
    const char *named_file;
    const char *controller_url, *controller_name;
    struct link_address controller;
    const char *name;
    const char *state;
    struct strmap labels;
    struct resources capacity; /* overrides what is measured, where `set` says so */
    struct limits_policy caps;
    int64_t blob_cache_bytes; /* artifacts that are kept for the next run */
    /* The owner's own rules, which no manifest overrides: judged beside a manifest's policy, and
     * the stricter outcome counts.  Only what the owner said is asked for; NULL: nothing. */
    const struct harvest_policy_spec *owner_policy; /* `owner`, so `config` is not to be copied */
    struct harvest_policy_spec owner;
    bool has_owner_policy;
    LIST_OF(const char *) exclusive_programs; /* while one of them runs, nothing of ours does */
    const char *sensor_root;
    const char *cgroup; /* where workloads get groups: "" beside the agent's own, "none" nowhere */
    int log_level;      /* enum log_level */
    int log_format;     /* enum log_format */
    bool is_insecure, stops_workloads;
    const char *judged; /* for doctor: whose options these are, in words; NULL: not looked into */
    bool is_running_agents;
};

extern const struct option_table agent_options;

/* Fills in defaults too; `config` is to be finished in any case.  ERR_INVALID or ERR_REFUSED with
 * words, and all problems in `config`.  What is wrong with the file keeps an agent from running,
 * not its owner from pausing one that runs. */
int config_parse(struct config *config, int argc, char **argv, struct err *err);
/* The same command line, with the file as it is now; `config` is to be finished in any case.
 * ERR_INVALID: something is wrong, or would need a restart; all of that is in its problems, and
 * `now` goes on.  Else how many options differ. */
int config_read_again(const struct config *now, struct config *config);
void config_fini(struct config *config);

/* What an agent was given, as JSON, for config_adopt(): a text of the agent that runs to doctor, on
 * the same machine. */
void config_tell(const struct config *config, struct str *to);
/* Makes it that of the agent that told this, with the options of our own command line over it; our
 * environment and file count no more.  ERR_INVALID: it stays as it was. */
int config_adopt(struct config *config, const char *json, size_t size_bytes, struct err *err);

/* The owner's rules: option_take_fn, into `owner`. */
bool config_take_battery_min(void *config, struct arena *arena, char *value);
bool config_take_never_on_battery(void *config, struct arena *arena, char *value);
bool config_take_max_temperature(void *config, struct arena *arena, char *value);
bool config_take_hours(void *config, struct arena *arena, char *value);
bool config_take_exclusive_programs(void *config, struct arena *arena, char *value);
void config_owner_init(struct harvest_policy_spec *spec); /* what asks for nothing */
