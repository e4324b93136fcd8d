/* The start-up path.  It is also the way back after a failed commit, so that nothing is ever loaded
 * in a way that start-up does not test every day. */
#include "controller/io/engine.h"

#include "controller/io/measure.h"
#include "schema/base/log.h"
#include "schema/version.h"

#include <errno.h>
#include <sys/random.h>

static int draw_seed(uint8_t seed[RAND_SEED_SIZE], struct err *err)
{
    if (getrandom(seed, RAND_SEED_SIZE, 0) != RAND_SEED_SIZE) {
        return err_set(err, ERR_SYSTEM, "no randomness from the kernel: %s", strerror(errno));
    }
    return 0;
}

static int load_object(void *context, const struct stored_change *change, struct err *err)
{
    return ctl_load_object(context, change, err);
}

static int load_content(void *context, const struct content *content, struct err *err)
{
    (void)err;
    ctl_load_content(context, content);
    return 0;
}

static int load_answer(void *context, const struct answer_row *answer, struct err *err)
{
    (void)err;
    ctl_load_answer(context, answer);
    return 0;
}

int engine_load(struct store *store, struct ctl *ctl, const struct stored_state *state,
                struct err *err)
{
    struct store_loader loader = {
        .object = load_object, .content = load_content, .answer = load_answer, .context = ctl};

    ctl_load_state(ctl, state);
    return store_load(store, &loader, err);
}

static int load_core(struct engine *engine, struct err *err)
{
    struct ctl_options options = {
        .name = engine->config->name,
        .version = FOG_VERSION,
        .heartbeat_min_ms = engine->config->heartbeat_min_ms,
        .bursts_max = (size_t)engine->config->bursts_max,
        .alerts_after_ms = engine->config->alerts_after_ms,
        .lease_wait_ms = engine->config->lease_wait_ms,
    };
    struct stored_state state;
    int failed;

    failed = draw_seed(options.seed, err);
    if (failed) {
        return failed;
    }
    failed = store_state(engine->store, &state, err);
    if (failed) {
        return failed;
    }
    engine->ctl = ctl_new(&options);
    failed = engine_load(engine->store, engine->ctl, &state, err);
    if (failed) {
        return failed;
    }
    log_info("state loaded from \"%s\" store=%s era=%llu revision=%llu",
             engine->statedir->store_path, state.store_id, (unsigned long long)state.era,
             (unsigned long long)state.revision);
    return 0;
}

static int write_era(struct engine *engine, uint64_t era, struct err *err)
{
    char text[24];

    (void)snprintf(text, sizeof(text), "%llu", (unsigned long long)era);
    return statedir_write(engine->statedir, "era", text, err);
}

/* Once in the life of a process, and before anybody else opens the store.  The directory hears of
 * the new era first: when that is all that happens, the next start is told to repeat it. */
static int note_restore(struct engine *engine, uint64_t era, struct err *err)
{
    int failed = write_era(engine, era + 1, err);

    if (failed == 0) {
        failed = store_raise_era(engine->store, era, measure_now_wall(), err);
    }
    if (failed) {
        return err_prefix(err, failed, "raising the era");
    }
    engine->knows_restore = true;
    log_warning("the store was restored, its era is %llu; nothing runs exclusively until leases of "
                "before have ended",
                (unsigned long long)era + 1);
    return 0;
}

static int check_era(struct engine *engine, struct err *err)
{
    struct stored_state state;
    struct err unsaid = ERR_NONE;
    uint64_t known;
    int failed = store_state(engine->store, &state, err);

    if (failed == 0) {
        failed = statedir_read_number(engine->statedir, "era", &known, err);
    }
    if (failed) {
        return failed;
    }
    if (engine->config->is_restored && !engine->knows_restore) {
        return note_restore(engine, state.era > known ? state.era : known, err);
    }
    if (state.era < known) {
        return err_set(err, ERR_REFUSED,
                       "\"%s\" is of era %llu and there was one of era %llu: it is an older copy; "
                       "if that is meant, start once with --restored",
                       engine->statedir->store_path, (unsigned long long)state.era,
                       (unsigned long long)known);
    }
    if (state.era > known && write_era(engine, state.era, &unsaid) < 0) {
        log_warning("%s", unsaid.text); /* without it a restore is told apart less well */
    }
    return 0;
}

static int open_once(struct engine *engine, struct err *err)
{
    struct store_options options = {.path = engine->statedir->store_path,
                                    .create = statedir_may_make_store(engine->statedir)};
    struct store_options history = {.path = engine->statedir->store_path, .is_reader = true};
    int failed;

    failed = draw_seed(options.seed, err);
    if (failed) {
        return failed;
    }
    failed = options.create ? statedir_begin_store(engine->statedir, err) : 0;
    if (failed) {
        return failed;
    }
    failed = store_open(&options, &engine->store, err);
    if (failed) {
        return err_prefix(err, failed, "\"%s\"", options.path);
    }
    if (options.create) {
        statedir_end_store(engine->statedir);
    }
    failed = check_era(engine, err);
    if (failed) {
        return failed;
    }
    failed = store_open(&history, &engine->history, err);
    if (failed) {
        return err_prefix(err, failed, "\"%s\", for reading", options.path);
    }
    failed = load_core(engine, err);
    return failed ? err_prefix(err, failed, "loading") : 0;
}

int engine_open(struct engine *engine, const struct config *config, struct statedir *statedir,
                struct err *err)
{
    struct err full = ERR_NONE;
    int failed;

    *engine = (struct engine){
        .config = config, .statedir = statedir, .knows_restore = engine->knows_restore};
    failed = open_once(engine, err);
    if (failed == ERR_FULL) {
        log_warning("%s, giving back the ballast", err->text);
        engine_close(engine);
        statedir_give_ballast(statedir);
        failed = open_once(engine, err);
        engine->is_full = true;
    } else if (failed == 0 && statedir_take_ballast(statedir, &full) < 0) {
        log_warning("%s, taking only what stops work", full.text);
        engine->is_full = true;
    }
    return failed;
}

void engine_close(struct engine *engine)
{
    ctl_free(TAKE(engine->ctl));
    if (engine->history != NULL) {
        store_close(TAKE(engine->history));
    }
    if (engine->store != NULL) {
        store_close(TAKE(engine->store));
    }
}
