/* What change sets answer, for people: outcomes, diffs, plans. */
#include "schema/json.h"
#include "schema/yaml.h"
#include "tools/fogctl/differ.h"

#include <stdio.h>

size_t results_changed(const struct node *results)
{
    size_t changed = 0;

    for (size_t i = 0; i < list_count(results); i++) {
        changed += !str_eq(text_of(results->list.items[i], "result"), "unchanged");
    }
    return changed;
}

void results_print(struct fogctl *fogctl, const struct node *results, const char *suffix)
{
    for (size_t i = 0; i < list_count(results); i++) {
        const struct node *result = results->list.items[i];
        const char *word = text_of(result, "result");
        const struct kind *kind = kind_find_word(text_of(result, "kind"));
        bool is_changed = !str_eq(word, "unchanged");

        if (kind != NULL) {
            text_put(stdout, kind_title(fogctl, kind, text_of(result, "name")));
        }
        printf(" %s", paint(fogctl, is_changed ? "green" : "off"));
        text_put(stdout, word);
        printf("%s%s\n", paint(fogctl, "off"), suffix);
    }
}

/* --- history ------------------------------------------------------------------------------------
 */

static const char *scalar(struct fogctl *fogctl, const struct node *node)
{
    struct str text = STR_EMPTY;
    const char *copy;

    if (node == NULL) {
        return "–";
    }
    json_emit(node, JSON_PLAIN, &text);
    copy = text.length > 60 ? "…" : arena_strdup(&fogctl->arena, text.data);
    str_fini(&text);
    return copy;
}

const char *change_summary(struct fogctl *fogctl, const struct node *item)
{
    const struct node *changes = node_find(item, "changes");
    struct str text = STR_EMPTY;
    const char *copy;

    if (!str_eq(node_find_text(item, "verb"), "update") || changes == NULL) {
        return text_of(item, "verb");
    }
    for (size_t i = 0; i < changes->list.count && i < 4; i++) {
        const struct node *change = changes->list.items[i];

        str_addf(&text, "%s%s: %s => %s", i == 0 ? "" : ", ", node_find_text(change, "path"),
                 scalar(fogctl, node_find(change, "before")),
                 scalar(fogctl, node_find(change, "after")));
    }
    if (changes->list.count > 4) {
        str_addf(&text, ", and %zu more", changes->list.count - 4);
    }
    copy = text.length == 0 ? "update" : arena_strdup(&fogctl->arena, text.data);
    str_fini(&text);
    return copy;
}

/* --- diff ------------------------------------------------------------------------------------- */

static const char *text_of_side(struct fogctl *fogctl, const struct node *object)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    struct node *shown = without_noise(fogctl, object, false);

    if (shown == NULL) {
        return NULL;
    }
    yaml_emit(shown, &text);
    return arena_strdup(&fogctl->arena, text.data);
}

static bool add_result(struct differ *differ, const struct node *result)
{
    struct fogctl *fogctl = differ->fogctl;
    const char *name =
        arena_printf(&fogctl->arena, "%s.%s", text_of(result, "kind"), text_of(result, "name"));
    const char *before = text_of_side(fogctl, node_find(result, "before"));
    const char *after = text_of_side(fogctl, node_find(result, "object"));

    if (str_eq(text_of(result, "result"), "deleted")) {
        after = NULL; /* that it is being deleted is no difference to look at */
    }
    if (before != NULL && after != NULL && str_eq(before, after)) {
        text_put(stdout,
                 arena_printf(&fogctl->arena, "%s: only who owns which fields differs", name));
        putchar('\n');
        return true;
    }
    return differ_add(differ, name, before, after);
}

int results_diff(struct fogctl *fogctl, const struct node *results)
{
    struct differ differ;
    int changed = 0;
    bool is_fine = true;

    if (!differ_open(fogctl, &differ)) {
        return -1;
    }
    for (size_t i = 0; is_fine && i < list_count(results); i++) {
        const struct node *result = results->list.items[i];

        if (!str_eq(text_of(result, "result"), "unchanged")) {
            changed++;
            is_fine = add_result(&differ, result);
        }
    }
    is_fine = is_fine && (differ.count == 0 || differ_run(&differ));
    differ_close(&differ);
    return is_fine ? changed : -1;
}

/* --- plans ------------------------------------------------------------------------------------ */

/* What the machine's policy would make of it, as things are there now. */
static void print_held(struct fogctl *fogctl, const struct node *held)
{
    if (held != NULL) {
        printf("        %swould be %s:%s ", paint(fogctl, "yellow"),
               str_eq(text_of(held, "outcome"), "Evict") ? "evicted" : "suspended",
               paint(fogctl, "off"));
        text_put(stdout, arena_printf(&fogctl->arena, "%s: %s", text_of(held, "reason"),
                                      text_of(held, "message")));
        putchar('\n');
    }
}

static bool is_word_of(const struct node *map, const char *key, const char *a, const char *b)
{
    return str_eq(text_of(map, key), a) || str_eq(text_of(map, key), b);
}

/* What another policy makes of work that goes on where it is. */
static void print_turn(struct fogctl *fogctl, const struct node *turn)
{
    bool was_held = is_word_of(turn, "is", "Suspend", "Evict");
    bool is_held = is_word_of(turn, "becomes", "Suspend", "Evict");
    const char *reason = text_of(turn, "reason");
    const char *words = was_held && is_held                            ? "would stay held back"
                        : was_held                                     ? "would be let go on"
                        : str_eq(text_of(turn, "becomes"), "Throttle") ? "would be slowed down"
                        : str_eq(text_of(turn, "becomes"), "Evict")    ? "would be evicted"
                        : is_held                                      ? "would be suspended"
                                                                       : "would be slow no longer";

    printf("  %spolicy%s   ", paint(fogctl, "yellow"), paint(fogctl, "off"));
    text_put(stdout, arena_printf(&fogctl->arena, "%s/%s on %s %s", text_of(turn, "session"),
                                  text_of(turn, "slot"), text_of(turn, "agent"), words));
    if (was_held && !is_held) {
        text_put(stdout, arena_printf(&fogctl->arena, "  (held by %s now)", reason));
    } else if (reason[0] != '\0') {
        text_put(stdout,
                 arena_printf(&fogctl->arena, ": %s: %s", reason, text_of(turn, "message")));
    }
    putchar('\n');
}

static void print_change(struct fogctl *fogctl, const struct node *change, bool has_turns)
{
    static const struct {
        const char *action, *mark, *color;
    } marks[] = {{"start", "+", "green"},      {"stop", "-", "red"},
                 {"restart", "+/-", "yellow"}, {"move", "->", "yellow"},
                 {"replace", "->", "yellow"},  {"update", "~", "yellow"},
                 {"wait", "..", "blue"}};
    const char *action = text_of(change, "action"), *from = text_of(change, "from");
    const char *agent = text_of(change, "agent"), *reason = text_of(change, "reason");
    const char *mark = "?", *color = "off";
    bool is_late = node_find(change, "afterWaits") != NULL;
    _cleanup_(str_fini)
    struct str line = STR_EMPTY;

    for (size_t i = 0; i < COUNT_OF(marks); i++) {
        if (str_eq(marks[i].action, action)) {
            mark = marks[i].mark;
            color = marks[i].color;
        }
    }
    str_addf(&line, " %s%s%s", text_of(change, "session"),
             text_of(change, "slot")[0] == '\0' ? "" : "/", text_of(change, "slot"));
    if (from[0] != '\0' && !str_eq(from, agent)) {
        str_addf(&line, " from %s", from);
    }
    if (agent[0] != '\0') {
        bool is_move = str_eq(action, "move") || str_eq(action, "replace");

        str_addf(&line, " %s %s", is_move ? "to" : "on", agent);
    }
    if (reason[0] != '\0') {
        str_addf(&line, "  (%s%s)", reason, is_late ? "; after what waits" : "");
    }
    printf("    %s%-3s %-8s%s", paint(fogctl, color), mark, text_shown(fogctl, action),
           paint(fogctl, "off"));
    text_put(stdout, line.data);
    putchar('\n');
    if (!has_turns || !str_eq(action, "update")) { /* of those, what changes is told below */
        print_held(fogctl, node_find(change, "held"));
    }
}

/* Within a wave the order is the controller's. */
struct in_wave {
    const struct node *change;
    int64_t wave;
    size_t index;
};

static int by_wave(const void *a, const void *b)
{
    const struct in_wave *left = a, *right = b;

    return left->wave != right->wave ? (left->wave > right->wave) - (left->wave < right->wave)
                                     : (left->index > right->index) - (left->index < right->index);
}

static void print_waves(struct fogctl *fogctl, const struct node *changes, bool has_turns)
{
    size_t count = list_count(changes);
    struct in_wave *sorted = arena_array(&fogctl->arena, count + 1, sizeof(sorted[0]));

    for (size_t i = 0; i < count; i++) {
        const struct node *change = changes->list.items[i];

        sorted[i] = (struct in_wave){change, int_of(change, "wave"), i};
    }
    qsort(sorted, count, sizeof(sorted[0]), by_wave);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || sorted[i].wave != sorted[i - 1].wave) {
            printf("  wave %lld\n", (long long)sorted[i].wave);
        }
        print_change(fogctl, sorted[i].change, has_turns);
    }
}

/* "3,999,000" */
static const char *grouped(struct fogctl *fogctl, int64_t number)
{
    const char *rest = "";

    for (; number >= 1000; number /= 1000) {
        rest = arena_printf(&fogctl->arena, ",%03lld%s", (long long)(number % 1000), rest);
    }
    return arena_printf(&fogctl->arena, "%lld%s", (long long)number, rest);
}

/* Lines that are known and not told: "... and 3,999,000 more to start, 2 more to stop".  `list`:
 * those of one of the other lists; NULL: of the changes. */
static void print_more(struct fogctl *fogctl, const struct node *more, const char *list)
{
    const char *words = "";

    for (size_t i = 0; more != NULL && i < more->map.count; i++) {
        const char *key = more->map.members[i].key;
        bool is_change = !str_eq(key, "pending") && !str_eq(key, "policy");

        if (list == NULL ? is_change : str_eq(key, list)) {
            words = arena_printf(&fogctl->arena, "%s%s %s more %s%s", words,
                                 words[0] == '\0' ? "" : ",",
                                 grouped(fogctl, more->map.members[i].value->integer),
                                 list != NULL ? "" : "to ", text_shown(fogctl, key));
        }
    }
    if (words[0] != '\0') {
        printf("  ... and%s\n", words);
    }
}

/* What was never looked at: nobody knows what would become of it. */
static void print_not_examined(struct fogctl *fogctl, const struct node *cut)
{
    const struct node *rest = node_find(cut, "notExamined");
    int64_t sessions = int_of(rest, "sessions"), replicas = int_of(rest, "replicas");

    if (cut == NULL || !str_eq(text_of(cut, "at"), "copies")) {
        return;
    }
    printf("  %sThis is not all:%s a plan looks at %s copies", paint(fogctl, "yellow"),
           paint(fogctl, "off"), grouped(fogctl, int_of(cut, "bound")));
    if (sessions > 0) {
        printf(", so %s session%s (%s replica%s) %s not looked at", grouped(fogctl, sessions),
               sessions == 1 ? "" : "s", grouped(fogctl, replicas), replicas == 1 ? "" : "s",
               sessions == 1 ? "was" : "were");
    }
    putchar('\n');
}

static const char *if_any(struct fogctl *fogctl, const struct node *summary, const char *key)
{
    int64_t count = int_of(summary, key);

    return count == 0 ? "" : arena_printf(&fogctl->arena, "%lld to %s, ", (long long)count, key);
}

void plan_print(struct fogctl *fogctl, const struct node *plan)
{
    const struct node *pending = node_find(plan, "pending"), *summary = node_find(plan, "summary");
    const struct node *cut = node_find(plan, "cut"), *more = node_find(cut, "more");
    const struct node *turns = node_find(plan, "policy");

    if (plan == NULL) {
        return;
    }
    printf("%sPlan:%s %lld to start, %lld to restart, %lld to move, %lld to stop, %s%s%s"
           "%lld stay as they are\n",
           paint(fogctl, "bold"), paint(fogctl, "off"), (long long)int_of(summary, "start"),
           (long long)int_of(summary, "restart"), (long long)int_of(summary, "move"),
           (long long)int_of(summary, "stop"), if_any(fogctl, summary, "update"),
           if_any(fogctl, summary, "suspend"), if_any(fogctl, summary, "resume"),
           (long long)int_of(summary, "unchanged"));
    print_waves(fogctl, node_find(plan, "changes"), turns != NULL);
    print_more(fogctl, more, NULL);
    for (size_t i = 0; i < list_count(pending); i++) {
        const struct node *item = pending->list.items[i];

        printf("  %spending%s  ", paint(fogctl, "yellow"), paint(fogctl, "off"));
        text_put(stdout, arena_printf(&fogctl->arena, "%s%s%s: %s", text_of(item, "session"),
                                      text_of(item, "slot")[0] == '\0' ? "" : "/",
                                      text_of(item, "slot"), text_of(item, "reason")));
        putchar('\n');
    }
    print_more(fogctl, more, "pending");
    for (size_t i = 0; i < list_count(turns); i++) {
        print_turn(fogctl, turns->list.items[i]);
    }
    print_more(fogctl, more, "policy");
    print_not_examined(fogctl, cut);
}
