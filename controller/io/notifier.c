/* Receivers of alerts: a line in the log is written at once, and said to be taken a moment later.
 */
#include "controller/io/notifier.h"

#include "schema/base/log.h"
#include "schema/base/mem.h"
#include "schema/base/vec.h"
#include "schema/kinds/alert_rule.h"

#include <stdlib.h>

struct notifier {
    uv_async_t wake;
    notifier_done_f *done;
    void *context;
    struct {
        VEC_OF(struct effect);
    } taken;
};

static void on_wake(uv_async_t *wake)
{
    struct notifier *notifier = wake->data;

    while (notifier->taken.count > 0) {
        struct effect effect = notifier->taken.items[0];
        struct notified notified = {.rule = effect.notify.rule,
                                    .id = effect.notify.id,
                                    .to = effect.notify.to,
                                    .is_taken = true};

        vec_remove(&notifier->taken, 0);
        notifier->done(notifier->context, &notified);
        effect_fini(&effect);
    }
}

struct notifier *notifier_new(uv_loop_t *loop, notifier_done_f *done, void *context)
{
    struct notifier *notifier = MEM_NEW(struct notifier);

    notifier->done = done;
    notifier->context = context;
    (void)uv_async_init(loop, &notifier->wake, on_wake);
    notifier->wake.data = notifier;
    return notifier;
}

static void write_line(const struct effect *effect)
{
    static const enum log_level levels[] = {[ALERT_LEVEL_ERROR] = LOG_LEVEL_ERROR,
                                            [ALERT_LEVEL_WARNING] = LOG_LEVEL_WARNING,
                                            [ALERT_LEVEL_INFO] = LOG_LEVEL_INFO};

    log_line(levels[effect->notify.level], __FILE__, "alert \"%s\": %.*s", effect->notify.rule,
             (int)effect->bytes->size_bytes, effect->bytes->data);
}

void notifier_put(struct notifier *notifier, struct effect *effect)
{
    write_line(effect);
    vec_add(&notifier->taken, *effect);
    *effect = (struct effect){0};
    (void)uv_async_send(&notifier->wake);
}

static void on_closed(uv_handle_t *handle)
{
    struct notifier *notifier = handle->data;

    vec_each (&notifier->taken, it) {
        effect_fini(it);
    }
    vec_fini(&notifier->taken);
    free(notifier);
}

void notifier_close(struct notifier *notifier)
{
    if (notifier != NULL) {
        uv_close((uv_handle_t *)&notifier->wake, on_closed);
    }
}
