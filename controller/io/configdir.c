/* Events of the file system make a look soon, and a timer makes one now and then, for a mount or a
 * link on the way may change without an event.  A look reads everything, on a thread of the pool.
 *
 *     waiting --event, timer--> looking --the same as before--> said --> waiting
 *                                  \--changed--> waiting (for the folder to settle) --timer--> …
 */
#include "controller/io/configdir.h"

#include "controller/io/folder.h"
#include "schema/base/log.h"
#include "schema/limits.h"

#include <assert.h>
#include <stdlib.h>

struct watch { /* one folder */
    uv_fs_event_t event;
    struct configdir *configdir; /* borrowed */
    const char *only;            /* borrowed: what happens to this name; NULL: to any */
};

struct configdir {
    const char *path;    /* borrowed */
    char *parent, *name; /* owned: the path, in two */
    struct configdir_handlers handlers;
    uv_loop_t *loop; /* borrowed */
    uv_timer_t timer;
    uv_work_t work;
    bool is_looking, is_stale; /* stale: something happened while it was looked at */
    bool is_closing;
    struct folder *found;  /* owned: what the look under way found */
    struct folder *before; /* owned: of the look before, as long as it was not said */
    struct folder *said;   /* owned: what was said last */
    struct {
        VEC_OF(struct watch *);
    } watches;
};

static void look(struct configdir *configdir);

static void on_timer(uv_timer_t *timer)
{
    look(timer->data);
}

static void look_in(struct configdir *configdir, uint64_t ms)
{
    (void)uv_timer_start(&configdir->timer, on_timer, ms, 0);
}

/* Whoever writes without end puts no look off. */
static void look_soon(struct configdir *configdir)
{
    if (!uv_is_active((uv_handle_t *)&configdir->timer) ||
        uv_timer_get_due_in(&configdir->timer) > CONFIGDIR_SETTLE_MS) {
        look_in(configdir, CONFIGDIR_SETTLE_MS);
    }
}

/* --- events ----------------------------------------------------------------------------------- */

static void on_event(uv_fs_event_t *event, const char *name, int events, int status)
{
    const struct watch *watch = event->data;
    struct configdir *configdir = watch->configdir;

    (void)events;
    (void)status;
    if (watch->only != NULL && name != NULL && !str_eq(watch->only, name)) {
        return;
    }
    configdir->is_stale = true;
    if (!configdir->is_looking) {
        look_soon(configdir);
    }
}

static void on_watch_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void unwatch(struct configdir *configdir)
{
    vec_each (&configdir->watches, it) {
        uv_close((uv_handle_t *)&(*it)->event, on_watch_closed);
    }
    vec_clear(&configdir->watches);
}

/* What cannot be watched is still looked at now and then. */
static void watch(struct configdir *configdir, const char *path, const char *only)
{
    struct watch *watch = MEM_NEW(struct watch);

    watch->configdir = configdir;
    watch->only = only;
    (void)uv_fs_event_init(configdir->loop, &watch->event);
    watch->event.data = watch;
    (void)uv_fs_event_start(&watch->event, on_event, path, 0);
    vec_add(&configdir->watches, watch);
}

/* A folder may have been exchanged for one of the same name, so all are watched anew. */
static void watch_all(struct configdir *configdir, const struct folder *folder)
{
    unwatch(configdir);
    watch(configdir, configdir->parent, configdir->name); /* where it is exchanged, or made */
    for (size_t i = 0; i < folder->folders.count && i < CONFIGDIR_WATCHES_MAX; i++) {
        struct str path = STR_EMPTY;

        str_addf(&path, "%s/%s", configdir->path, folder->folders.items[i]);
        watch(configdir, path.data, NULL);
        str_fini(&path);
    }
}

/* --- looking ---------------------------------------------------------------------------------- */

static bool is_same(const struct folder *a, const struct folder *b)
{
    return a != NULL && a->directory.state == b->directory.state &&
           digest_eq(&a->state, &b->state) &&
           a->directory.problems.errors == b->directory.problems.errors;
}

/* Said again it would say nothing new. */
static bool is_said(const struct configdir *configdir, const struct folder *found)
{
    const struct folder *said = configdir->said;

    return said != NULL && said->directory.state == found->directory.state &&
           digest_eq(&said->directory.digest, &found->directory.digest) &&
           said->directory.problems.errors == found->directory.problems.errors;
}

static void say(struct configdir *configdir)
{
    configdir->handlers.say(configdir->handlers.context, &configdir->said->directory);
}

static void settle(struct configdir *configdir, struct folder *found)
{
    bool has_settled = is_same(configdir->before, found);

    folder_free(configdir->before);
    configdir->before = NULL;
    if (!has_settled && !is_said(configdir, found)) {
        configdir->before = found;
        look_in(configdir, CONFIGDIR_SETTLE_MS);
        return;
    }
    watch_all(configdir, found);
    look_in(configdir, configdir->is_stale                           ? CONFIGDIR_SETTLE_MS
                       : found->directory.state == DIRECTORY_MISSING ? CONFIGDIR_MISSING_MS
                                                                     : CONFIGDIR_LOOK_MS);
    if (is_said(configdir, found)) {
        folder_free(found);
        return;
    }
    folder_free(configdir->said);
    configdir->said = found;
    say(configdir);
}

static void on_pool(uv_work_t *work)
{
    struct configdir *configdir = work->data;

    configdir->found = folder_read(configdir->path);
}

static void on_looked(uv_work_t *work, int status)
{
    struct configdir *configdir = work->data;
    struct folder *found = TAKE(configdir->found);

    configdir->is_looking = false;
    if (configdir->is_closing || status < 0) {
        folder_free(found);
        return;
    }
    settle(configdir, found);
}

static void look(struct configdir *configdir)
{
    if (configdir->is_looking || configdir->is_closing) {
        return;
    }
    configdir->is_looking = true;
    configdir->is_stale = false;
    if (uv_queue_work(configdir->loop, &configdir->work, on_pool, on_looked) < 0) {
        configdir->is_looking = false;
        look_in(configdir, CONFIGDIR_LOOK_MS);
    }
}

/* --- beginning and end ------------------------------------------------------------------------ */

/* "/etc/fog/fleet/" is "fleet" in "/etc/fog/". */
static void split(struct configdir *configdir)
{
    size_t end = strlen(configdir->path), begin;

    while (end > 1 && configdir->path[end - 1] == '/') {
        end--;
    }
    for (begin = end; begin > 0 && configdir->path[begin - 1] != '/';) {
        begin--;
    }
    configdir->parent = begin == 0 ? mem_strdup(".") : mem_strndup(configdir->path, begin);
    configdir->name = mem_strndup(configdir->path + begin, end - begin);
}

struct configdir *configdir_open(uv_loop_t *loop, const char *path,
                                 const struct configdir_handlers *handlers)
{
    struct configdir *configdir = MEM_NEW(struct configdir);

    configdir->path = path;
    split(configdir);
    configdir->handlers = *handlers;
    configdir->loop = loop;
    configdir->work.data = configdir;
    configdir->timer.data = configdir;
    (void)uv_timer_init(loop, &configdir->timer);
    look(configdir);
    return configdir;
}

void configdir_repeat(struct configdir *configdir)
{
    if (configdir->said != NULL) {
        say(configdir);
    }
}

void configdir_close(struct configdir *configdir)
{
    if (configdir == NULL) {
        return;
    }
    configdir->is_closing = true;
    unwatch(configdir);
    uv_close((uv_handle_t *)&configdir->timer, NULL);
}

void configdir_free(struct configdir *configdir)
{
    if (configdir == NULL) {
        return;
    }
    assert(!configdir->is_looking);
    folder_free(configdir->before);
    folder_free(configdir->said);
    vec_fini(&configdir->watches);
    free(configdir->parent);
    free(configdir->name);
    free(configdir);
}
