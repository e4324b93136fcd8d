/* wait: until one of several conditions holds, or all of them, for every object named.  Meanwhile
 * it says on standard error what stands in the way: on a terminal in one line that is written over
 * and over, else a line whenever it changes. */
#include "schema/base/parse.h"
#include "schema/base/utf8.h"
#include "tools/fogctl/fogctl.h"
#include "tools/fogctl/jsonpath.h"
#include "tools/fogctl/writing.h"

#include <stdio.h>
#include <strings.h>
#include <unistd.h>

static struct texts opt_for;
static struct texts opt_files;
static struct selection opt_selection;
static bool opt_all, opt_all_of;
static int64_t opt_timeout_ms = 30000;
static struct writing opt_shown;

static const struct option_row rows[] = {
    {"for", 0, OPTION_LIST, &opt_for, "WHAT",
     "condition=TYPE[=STATUS], jsonpath={.path}[=VALUE], create, delete; several: any of them",
     NULL},
    FILES_ROW(opt_files),
    {"all-of", 0, OPTION_FLAG, &opt_all_of, NULL, "of several --for all, not any", NULL},
    LABELS_ROW(opt_selection),
    WHERE_ROW(opt_selection),
    {"all", 0, OPTION_FLAG, &opt_all, NULL, "all of the kind", NULL},
    {"timeout", 0, OPTION_DURATION, &opt_timeout_ms, "TIME", "give up after (default 30s)", NULL},
    OUTPUT_ROW(opt_shown),
};

static const struct option_row *options(size_t *ret_count)
{
    *ret_count = COUNT_OF(rows);
    return rows;
}

static int wait_for(struct fogctl *fogctl, struct texts *words);

const struct verb verb_wait = {
    "wait",
    "wait until objects are as asked; exit 1 when the time is over",
    "wait KIND/NAME… | KIND -l LABELS | KIND --all | -f FILE… --for=WHAT… [--timeout TIME]",
    "  fogctl wait hs/render --for=condition=Converged\n"
    "  fogctl wait hs --all --for=condition=Converged --timeout 2m\n"
    "  fogctl wait hs/render --for=jsonpath='{.status.ready}'=3 --for=delete\n",
    options,
    wait_for,
};

/* --- what is waited for ----------------------------------------------------------------------- */

/* "Converged" or "Converged=False": the one that is meant, NULL when nothing is said of it. */
static const struct node *find_condition(const struct node *object, const char *text)
{
    const struct node *conditions = node_find_path(object, "status.conditions");
    size_t length = strcspn(text, "=");

    for (size_t i = 0; i < list_count(conditions); i++) {
        const struct node *condition = conditions->list.items[i];
        const char *type = text_of(condition, "type");

        if (strlen(type) == length && strncasecmp(type, text, length) == 0) {
            return condition;
        }
    }
    return NULL;
}

/* A condition that speaks of an older spec says nothing about this one. */
static bool is_of_newest(const struct node *object, const struct node *condition)
{
    int64_t generation = 0, observed;

    (void)node_find_int(node_find(object, "metadata"), "generation", &generation);
    return !node_find_int(condition, "observedGeneration", &observed) || observed >= generation;
}

static bool is_condition_met(const struct node *object, const char *text)
{
    const struct node *condition = find_condition(object, text);
    size_t length = strcspn(text, "=");
    const char *wanted = text[length] == '=' ? text + length + 1 : "True";

    return condition != NULL && is_of_newest(object, condition) &&
           strcasecmp(text_of(condition, "status"), wanted) == 0;
}

/* Where the path of "{.status.ready}=3" or ".status.ready=3" ends. */
static size_t path_length(const char *text)
{
    const char *close = text[0] == '{' ? strrchr(text, '}') : NULL;

    return close != NULL ? (size_t)(close - text) + 1 : strcspn(text, "=");
}

/* Without the value: that it is there. */
static bool is_path_met(struct fogctl *fogctl, const struct node *object, const char *text)
{
    size_t length = path_length(text);
    struct err err;
    struct jsonpath *path =
        jsonpath_parse_path(&fogctl->arena, arena_strndup(&fogctl->arena, text, length), &err);
    struct str value = STR_EMPTY;
    struct found found;
    bool is_met;

    if (path == NULL || jsonpath_find(path, &fogctl->arena, object, &found, &err) < 0) {
        return false;
    }
    is_met = found.count > 0 && text[length] == '\0';
    for (size_t i = 0; i < found.count && !is_met; i++) {
        str_clear(&value);
        jsonpath_value(found.items[i], &value);
        is_met = str_eq(value.data, text + length + 1);
    }
    str_fini(&value);
    return is_met;
}

static bool is_met(struct fogctl *fogctl, const struct node *object, const char *what)
{
    if (str_eq(what, "delete")) {
        return object == NULL;
    }
    if (object == NULL) {
        return false;
    }
    if (str_eq(what, "create")) {
        return true;
    }
    if (str_starts(what, "condition=")) {
        return is_condition_met(object, what + strlen("condition="));
    }
    return is_path_met(fogctl, object, what + strlen("jsonpath="));
}

/* Nothing to be found is an answer only to those who wait for creation or deletion; others would
 * wait in vain for what nobody declared. */
static bool may_be_absent(void)
{
    vec_each (&opt_for, it) {
        if (str_eq(*it, "create") || str_eq(*it, "delete")) {
            return true;
        }
    }
    return false;
}

static bool is_path_right(struct fogctl *fogctl, const char *text)
{
    size_t length = path_length(text);
    struct err err;

    if (jsonpath_parse_path(&fogctl->arena, arena_strndup(&fogctl->arena, text, length), &err) ==
        NULL) {
        (void)usage_error(&verb_wait, "--for=jsonpath=%s: %s", text, err.text);
        return false;
    }
    return true;
}

/* "Ready" may be meant as a condition, and "conditoin=Ready" as well. */
static void refuse_what(const char *what)
{
    static const char *const words[] = {"condition", "jsonpath", "create", "delete"};
    size_t length = strcspn(what, "=");
    char first[32];
    const char *close;

    (void)snprintf(first, sizeof(first), "%.*s", (int)length, what);
    close = words_closest(first, words, COUNT_OF(words));
    if (close != NULL) {
        (void)usage_error(&verb_wait, "--for=%s: did you mean --for=%s%s?", what, close,
                          what + length);
    } else if (what[0] >= 'A' && what[0] <= 'Z') {
        (void)usage_error(&verb_wait, "--for=%s: did you mean --for=condition=%s?", what, what);
    } else {
        (void)usage_error(&verb_wait, "--for=%s: condition=…, jsonpath=…, create or delete", what);
    }
}

static bool check_what(struct fogctl *fogctl)
{
    vec_each (&opt_for, it) {
        if (!str_eq(*it, "delete") && !str_eq(*it, "create") && !str_starts(*it, "condition=") &&
            !str_starts(*it, "jsonpath=")) {
            refuse_what(*it);
            return false;
        }
        if (str_starts(*it, "jsonpath=") && !is_path_right(fogctl, *it + strlen("jsonpath="))) {
            return false;
        }
    }
    if (opt_for.count == 0) {
        (void)usage_error(&verb_wait, "--for is needed");
    }
    return opt_for.count > 0;
}

/* --- what stands in the way ------------------------------------------------------------------- */

/* Which conditions there are instead. */
static void say_others(const struct node *conditions, struct str *to)
{
    for (size_t i = 0; i < list_count(conditions); i++) {
        str_addf(to, "%s%s", i == 0 ? ", only of " : ", ",
                 text_of(conditions->list.items[i], "type"));
    }
}

static void say_condition(const struct node *object, const char *text, struct str *to)
{
    const struct node *condition = find_condition(object, text);
    const char *reason, *message;

    if (condition == NULL) {
        str_addf(to, "nothing is said of %.*s yet", (int)strcspn(text, "="), text);
        say_others(node_find_path(object, "status.conditions"), to);
        return;
    }
    if (!is_of_newest(object, condition)) {
        str_addf(to, "nothing is said yet of %s of what was declared last",
                 text_of(condition, "type"));
        return;
    }
    reason = text_of(condition, "reason");
    message = text_of(condition, "message");
    str_addf(to, "%s is %s%s%s%s%s", text_of(condition, "type"), text_of(condition, "status"),
             *reason == '\0' ? "" : ", ", reason, *message == '\0' ? "" : ": ", message);
}

static void say_path(struct fogctl *fogctl, const struct node *object, const char *text,
                     struct str *to)
{
    const char *name = arena_strndup(&fogctl->arena, text, path_length(text));
    struct err err;
    struct jsonpath *path = jsonpath_parse_path(&fogctl->arena, name, &err);
    struct found found;

    str_addf(to, "%s is ", name);
    if (path == NULL || jsonpath_find(path, &fogctl->arena, object, &found, &err) < 0 ||
        found.count == 0) {
        str_add(to, "not there");
        return;
    }
    for (size_t i = 0; i < found.count; i++) {
        str_add(to, i == 0 ? "" : " ");
        jsonpath_value(found.items[i], to);
    }
}

static void say_unmet(struct fogctl *fogctl, const struct node *object, struct str *to)
{
    vec_each (&opt_for, it) {
        if (is_met(fogctl, object, *it)) {
            continue;
        }
        str_add(to, to->length == 0 ? "" : "; ");
        if (object == NULL) {
            str_add(to, "it is not there yet");
        } else if (str_eq(*it, "delete")) {
            str_add(to, "it is still there");
        } else if (str_starts(*it, "condition=")) {
            say_condition(object, *it + strlen("condition="), to);
        } else {
            say_path(fogctl, object, *it + strlen("jsonpath="), to);
        }
    }
}

enum { LINE_COLUMNS = 79 }; /* of a narrow terminal */

/* What was said last of one object. */
struct progress {
    struct str said;
    bool is_on_line; /* of a terminal, which is not yet ended */
    /* When it was looked at last: it is not there; its end is waited for, and nobody asked for it.
     */
    bool is_absent, is_undeleted;
};

static void progress_say(struct fogctl *fogctl, struct progress *progress,
                         const struct target *target, const char *text)
{
    bool is_terminal = isatty(STDERR_FILENO) == 1;
    const char *title = kind_title(fogctl, target->kind, target->name);

    if (str_eq(progress->said.data, text)) {
        return;
    }
    str_clear(&progress->said);
    str_add(&progress->said, text);
    fputs(is_terminal ? "\r\033[K" : "", stderr);
    text_put(stderr, title);
    fputs(": ", stderr);
    if (is_terminal) { /* a line that is broken could not be written over */
        size_t used = strlen(title) + strlen(": "), length = strlen(text);
        size_t room = used < LINE_COLUMNS ? LINE_COLUMNS - used : 0;

        text_put(stderr, arena_strndup(&fogctl->arena, text,
                                       utf8_valid_bytes(text, length < room ? length : room)));
    } else {
        text_put(stderr, text);
        fputs("\n", stderr);
    }
    progress->is_on_line = is_terminal;
    (void)fflush(stderr);
}

/* What stood in the way to the end is left to be read. */
static void progress_end(struct progress *progress, bool is_met)
{
    if (progress->is_on_line) {
        fputs(is_met ? "\r\033[K" : "\n", stderr);
        (void)fflush(stderr);
    }
    str_fini(&progress->said);
}

/* --- waiting ---------------------------------------------------------------------------------- */

enum look { LOOK_MET, LOOK_NOT_YET, LOOK_FAILED };

/* Any of what is waited for, or all of it. */
static bool is_enough(struct fogctl *fogctl, const struct node *object)
{
    size_t met = 0;

    vec_each (&opt_for, it) {
        met += is_met(fogctl, object, *it);
    }
    return opt_all_of ? met == opt_for.count : met > 0;
}

static enum look look_once(struct fogctl *fogctl, const struct target *target, int64_t left_ms,
                           struct progress *progress)
{
    struct str unmet = STR_EMPTY;
    struct request request = {.method = "GET",
                              .path = kind_path(fogctl, target->kind, target->name),
                              .retry_ms = left_ms > 0 ? left_ms : 1};
    struct reply reply;

    if (!http_call(fogctl, &request, &reply)) {
        return LOOK_FAILED;
    }
    if (reply.code != 200 && reply.code != 404) {
        (void)reply_failed(&reply);
        return LOOK_FAILED;
    }
    if (is_enough(fogctl, reply.code == 200 ? reply.root : NULL)) {
        return LOOK_MET;
    }
    if (reply.code == 404 && !may_be_absent()) {
        (void)reply_failed(&reply);
        return LOOK_FAILED;
    }
    progress->is_absent = reply.code == 404;
    progress->is_undeleted =
        reply.code == 200 && opt_for.count == 1 && str_eq(opt_for.items[0], "delete") &&
        node_find(node_find(reply.root, "metadata"), "deletionTimestamp") == NULL;
    say_unmet(fogctl, reply.code == 200 ? reply.root : NULL, &unmet);
    progress_say(fogctl, progress, target, unmet.data);
    str_fini(&unmet);
    return LOOK_NOT_YET;
}

/* Of what is not there nothing can be asked. */
static const char *advice(struct fogctl *fogctl, const struct target *target,
                          const struct progress *progress)
{
    if (progress->is_undeleted) {
        return arena_printf(&fogctl->arena, "nobody has deleted it: fogctl delete %s/%s",
                            kind_short(target->kind), target->name);
    }
    return progress->is_absent
               ? arena_printf(&fogctl->arena,
                              "nobody has declared it; fogctl get %s lists what there is",
                              kind_short(target->kind))
               : arena_printf(&fogctl->arena, "fogctl why %s/%s tells what it waits for",
                              kind_short(target->kind), target->name);
}

/* Asks every 100 ms, in between the controller may restart. */
static int wait_until(struct fogctl *fogctl, const struct target *target, int64_t give_up_ms,
                      struct progress *progress)
{
    for (;;) {
        struct arena saved;
        enum look look;
        bool is_late;

        scratch_begin(fogctl, &saved);
        look = look_once(fogctl, target, give_up_ms - boot_ms(), progress);
        scratch_end(fogctl, &saved);
        is_late = boot_ms() >= give_up_ms;
        if (look != LOOK_NOT_YET || is_late) {
            progress_end(progress, look == LOOK_MET);
        }
        if (look == LOOK_MET) {
            text_put(writing_aside(&opt_shown), kind_title(fogctl, target->kind, target->name));
            fputs(" condition met\n", writing_aside(&opt_shown));
            (void)fflush(stdout);
            return EXIT_DONE;
        }
        if (look == LOOK_FAILED) {
            return EXIT_FAILED;
        }
        if (is_late) {
            return fail(advice(fogctl, target, progress),
                        "timed out waiting for the condition on %s",
                        kind_title(fogctl, target->kind, target->name));
        }
        pause_ms(100);
    }
}

static int wait_one(struct fogctl *fogctl, const struct target *target, int64_t give_up_ms)
{
    struct progress progress = {.said = STR_EMPTY};

    return wait_until(fogctl, target, give_up_ms, &progress);
}

/* EXIT_DONE, or EXIT_USAGE after having said what is wrong. */
static int read_usage(struct fogctl *fogctl, const struct texts *words, struct targets *given)
{
    int code;

    if (looking_check(fogctl, &verb_wait, &opt_shown, true) != EXIT_DONE) {
        return EXIT_USAGE;
    }
    if (words->count + opt_files.count == 0) {
        return usage_error(&verb_wait, "for which object?");
    }
    if (!check_what(fogctl)) {
        return EXIT_USAGE;
    }
    code = targets_given(fogctl, &verb_wait, words, &opt_files, given);
    if (code != EXIT_DONE) {
        return code;
    }
    vec_each (given, it) {
        if (it->name == NULL && !opt_all && !selection_is_given(&opt_selection)) {
            return usage_error(&verb_wait, "which %s? name them, or say --all or -l LABELS",
                               it->kind->plural);
        }
    }
    return EXIT_DONE;
}

/* With -o: those that are there then. */
static int print_objects(struct fogctl *fogctl, const struct targets *targets)
{
    struct node **objects = arena_array(&fogctl->arena, targets->count + 1, sizeof(objects[0]));
    size_t count = 0;

    vec_each (targets, it) {
        struct request request = {.method = "GET", .path = kind_path(fogctl, it->kind, it->name)};
        struct reply reply;

        if (!http_call(fogctl, &request, &reply)) {
            return EXIT_FAILED;
        }
        if (reply.code == 200) {
            objects[count++] = reply.root;
        }
    }
    return writing_print_objects(fogctl, &opt_shown, objects, count);
}

/* Every one of them, the others too when one is in vain: each has its line. */
static int wait_for(struct fogctl *fogctl, struct texts *words)
{
    struct targets given = {0}, all = {0};
    int64_t give_up_ms = boot_ms() + opt_timeout_ms;
    int code = read_usage(fogctl, words, &given);

    if (code == EXIT_DONE && !targets_expand(fogctl, &given, &opt_selection, &all)) {
        code = EXIT_FAILED;
    } else if (code == EXIT_DONE && all.count == 0) {
        code = fail(NULL, "no matching resources found");
    }
    for (size_t i = 0; i < all.count && !fogctl->is_unreachable; i++) {
        if (wait_one(fogctl, &all.items[i], give_up_ms) != EXIT_DONE) {
            code = EXIT_FAILED;
        }
    }
    if (all.count > 0 && !writing_is_lines(&opt_shown) && !fogctl->is_unreachable &&
        print_objects(fogctl, &all) != EXIT_DONE) {
        code = EXIT_FAILED;
    }
    vec_fini(&given);
    vec_fini(&all);
    vec_fini(&opt_for);
    vec_fini(&opt_files);
    return code;
}
