/* Turns what happens into events, and effects into deeds; decides nothing.
 *
 * Every event goes through step(), and no handler of the listeners is called from within: they put
 * off what an effect makes possible.  So a step is never inside another.
 *
 * A commit that failed leaves the core ahead of the disk.  recover() then throws the core away and
 * loads it again as start-up does; a failed fsync ends the process instead, since nobody knows what
 * the disk holds, and the next start finds out. */
#include "controller/io/loop.h"

#include "controller/core/gate.h"
#include "controller/io/backup.h"
#include "controller/io/blobs.h"
#include "controller/io/configdir.h"
#include "controller/io/dashboard.h"
#include "controller/io/http.h"
#include "controller/io/keeper.h"
#include "controller/io/link.h"
#include "controller/io/measure.h"
#include "controller/io/net.h"
#include "controller/io/notifier.h"
#include "controller/io/reader.h"
#include "controller/io/writer.h"
#include "schema/base/log.h"
#include "schema/limits.h"
#include "schema/version.h"

#include <sys/timerfd.h>
#include <unistd.h>

enum {
    END_WAIT_MS = 5000, /* for the writer, after a signal */
    RECOVERIES_MAX = 5, /* in a row, without one commit between them */
    SOCKETS_SPARE = 16, /* of lws: listeners, its event pipe */
    SIGNAL_COUNT = 2,
};

struct loop {
    const struct config *first;  /* borrowed: as it started */
    const struct config *config; /* what holds: that, or `fresh` */
    struct config *fresh;        /* owned: read since; NULL: none */
    struct engine *engine;       /* borrowed */
    struct gate *gate;
    struct writer *writer;
    struct reader *reader;
    struct notifier *notifier;

    uv_loop_t uv;
    struct net net;
    struct http *http;
    struct links *links;
    struct blobs *blobs;
    struct backups *backups;
    struct configdir *configdir; /* NULL: none is configured, or the core has not begun */
    int api_port;
    uv_async_t written, was_read;
    uv_signal_t signals[SIGNAL_COUNT], hangup;
    uv_poll_t clock; /* over `clock_fd` */
    uv_timer_t space, end;
    int clock_fd; /* a timer of CLOCK_BOOTTIME: it also rings after the machine slept */
    struct mono rings_at;

    struct measure measure;
    struct keeper keeper;
    struct {
        VEC_OF(struct read_query);
    } held_reads;       /* for readers of streams who are to take first what they have */
    size_t uncommitted; /* batches with the writer */
    unsigned recoveries;
    bool has_handles; /* the uv_ members above are open */
    bool is_ending;
    enum loop_exit exit_code;
};

static struct mono now_mono(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_BOOTTIME, &now);
    return (struct mono){(int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000};
}

/* --- one step ------------------------------------------------------------------------------------
 */

/* What a stream's reader is told of history is read when what it was told before has left. */
static void read_history(struct loop *loop, struct read_query *query /* taken */)
{
    if (query->reader != 0 && http_await(loop->http, query->reader)) {
        vec_add(&loop->held_reads, *query);
    } else {
        reader_put(loop->reader, query);
    }
    *query = (struct read_query){0};
}

/* Has all, or is gone. */
static void release_reads(struct loop *loop, uint64_t id)
{
    for (size_t i = loop->held_reads.count; i-- > 0;) {
        if (loop->held_reads.items[i].reader == id) {
            if (loop->reader != NULL) {
                reader_put(loop->reader, &loop->held_reads.items[i]);
            }
            read_query_fini(&loop->held_reads.items[i]);
            vec_remove(&loop->held_reads, i);
        }
    }
}

static void forget_reads(struct loop *loop)
{
    vec_each (&loop->held_reads, it) {
        read_query_fini(it);
    }
    vec_fini(&loop->held_reads);
}

static void perform(struct loop *loop)
{
    struct effect effect;

    while (gate_next(loop->gate, &effect)) {
        switch (effect.type) {
        case EFFECT_ANSWER:
            http_answer(loop->http, &effect);
            break;
        case EFFECT_CHUNK:
            http_chunk(loop->http, &effect);
            break;
        case EFFECT_END:
            http_end(loop->http, effect.id);
            release_reads(loop, effect.id);
            break;
        case EFFECT_SEND:
            links_send(loop->links, effect.id, effect.priority, effect.bytes);
            break;
        case EFFECT_HANGUP:
            links_hangup(loop->links, effect.id, effect.reason);
            break;
        case EFFECT_READ:
            read_history(loop, &effect.read);
            break;
        case EFFECT_NOTIFY:
            notifier_put(loop->notifier, &effect);
            break;
        }
        effect_fini(&effect);
    }
}

/* When the core wants to look again, but soon in any case: it tells by the gaps between events
 * whether this machine slept or was stopped. */
static void set_clock(struct loop *loop, struct mono now)
{
    int64_t heartbeat_ms =
        loop->config->heartbeat_min_ms > 0 ? loop->config->heartbeat_min_ms : HEARTBEAT_MIN_MS;
    struct mono moment =
        mono_earlier(ctl_deadline(loop->engine->ctl), mono_after(now, heartbeat_ms / 2));
    struct itimerspec at = {
        .it_value = {.tv_sec = moment.ms / 1000, .tv_nsec = moment.ms % 1000 * 1000000 + 1}};

    if (moment.ms <= now.ms || moment.ms < loop->rings_at.ms || loop->rings_at.ms <= now.ms) {
        loop->rings_at = moment;
        (void)timerfd_settime(loop->clock_fd, TFD_TIMER_ABSTIME, &at, NULL);
    }
}

static void step(struct loop *loop, struct ctl_event *event)
{
    struct effects effects;
    int64_t began_us = measure_now_us();

    if (loop->is_ending) {
        return; /* nothing new is begun */
    }
    event->now = now_mono();
    event->wall = measure_now_wall();
    event->told = &loop->measure.metrics;
    effects_init(&effects);
    ctl_step(loop->engine->ctl, event, &effects);
    measure_step(&loop->measure, event, measure_now_us() - began_us);
    if (effects.batch != NULL) {
        loop->uncommitted++;
        measure_handed(effects.batch);
        writer_put(loop->writer, TAKE(effects.batch));
    }
    gate_take(loop->gate, &effects);
    effects_fini(&effects);
    perform(loop);
    set_clock(loop, event->now);
}

/* --- events --------------------------------------------------------------------------------------
 */

static void on_request(void *context, uint64_t id, const struct http_request *request)
{
    step(context, &(struct ctl_event){.type = CTL_HTTP, .id = id, .http = request});
}

static void on_gone(void *context, uint64_t id)
{
    release_reads(context, id);
    step(context, &(struct ctl_event){.type = CTL_HTTP_GONE, .id = id});
}

static void on_taken(void *context, uint64_t id)
{
    release_reads(context, id);
}

static void on_up(void *context, uint64_t id)
{
    step(context, &(struct ctl_event){.type = CTL_LINK_UP, .id = id});
}

static void on_frame(void *context, uint64_t id, const char *bytes, size_t size_bytes)
{
    step(context, &(struct ctl_event){.type = CTL_LINK_FRAME,
                                      .id = id,
                                      .frame = {.bytes = bytes, .size_bytes = size_bytes}});
}

static void on_drained(void *context, uint64_t id)
{
    step(context, &(struct ctl_event){.type = CTL_LINK_DRAINED, .id = id});
}

static void on_down(void *context, uint64_t id)
{
    step(context, &(struct ctl_event){.type = CTL_LINK_DOWN, .id = id});
}

/* The core says in its Source object what became of it; the log, too, as it is told. */
static void on_directory(void *context, const struct directory *directory)
{
    struct loop *loop = context;
    const char *why;

    step(loop, &(struct ctl_event){.type = CTL_DIRECTORY, .directory = directory});
    if (loop->is_ending || directory->state == DIRECTORY_NONE) {
        return;
    }
    if (ctl_directory_is_applied(loop->engine->ctl, &why)) {
        log_info("the config directory is in force: %s", why);
    } else {
        log_warning("the config directory is not in force, what it said before stays: %s", why);
    }
}

/* --- history -------------------------------------------------------------------------------------
 */

static void look_after_history(struct loop *loop)
{
    struct store_keeping keeping;

    if (!loop->is_ending &&
        keeper_is_due(&loop->keeper, loop->config, now_mono(), measure_now_wall(), &keeping)) {
        writer_keep(loop->writer, &keeping);
    }
}

static void on_history_kept(struct loop *loop, const struct writer_done *done)
{
    keeper_done(&loop->keeper, done->code, &done->size, &done->err, now_mono());
    if (done->code < 0) {
        return;
    }
    measure_history(&loop->measure, &done->size);
    step(loop, &(struct ctl_event){.type = CTL_COMPACTED, .id = done->size.compacted});
}

static void on_clock(uv_poll_t *clock, int status, int events)
{
    struct loop *loop = clock->data;
    struct http_load load;
    uint64_t rings;

    (void)status;
    (void)events;
    if (read(loop->clock_fd, &rings, sizeof(rings)) != sizeof(rings)) {
        return; /* it was set anew meanwhile */
    }
    load = http_load(loop->http);
    measure_look(&loop->measure, &load);
    step(loop, &(struct ctl_event){.type = CTL_TICK});
    look_after_history(loop);
}

/* On the threads of writer and reader. */
static void wake_written(void *context)
{
    struct loop *loop = context;

    (void)uv_async_send(&loop->written);
}

static void wake_read(void *context)
{
    struct loop *loop = context;

    (void)uv_async_send(&loop->was_read);
}

static void on_read(uv_async_t *async)
{
    struct loop *loop = async->data;
    struct read_result *result;

    while (loop->reader != NULL && (result = reader_next_done(loop->reader)) != NULL) {
        step(loop, &(struct ctl_event){.type = CTL_READ_DONE, .read = result});
        read_result_free(result);
    }
}

static void on_notified(void *context, const struct notified *notified)
{
    step(context, &(struct ctl_event){.type = CTL_NOTIFIED, .notified = notified});
}

/* --- the disk ------------------------------------------------------------------------------------
 */

static void stop(struct loop *loop, enum loop_exit code)
{
    loop->is_ending = true; /* what else this turn of the loop brings is passed over */
    loop->exit_code = code;
    uv_stop(&loop->uv);
}

static void on_space(uv_timer_t *timer)
{
    struct loop *loop = timer->data;
    struct err err;

    if (statedir_take_ballast(loop->engine->statedir, &err) < 0) {
        return;
    }
    (void)uv_timer_stop(timer);
    log_info("the disk has room again, taking writes");
    loop->engine->is_full = false;
    step(loop, &(struct ctl_event){.type = CTL_STORE_SPACE, .store_is_full = false});
}

static void start_core(struct loop *loop)
{
    step(loop, &(struct ctl_event){.type = CTL_START, .api_port = loop->api_port});
    if (loop->configdir != NULL) {
        configdir_repeat(loop->configdir);
    } else if (str_is_empty(loop->config->config_dir)) {
        on_directory(loop, &(struct directory){.state = DIRECTORY_NONE});
    }
    if (loop->engine->is_full) {
        step(loop, &(struct ctl_event){.type = CTL_STORE_SPACE, .store_is_full = true});
        (void)uv_timer_start(&loop->space, on_space, SPACE_CHECK_MS, SPACE_CHECK_MS);
    }
}

static void start_threads(struct loop *loop)
{
    struct stored_state state = {.newest = {0}};

    (void)store_state(loop->engine->store, &state, NULL); /* it was read to load the core */
    keeper_init(&loop->keeper, now_mono(), &state);
    loop->writer = writer_new(loop->engine->store, wake_written, loop);
    loop->reader = reader_new(loop->engine->history, wake_read, loop);
}

static void stop_threads(struct loop *loop)
{
    if (loop->writer != NULL) {
        writer_free(TAKE(loop->writer));
    }
    if (loop->reader != NULL) {
        reader_free(TAKE(loop->reader));
    }
    loop->uncommitted = 0;
}

/* The commit of a batch failed: forget what the disk does not hold. */
static void recover(struct loop *loop, int code, const struct err *err)
{
    struct err lost;

    if (code == ERR_SYNC) {
        log_error("the disk did not keep what was written, ending: %s", err->text);
        _exit(LOOP_EXIT_SYNC);
    }
    log_error("a commit failed, loading the state again: %s", err->text);
    gate_poison(loop->gate);
    perform(loop);
    http_drop_all(loop->http, "the store failed meanwhile: the outcome is unknown, read again");
    links_drop_all(loop->links, "the controller loads its state again");
    stop_threads(loop);
    forget_reads(loop);
    engine_close(loop->engine);
    if (code == ERR_FULL) {
        statedir_give_ballast(loop->engine->statedir);
    }
    if (loop->is_ending) {
        stop(loop, loop->exit_code);
        return;
    }
    if (++loop->recoveries > RECOVERIES_MAX) {
        log_error("%d commits in a row failed, ending", RECOVERIES_MAX + 1);
        stop(loop, LOOP_EXIT_LOST);
        return;
    }
    if (engine_open(loop->engine, loop->config, loop->engine->statedir, &lost) < 0) {
        log_error("the state cannot be loaded again, ending: %s", lost.text);
        stop(loop, LOOP_EXIT_LOST);
        return;
    }
    loop->engine->is_full |= code == ERR_FULL;
    start_threads(loop);
    start_core(loop);
}

static void on_written(uv_async_t *async)
{
    struct loop *loop = async->data;
    struct writer_done done;
    uint64_t newest = 0;

    while (loop->writer != NULL && writer_next_done(loop->writer, &done)) {
        if (done.code < 0 && !done.is_kept) {
            batch_free(done.batch);
            measure_failed(&loop->measure);
            recover(loop, done.code, &done.err);
            return;
        }
        if (done.is_kept) {
            on_history_kept(loop, &done);
            continue;
        }
        newest = done.batch->seq;
        measure_committed(&loop->measure, done.batch);
        loop->uncommitted--;
        batch_free(done.batch);
    }
    if (newest > 0) {
        loop->recoveries = 0;
        gate_committed(loop->gate, newest);
        perform(loop);
        step(loop, &(struct ctl_event){.type = CTL_COMMITTED, .id = newest});
    }
    if (loop->is_ending && loop->uncommitted == 0) {
        stop(loop, loop->exit_code);
    }
}

/* --- beginning and end ---------------------------------------------------------------------------
 */

static void on_end_timer(uv_timer_t *timer)
{
    struct loop *loop = timer->data;

    log_warning("the store is slow, ending without the last answers batches=%zu",
                loop->uncommitted);
    stop(loop, loop->exit_code);
}

/* What was decided is still stored and answered; nothing new is begun. */
static void on_signal(uv_signal_t *handle, int number)
{
    struct loop *loop = handle->data;

    if (loop->is_ending) {
        return;
    }
    log_info("ending signal=%d", number);
    loop->is_ending = true;
    if (loop->uncommitted == 0) {
        stop(loop, loop->exit_code);
    } else {
        (void)uv_timer_start(&loop->end, on_end_timer, END_WAIT_MS, 0);
    }
}

/* --- another configuration -----------------------------------------------------------------------
 */

static void log_problems(const struct problems *problems)
{
    for (size_t i = 0; i < problems->count; i++) {
        const struct problem *problem = &problems->items[i];
        enum log_level level =
            problem->severity == PROBLEM_ERROR ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING;

        if (problem->file == NULL || problem->line == 0) {
            log_line(level, __FILE__, "%s", problem->message);
        } else {
            log_line(level, __FILE__, "%s:%u:%u: %s", problem->file, problem->line, problem->column,
                     problem->message);
        }
    }
}

/* All that reloads; none of it can fail. */
static void take_effect(struct loop *loop)
{
    const struct config *config = loop->config;

    log_set_level((enum log_level)config->log_level);
    log_set_format((enum log_format)config->log_format);
    loop->engine->config = config;
    blobs_set_limits(loop->blobs, config->blob_quota_bytes, config->blob_keep_ms);
    step(loop, &(struct ctl_event){.type = CTL_OPTIONS, .bursts_max = (size_t)config->bursts_max});
}

static void on_hangup(uv_signal_t *handle, int number)
{
    struct loop *loop = handle->data;
    struct config *config = MEM_NEW(struct config), *before = loop->fresh;
    int changed = config_read_again(loop->config, config);
    _cleanup_(str_fini)
    struct str names = STR_EMPTY;

    (void)number;
    log_problems(&config->problems);
    if (changed < 0) {
        log_error("the configuration stays as it was errors=%zu", config->problems.errors);
        config_fini(config);
        free(config);
        return;
    }
    options_name_changes(&loop->config->options, &config->options, &names);
    loop->config = loop->fresh = config;
    take_effect(loop);
    log_info("the configuration was read again: %s changed=%d",
             changed == 0 ? "nothing differs" : names.data, changed);
    if (before != NULL) {
        config_fini(before);
        free(before);
    }
}

static int open_handles(struct loop *loop, struct err *err)
{
    static const int numbers[SIGNAL_COUNT] = {SIGTERM, SIGINT};

    loop->clock_fd = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    if (loop->clock_fd < 0) {
        return err_set(err, ERR_SYSTEM, "no timer of boot time");
    }
    (void)uv_async_init(&loop->uv, &loop->written, on_written);
    (void)uv_async_init(&loop->uv, &loop->was_read, on_read);
    (void)uv_timer_init(&loop->uv, &loop->space);
    (void)uv_timer_init(&loop->uv, &loop->end);
    (void)uv_poll_init(&loop->uv, &loop->clock, loop->clock_fd);
    loop->written.data = loop->was_read.data = loop->space.data = loop->end.data = loop;
    loop->clock.data = loop;
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        (void)uv_signal_init(&loop->uv, &loop->signals[i]);
        loop->signals[i].data = loop;
        (void)uv_signal_start(&loop->signals[i], on_signal, numbers[i]);
    }
    (void)uv_signal_init(&loop->uv, &loop->hangup);
    loop->hangup.data = loop;
    (void)uv_signal_start(&loop->hangup, on_hangup, SIGHUP);
    (void)uv_poll_start(&loop->clock, UV_READABLE, on_clock);
    loop->notifier = notifier_new(&loop->uv, on_notified, loop);
    loop->has_handles = true;
    return 0;
}

static int publish(struct loop *loop, const char *name, const struct address *address, int port,
                   struct err *err)
{
    char text[ADDRESS_HOST_SIZE + 16];

    (void)snprintf(text, sizeof(text), address->is_v6 ? "[%s]:%d" : "%s:%d", address->host, port);
    log_info("listening name=%s address=%s", name, text);
    if (!address_is_loopback(address)) {
        log_warning("%s is without encryption: anybody on that network can use it", text);
    }
    return statedir_write(loop->engine->statedir, name, text, err);
}

/* When a state could not be loaded again, there is no core to ask. */
static bool each_reference(void *context, blob_reference_fn visit, void *visit_context)
{
    const struct loop *loop = context;

    if (loop->engine->ctl == NULL) {
        return false;
    }
    ctl_each_blob(loop->engine->ctl, visit, visit_context);
    return true;
}

static bool is_settled(void *context)
{
    const struct loop *loop = context;

    return loop->engine->ctl != NULL && ctl_blobs_are_settled(loop->engine->ctl);
}

static int open_blobs(struct loop *loop, struct err *err)
{
    struct blobs_options options = {
        .state_fd = loop->engine->statedir->dir_fd,
        .quota_bytes = loop->config->blob_quota_bytes,
        .keep_ms = loop->config->blob_keep_ms,
        .spare_bytes = BALLAST_BYTES + SPACE_SPARE_BYTES,
        .each_reference = each_reference,
        .is_settled = is_settled,
        .context = loop,
    };

    return blobs_open(&loop->uv, &options, &loop->blobs, err);
}

static int listen_both(struct loop *loop, struct err *err)
{
    const struct config *config = loop->config;
    struct http_handlers http_handlers = {
        .request = on_request, .gone = on_gone, .drained = on_taken, .context = loop};
    struct link_handlers link_handlers = {
        .up = on_up, .frame = on_frame, .drained = on_drained, .down = on_down, .context = loop};
    size_t room = loop->net.sockets_max - SOCKETS_SPARE;
    struct http_options http_options = {
        .address = &config->listen,
        .any_host = config->is_insecure,
        .connections_max = room / 4 < HTTP_CONNECTIONS_MAX ? room / 4 : HTTP_CONNECTIONS_MAX,
        .transfers = blobs_transfers(loop->blobs),
        .backups = backups_transfers(loop->backups),
    };
    struct link_options link_options = {.address = &config->agents_listen};
    int failed, agents_port = 0;

    room -= http_options.connections_max;
    link_options.links_max = room < AGENTS_MAX ? room : AGENTS_MAX;
    failed =
        http_open(&loop->net, &http_options, &http_handlers, &loop->http, &loop->api_port, err);
    blobs_attach(loop->blobs, loop->http);
    backups_attach(loop->backups, loop->http);
    if (failed == 0) {
        failed =
            links_open(&loop->net, &link_options, &link_handlers, &loop->links, &agents_port, err);
    }
    if (failed == 0) {
        failed = publish(loop, "api.addr", &config->listen, loop->api_port, err);
    }
    if (failed == 0) {
        failed = publish(loop, "agents.addr", &config->agents_listen, agents_port, err);
    }
    return failed;
}

static void open_configdir(struct loop *loop)
{
    const struct configdir_handlers handlers = {.say = on_directory, .context = loop};

    if (!str_is_empty(loop->config->config_dir)) {
        loop->configdir = configdir_open(&loop->uv, loop->config->config_dir, &handlers);
    }
}

int loop_open(const struct config *config, struct engine *engine, struct loop **ret_loop,
              struct err *err)
{
    struct loop *loop = MEM_NEW(struct loop);
    int failed;

    *ret_loop = loop;
    loop->first = loop->config = config;
    loop->engine = engine;
    loop->gate = gate_new();
    loop->clock_fd = -1;
    measure_init(&loop->measure, engine->statedir->store_path);
    if (uv_loop_init(&loop->uv) < 0) {
        return err_set(err, ERR_SYSTEM, "libuv does not start");
    }
    failed = net_open(&loop->net, &loop->uv, err);
    if (failed == 0) {
        failed = open_handles(loop, err);
    }
    loop->backups = backups_new(&loop->uv, engine->statedir->store_path);
    if (failed == 0) {
        failed = open_blobs(loop, err);
    }
    if (failed == 0) {
        failed = listen_both(loop, err);
    }
    if (failed == 0) {
        start_threads(loop);
        start_core(loop);
        open_configdir(loop);
    }
    return failed;
}

enum loop_exit loop_run(struct loop *loop)
{
    log_info("controller \"%s\" is ready version=%s", loop->config->name, FOG_VERSION);
    if (dashboard_file_count == 0) {
        log_info("built without the dashboard: /ui/ says how to get it");
    }
    (void)uv_run(&loop->uv, UV_RUN_DEFAULT);
    return loop->exit_code;
}

static void close_handles(struct loop *loop)
{
    uv_close((uv_handle_t *)&loop->written, NULL);
    uv_close((uv_handle_t *)&loop->was_read, NULL);
    uv_close((uv_handle_t *)&loop->space, NULL);
    uv_close((uv_handle_t *)&loop->end, NULL);
    uv_close((uv_handle_t *)&loop->clock, NULL);
    uv_close((uv_handle_t *)&loop->hangup, NULL);
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        uv_close((uv_handle_t *)&loop->signals[i], NULL);
    }
}

void loop_close(struct loop *loop)
{
    if (loop == NULL) {
        return;
    }
    loop->is_ending = true;
    stop_threads(loop);
    forget_reads(loop);
    backups_close(loop->backups);
    blobs_close(loop->blobs);
    configdir_close(loop->configdir);
    http_close(loop->http);
    links_close(loop->links);
    notifier_close(loop->notifier);
    if (loop->has_handles) {
        close_handles(loop);
    }
    net_close(&loop->net);
    http_free(loop->http);
    blobs_free(loop->blobs);
    backups_free(loop->backups);
    configdir_free(loop->configdir);
    links_free(loop->links);
    if (loop->clock_fd >= 0) {
        (void)close(loop->clock_fd);
    }
    gate_free(loop->gate);
    loop->engine->config = loop->first;
    if (loop->fresh != NULL) {
        config_fini(loop->fresh);
        free(loop->fresh);
    }
    free(loop);
}
