/* One table of options: each has a word, an environment variable made from it, and a setter. */
#include "controller/io/config.h"

#include "schema/base/parse.h"
#include "schema/base/str.h"

#include <arpa/inet.h>

#include <assert.h>

int address_from_str(const char *text, struct address *ret_address, struct err *err)
{
    const char *colon = strrchr(text, ':');
    struct address address = {.is_v6 = *text == '['};
    unsigned char bytes[sizeof(struct in6_addr)];
    uint64_t port;
    size_t skip = address.is_v6 ? 1 : 0;
    size_t length = colon == NULL ? 0 : (size_t)(colon - text);

    if (colon == NULL || !u64_from_str(colon + 1, &port) || port > 65535) {
        return err_set(err, ERR_INVALID, "address \"%s\" is not IP:PORT", text);
    }
    if (length <= 2 * skip || length - 2 * skip >= sizeof(address.host) ||
        (address.is_v6 && text[length - 1] != ']')) {
        return err_set(err, ERR_INVALID, "address \"%s\" is not IP:PORT", text);
    }
    memcpy(address.host, text + skip, length - 2 * skip);
    if (inet_pton(address.is_v6 ? AF_INET6 : AF_INET, address.host, bytes) != 1) {
        return err_set(err, ERR_INVALID, "address \"%s\": \"%s\" is not an IP address", text,
                       address.host);
    }
    address.port = (int)port;
    *ret_address = address;
    return 0;
}

bool address_is_loopback(const struct address *address)
{
    return address->is_v6 ? str_eq(address->host, "::1") : str_starts(address->host, "127.");
}

/* --- options -------------------------------------------------------------------------------------
 */

static int set_state(struct config *config, const char *value, struct err *err)
{
    (void)err;
    config->state = value;
    return 0;
}

static int set_listen(struct config *config, const char *value, struct err *err)
{
    return address_from_str(value, &config->listen, err);
}

static int set_agents_listen(struct config *config, const char *value, struct err *err)
{
    return address_from_str(value, &config->agents_listen, err);
}

static int set_name(struct config *config, const char *value, struct err *err)
{
    size_t length = strlen(value);

    if (length == 0 || length > LABEL_VALUE_BYTES_MAX ||
        strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789-.") != length) {
        return err_set(err, ERR_INVALID,
                       "\"%s\" is not a name: 1 to 63 of a-z, 0-9, hyphen and dot", value);
    }
    config->name = value;
    return 0;
}

static int set_switch(bool *to, const char *value, struct err *err)
{
    if (!str_eq(value, "true") && !str_eq(value, "false")) {
        return err_set(err, ERR_INVALID, "\"%s\" is neither true nor false", value);
    }
    *to = str_eq(value, "true");
    return 0;
}

static int set_insecure(struct config *config, const char *value, struct err *err)
{
    return set_switch(&config->is_insecure, value, err);
}

static int set_restored(struct config *config, const char *value, struct err *err)
{
    return set_switch(&config->is_restored, value, err);
}

static int set_log_level(struct config *config, const char *value, struct err *err)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (str_eq(value, names[i])) {
            config->log_level = (enum log_level)i;
            return 0;
        }
    }
    return err_set(err, ERR_INVALID, "\"%s\" is none of error, warning, info, debug", value);
}

static int set_heartbeat_min(struct config *config, const char *value, struct err *err)
{
    if (!duration_from_str(value, &config->heartbeat_min_ms) || config->heartbeat_min_ms <= 0) {
        return err_set(err, ERR_INVALID, "\"%s\" is no duration such as 200ms", value);
    }
    return 0;
}

static int set_lease_wait(struct config *config, const char *value, struct err *err)
{
    if (!duration_from_str(value, &config->lease_wait_ms) || config->lease_wait_ms <= 0) {
        return err_set(err, ERR_INVALID, "\"%s\" is no duration such as 30s", value);
    }
    return 0;
}

static int set_bursts_max(struct config *config, const char *value, struct err *err)
{
    if (!int_from_str(value, &config->bursts_max) || config->bursts_max <= 0) {
        return err_set(err, ERR_INVALID, "\"%s\" is no number from 1", value);
    }
    return 0;
}

static int set_blob_quota(struct config *config, const char *value, struct err *err)
{
    if (!quantity_from_str(value, &config->blob_quota_bytes) || config->blob_quota_bytes < 0) {
        return err_set(err, ERR_INVALID, "\"%s\" is no quantity such as 16Gi", value);
    }
    return 0;
}

static int set_blob_keep(struct config *config, const char *value, struct err *err)
{
    if (!duration_from_str(value, &config->blob_keep_ms) || config->blob_keep_ms <= 0) {
        return err_set(err, ERR_INVALID, "\"%s\" is no duration such as 24h", value);
    }
    return 0;
}

static int set_blob_keep_min(struct config *config, const char *value, struct err *err)
{
    if (!duration_from_str(value, &config->blob_keep_min_ms) || config->blob_keep_min_ms <= 0) {
        return err_set(err, ERR_INVALID, "\"%s\" is no duration such as 1h", value);
    }
    return 0;
}

/* In the order of the usage. */
static const struct option {
    const char *word, *variable;
    int (*set)(struct config *config, const char *value, struct err *err);
    bool is_switch;
} options[] = {
    {"--state", "FOG_CONTROLLER_STATE", set_state, false},
    {"--listen", "FOG_CONTROLLER_LISTEN", set_listen, false},
    {"--agents-listen", "FOG_CONTROLLER_AGENTS_LISTEN", set_agents_listen, false},
    {"--name", "FOG_CONTROLLER_NAME", set_name, false},
    {"--insecure", "FOG_CONTROLLER_INSECURE", set_insecure, true},
    {"--restored", "FOG_CONTROLLER_RESTORED", set_restored, true},
    {"--lease-wait", "FOG_CONTROLLER_LEASE_WAIT", set_lease_wait, false},
    {"--bursts-max", "FOG_CONTROLLER_BURSTS_MAX", set_bursts_max, false},
    {"--blob-quota", "FOG_CONTROLLER_BLOB_QUOTA", set_blob_quota, false},
    {"--blob-keep", "FOG_CONTROLLER_BLOB_KEEP", set_blob_keep, false},
    {"--blob-keep-min", "FOG_CONTROLLER_BLOB_KEEP_MIN", set_blob_keep_min, false},
    {"--log-level", "FOG_CONTROLLER_LOG_LEVEL", set_log_level, false},
    {"--heartbeat-min", "FOG_CONTROLLER_HEARTBEAT_MIN", set_heartbeat_min, false},
};

const char *config_usage(void)
{
    return "fog-controller: keeps what a fleet of machines should do, and makes it so\n"
           "\n"
           "usage: fog-controller --state DIR [options]\n"
           "\n"
           "  --state DIR             where everything is kept; made when absent\n"
           "  --listen IP:PORT        the HTTP API, for operators (127.0.0.1:7411)\n"
           "  --agents-listen IP:PORT the WebSocket link, for agents (127.0.0.1:7412)\n"
           "  --name NAME             what agents know this controller by (fog)\n"
           "  --insecure              allow addresses other than loopback, without encryption\n"
           "  --restored              DIR holds a copy that was put back: agents forget what came\n"
           "                          after it; for one start only\n"
           "  --lease-wait TIME       after a restore, how long a lease of before may last: nothing\n"
           "                          runs exclusively until then (1h, the longest there can be)\n"
           "  --bursts-max N          gangs placed at once and not yet complete (4)\n"
           "  --blob-quota SIZE       bytes that all blobs together may have (16Gi)\n"
           "  --blob-keep TIME        how long a blob stays that nothing refers to (24h)\n"
           "  --blob-keep-min TIME    the least that --blob-keep may say (1h); less for tests\n"
           "  --log-level LEVEL       error, warning, info or debug (info)\n"
           "  --heartbeat-min TIME    shortest time between heartbeats (2s); for tests\n"
           "  --version, --help\n"
           "\n"
           "Port 0 takes a free one; the addresses in use are written to DIR/api.addr and\n"
           "DIR/agents.addr.  Each option can be set in the environment instead, as\n"
           "FOG_CONTROLLER_STATE, FOG_CONTROLLER_LISTEN and so on.\n"
           "\n"
           "exit status: 0 ended by a signal, 1 did not start, 2 wrong usage, 3 the disk failed\n"
           "to keep what was written, 4 the state could not be loaded again after an error\n"
           "\n"
           "example: fog-controller --state /var/lib/fog\n";
}

static int set_option(struct config *config, const struct option *option, const char *name,
                      const char *value, struct err *err)
{
    int failed = option->set(config, value, err);

    return failed ? err_prefix(err, failed, "%s", name) : 0;
}

static int from_environment(struct config *config, struct err *err)
{
    for (size_t i = 0; i < COUNT_OF(options); i++) {
        const char *value = getenv(options[i].variable);

        if (!str_is_empty(value) &&
            set_option(config, &options[i], options[i].variable, value, err)) {
            return ERR_INVALID;
        }
    }
    return 0;
}

static const struct option *find_option(const char *word, size_t length)
{
    for (size_t i = 0; i < COUNT_OF(options); i++) {
        if (strlen(options[i].word) == length && memcmp(options[i].word, word, length) == 0) {
            return &options[i];
        }
    }
    return NULL;
}

/* Takes one option, and its value when that is the next word; returns how many words. */
static int take_option(struct config *config, int count, char **words, struct err *err)
{
    size_t length = strcspn(words[0], "=");
    const struct option *option = find_option(words[0], length);
    bool has_value = words[0][length] == '=';
    const char *value;

    if (option == NULL) {
        return err_set(err, ERR_INVALID, "\"%s\" is not an option; see --help", words[0]);
    }
    if (!has_value && !option->is_switch && count < 2) {
        return err_set(err, ERR_INVALID, "%s needs a value; see --help", option->word);
    }
    value = has_value ? words[0] + length + 1 : option->is_switch ? "true" : words[1];
    if (set_option(config, option, option->word, value, err)) {
        return ERR_INVALID;
    }
    return has_value || option->is_switch ? 1 : 2;
}

static int check_address(const struct config *config, const struct address *address,
                         const char *option, struct err *err)
{
    if (address_is_loopback(address) || config->is_insecure) {
        return 0;
    }
    return err_set(err, ERR_INVALID,
                   "%s: %s is not loopback, and nothing is encrypted yet; "
                   "--insecure allows it on a network you trust",
                   option, address->host);
}

/* What a run has stored is not referred to before its success is told. */
static int check_blob_keep(const struct config *config, struct err *err)
{
    char keep[DURATION_TEXT_SIZE], least[DURATION_TEXT_SIZE];

    if (config->blob_keep_ms >= config->blob_keep_min_ms) {
        return 0;
    }
    duration_to_str(config->blob_keep_ms, keep);
    duration_to_str(config->blob_keep_min_ms, least);
    return err_set(err, ERR_INVALID,
                   "--blob-keep: %s is less than %s: outputs that an agent has stored could be "
                   "removed before it has told of them",
                   keep, least);
}

int config_from_args(int count, char **words, struct config *ret_config, struct err *err)
{
    struct config config = {
        .name = "fog",
        .listen = {.host = "127.0.0.1", .port = 7411},
        .agents_listen = {.host = "127.0.0.1", .port = 7412},
        .log_level = LOG_LEVEL_INFO,
        .blob_quota_bytes = BLOB_QUOTA_BYTES,
        .blob_keep_ms = BLOB_KEEP_MS,
        .blob_keep_min_ms = BLOB_KEEP_MIN_MS,
    };
    int taken;

    if (from_environment(&config, err)) {
        return ERR_INVALID;
    }
    for (int i = 1; i < count; i += taken) {
        taken = 1;
        if (str_eq(words[i], "--help") || str_eq(words[i], "-h")) {
            config.wants_help = true;
        } else if (str_eq(words[i], "--version")) {
            config.wants_version = true;
        } else {
            taken = take_option(&config, count - i, words + i, err);
            if (taken < 0) {
                return taken;
            }
        }
    }
    *ret_config = config;
    if (config.wants_help || config.wants_version) {
        return 0;
    }
    if (str_is_empty(config.state)) {
        return err_set(err, ERR_INVALID, "--state DIR says where everything is kept; see --help");
    }
    if (check_address(&config, &config.listen, "--listen", err) ||
        check_address(&config, &config.agents_listen, "--agents-listen", err) ||
        check_blob_keep(&config, err)) {
        return ERR_INVALID;
    }
    return 0;
}
