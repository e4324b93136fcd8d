/* Receivers of alerts: a line in the log is written at once, and what came of it is said a moment
 * later; a webhook is taken when its server said so. */
#include "controller/io/notifier.h"

#include "controller/io/webhook.h"
#include "schema/base/log.h"
#include "schema/base/mem.h"
#include "schema/base/vec.h"
#include "schema/kinds/alert_rule.h"

#include <stdlib.h>

struct line {             /* for the log */
    struct effect effect; /* owned */
    bool is_written;
};

struct notifier {
    uv_async_t wake;
    notifier_done_f *done;
    void *context;
    struct webhooks *webhooks; /* owned; NULL until there is a call */
    struct {
        VEC_OF(struct line);
    } lines; /* nobody was told of them yet */
    struct {
        VEC_OF(struct effect *);
    } called; /* owned: their answers are not there yet */
};

static void tell(struct notifier *notifier, const struct effect *effect, bool is_taken,
                 const char *why)
{
    struct notified notified = {.rule = effect->notify.rule,
                                .id = effect->notify.id,
                                .to = effect->notify.to,
                                .is_taken = is_taken,
                                .why = why};

    notifier->done(notifier->context, &notified);
}

static void on_answer(struct notifier *notifier, const struct webhook_answer *answer)
{
    struct effect *effect = answer->tag;

    for (size_t i = notifier->called.count; i-- > 0;) {
        if (notifier->called.items[i] == effect) {
            vec_remove(&notifier->called, i);
        }
    }
    if (!answer->is_taken) {
        log_warning("an alert was not taken rule=%s to=%s: %s", effect->notify.rule,
                    effect->notify.to, answer->why);
    }
    tell(notifier, effect, answer->is_taken, answer->why);
    effect_fini(effect);
    free(effect);
}

/* A step may end the core, and close this. */
static void on_wake(uv_async_t *wake)
{
    struct notifier *notifier = wake->data;
    struct webhook_answer answer;

    while (notifier->lines.count > 0) {
        struct line line = notifier->lines.items[0];

        vec_remove(&notifier->lines, 0);
        tell(notifier, &line.effect, line.is_written, "the log takes nothing");
        effect_fini(&line.effect);
    }
    while (notifier->webhooks != NULL && webhooks_take(notifier->webhooks, &answer)) {
        on_answer(notifier, &answer);
    }
}

/* On the thread of the webhooks. */
static void on_notify(void *context)
{
    struct notifier *notifier = context;

    (void)uv_async_send(&notifier->wake);
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

/* Also where `--log-level` is above it: a notification that is taken is one that is there. */
static bool write_line(const struct effect *effect)
{
    static const enum log_level levels[] = {[ALERT_LEVEL_ERROR] = LOG_LEVEL_ERROR,
                                            [ALERT_LEVEL_WARNING] = LOG_LEVEL_WARNING,
                                            [ALERT_LEVEL_INFO] = LOG_LEVEL_INFO};

    return log_promised(levels[effect->notify.level], __FILE__, "alert \"%s\": %.*s",
                        effect->notify.rule, (int)effect->bytes->size_bytes, effect->bytes->data);
}

/* What cannot be sent now is as one that nobody answered: the core tries it again. */
static void call(struct notifier *notifier, struct effect *effect)
{
    struct effect *mine = MEM_NEW(struct effect);
    struct webhook_call call;

    if (notifier->webhooks == NULL) {
        notifier->webhooks = webhooks_new(on_notify, notifier);
    }
    *mine = *effect;
    *effect = (struct effect){0};
    call = (struct webhook_call){.url = mine->notify.url,
                                 .id = mine->notify.id,
                                 .body = mine->bytes->data,
                                 .body_size_bytes = mine->bytes->size_bytes,
                                 .timeout_ms = mine->notify.timeout_ms,
                                 .tag = mine};
    if (webhooks_put(notifier->webhooks, &call)) {
        vec_add(&notifier->called, mine);
    } else {
        effect_fini(mine);
        free(mine);
    }
}

void notifier_put(struct notifier *notifier, struct effect *effect)
{
    struct line line;

    if (effect->notify.url != NULL) {
        call(notifier, effect);
        return;
    }
    line = (struct line){.effect = *effect, .is_written = write_line(effect)};
    vec_add(&notifier->lines, line);
    *effect = (struct effect){0};
    (void)uv_async_send(&notifier->wake);
}

static void on_closed(uv_handle_t *handle)
{
    struct notifier *notifier = handle->data;

    vec_each (&notifier->lines, it) {
        effect_fini(&it->effect);
    }
    vec_fini(&notifier->lines);
    vec_each (&notifier->called, it) {
        effect_fini(*it);
        free(*it);
    }
    vec_fini(&notifier->called);
    free(notifier);
}

void notifier_close(struct notifier *notifier)
{
    if (notifier != NULL) {
        if (notifier->webhooks != NULL) {
            webhooks_close(TAKE(notifier->webhooks));
        }
        uv_close((uv_handle_t *)&notifier->wake, on_closed);
    }
}
