/* A day as a picture: a lane for each device, in it what our work did there by colour, its battery
 * and its temperature as lines, its user above, time without a network below.  A minute is as wide
 * as one unit of its lane. */
#include "tests/sim/day.h"

#include "schema/base/err.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    LEFT = 110,
    RIGHT = 20,
    TOP = 62,
    LANE = 44,
    PITCH = 54,
    LEGEND = 62,
    WIDTH = LEFT + RIGHT + DAY_MINUTES * 7 / 10,
    STEP = 5, /* minutes between two points of a line */
    COLDEST = 20,
    HOTTEST = 90, /* degrees at the edges of a lane */
};

static const struct {
    const char *colour, *word;
} states[DAY_STATES] = {
    [DAY_EMPTY] = {"#f3f3f0", "no work here"},          [DAY_RUNS] = {"#a5d6a0", "running"},
    [DAY_THROTTLED] = {"#f4d35e", "throttled by heat"}, [DAY_SUSPENDED] = {"#a9c1ea", "suspended"},
    [DAY_ASLEEP] = {"#c4c4c4", "closed, asleep"},
};

#define BATTERY "#1b4f9c"
#define HEAT    "#c8352b"
#define USER    "#3b3b3b"
#define OFFLINE "#8e44ad"
#define EVICTED "#7a0019"

static int64_t minutes_of(const struct day *day)
{
    return day->second / 60 < DAY_MINUTES ? day->second / 60 : DAY_MINUTES;
}

/* --- a lane ----------------------------------------------------------------------------------- */

/* Rectangles of the minutes for which this holds. */
static void draw_spans(FILE *to, const struct day_device *device, int64_t minutes,
                       bool (*holds)(const struct day_sample *sample, int what), int what, int y,
                       int height, const char *colour)
{
    bool has_any = false;

    for (int64_t i = 0; i < minutes;) {
        int64_t from = i;

        while (i < minutes && holds(&device->samples[i], what)) {
            i++;
        }
        if (i > from) {
            (void)fprintf(to, "%sM%" PRId64 " %dh%" PRId64 "v%dh-%" PRId64 "z",
                          has_any ? "" : "<path d=\"", from, y, i - from, height, i - from);
            has_any = true;
        } else {
            i++;
        }
    }
    if (has_any) {
        (void)fprintf(to, "\" fill=\"%s\"/>\n", colour);
    }
}

static bool is_in(const struct day_sample *sample, int what)
{
    return sample->state == (enum day_state)what;
}

static bool is_used(const struct day_sample *sample, int what)
{
    (void)what;
    return sample->is_used;
}

static bool is_offline(const struct day_sample *sample, int what)
{
    (void)what;
    return sample->is_offline && sample->state != DAY_ASLEEP;
}

static bool has_evicted(const struct day_sample *sample, int what)
{
    (void)what;
    return sample->has_evicted;
}

static int64_t height_of(int64_t value, int64_t low, int64_t high)
{
    value = value < low ? low : value > high ? high : value;
    return LANE - 3 - (value - low) * (LANE - 8) / (high - low);
}

static void draw_line(FILE *to, const struct day_device *device, int64_t minutes, bool is_charge)
{
    (void)fprintf(to, "<polyline points=\"");
    for (int64_t i = 0; i < minutes; i += STEP) {
        const struct day_sample *sample = &device->samples[i];

        (void)fprintf(to, "%s%" PRId64 ",%" PRId64, i > 0 ? " " : "", i,
                      is_charge ? height_of(sample->charge, 0, 100)
                                : height_of(sample->millis, COLDEST * 1000, HOTTEST * 1000));
    }
    (void)fprintf(to,
                  "\" fill=\"none\" stroke=\"%s\" stroke-width=\"1.4\" "
                  "vector-effect=\"non-scaling-stroke\"/>\n",
                  is_charge ? BATTERY : HEAT);
}

static void draw_lane(FILE *to, const struct day *day, size_t index)
{
    const struct day_device *device = &day->devices[index];
    int64_t minutes = minutes_of(day);
    int y = TOP + (int)index * PITCH;

    (void)fprintf(to, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n", LEFT - 8, y + 20,
                  habit_words[device->life.habit]);
    (void)fprintf(to,
                  "<text x=\"%d\" y=\"%d\" text-anchor=\"end\" class=\"s\">%.1f core-h</text>\n",
                  LEFT - 8, y + 35, (double)device->done / 3600000);
    (void)fprintf(to, "<g transform=\"translate(%d,%d) scale(.7,1)\">\n", LEFT, y);
    for (int i = 0; i < DAY_STATES; i++) {
        draw_spans(to, device, minutes, is_in, i, 0, LANE, states[i].colour);
    }
    draw_spans(to, device, minutes, is_used, 0, 0, 4, USER);
    draw_spans(to, device, minutes, is_offline, 0, LANE - 3, 3, OFFLINE);
    draw_spans(to, device, minutes, has_evicted, 0, 6, LANE - 10, EVICTED);
    if (life_has_battery(&device->life)) {
        draw_line(to, device, minutes, true);
    }
    draw_line(to, device, minutes, false);
    (void)fprintf(to, "</g>\n");
}

/* --- around them ------------------------------------------------------------------------------ */

static void draw_head(FILE *to, const struct day *day, int height)
{
    int64_t done = 0, worst_ms = 0;

    for (size_t i = 0; i < day->count; i++) {
        done += day->devices[i].done;
        worst_ms = day->devices[i].worst_ms > worst_ms ? day->devices[i].worst_ms : worst_ms;
    }
    (void)fprintf(to,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
                  "font-family=\"sans-serif\" font-size=\"12\">\n"
                  "<style>.s{font-size:10px;fill:#666}</style>\n"
                  "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
                  WIDTH, height);
    (void)fprintf(to,
                  "<text x=\"%d\" y=\"22\" font-size=\"15\">%s of %zu devices: %.0f core-hours, "
                  "%" PRId64 " tasks; the longest time against a policy was %.3f s</text>\n",
                  LEFT, day->date->name, day->count, (double)done / 3600000, day->tasks_done,
                  (double)worst_ms / 1000);
}

static void draw_hours(FILE *to, const struct day *day)
{
    struct day then = {.date = day->date};
    int bottom = TOP + (int)day->count * PITCH - (PITCH - LANE);

    for (int64_t hour = 0; hour <= 24; hour++) {
        int64_t x = LEFT + hour * 42;

        then.second = hour * 60 * 60;
        (void)fprintf(to, "<path d=\"M%" PRId64 " %dV%d\" stroke=\"#000\" stroke-opacity=\".12\"/>",
                      x, TOP - 6, bottom);
        (void)fprintf(to,
                      "<text x=\"%" PRId64 "\" y=\"%d\" text-anchor=\"middle\" class=\"s\">%02d"
                      "</text>\n",
                      x, TOP - 10, (int)(day_local_ms(&then) / (60 * 60 * 1000) % 24));
    }
}

static void draw_key(FILE *to, int x, int y, const char *colour, bool is_line, const char *word)
{
    (void)fprintf(to,
                  "<rect x=\"%d\" y=\"%d\" width=\"18\" height=\"%d\" fill=\"%s\"/>"
                  "<text x=\"%d\" y=\"%d\">%s</text>\n",
                  x, is_line ? y - 5 : y - 10, is_line ? 3 : 12, colour, x + 24, y, word);
}

static void draw_legend(FILE *to, int y)
{
    static const struct {
        const char *colour, *word;
    } lines[] = {
        {BATTERY, "battery, 0 to 100 %"}, {HEAT, "temperature, 20 to 90 °C"},
        {USER, "somebody uses it"},       {OFFLINE, "no network"},
        {EVICTED, "work was evicted"},
    };

    for (int i = 0; i < DAY_STATES; i++) {
        draw_key(to, LEFT + i * 190, y, states[i].colour, false, states[i].word);
    }
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        draw_key(to, LEFT + (int)i * 190, y + 22, lines[i].colour, true, lines[i].word);
    }
}

int day_draw(const struct day *day, const char *path)
{
    int bottom = TOP + (int)day->count * PITCH;
    FILE *to = fopen(path, "w");
    bool is_written;

    if (to == NULL) {
        return ERR_IO;
    }
    draw_head(to, day, bottom + LEGEND);
    for (size_t i = 0; i < day->count; i++) {
        draw_lane(to, day, i);
    }
    draw_hours(to, day);
    draw_legend(to, bottom + 24);
    (void)fprintf(to, "</svg>\n");
    is_written = ferror(to) == 0;
    return fclose(to) == 0 && is_written ? 0 : ERR_IO;
}
