/* Examining a store that nobody uses: SQLite's pages, chain, digests and references first, and when
 * those are sound, whether a core can be made of what is in force.
 *
 * The core is thrown away again; nothing is stepped, sent or stored. */
#include "controller/io/check.h"

#include "controller/io/engine.h"
#include "schema/limits.h"
#include "schema/version.h"

#include <stdio.h>
#include <unistd.h>

struct checking {
    struct str *to; /* borrowed */
    size_t findings;
};

static void add_finding(struct checking *checking, const char *text)
{
    if (checking->findings++ < STORE_FINDINGS_MAX) {
        str_addf(checking->to, "wrong: %s\n", text);
    }
}

static void on_found(void *context, const char *text)
{
    add_finding(context, text);
}

static void on_counted(void *context, const char *what, uint64_t count)
{
    struct checking *checking = context;

    str_addf(checking->to, "%-24s %llu\n", what, (unsigned long long)count);
}

static void add_state(struct checking *checking, const struct stored_state *state)
{
    str_addf(checking->to, "%-24s %s\n%-24s %llu\n%-24s %llu\n%-24s %llu\n", "store",
             state->store_id, "era", (unsigned long long)state->era, "revision",
             (unsigned long long)state->revision, "history begins after",
             (unsigned long long)state->compacted);
}

static void check_core(struct checking *checking, struct store *store,
                       const struct stored_state *state)
{
    struct ctl_options options = {.name = "check", .version = FOG_VERSION, .bursts_max = 1};
    struct ctl *ctl = ctl_new(&options);
    struct err err = ERR_NONE;

    if (engine_load(store, ctl, state, &err) < 0) {
        add_finding(checking, err.text);
    }
    ctl_free(ctl);
}

static int examine(struct checking *checking, struct store *store, uint64_t known_era,
                   struct err *err)
{
    struct store_examiner examiner = {
        .found = on_found, .counted = on_counted, .context = checking};
    struct stored_state state;
    int failed = store_state(store, &state, err);

    if (failed) {
        return failed;
    }
    add_state(checking, &state);
    if (state.era < known_era) {
        add_finding(checking, "the store is of an earlier era than its directory saw: it is an "
                              "older copy");
    }
    failed = store_examine(store, &examiner, err);
    if (failed == 0 && examiner.findings == 0) {
        check_core(checking, store, &state);
    }
    return failed;
}

size_t check_store(const char *path, uint64_t known_era, struct str *to)
{
    struct store_options options = {.path = path, .is_reader = true};
    struct checking checking = {.to = to};
    struct store *store = NULL;
    struct err err = ERR_NONE;
    int failed = store_open(&options, &store, &err);

    if (failed == 0) {
        failed = examine(&checking, store, known_era, &err);
        store_close(store);
    }
    if (failed) {
        add_finding(&checking, err.text);
    }
    if (checking.findings > STORE_FINDINGS_MAX) {
        str_addf(to, "and %zu more\n", checking.findings - STORE_FINDINGS_MAX);
    }
    return checking.findings;
}

static int complain(const char *text)
{
    (void)fprintf(stderr, "fog-controller: %s\n", text);
    return 1;
}

int check_state(const struct config *config)
{
    struct statedir statedir = {.dir_fd = -1, .lock_fd = -1};
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    struct err err = ERR_NONE;
    uint64_t known_era = 0;
    size_t findings;

    if (access(config->state, F_OK) < 0) {
        (void)err_set(&err, ERR_NOT_FOUND, "there is no \"%s\"", config->state);
        return complain(err.text);
    }
    if (statedir_open(&statedir, config->state, &err) < 0 ||
        statedir_read_number(&statedir, "era", &known_era, &err) < 0) {
        statedir_close(&statedir);
        return complain(err.text);
    }
    findings = check_store(statedir.store_path, known_era, &text);
    statedir_close(&statedir);
    if (findings == 0) {
        str_add(&text, "ok: nothing is wrong\n");
    }
    if (fputs(text.data, stdout) < 0 || fflush(stdout) != 0) {
        return 1;
    }
    return findings == 0 ? 0 : 1;
}
