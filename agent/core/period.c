/* Accounting periods. */
#include "agent/core/period.h"

#include "agent/core/model.h"
#include "schema/base/site.h"
#include "schema/limits.h"

#include <assert.h>
#include <stdio.h>

static void clear(struct map *shares)
{
    map_each (shares, entry) {
        free(entry->value);
    }
    map_clear(shares);
}

void periods_init(struct periods *periods)
{
    map_init(&periods->open);
    map_init(&periods->cut);
}

void periods_fini(struct periods *periods)
{
    clear(&periods->open);
    clear(&periods->cut);
    map_fini(&periods->open);
    map_fini(&periods->cut);
}

static struct period_share *share_of(struct map *shares, const char *session_uid)
{
    struct period_share *share = map_find(shares, session_uid);

    if (share == NULL && shares->count < PERIOD_OPEN_MAX) {
        share = MEM_NEW(struct period_share);
        (void)map_put(shares, session_uid, share);
    }
    return share;
}

void period_add(struct agt *agt, const struct work *work, const struct contribution *more)
{
    const char *session_uid = work->wanted.session_uid;
    bool is_nothing = more->cpu_ms == 0 && more->wall_ms == 0 && more->suspensions == 0;
    struct period_share *share;

    if (is_nothing || session_uid == NULL || work->run.is_uncounted) {
        return;
    }
    if (agt->periods.open.count == 0) {
        agt->periods.open_ms = 0;
        agt->periods.opened_at = agt->now;
    }
    share = share_of(MUTANT(PERIOD_GROWS) && agt->periods.is_waiting ? &agt->periods.cut
                                                                     : &agt->periods.open,
                     session_uid);
    if (share == NULL) {
        MARK("what is used for too many sessions is not counted");
        return;
    }
    share->cpu_ms += more->cpu_ms;
    share->wall_ms += more->wall_ms;
    share->suspensions += more->suspensions;
}

int64_t period_open_ms(const struct agt *agt)
{
    const struct periods *periods = &agt->periods;

    return periods->open.count == 0 ? 0
                                    : periods->open_ms + mono_since(periods->opened_at, agt->now);
}

/* Moves as many accounts as a period may have. */
static void cut(struct agt *agt)
{
    struct periods *periods = &agt->periods;

    MARK("a period is cut");
    assert(periods->cut.count == 0);
    map_each (&periods->open, entry) {
        if (periods->cut.count < PERIOD_SESSIONS_MAX) {
            (void)map_put(&periods->cut, entry->key, entry->value);
        }
    }
    map_each (&periods->cut, entry) {
        (void)map_remove(&periods->open, entry->key);
    }
    periods->number++;
    periods->is_waiting = true;
    periods->is_sent = false;
    periods->agent_uid[0] = '\0';
    if (periods->open.count == 0) {
        periods->open_ms = 0;
    }
    agt->saver.is_due = true;
}

bool period_is_due(struct agt *agt)
{
    struct periods *periods = &agt->periods;
    int64_t again_ms = periods->is_in_vain ? PERIOD_MS : PERIOD_AGAIN_MS;

    if (!periods->is_waiting && periods->open.count > 0 && periods->number < PERIOD_NUMBER_MAX &&
        (period_open_ms(agt) >= PERIOD_MS || BUGGIFY("period-short"))) {
        cut(agt);
    }
    /* An answer that takes in none comes from a controller that has no room to store it now. */
    return periods->is_waiting && periods->said_uid[0] != '\0' &&
           (!periods->is_sent || mono_since(periods->sent_at, agt->now) >= again_ms);
}

size_t period_list(struct arena *arena, const struct map *shares, struct period_share **ret_items)
{
    struct period_share *items = arena_array(arena, shares->count, sizeof(items[0]));
    size_t count = 0;

    map_each (shares, entry) {
        items[count] = *(const struct period_share *)entry->value;
        items[count++].session_uid = entry->key;
    }
    *ret_items = items;
    return count;
}

void period_fill(struct map *shares, const struct period_share *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct period_share *share =
            items[i].session_uid == NULL ? NULL : share_of(shares, items[i].session_uid);

        if (share != NULL) {
            *share = (struct period_share){.cpu_ms = items[i].cpu_ms,
                                           .wall_ms = items[i].wall_ms,
                                           .suspensions = items[i].suspensions};
        }
    }
}

void period_put(struct agt *agt, struct arena *arena, struct wire_report *report)
{
    struct periods *periods = &agt->periods;

    if (!periods->is_waiting || periods->said_uid[0] == '\0') {
        return;
    }
    report->period.number = periods->number;
    report->period.shares.count = period_list(arena, &periods->cut, &report->period.shares.items);
    if (!str_eq(periods->agent_uid, periods->said_uid)) {
        memcpy(periods->agent_uid, periods->said_uid, sizeof(periods->agent_uid));
        agt->saver.is_due = true;
    }
    periods->is_sent = true;
    periods->sent_at = agt->now;
}

void period_take_back(struct agt *agt)
{
    agt->periods.is_sent = false;
}

static void settle(struct agt *agt)
{
    agt->periods.is_waiting = false;
    clear(&agt->periods.cut);
    agt->saver.is_due = true;
}

/* Of what runs and what is open nobody knows how much was told. */
static void start_over(struct agt *agt, int64_t number)
{
    MARK("a controller knows later periods than its agent");
    agt->periods.number = number;
    clear(&agt->periods.open);
    map_each (&agt->set.works, entry) {
        work_of(entry)->run.is_uncounted |= work_of(entry)->run.is_open;
    }
    settle(agt);
}

static void taken_up_to(struct agt *agt, int64_t number)
{
    struct periods *periods = &agt->periods;

    periods->is_in_vain = number > periods->number + PERIODS_AHEAD_MAX;
    if (periods->is_in_vain) {
        MARK("a number of periods is not believed");
    } else if (number > periods->number) {
        start_over(agt, number);
    } else if (periods->is_waiting && number == periods->number) {
        settle(agt);
    }
}

void period_on_welcome(struct agt *agt, const struct wire_welcome *welcome)
{
    struct periods *periods = &agt->periods;
    const char *uid = welcome->agent_uid == NULL ? "" : welcome->agent_uid;

    (void)snprintf(periods->said_uid, sizeof(periods->said_uid), "%s", uid);
    periods->is_sent = false;
    if (periods->is_waiting && periods->agent_uid[0] != '\0' && uid[0] != '\0' &&
        !str_eq(periods->agent_uid, uid)) {
        MARK("a period was told under another uid");
        settle(agt); /* it may have been taken in there */
    }
    taken_up_to(agt, welcome->period);
}

void period_on_reported(struct agt *agt, int64_t number)
{
    taken_up_to(agt, number);
}
