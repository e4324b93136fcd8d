/* The table of the controller's options, and what only they can be. */
#include "controller/io/config.h"
#include "schema/limits.h"

#include <string.h>

static bool take_listen(void *config, struct arena *arena, char *value)
{
    (void)arena;
    return address_from_str(value, &((struct config *)config)->listen);
}

static bool take_agents_listen(void *config, struct arena *arena, char *value)
{
    (void)arena;
    return address_from_str(value, &((struct config *)config)->agents_listen);
}

static bool take_name(void *config, struct arena *arena, char *value)
{
    size_t length = strlen(value);

    (void)config;
    (void)arena;
    return length <= LABEL_VALUE_BYTES_MAX &&
           strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789-.") == length;
}

#define MEMBER(name) .offset = offsetof(struct config, name)

static const struct option options[] = {
    {.section = "Files",
     .name = "config",
     .alias = "file",
     .value = "FILE",
     .type = OPTION_TEXT,
     MEMBER(named_file),
     .expected = "a file",
     .unset = CONFIG_FILE ", when it is there",
     .doc = "the file to read",
     .flags = OPTION_OF_CALLER},
    {.name = "state",
     .value = "DIR",
     .type = OPTION_TEXT,
     MEMBER(state),
     .expected = "a directory",
     .unset = "must be given",
     .example = "/var/lib/fog",
     .doc = "where everything is kept; made when absent"},
    {.name = "restored",
     .type = OPTION_SWITCH,
     MEMBER(is_restored),
     .fallback = "false",
     .doc = "the state is a copy that was put back: agents forget what came after it; for one "
            "start only"},
    {.name = "lease-wait",
     .value = "TIME",
     .type = OPTION_DURATION,
     MEMBER(lease_wait_ms),
     .min = 1,
     .expected = "a duration, as 30s",
     .unset = "1h, the longest there can be",
     .example = "30s",
     .doc = "after a restore, how long a lease of before may last: nothing runs exclusively until "
            "then"},
    {.name = "from",
     .value = "FILE",
     .type = OPTION_TEXT,
     MEMBER(from),
     .expected = "a file",
     .unset = "must be given to restore",
     .doc = "the backup that restore puts back",
     .flags = OPTION_OF_CALLER},
    {.section = "Listening",
     .name = "listen",
     .value = "IP:PORT",
     .type = OPTION_TAKEN,
     .take = take_listen,
     .fallback = "127.0.0.1:7411",
     .expected = "IP:PORT",
     .doc = "the HTTP API, for operators; port 0 takes a free one, and DIR/api.addr says which"},
    {.name = "agents-listen",
     .value = "IP:PORT",
     .type = OPTION_TAKEN,
     .take = take_agents_listen,
     .fallback = "127.0.0.1:7412",
     .expected = "IP:PORT",
     .doc = "the WebSocket link, for agents; DIR/agents.addr has the address in use"},
    {.name = "name",
     .value = "NAME",
     .type = OPTION_TEXT,
     MEMBER(name),
     .take = take_name,
     .fallback = "fog",
     .expected = "a name: 1 to 63 of a-z, 0-9, hyphen and dot",
     .doc = "what agents know this controller by"},
    {.name = "insecure",
     .type = OPTION_SWITCH,
     MEMBER(is_insecure),
     .fallback = "false",
     .doc = "allow addresses other than loopback, without encryption"},
    {.name = "heartbeat-min",
     .value = "TIME",
     .type = OPTION_DURATION,
     MEMBER(heartbeat_min_ms),
     .min = 1,
     .expected = "a duration, as 200ms",
     .unset = "2s",
     .example = "2s",
     .doc = "shortest time between heartbeats; for tests"},
    {.section = "Sources",
     .name = "config-dir",
     .value = "DIR",
     .type = OPTION_TEXT,
     MEMBER(config_dir),
     .unset = "none",
     .example = "/etc/fog/fleet",
     .doc = "folder of manifests that are applied as they change, below what operators say"},
    {.section = "Work",
     .name = "bursts-max",
     .value = "N",
     .type = OPTION_NUMBER,
     MEMBER(bursts_max),
     .min = 1,
     .max = BURSTS_TOLD_MAX,
     .fallback = "4",
     .doc = "gangs placed at once and not yet complete",
     .flags = OPTION_RELOADS},
    {.section = "Blobs",
     .name = "blob-quota",
     .value = "SIZE",
     .type = OPTION_QUANTITY,
     MEMBER(blob_quota_bytes),
     .expected = "a size, as 16Gi",
     .fallback = "16Gi",
     .doc = "bytes that all blobs together may have",
     .flags = OPTION_RELOADS},
    {.name = "blob-keep",
     .value = "TIME",
     .type = OPTION_DURATION,
     MEMBER(blob_keep_ms),
     .min = 1,
     .expected = "a duration, as 24h",
     .fallback = "24h",
     .doc = "how long a blob stays that nothing refers to",
     .flags = OPTION_RELOADS},
    {.name = "blob-keep-min",
     .value = "TIME",
     .type = OPTION_DURATION,
     MEMBER(blob_keep_min_ms),
     .min = 1,
     .expected = "a duration, as 1h",
     .fallback = "1h",
     .doc = "the least that blob-keep may say; less is for tests",
     .flags = OPTION_RELOADS},
    {.section = "Logs",
     .name = "log-level",
     .value = "LEVEL",
     .type = OPTION_WORD,
     MEMBER(log_level),
     .words = log_level_words,
     .fallback = "info",
     .doc = "the least that is worth a line",
     .flags = OPTION_RELOADS},
    {.name = "log-format",
     .value = "FORM",
     .type = OPTION_WORD,
     MEMBER(log_format),
     .words = log_format_words,
     .fallback = "text",
     .doc = "a line of text each, or an object of JSON each: time, level, room, message, fields",
     .flags = OPTION_RELOADS},
};

static const struct option_verb verbs[] = {
    {"", VERB_RUN, "keep the fleet, until SIGTERM or SIGINT"},
    {"config check", VERB_CHECK, "is the configuration right? tells all that is not"},
    {"config show", VERB_SHOW, "what holds, and where it comes from"},
    {"check", VERB_EXAMINE, "is the state what was written? tells all that is not"},
    {"restore", VERB_RESTORE, "put a backup (--from FILE) in the place of the state"},
    {"help", VERB_HELP, NULL},
    {"version", VERB_VERSION, NULL},
};

static const struct option_exit exits[] = {
    {0, "ended by a signal"},
    {1, "did not start; of config check and check: something is wrong; of restore: not restored"},
    {2, "wrong usage"},
    {3, "the disk failed to keep what was written"},
    {4, "the state could not be loaded again after an error"},
};

static const char *const examples[] = {
    "fog-controller --state /var/lib/fog",
    "fog-controller --state /var/lib/fog --listen 127.0.0.1:0 --log-level debug",
    "fog-controller config check --config /etc/fog/controller.conf",
    "fog-controller check --state /var/lib/fog",
    "fog-controller restore --state /var/lib/fog --from fog.backup",
    NULL,
};

const struct option_table controller_options = {
    .program = "fog-controller",
    .doc = "keeps what a fleet of machines should do, and makes it so",
    .prefix = "FOG_CONTROLLER_",
    .file = CONFIG_FILE,
    .options = options,
    .count = COUNT_OF(options),
    .verbs = verbs,
    .verb_count = COUNT_OF(verbs),
    .help = VERB_HELP,
    .version = VERB_VERSION,
    .exits = exits,
    .exit_count = COUNT_OF(exits),
    .examples = examples,
};
