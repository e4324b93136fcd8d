/* Plans as texts. */
#include "tests/sim/plan.h"

#include "schema/base/parse.h"
#include "tests/sim/plan_work.h"

#include <inttypes.h>
#include <string.h>

enum { WORDS_MAX = 10, LINE_SIZE = 200 };

const char *const deed_words[DEED_COUNT] = {"commit", "frame",  "answer", "save",   "spawn",
                                            "kill",   "extend", "freeze", "forget", "run",
                                            "record", "event",  "open"};

#define RESTART "restart-after"

const struct plan_word plan_words[BLOW_COUNT] = {
    [BLOW_CRASH_BEFORE] = {"crash", "before", NULL, RESTART},
    [BLOW_CRASH_UNTOLD] = {"crash", "untold", NULL, RESTART},
    [BLOW_CRASH_AFTER] = {"crash", "after", NULL, RESTART},
    [BLOW_CRASH_HEARD] = {"crash", "heard", NULL, RESTART},
    [BLOW_POWER_WITHIN] = {"power", "within", "change", RESTART},
    [BLOW_POWER_LOSING] = {"power", "losing", "change", RESTART},
    [BLOW_POWER_KEEPING] = {"power", "keeping", "change", RESTART},
    [BLOW_POWER_AMID] = {"power", "amid", "change", RESTART},
    [BLOW_POWER_SPARING] = {"power", "sparing", "change", RESTART},
    [BLOW_POWER_BEFORE] = {"power", "before", NULL, RESTART},
    [BLOW_POWER_AFTER] = {"power", "after", NULL, RESTART},
    [BLOW_STALL] = {"stall", "after", NULL, "for"},
    [BLOW_IO_FAILS] = {"fail", "within", "operation", NULL},
    [BLOW_SYNC_FAILS] = {"fail", "at", "sync", NULL},
    [BLOW_FULL] = {"fill", "before", NULL, NULL},
    [BLOW_SAVE_FAILS] = {"refuse", "at", NULL, NULL},
    [BLOW_SAVE_UNSURE] = {"doubt", "at", NULL, NULL},
    [BLOW_TEAR] = {"tear", "within", NULL, NULL},
    [BLOW_DROP] = {"drop", "from", "frames", NULL},
    [BLOW_MUTE] = {"mute", "from", NULL, NULL},
    [BLOW_DELAY] = {"delay", "at", NULL, "by"},
    [BLOW_REPEAT] = {"repeat", "at", NULL, NULL},
    [BLOW_SWAP] = {"swap", "at", NULL, NULL},
    [BLOW_REPLAY] = {"replay", "after", "number", NULL},
    [BLOW_LOSE] = {"lose", "at", NULL, NULL},
    [BLOW_KILL] = {"kill", "before", NULL, NULL},
};

/* --- reading ---------------------------------------------------------------------------------- */

static size_t split(char *line, const char *words[static WORDS_MAX])
{
    char *rest = NULL;
    size_t count = 0;

    for (char *word = strtok_r(line, " \t", &rest); word != NULL && count < WORDS_MAX;
         word = strtok_r(NULL, " \t", &rest)) {
        words[count++] = word;
    }
    return count;
}

static bool read_actor(const char *word, size_t *ret_actor)
{
    uint64_t index;

    if (str_eq(word, "controller")) {
        *ret_actor = 0;
        return true;
    }
    if (!str_starts(word, "m-") || !u64_from_str(word + 2, &index) || index >= MACHINES_MAX) {
        return false;
    }
    *ret_actor = 1 + (size_t)index;
    return true;
}

/* VERB ACTOR WHERE NOUN N [WORD NUMBER] [WORD DURATION] */
static bool read_blow(const char *const *words, size_t count, struct blow *blow)
{
    *blow = (struct blow){.type = BLOW_COUNT};
    for (int i = 0; i < BLOW_COUNT && count >= 5; i++) {
        if (str_eq(words[0], plan_words[i].verb) && str_eq(words[2], plan_words[i].where)) {
            blow->type = (enum blow_type)i;
        }
    }
    if (blow->type == BLOW_COUNT || !read_actor(words[1], &blow->actor) ||
        strlen(words[3]) >= sizeof(blow->noun) || !u64_from_str(words[4], &blow->effect)) {
        return false;
    }
    memcpy(blow->noun, words[3], strlen(words[3]));
    words += 5;
    count -= 5;
    if (plan_words[blow->type].number != NULL) {
        if (count < 2 || !str_eq(words[0], plan_words[blow->type].number) ||
            !u64_from_str(words[1], &blow->number)) {
            return false;
        }
        words += 2;
        count -= 2;
    }
    if (plan_words[blow->type].duration != NULL) {
        return count == 2 && str_eq(words[0], plan_words[blow->type].duration) &&
               duration_from_str(words[1], &blow->ms) && blow->ms > 0;
    }
    return count == 0;
}

static int read_line(char *line, struct plan *plan, struct err *err)
{
    const char *words[WORDS_MAX];
    size_t count;

    line[strcspn(line, "#")] = '\0';
    count = split(line, words);
    if (count == 0) {
        return 0;
    }
    if (count == 2 && str_eq(words[0], "workload")) {
        (void)snprintf(plan->workload, sizeof(plan->workload), "%s", words[1]);
        return 0;
    }
    if (plan->count == BLOWS_MAX || !read_blow(words, count, &plan->blows[plan->count])) {
        return err_set(err, ERR_INVALID, "not a line of a plan: \"%s …\"", words[0]);
    }
    plan->count++;
    return 0;
}

int plan_parse(const char *text, struct plan *plan, struct err *err)
{
    char line[LINE_SIZE];
    int result = 0;

    *plan = (struct plan){.count = 0};
    while (*text != '\0' && result == 0) {
        size_t length = strcspn(text, "\n");

        if (*text == '#') { /* as long as it likes: what went wrong, for one */
            text += length + (text[length] == '\n');
            continue;
        }
        if (length >= sizeof(line)) {
            return err_set(err, ERR_INVALID, "a line of a plan is too long");
        }
        memcpy(line, text, length);
        line[length] = '\0';
        text += length + (text[length] == '\n');
        result = read_line(line, plan, err);
    }
    if (result == 0 && script_find(plan->workload) == NULL) {
        result = err_set(err, ERR_INVALID, "no workload \"%s\"", plan->workload);
    }
    return result;
}

/* --- writing ---------------------------------------------------------------------------------- */

static void print_blow(const struct blow *blow, struct str *to)
{
    const struct plan_word *word = &plan_words[blow->type];
    char duration[DURATION_TEXT_SIZE];

    str_addf(to, "%s ", word->verb);
    if (blow->actor == 0) {
        str_add(to, "controller");
    } else {
        str_addf(to, "m-%zu", blow->actor - 1);
    }
    str_addf(to, " %s %s %" PRIu64, word->where, blow->noun, blow->effect);
    if (word->number != NULL) {
        str_addf(to, " %s %" PRIu64, word->number, blow->number);
    }
    if (word->duration != NULL) {
        duration_to_str(blow->ms, duration);
        str_addf(to, " %s %s", word->duration, duration);
    }
    str_add(to, "\n");
}

void plan_print(const struct plan *plan, struct str *to)
{
    str_addf(to, "workload %s\n", plan->workload);
    for (size_t i = 0; i < plan->count; i++) {
        print_blow(&plan->blows[i], to);
    }
}
