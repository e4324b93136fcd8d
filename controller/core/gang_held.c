/* Where gangs were held back: controller/core/gang_held.h. */
#include "controller/core/gang_held.h"

#include "schema/base/mem.h"
#include "schema/base/site.h"
#include "schema/limits.h"

#include <stdlib.h>

struct gang_held {
    unsigned times; /* in a row */
    struct mono until;
};

/* A pause, as long as it may be, and then the deadline once more. */
static int64_t avoided_ms(unsigned times, int64_t deadline_ms)
{
    unsigned doublings = times - 1 > HELD_DOUBLINGS_MAX ? HELD_DOUBLINGS_MAX : times - 1;
    int64_t most_ms = WORK_TIME_MAX_MS >> doublings, try_ms = RESTART_MAX_MS + deadline_ms;

    return try_ms > most_ms ? WORK_TIME_MAX_MS : try_ms << doublings;
}

static void forget_oldest(struct map *held)
{
    struct map_entry *oldest = map_next(held, NULL);

    free(map_remove(held, oldest->key));
}

void gang_held_note(struct session_entry *session, const char *agent, int64_t deadline_ms,
                    struct mono now)
{
    struct gang_held *held = map_find(&session->held, agent);

    if (held == NULL) {
        if (session->held.count == GANG_HELD_MAX) {
            forget_oldest(&session->held);
        }
        held = MEM_NEW(struct gang_held);
        (void)map_put(&session->held, agent, held);
    }
    held->times += held->times < HELD_DOUBLINGS_MAX;
    held->until = mono_after(now, avoided_ms(held->times, deadline_ms));
}

void gang_held_let(struct session_entry *session, const char *agent)
{
    free(map_remove(&session->held, agent));
}

unsigned gang_held_times(const struct session_entry *session, const char *agent, struct mono now)
{
    const struct gang_held *held =
        session->held.count == 0 ? NULL : map_find(&session->held, agent);

    return held == NULL || mono_is_due(held->until, now) ? 0 : held->times;
}

void gang_held_forget(struct session_entry *session)
{
    map_each (&session->held, it) {
        free(it->value);
    }
    map_fini(&session->held);
    map_init(&session->held);
}
