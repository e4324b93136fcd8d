/* Events in, effects out.  The rooms around (link, process, logs, owner) report only from the loop,
 * never from within a call of ours, so a step is never begun inside another.
 *
 * The deadline is on boot time, so it is kept by a timerfd: libuv's timers stand still while the
 * machine sleeps. */
#include "agent/io/loop.h"

#include "agent/core/agt.h"
#include "agent/io/capacity.h"
#include "agent/io/fetch.h"
#include "agent/io/logs.h"
#include "agent/io/owner.h"
#include "agent/io/process.h"
#include "agent/io/sensing.h"
#include "agent/shim/clock.h"
#include "agent/shim/file.h"
#include "agent/shim/proc.h"
#include "schema/version.h"

#include <assert.h>
#include <signal.h>
#include <sys/random.h>
#include <sys/timerfd.h>
#include <unistd.h>

struct loop {
    uv_loop_t uv;
    const struct config *config; /* what holds: borrowed, or `fresh` */
    struct config *fresh;        /* owned: read since; NULL: none */
    struct resources capacity;   /* as it was declared */
    struct cache *cache;
    struct agt *core;
    struct agt_effects effects;
    struct link *link;
    struct process *process;
    struct logs *logs;
    struct fetcher *fetcher;
    struct owner *owner;
    struct enforcement enforcement;
    struct sensing *sensing;
    struct machine machine;
    char instance[INSTANCE_SIZE];
    int timer_fd;
    uv_poll_t timer;
    uv_signal_t terminate, interrupt, hangup;
    uv_fs_event_t watch; /* of the state directory */
    bool is_stepping;
    bool is_ending; /* told to end: the core is not asked any more */
};

/* --- effects ------------------------------------------------------------------------------------
 */

static bool save(struct loop *loop, struct blob *bytes)
{
    struct err err = ERR_NONE;

    if (cache_save(loop->cache, bytes, &err) < 0) {
        log_error("cannot save the state: %s; going on with what was saved", err.text);
        return false;
    }
    return true;
}

static void spawn(struct loop *loop, const struct agt_spawn *spawn)
{
    _cleanup_(arena_fini)
    struct arena arena;
    struct shim_spec spec;

    arena_init(&arena);
    harvest_prepare(&arena, spawn, &loop->config->caps, &loop->machine, &spec);
    spec.unwatched_ms = spawn->unwatched_ms;
    spec.has_artifacts = spawn->template->workload.artifacts.count > 0;
    process_spawn(loop->process, &spec);
}

/* False when the rest of the step's effects must not be performed. */
static bool perform(struct loop *loop, const struct agt_effect *effect)
{
    switch (effect->type) {
    case AGT_CONNECT:
        link_connect(loop->link);
        return true;
    case AGT_SEND:
        link_send(loop->link, effect->bytes, (int)effect->priority);
        return true;
    case AGT_HANGUP:
        link_hang_up(loop->link, effect->reason);
        return true;
    case AGT_SAVE:
        return save(loop, effect->bytes);
    case AGT_FETCH:
        fetcher_begin(loop->fetcher, effect->uid, effect->run, effect->fetch.template,
                      effect->fetch.port);
        return true;
    case AGT_UNFETCH:
        fetcher_drop(loop->fetcher, effect->uid);
        return true;
    case AGT_COLLECT:
        fetcher_collect(loop->fetcher, effect->uid, effect->run, effect->fetch.template,
                        effect->fetch.port);
        return true;
    case AGT_UNCOLLECT:
        fetcher_uncollect(loop->fetcher, effect->uid);
        return true;
    case AGT_SPAWN:
        spawn(loop, &effect->spawn);
        return true;
    case AGT_SIGNAL:
        process_stop(loop->process, effect->uid, effect->run, effect->grace_ms);
        return true;
    case AGT_EXTEND:
        process_extend(loop->process, effect->uid, effect->run, effect->lease_end);
        return true;
    case AGT_SUSPEND:
    case AGT_RESUME:
        process_suspend(loop->process, effect->uid, effect->run, effect->type == AGT_SUSPEND,
                        &effect->checkpoint);
        return true;
    case AGT_LIMIT:
        process_limit(loop->process, effect->uid, effect->run,
                      harvest_cpu_limit(effect->cpu_limit, &loop->machine));
        return true;
    case AGT_OVERRUN:
        process_overrun(loop->process, effect->uid, effect->run, effect->message);
        return true;
    case AGT_WATCH:
        process_watch(loop->process, effect->uid, effect->run, effect->unwatched_ms);
        return true;
    case AGT_MEND:
        process_mend(loop->process, effect->uid, effect->run);
        return true;
    case AGT_FORGET:
        process_forget(loop->process, effect->uid, effect->run);
        return true;
    case AGT_READ_LOG:
        logs_read(loop->logs, effect->log.id, effect->uid, effect->log.tail, effect->log.follow);
        return true;
    case AGT_STOP_LOG:
        logs_stop(loop->logs, effect->log.id);
        return true;
    }
    return true;
}

static bool perform_all(struct loop *loop)
{
    vec_each (&loop->effects, it) {
        if (!perform(loop, it)) {
            return false;
        }
    }
    return true;
}

/* --- steps --------------------------------------------------------------------------------------
 */

static struct mono readings_due(const struct loop *loop)
{
    return sensing_due(loop->sensing, agt_readings_due(loop->core));
}

static void arm(struct loop *loop)
{
    struct mono at = mono_earlier(agt_deadline(loop->core), readings_due(loop));
    struct itimerspec when = {.it_value = {.tv_sec = 0}};

    if (!mono_is_never(at)) {
        int64_t ms = at.ms > 1 ? at.ms : 1; /* zero would disarm */

        when.it_value.tv_sec = ms / 1000;
        when.it_value.tv_nsec = ms % 1000 * 1000000;
    }
    (void)timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

static bool step(struct loop *loop, struct agt_event *event)
{
    bool done;

    assert(!loop->is_stepping);
    loop->is_stepping = true;
    event->now = clock_mono();
    event->wall = clock_wall();
    event->utc_offset_ms = sensing_utc_offset_ms(event->wall);
    agt_step(loop->core, event, &loop->effects);
    done = perform_all(loop);
    agt_effects_clear(&loop->effects);
    loop->is_stepping = false;
    return done;
}

/* A failed save comes back before anything else.  When saving that fails too, the core's deadline
 * brings the next try. */
static void feed(struct loop *loop, struct agt_event *event)
{
    struct agt_event failed = {.type = AGT_SAVE_FAILED};

    if (loop->is_ending) {
        return;
    }
    if (!step(loop, event)) {
        (void)step(loop, &failed);
    }
    arm(loop);
}

static void on_timer(uv_poll_t *poll, int status, int events)
{
    struct loop *loop = poll->data;
    struct agt_event event = {.type = AGT_TICK};
    uint64_t expirations;

    (void)status;
    (void)events;
    if (read(loop->timer_fd, &expirations, sizeof(expirations)) <= 0) {
        return;
    }
    if (mono_is_due(readings_due(loop), clock_mono())) {
        sensing_read(loop->sensing, agt_cpu_ms(loop->core), &event);
    }
    feed(loop, &event);
    if (event.type == AGT_READINGS) {
        process_on_watched(loop->process);
    }
}

static void on_link(void *data, struct agt_event *event)
{
    struct loop *loop = data;
    bool is_drained = event->type == AGT_LINK_DRAINED;

    if (event->type == AGT_LINK_DOWN) {
        logs_stop_all(loop->logs);
    }
    feed(loop, event);
    if (is_drained) {
        logs_pump(loop->logs);
    }
}

static void on_process(void *data, struct agt_event *event)
{
    struct loop *loop = data;

    feed(loop, event);
    if (loop->is_ending && process_count_live(loop->process) == 0) {
        uv_stop(&loop->uv);
    }
}

static void on_fetch(void *data, struct agt_event *event)
{
    feed(data, event);
}

static void on_log(void *data, struct agt_event *event)
{
    feed(data, event);
}

static bool may_send_log(void *data)
{
    const struct loop *loop = data;

    return link_is_up(loop->link) && link_is_drained(loop->link);
}

static bool on_word(void *data, const char *word, struct str *answer)
{
    struct loop *loop = data;
    struct agt_event event = {.type = AGT_OWNER, .owner_paused = str_eq(word, "pause")};
    struct err err = ERR_NONE;

    if (str_eq(word, "status")) {
        agt_describe(loop->core, answer);
        str_add_char(answer, '\n');
        return true;
    }
    if (str_eq(word, "options")) {
        config_tell(loop->config, answer);
        str_add_char(answer, '\n');
        return true;
    }
    if (!str_eq(word, "pause") && !str_eq(word, "resume")) {
        return false;
    }
    if (cache_set_paused(loop->cache, event.owner_paused, &err) < 0) {
        log_error("cannot write down the owner's word: %s", err.text);
        str_addf(answer, "%sd, but not beyond a restart: %s\n", word, err.text);
    } else {
        str_addf(answer, "%sd\n", word);
    }
    log_info("the owner %sd this machine", word);
    feed(loop, &event);
    return true;
}

static void on_state_changed(uv_fs_event_t *watch, const char *name, int events, int status)
{
    struct loop *loop = watch->data;

    (void)name;
    (void)events;
    (void)status;
    if (cache_heal(loop->cache)) {
        log_warning("somebody changed the saved state, wrote it again state=%s", loop->cache->path);
    }
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct loop *loop = handle->data;
    size_t live = process_count_live(loop->process);

    if (!loop->config->stops_workloads || live == 0 || loop->is_ending) {
        log_info("ending, leaving workloads to their shims signal=%d count=%zu", number, live);
        uv_stop(&loop->uv);
        return;
    }
    log_info("ending, stopping all workloads first signal=%d count=%zu", number, live);
    loop->is_ending = true;
    process_stop_all(loop->process);
}

/* --- another configuration ----------------------------------------------------------------------
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

static void keep_whole(const struct loop *loop)
{
    enforcement_keep_whole(&loop->enforcement,
                           harvest_cpu_whole(&loop->config->caps, &loop->machine),
                           harvest_memory_whole(&loop->config->caps, &loop->machine));
}

/* What is measured may be another every time: it is looked at again when it is asked about. */
static void fill_settings(struct loop *loop, bool measures, struct agt_settings *ret_settings)
{
    const struct config *config = loop->config;

    if (measures) {
        capacity_measure(&loop->machine, &config->caps, loop->cache->work_fd, &loop->capacity);
        capacity_say(&config->capacity, &config->caps, &loop->capacity);
    }
    *ret_settings = (struct agt_settings){.capacity = loop->capacity,
                                          .labels = config->labels,
                                          .caps = config->caps,
                                          .owner_policy = config->owner_policy};
}

static bool is_offer_alike(const struct options *before, const struct options *after)
{
    static const char *const names[] = {"cores", "memory", "disk", "cap-cpu-percent",
                                        "cap-memory-percent"};

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (!options_agree(before, after, option_find(&agent_options, names[i]))) {
            return false;
        }
    }
    return true;
}

/* First all that can fail; when it does, nothing has changed.  `config` is taken on success. */
static int take_effect(struct loop *loop, struct config *config, struct err *err)
{
    struct config *before = loop->fresh;
    bool measures = !is_offer_alike(&loop->config->options, &config->options);
    struct agt_settings settings;
    struct agt_event event = {.type = AGT_OPTIONS, .settings = &settings};
    struct programs *programs;
    int result = sensing_prepare(config, &programs, err);

    if (result < 0) {
        return result;
    }
    sensing_use(loop->sensing, programs);
    loop->config = loop->fresh = config;
    log_set_level((enum log_level)config->log_level);
    log_set_format((enum log_format)config->log_format);
    keep_whole(loop);
    fill_settings(loop, measures, &settings);
    feed(loop, &event);
    if (before != NULL) {
        config_fini(before);
        free(before);
    }
    return 0;
}

static void on_hangup(uv_signal_t *handle, int number)
{
    struct loop *loop = handle->data;
    struct config *config;
    int changed;
    _cleanup_(str_fini)
    struct str names = STR_EMPTY;
    struct err err = ERR_NONE;

    (void)number;
    if (loop->is_ending) { /* the core takes nothing any more, and keeps what it was given */
        return;
    }
    config = MEM_NEW(struct config);
    changed = config_read_again(loop->config, config);
    log_problems(&config->problems);
    options_name_changes(&loop->config->options, &config->options, &names);
    if (changed >= 0 && take_effect(loop, config, &err) == 0) {
        log_info("the configuration was read again: %s changed=%d",
                 changed == 0 ? "nothing differs" : names.data, changed);
        return;
    }
    if (changed >= 0) {
        log_error("the configuration cannot take effect: %s", err.text);
    }
    log_error("the configuration stays as it was errors=%zu", config->problems.errors);
    config_fini(config);
    free(config);
}

/* --- beginning ----------------------------------------------------------------------------------
 */

static int make_core(struct loop *loop, struct err *err)
{
    const struct config *config = loop->config;
    struct agt_options options = {
        .name = config->name,
        .version = FOG_VERSION,
        .platform = platform_name(),
        .boot_id = loop->instance,
        .controller = config->controller_name,
        .memory = loop->machine.memory_bytes,
    };
    int result = cache_get_key(loop->cache, options.key, err);

    if (result < 0) {
        return result;
    }
    if (getrandom(options.seed, sizeof(options.seed), 0) != (ssize_t)sizeof(options.seed)) {
        return err_set(err, ERR_SYSTEM, "the kernel gives no randomness");
    }
    fill_settings(loop, true, &options.settings);
    loop->core = agt_new(&options);
    explicit_bzero(&options, sizeof(options));
    return 0;
}

static void load_state(struct loop *loop)
{
    struct blob *bytes = NULL;
    struct err err = ERR_NONE;
    int result = cache_load(loop->cache, &bytes, &err);

    if (result == ERR_NOT_FOUND) {
        return;
    }
    if (result == 0) {
        result = agt_load(loop->core, bytes->data, bytes->size_bytes, &err);
    }
    blob_unref(bytes);
    if (result < 0) {
        log_error("the saved state is lost, keeping it as state.json.broken: %s", err.text);
        cache_set_aside(loop->cache);
    }
}

static bool is_known(void *data, const char *uid)
{
    return agt_knows(data, uid);
}

static void start_core(struct loop *loop)
{
    struct agt_event start = {.type = AGT_START};
    struct agt_event paused = {.type = AGT_OWNER, .owner_paused = true};

    load_state(loop);
    process_find(loop->process);
    if (cache_is_paused(loop->cache)) {
        log_info("the owner paused this machine: running nothing until `fog-agent resume`");
        feed(loop, &paused);
    }
    feed(loop, &start);
    process_sweep_checkpoints(loop->process, is_known, loop->core);
}

static int open_handles(struct loop *loop, struct err *err)
{
    loop->timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    if (loop->timer_fd < 0 || uv_poll_init(&loop->uv, &loop->timer, loop->timer_fd) < 0) {
        return err_set(err, ERR_SYSTEM, "cannot make a timer");
    }
    loop->timer.data = loop->terminate.data = loop->interrupt.data = loop->watch.data = loop;
    loop->hangup.data = loop;
    (void)uv_poll_start(&loop->timer, UV_READABLE, on_timer);
    (void)uv_signal_init(&loop->uv, &loop->terminate);
    (void)uv_signal_init(&loop->uv, &loop->interrupt);
    (void)uv_signal_start(&loop->terminate, on_signal, SIGTERM);
    (void)uv_signal_start(&loop->interrupt, on_signal, SIGINT);
    (void)uv_signal_init(&loop->uv, &loop->hangup);
    (void)uv_signal_start(&loop->hangup, on_hangup, SIGHUP);
    (void)uv_fs_event_init(&loop->uv, &loop->watch);
    if (uv_fs_event_start(&loop->watch, on_state_changed, loop->cache->path, 0) < 0) {
        log_warning("cannot watch the state directory, going on without healing it");
    }
    return 0;
}

static int open_fetcher(struct loop *loop, struct err *err)
{
    struct fetcher_options options = {.state_fd = loop->cache->dir_fd,
                                      .work_fd = loop->cache->work_fd,
                                      .host = loop->config->controller.host,
                                      .quota_bytes = loop->config->blob_cache_bytes};

    return fetcher_new(&loop->uv, &options, on_fetch, loop, &loop->fetcher, err);
}

static int open_rooms(struct loop *loop, struct err *err)
{
    int result = link_new(&loop->uv, &loop->config->controller, on_link, loop, &loop->link, err);

    if (result < 0) {
        return result;
    }
    loop->process = process_new(&loop->uv, loop->cache->work_fd, on_process, loop);
    process_enforce(loop->process, &loop->enforcement);
    loop->logs = logs_new(&loop->uv, loop->cache->work_fd, on_log, may_send_log, loop);
    result = open_fetcher(loop, err);
    if (result < 0) {
        return result;
    }
    result = owner_new(&loop->uv, loop->cache, on_word, loop, &loop->owner, err);
    return result < 0 ? result : open_handles(loop, err);
}

int loop_new(const struct config *config, struct cache *cache, struct loop **ret_loop,
             struct err *err)
{
    struct loop *loop = MEM_NEW(struct loop);
    char boot_id[BOOT_ID_SIZE];
    int result;

    loop->config = config;
    loop->cache = cache;
    loop->timer_fd = -1;
    agt_effects_init(&loop->effects);
    machine_measure(&loop->machine);
    enforcement_init(&loop->enforcement, cache->dir_fd, config->cgroup);
    keep_whole(loop);
    proc_boot_id(boot_id);
    cache_name_instance(cache, boot_id, loop->instance);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGHUP, SIG_IGN); /* until the loop hears it: what it would read was just read */
    (void)uv_loop_init(&loop->uv);
    result = sensing_new(config, &loop->sensing, err);
    result = result < 0 ? result : make_core(loop, err);
    result = result < 0 ? result : open_rooms(loop, err);
    if (result < 0) {
        loop_free(loop);
        return result;
    }
    start_core(loop);
    *ret_loop = loop;
    return 0;
}

void loop_run(struct loop *loop)
{
    (void)uv_run(&loop->uv, UV_RUN_DEFAULT);
}

/* --- the end ------------------------------------------------------------------------------------
 */

static void close_handle(uv_handle_t *handle)
{
    if (handle->loop != NULL && !uv_is_closing(handle)) {
        uv_close(handle, NULL);
    }
}

/* Whatever was opened so far: closes all handles, lets the link drain the loop, frees the rooms. */
void loop_free(struct loop *loop)
{
    if (loop->process != NULL) {
        process_close(loop->process);
    }
    if (loop->logs != NULL) {
        logs_close(loop->logs);
    }
    if (loop->fetcher != NULL) {
        loop->is_ending = true;
        fetcher_close(loop->fetcher);
    }
    if (loop->owner != NULL) {
        owner_close(loop->owner);
    }
    close_handle((uv_handle_t *)&loop->timer);
    close_handle((uv_handle_t *)&loop->terminate);
    close_handle((uv_handle_t *)&loop->interrupt);
    close_handle((uv_handle_t *)&loop->watch);
    close_handle((uv_handle_t *)&loop->hangup);
    if (loop->link != NULL) {
        link_close(loop->link);
    } else {
        (void)uv_loop_close(&loop->uv);
    }
    process_free(loop->process);
    logs_free(loop->logs);
    fetcher_free(loop->fetcher);
    owner_free(loop->owner);
    file_close(&loop->timer_fd);
    agt_effects_fini(&loop->effects);
    agt_free(loop->core);
    sensing_free(loop->sensing);
    enforcement_fini(&loop->enforcement);
    if (loop->fresh != NULL) {
        config_fini(loop->fresh);
        free(loop->fresh);
    }
    free(loop);
}
