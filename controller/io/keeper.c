#include "controller/io/keeper.h"

#include "schema/base/log.h"
#include "schema/base/parse.h"
#include "schema/limits.h"

enum {
    JUMP_PART = 10, /* a jump of the clock counts that is more than this part of what is kept */
    LOOK_PART = 10, /* of what must be kept, when that is little, as in tests */
    BEHIND_MS = 60 * 60 * 1000, /* a clock is set by less, now and then */
};

void keeper_init(struct keeper *keeper, struct mono now, const struct stored_state *state)
{
    *keeper = (struct keeper){
        .look_at = now,
        .seen = now,
        .seen_wall = state->newest,
        .compacted = state->compacted,
        .marked_at = now,
    };
}

/* How much more the wall clock says went by than did.  What passed while no controller ran is taken
 * for a jump, too: that costs nothing but the wait. */
static void notice_jump(struct keeper *keeper, const struct config *config, struct mono now,
                        struct wall wall)
{
    int64_t jump_ms = wall.ms - keeper->seen_wall.ms - mono_since(keeper->seen, now);
    bool is_known = keeper->seen_wall.ms > 0 && config->history_keep_ms > 0;

    keeper->seen = now;
    keeper->seen_wall = wall;
    if (is_known && jump_ms > config->history_keep_ms / JUMP_PART) {
        int64_t hold_ms =
            config->history_keep_ms < HISTORY_HOLD_MS ? config->history_keep_ms : HISTORY_HOLD_MS;
        char jump[DURATION_TEXT_SIZE], hold[DURATION_TEXT_SIZE];

        duration_to_str(jump_ms, jump);
        duration_to_str(hold_ms, hold);
        log_warning("the clock is %s further than expected: for %s no history goes for its age",
                    jump, hold);
        keeper->held_until = mono_after(now, hold_ms);
    }
}

static int64_t look_every_ms(const struct config *config)
{
    int64_t part_ms = config->history_keep_min_ms / LOOK_PART;

    return part_ms < HISTORY_LOOK_MS ? part_ms + 1 : HISTORY_LOOK_MS;
}

/* A revision that was there at the last mark is as old as that: no clock of the wall is needed. */
static void notice_age(struct keeper *keeper, const struct config *config, struct mono now)
{
    if (mono_since(keeper->marked_at, now) >= config->history_keep_min_ms) {
        keeper->aged = keeper->marked;
        keeper->marked = keeper->newest;
        keeper->marked_at = now;
    }
}

bool keeper_is_due(struct keeper *keeper, const struct config *config, struct mono now,
                   struct wall wall, struct store_keeping *ret_keeping)
{
    if (keeper->is_busy || now.ms < keeper->look_at.ms) {
        return false;
    }
    notice_jump(keeper, config, now, wall);
    notice_age(keeper, config, now);
    *ret_keeping = (struct store_keeping){
        .before_when_large = {wall.ms - config->history_keep_min_ms},
        .bytes_max = (uint64_t)config->history_max_bytes,
        .upto_when_large = keeper->aged,
    };
    if (config->history_keep_ms > 0 && now.ms >= keeper->held_until.ms) {
        ret_keeping->before.ms = wall.ms - config->history_keep_ms;
    }
    keeper->is_busy = true;
    keeper->look_at = mono_after(now, look_every_ms(config));
    return true;
}

static void tell_moved(struct keeper *keeper, const struct store_size *size)
{
    char at[WALL_TEXT_SIZE];

    wall_to_str(size->compacted_at, at);
    log_line(keeper->has_told ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO, __FILE__,
             "old history goes: what was before %s is kept only where it is needed revision=%llu",
             at, (unsigned long long)size->compacted);
    keeper->has_told = true;
    keeper->compacted = size->compacted;
}

/* What was written while the clock was ahead, and after it until the clock is there again, has the
 * time of then, for history never goes back.  It is not old before that, and goes only where
 * there is too much of it, so somebody must know. */
static void notice_behind(struct keeper *keeper, const struct store_size *size)
{
    int64_t behind_ms = size->newest.ms - keeper->seen_wall.ms;
    bool was_behind = keeper->is_behind;

    keeper->is_behind = behind_ms > BEHIND_MS;
    if (keeper->is_behind && !was_behind) {
        char behind[DURATION_TEXT_SIZE];

        duration_to_str(behind_ms, behind);
        log_warning("the clock is %s behind what was written: until it is there nothing of "
                    "since then goes for its age, only where there is more than history-max",
                    behind);
    }
}

/* Without it all goes on, and the store grows. */
void keeper_done(struct keeper *keeper, int code, const struct store_size *size,
                 const struct err *err, struct mono now)
{
    keeper->is_busy = false;
    if (code < 0) {
        log_warning("old history stays where it is: %s", err->text);
        keeper->look_at = mono_after(now, HISTORY_LOOK_MS);
        return;
    }
    notice_behind(keeper, size);
    keeper->newest = size->newest_revision;
    if (size->compacted > keeper->compacted) {
        tell_moved(keeper, size);
    }
}
