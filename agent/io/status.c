/* What an agent of another version does not say is left out, and what it says more is not shown. */
#include "agent/io/status.h"

#include "schema/base/parse.h"
#include "schema/json.h"
#include "schema/readings.h"

enum { COLUMN_COUNT = 7, GAP = 3, CELL_SIZE = 64 };

static const struct {
    const char *head, *key;
} columns[COLUMN_COUNT] = {
    {"ASSIGNMENT", "name"}, {"SESSION", "session"},   {"PHASE", "phase"}, {"REASON", "reason"},
    {"RUN", "run"},         {"RESTARTS", "restarts"}, {"CPU", "cpuMs"},
};

/* How wide it is on a screen: a character begins with each byte that continues none. */
static size_t width_of(const char *text)
{
    size_t width = 0;

    for (; *text != '\0'; text++) {
        width += ((unsigned char)*text & 0xC0) != 0x80;
    }
    return width;
}

static void add_padded(struct str *to, const char *text, size_t width)
{
    str_add(to, text);
    for (size_t i = width_of(text); i < width; i++) {
        str_add_char(to, ' ');
    }
}

static void cell(struct arena *arena, const struct node *work, size_t column, const char **ret_text)
{
    const char *text = node_find_text(work, columns[column].key);
    char time[DURATION_TEXT_SIZE];
    int64_t number;

    if (text != NULL) {
        *ret_text = text;
    } else if (!node_find_int(work, columns[column].key, &number)) {
        *ret_text = "";
    } else if (str_ends(columns[column].key, "Ms")) {
        duration_to_str(number < 0 ? 0 : number < 1000 ? number : number - number % 1000, time);
        *ret_text = arena_strdup(arena, time);
    } else {
        *ret_text = arena_printf(arena, "%lld", (long long)number);
    }
}

static void tell_works(struct arena *arena, const struct node *works, struct str *to)
{
    size_t count = works == NULL || works->type != NODE_LIST ? 0 : works->list.count;
    const char **cells = arena_array(arena, (count + 1) * COLUMN_COUNT, sizeof(char *));
    size_t widths[COLUMN_COUNT] = {0};

    if (count == 0) {
        str_add(to, "\nno work\n");
        return;
    }
    for (size_t i = 0; i < (count + 1) * COLUMN_COUNT; i++) {
        size_t column = i % COLUMN_COUNT;
        size_t width;

        if (i < COLUMN_COUNT) {
            cells[i] = columns[column].head;
        } else {
            cell(arena, works->list.items[i / COLUMN_COUNT - 1], column, &cells[i]);
        }
        width = width_of(cells[i]);
        widths[column] = width > widths[column] ? width : widths[column];
    }
    for (size_t i = 0; i < (count + 1) * COLUMN_COUNT; i++) {
        size_t column = i % COLUMN_COUNT;

        str_add(to, i == 0 ? "\n" : "");
        if (column == COLUMN_COUNT - 1) {
            str_addf(to, "%s\n", cells[i]);
        } else {
            add_padded(to, cells[i], widths[column] + GAP);
        }
    }
}

static void tell_line(struct str *to, const char *label, const char *text)
{
    if (!str_is_empty(text)) {
        add_padded(to, label, 12);
        str_addf(to, "%s\n", text);
    }
}

static bool is_true(const struct node *map, const char *key)
{
    const struct node *node = node_find(map, key);

    return node != NULL && node->type == NODE_BOOL && node->boolean;
}

static void tell_link(struct arena *arena, const struct node *link, struct str *to)
{
    const char *state = node_find_text(link, "state");
    const char *end = node_find_text(link, "lastEnd");

    tell_line(to, "link",
              str_is_empty(end) || str_eq(state, "Welcomed")
                  ? state
                  : arena_printf(arena, "%s; the last one ended: %s", state, end));
}

static void tell_sensors(const struct node *sensors, struct str *to)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    if (sensors == NULL || sensors->type != NODE_MAP) {
        return;
    }
    for (size_t i = 0; i < sensors->map.count; i++) {
        const struct node_member *member = &sensors->map.members[i];

        if (node_text(member->value) != NULL) {
            str_addf(&text, "%s%s %s", i == 0 ? "" : ", ", member->key, node_text(member->value));
        }
    }
    tell_line(to, "sensors", text.data);
}

/* Of all work together, never of each. */
static void tell_together(struct arena *arena, const struct node *together, struct str *to)
{
    char held[QUANTITY_TEXT_SIZE];
    const char *caps = "";
    int64_t percent, bytes;

    if (together == NULL || !node_find_int(together, "memoryHeld", &bytes)) {
        return;
    }
    if (node_find_int(together, "cpuPercent", &percent)) {
        caps = arena_printf(arena, ", at most %lld %% of the processors", (long long)percent);
    }
    if (node_find_int(together, "memoryPercent", &percent)) {
        caps = arena_printf(arena, "%s, at most %lld %% of the memory", caps, (long long)percent);
    }
    quantity_to_str(bytes < 0 ? 0 : bytes >> 20 << 20, held);
    tell_line(to, "all work",
              arena_printf(arena, "holds %s of memory%s%s", held, caps,
                           caps[0] == '\0' ? "" : " together"));
}

/* Why work is not as it was asked for, a line each. */
static void tell_messages(const struct node *works, struct str *to)
{
    size_t count = works == NULL || works->type != NODE_LIST ? 0 : works->list.count;
    bool is_first = true;

    for (size_t i = 0; i < count; i++) {
        const char *name = node_find_text(works->list.items[i], "name");
        const char *message = node_find_text(works->list.items[i], "message");

        if (name != NULL && !str_is_empty(message)) {
            str_addf(to, "%s%s: %s\n", is_first ? "\n" : "", name, message);
            is_first = false;
        }
    }
}

static void tell_head(struct arena *arena, const struct node *root, struct str *to)
{
    int64_t revision;

    tell_line(to, "agent", node_find_text(root, "name"));
    tell_link(arena, node_find(root, "link"), to);
    tell_line(to, "paused", is_true(root, "paused") ? "yes, by the owner" : "no");
    if (!is_true(root, "canSave")) {
        tell_line(to, "disk", "refuses: nothing new is begun until it takes the state again");
    }
    if (node_find_int(root, "revision", &revision)) {
        tell_line(to, "revision", arena_printf(arena, "%lld", (long long)revision));
    }
    tell_sensors(node_find(root, "sensors"), to);
    tell_together(arena, node_find(root, "together"), to);
    tell_line(to, "program", node_find_text(root, "exclusiveProgram"));
}

int status_tell(const char *json, size_t size_bytes, struct str *to, struct err *err)
{
    _cleanup_(arena_fini)
    struct arena arena;
    struct problems problems;
    struct node *root;

    arena_init(&arena);
    problems_init(&problems, &arena, NULL);
    if (json_parse(&arena, json, size_bytes, JSON_PLAIN, &problems, &root) < 0 ||
        root->type != NODE_MAP) {
        return err_set(err, ERR_INVALID, "the agent answers with something else than its status");
    }
    tell_head(&arena, root, to);
    tell_works(&arena, node_find(root, "assignments"), to);
    tell_messages(node_find(root, "assignments"), to);
    return 0;
}
