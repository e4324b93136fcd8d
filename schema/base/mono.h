/* Moments.  Nothing that decides reads a clock: moments arrive with events.
 *
 * struct mono counts milliseconds of boot time (CLOCK_BOOTTIME: it goes on while a laptop sleeps
 * and is never set), struct wall milliseconds since 1970 UTC.  They do not mix. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mono {
    int64_t ms;
};

struct wall {
    int64_t ms;
};

#define MONO_NEVER ((struct mono){INT64_MAX})
#define MONO_ZERO  ((struct mono){0})

static inline bool mono_is_never(struct mono a)
{
    return a.ms == INT64_MAX;
}

static inline bool mono_before(struct mono a, struct mono b)
{
    return a.ms < b.ms;
}

/* Has the moment come?  Never does not come. */
static inline bool mono_is_due(struct mono moment, struct mono now)
{
    return !mono_is_never(moment) && moment.ms <= now.ms;
}

static inline struct mono mono_earlier(struct mono a, struct mono b)
{
    return a.ms < b.ms ? a : b;
}

static inline struct mono mono_later(struct mono a, struct mono b)
{
    return a.ms > b.ms ? a : b;
}

static inline struct mono mono_after(struct mono a, int64_t ms)
{
    return mono_is_never(a) || ms == INT64_MAX ? MONO_NEVER : (struct mono){a.ms + ms};
}

static inline int64_t mono_since(struct mono then, struct mono now)
{
    return now.ms - then.ms;
}

enum { WALL_TEXT_SIZE = 32, DURATION_TEXT_SIZE = 32, QUANTITY_TEXT_SIZE = 32 };

/* "2026-11-20T23:24:54Z", whole seconds, as Kubernetes writes it; years 0001 to 9999. */
void wall_to_str(struct wall moment, char text[static WALL_TEXT_SIZE]);
bool wall_from_str(const char *text, struct wall *ret_moment); /* also takes a fraction */
