/* Windows: the week as the machine's own clock on the wall shows it.
 *
 * Local moments are compared and nothing else, so a change to daylight saving time needs no rule:
 * the hour that is left out in spring opens nothing, and the one that comes twice in autumn is open
 * twice. */
#include "schema/policy_parts.h"

#include <assert.h>
#include <stdio.h>

enum {
    MINUTE_MS = 60 * 1000,
    DAY_MINUTES = 24 * 60,
    WEEK_DAYS = 7,
    EPOCH_WEEKDAY = DAY_THU, /* 1970-01-01 */
};

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0 ? 1 : 0);
}

/* Days since 1970, and the minute of the day. */
static int64_t day_of(struct wall local, int64_t *ret_minute)
{
    int64_t minutes = floor_div(local.ms, MINUTE_MS);
    int64_t day = floor_div(minutes, DAY_MINUTES);

    *ret_minute = minutes - day * DAY_MINUTES;
    return day;
}

static int weekday_of(int64_t day)
{
    int64_t since = day + EPOCH_WEEKDAY;

    return (int)(since - floor_div(since, WEEK_DAYS) * WEEK_DAYS);
}

/* "HH:MM", which its field has checked. */
static int64_t minute_of(const char *clock)
{
    return ((clock[0] - '0') * 10 + clock[1] - '0') * 60 + (clock[3] - '0') * 10 + clock[4] - '0';
}

static bool opens_on(const struct policy_window *window, int64_t day)
{
    int weekday = weekday_of(day);

    for (size_t i = 0; i < window->days.count; i++) {
        if (window->days.items[i] == weekday) {
            return true;
        }
    }
    return window->days.count == 0;
}

static bool is_open(const struct policy_window *window, int64_t day, int64_t minute)
{
    int64_t from = minute_of(window->from), to = minute_of(window->to);

    if (from < to) {
        return opens_on(window, day) && minute >= from && minute < to;
    }
    return (opens_on(window, day) && minute >= from) || (opens_on(window, day - 1) && minute < to);
}

bool policy_window_is_open(const struct harvest_policy_spec *spec, struct wall local)
{
    int64_t minute, day = day_of(local, &minute);

    for (size_t i = 0; i < spec->windows.count; i++) {
        if (is_open(&spec->windows.items[i], day, minute)) {
            return true;
        }
    }
    return spec->windows.count == 0;
}

struct wall policy_window_next(const struct harvest_policy_spec *spec, struct wall local)
{
    int64_t minute, today = day_of(local, &minute);
    int64_t next = INT64_MAX;

    assert(spec->windows.count > 0);
    for (size_t i = 0; i < spec->windows.count; i++) {
        const struct policy_window *window = &spec->windows.items[i];

        for (int64_t day = today; day <= today + WEEK_DAYS; day++) {
            int64_t opens = day * DAY_MINUTES + minute_of(window->from);

            if (opens_on(window, day) && opens > today * DAY_MINUTES + minute && opens < next) {
                next = opens;
            }
        }
    }
    assert(next != INT64_MAX);
    return (struct wall){next * MINUTE_MS};
}

void policy_local_to_str(struct wall local, char text[static LOCAL_TEXT_SIZE])
{
    static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    int64_t minute, day = day_of(local, &minute);

    snprintf(text, LOCAL_TEXT_SIZE, "%s %02u:%02u", days[weekday_of(day)],
             (unsigned)(minute / 60) % 24, (unsigned)(minute % 60));
}
