/* Civil dates in the proleptic Gregorian calendar by arithmetic alone: no tables, no zone, no libc.
 *
 * The year is taken to begin in March, so that the leap day comes last and the days before a month
 * are a straight line: (153 × month + 2) / 5.  Days are counted in eras of 400 years = 146097 days.
 */
#include "schema/base/mono.h"

#include <stddef.h>

enum {
    DAY_MS = 24 * 60 * 60 * 1000,
    ERA_DAYS = 146097,
    EPOCH_DAYS = 719468, /* from 0000-03-01 to 1970-01-01 */
};

/* 0001-01-01T00:00:00Z and the last second of 9999. */
static const int64_t wall_min_ms = -62135596800000, wall_max_ms = 253402300799999;

struct civil {
    int64_t year;
    int64_t month, day; /* from 1 */
};

static int64_t days_of(struct civil date)
{
    int64_t year = date.month <= 2 ? date.year - 1 : date.year;
    int64_t month = (date.month + 9) % 12; /* March is 0 */
    int64_t era = year / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * month + 2) / 5 + date.day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * ERA_DAYS + day_of_era - EPOCH_DAYS;
}

static struct civil civil_of(int64_t days)
{
    int64_t since = days + EPOCH_DAYS;
    int64_t era = since / ERA_DAYS; /* never negative: years begin at 0001 */
    int64_t day_of_era = since - era * ERA_DAYS;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153;
    struct civil date = {.day = day_of_year - (153 * month + 2) / 5 + 1,
                         .month = month < 10 ? month + 3 : month - 9};

    date.year = year_of_era + era * 400 + (date.month <= 2 ? 1 : 0);
    return date;
}

static int64_t month_days(int64_t year, int64_t month)
{
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    if (month == 2) {
        return leap ? 29 : 28;
    }
    return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

static char *put_number(char *text, int64_t value, size_t digits, char behind)
{
    for (size_t i = digits; i > 0; i--) {
        text[i - 1] = (char)('0' + value % 10);
        value /= 10;
    }
    text[digits] = behind;
    return text + digits + 1;
}

void wall_to_str(struct wall moment, char text[static WALL_TEXT_SIZE])
{
    int64_t low = moment.ms < wall_min_ms ? wall_min_ms : moment.ms;
    int64_t ms = low > wall_max_ms ? wall_max_ms : low;
    int64_t days = ms / DAY_MS - (ms % DAY_MS < 0 ? 1 : 0);
    int64_t second = (ms - days * DAY_MS) / 1000;
    struct civil date = civil_of(days);

    text = put_number(text, date.year, 4, '-');
    text = put_number(text, date.month, 2, '-');
    text = put_number(text, date.day, 2, 'T');
    text = put_number(text, second / 3600, 2, ':');
    text = put_number(text, second / 60 % 60, 2, ':');
    text = put_number(text, second % 60, 2, 'Z');
    *text = '\0';
}

/* Exactly `count` digits, then `behind` unless that is NUL; moves on. */
static bool read_number(const char **text, size_t count, char behind, int64_t *ret_value)
{
    int64_t value = 0;

    for (size_t i = 0; i < count; i++) {
        char c = **text;

        if (c < '0' || c > '9') {
            return false;
        }
        value = value * 10 + (c - '0');
        (*text)++;
    }
    if (behind != '\0') {
        if (**text != behind) {
            return false;
        }
        (*text)++;
    }
    *ret_value = value;
    return true;
}

static bool read_date(const char **text, int64_t *ret_days)
{
    struct civil date;

    if (!read_number(text, 4, '-', &date.year) || !read_number(text, 2, '-', &date.month) ||
        !read_number(text, 2, 'T', &date.day)) {
        return false;
    }
    if (date.year < 1 || date.month < 1 || date.month > 12 || date.day < 1 ||
        date.day > month_days(date.year, date.month)) {
        return false;
    }
    *ret_days = days_of(date);
    return true;
}

/* A point and one to nine digits; what is below a millisecond is dropped. */
static bool read_fraction(const char **text, int64_t *ret_ms)
{
    int64_t ms = 0, weight = 100;
    size_t digits = 0;

    if (**text == '.') {
        (*text)++;
        for (; **text >= '0' && **text <= '9'; (*text)++) {
            ms += (**text - '0') * weight;
            weight /= 10;
            digits++;
        }
        if (digits < 1 || digits > 9) {
            return false;
        }
    }
    *ret_ms = ms;
    return true;
}

static bool read_time(const char **text, int64_t *ret_ms)
{
    int64_t hour, minute, second, ms;

    if (!read_number(text, 2, ':', &hour) || !read_number(text, 2, ':', &minute) ||
        !read_number(text, 2, '\0', &second) || !read_fraction(text, &ms)) {
        return false;
    }
    if (hour > 23 || minute > 59 || second > 59) {
        return false;
    }
    *ret_ms = ((hour * 60 + minute) * 60 + second) * 1000 + ms;
    return true;
}

static bool read_zone(const char **text, int64_t *ret_ms)
{
    int64_t sign, hour, minute;

    if (**text == 'Z') {
        (*text)++;
        *ret_ms = 0;
        return true;
    }
    if (**text != '+' && **text != '-') {
        return false;
    }
    sign = *(*text)++ == '-' ? -1 : 1;
    if (!read_number(text, 2, ':', &hour) || !read_number(text, 2, '\0', &minute) || hour > 23 ||
        minute > 59) {
        return false;
    }
    *ret_ms = sign * (hour * 60 + minute) * 60 * 1000;
    return true;
}

bool wall_from_str(const char *text, struct wall *ret_moment)
{
    int64_t days, time_ms, zone_ms, ms;

    if (!read_date(&text, &days) || !read_time(&text, &time_ms) || !read_zone(&text, &zone_ms) ||
        *text != '\0') {
        return false;
    }
    ms = days * DAY_MS + time_ms - zone_ms;
    if (ms < wall_min_ms || ms > wall_max_ms) {
        return false;
    }
    *ret_moment = (struct wall){ms};
    return true;
}
