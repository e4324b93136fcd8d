/* Passes over a tape, each a list of items that could go: all at once, then half of them, then a
 * quarter, down to each alone (after Zeller's delta debugging).  The passes are repeated until a
 * round of them finds nothing or the budget is spent. */
#include "tests/sim/shrink.h"

#include "schema/base/str.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

enum { CHECKER_SIZE = 64, ROUNDS_MAX = 8, ENOUGH = 32 };

struct item {                  /* something that could be left out */
    char name[TAPE_NAME_SIZE]; /* of a stream: it, and all whose names go on after it with '/' */
    bool is_draw;              /* or only one of its draws */
    size_t at;
};

struct items {
    VEC_OF(struct item);
};

struct shrinking {
    struct tape_file *best; /* borrowed: fails */
    const struct options *options;
    struct lab *lab;
    const char *output;
    char checker[CHECKER_SIZE];
    uint64_t runs, kept;
};

/* The part of a failure's text that must stay the same; of a crash the place, too. */
static void name_checker(const char *failure, char checker[static CHECKER_SIZE])
{
    size_t length = str_starts(failure, "crash: ") ? CHECKER_SIZE - 1 : strcspn(failure, ":");

    (void)snprintf(checker, CHECKER_SIZE, "%.*s", (int)length, failure);
}

/* Does it fail in the same way?  Then it is recorded as the best so far. */
static bool fails(struct shrinking *shrinking, const struct tape_file *file)
{
    struct sim_options world = options_of_world(shrinking->options, file->seed);
    char checker[CHECKER_SIZE];

    world.recorded = &file->streams;
    world.is_traced = false;
    shrinking->runs++;
    if (lab_try(shrinking->lab, &world, shrinking->output)) {
        return false;
    }
    name_checker(shrinking->lab->tail.failure, checker);
    if (shrinking->checker[0] == '\0') {
        memcpy(shrinking->checker, checker, sizeof(checker));
    }
    return str_eq(checker, shrinking->checker) && lab_take_tape(shrinking->lab, shrinking->best);
}

static bool may_go_on(const struct shrinking *shrinking)
{
    return shrinking->runs < shrinking->options->budget;
}

static void show_progress(const struct shrinking *shrinking, const char *pass, size_t left)
{
    if (!shrinking->options->is_quiet && isatty(2)) {
        (void)fprintf(stderr, "\r\033[Kshrinking: %" PRIu64 " runs, %s, %zu left", shrinking->runs,
                      pass, left);
    }
}

/* --- leaving out ------------------------------------------------------------------------------ */

static bool is_at_or_below(const char *name, const char *top)
{
    size_t length = strlen(top);

    return strncmp(name, top, length) == 0 && (name[length] == '\0' || name[length] == '/');
}

static void leave_out(struct tape_file *file, const struct item *item)
{
    struct tape_values *values = map_find(&file->streams, item->name);

    if (!item->is_draw) {
        map_each (&file->streams, it) {
            if (is_at_or_below(it->key, item->name)) {
                tape_file_drop(file, it->key);
            }
        }
    } else if (values != NULL && item->at < values->count) {
        values->items[item->at] = 0;
    }
}

/* Without items first … first + count - 1. */
static bool fails_without(struct shrinking *shrinking, const struct items *items, size_t first,
                          size_t count)
{
    struct tape_file file;
    bool result;

    tape_file_copy(&file, shrinking->best);
    for (size_t i = first; i < first + count && i < items->count; i++) {
        leave_out(&file, &items->items[i]);
    }
    result = fails(shrinking, &file);
    tape_file_fini(&file);
    return result;
}

/* Returns how many went. */
static size_t thin_out(struct shrinking *shrinking, const char *pass, struct items *items)
{
    size_t went = 0;

    for (size_t size = items->count; size > 0; size /= 2) {
        for (size_t first = 0; first < items->count && may_go_on(shrinking);) {
            size_t count = items->count - first < size ? items->count - first : size;

            show_progress(shrinking, pass, items->count);
            if (!fails_without(shrinking, items, first, count)) {
                first += count;
                continue;
            }
            went += count;
            for (size_t i = 0; i < count; i++) {
                vec_remove(items, first);
            }
        }
        if (size > items->count) {
            size = items->count + 1;
        }
    }
    return went;
}

/* --- what there is ---------------------------------------------------------------------------- */

static uint64_t first_value(const struct tape_file *file, const char *name)
{
    const struct tape_values *values = map_find(&file->streams, name);

    return values == NULL || values->count == 0 ? 0 : values->items[0];
}

static void add_item(struct items *items, const char *name)
{
    struct item item = {.is_draw = false};

    (void)snprintf(item.name, sizeof(item.name), "%s", name);
    vec_add(items, item);
}

/* Streams right below a folder whose first draw is a yes. */
static void list_below(const struct tape_file *file, const char *folder, struct items *items)
{
    map_each (&file->streams, it) {
        if (str_starts(it->key, folder) && strchr(it->key + strlen(folder), '/') == NULL &&
            first_value(file, it->key) != 0) {
            add_item(items, it->key);
        }
    }
}

/* All the happenings below a folder: FOLDER/NAME/n. */
static void list_happenings(const struct tape_file *file, const char *folder, struct items *items)
{
    map_each (&file->streams, it) {
        const char *slash =
            str_starts(it->key, folder) ? strchr(it->key + strlen(folder), '/') : NULL;

        if (slash != NULL && first_value(file, it->key) != 0) {
            add_item(items, it->key);
        }
    }
}

/* Those draws of a stream that said yes. */
static void list_draws(const struct tape_file *file, const char *name, size_t from,
                       struct items *items)
{
    const struct tape_values *values = map_find(&file->streams, name);
    struct item item = {.is_draw = true};

    (void)snprintf(item.name, sizeof(item.name), "%s", name);
    for (item.at = from; values != NULL && item.at < values->count; item.at++) {
        if (values->items[item.at] != 0) {
            vec_add(items, item);
        }
    }
}

/* The single times at which a lasting condition struck, or a site made life harder. */
static void list_chances(const struct tape_file *file, struct items *items)
{
    char name[TAPE_NAME_SIZE];

    for (int i = FAULT_EVENT_COUNT; i < FAULT_COUNT; i++) {
        (void)snprintf(name, sizeof(name), "class/%s", fault_words[i]);
        list_draws(file, name, 1, items); /* behind: is it on? */
    }
    map_each (&file->streams, it) {
        if (str_starts(it->key, "site/")) {
            list_draws(file, it->key, 2, items); /* behind: is it armed, how often? */
        }
    }
}

static size_t pass_over(struct shrinking *shrinking, const char *pass,
                        void (*list)(const struct tape_file *file, struct items *items))
{
    struct items items = {0};
    size_t went;

    list(shrinking->best, &items);
    went = thin_out(shrinking, pass, &items);
    vec_fini(&items);
    return went;
}

static void list_classes(const struct tape_file *file, struct items *items)
{
    list_below(file, "class/", items);
    list_below(file, "site/", items);
}

static void list_strikes(const struct tape_file *file, struct items *items)
{
    list_happenings(file, "fault/", items);
    list_chances(file, items);
}

static void list_operators(const struct tape_file *file, struct items *items)
{
    list_below(file, "op/", items);
}

static void list_operations(const struct tape_file *file, struct items *items)
{
    list_happenings(file, "op/", items);
}

/* --- machines and time ------------------------------------------------------------------------ */

static void set_first(struct tape_file *file, const char *name, uint64_t value)
{
    struct tape_values *values = map_find(&file->streams, name);

    if (values != NULL && values->count > 0) {
        values->items[0] = value;
    }
}

/* Without machine k the later ones move up: m3/net becomes m2/net. */
static void leave_out_machine(struct tape_file *file, size_t machine)
{
    struct tape_file from;

    tape_file_copy(&from, file);
    map_each (&from.streams, it) {
        struct tape_values *values = it->value;
        char *rest = NULL;
        char name[TAPE_NAME_SIZE + 8];
        size_t index;

        if (it->key[0] != 'm' || it->key[1] < '0' || it->key[1] > '9') {
            continue;
        }
        index = strtoul(it->key + 1, &rest, 10);
        if (index >= machine) {
            tape_file_drop(file, it->key);
        }
        if (index > machine) {
            struct tape_values *moved = MEM_NEW(struct tape_values);

            (void)snprintf(name, sizeof(name), "m%zu%s", index - 1, rest);
            vec_each (values, value) {
                vec_add(moved, *value);
            }
            tape_file_drop(file, name);
            (void)map_put(&file->streams, name, moved);
        }
    }
    set_first(file, "agents", first_value(file, "agents") - 1);
    tape_file_fini(&from);
}

static size_t leave_out_machines(struct shrinking *shrinking)
{
    size_t went = 0;

    for (uint64_t machine = first_value(shrinking->best, "agents") + 1; machine-- > 0;) {
        uint64_t count = first_value(shrinking->best, "agents");
        struct tape_file file;

        if (count == 0 || machine > count || !may_go_on(shrinking)) {
            continue;
        }
        show_progress(shrinking, "machines", (size_t)count + 1);
        tape_file_copy(&file, shrinking->best);
        leave_out_machine(&file, (size_t)machine);
        went += fails(shrinking, &file);
        tape_file_fini(&file);
    }
    return went;
}

/* About the lowest value with which it still fails, by halves. */
static void lower(struct shrinking *shrinking, const char *name)
{
    uint64_t before = first_value(shrinking->best, name), low = 0, high = before;

    while (high - low > before / ENOUGH && may_go_on(shrinking)) {
        uint64_t middle = low + (high - low) / 2;
        struct tape_file file;

        show_progress(shrinking, name, (size_t)high);
        tape_file_copy(&file, shrinking->best);
        set_first(&file, name, middle);
        if (fails(shrinking, &file)) {
            high = middle;
        } else {
            low = middle + 1;
        }
        tape_file_fini(&file);
    }
}

unsigned shrink(struct tape_file *file, const struct options *options, struct lab *lab,
                const char *output)
{
    struct shrinking shrinking = {.best = file, .options = options, .lab = lab, .output = output};
    size_t went = 1;

    if (!fails(&shrinking, file)) {
        return 0;
    }
    for (int round = 0; round < ROUNDS_MAX && went > 0 && may_go_on(&shrinking); round++) {
        went = pass_over(&shrinking, "classes of faults", list_classes);
        went += pass_over(&shrinking, "strikes", list_strikes);
        went += leave_out_machines(&shrinking);
        went += pass_over(&shrinking, "operators", list_operators);
        went += pass_over(&shrinking, "operations", list_operations);
        lower(&shrinking, "chaos");
    }
    return (unsigned)shrinking.runs;
}
