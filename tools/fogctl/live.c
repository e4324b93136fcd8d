/* Objects are kept as text, and only those that there is room for are made rows of: a look at many
 * costs no more than one at few. */
#include "tools/fogctl/live.h"

#include "schema/base/mono.h"
#include "schema/json.h"
#include "tools/fogctl/screen.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Ages go on without news; what comes in crowds is drawn together. */
enum { LIVE_IDLE_MS = 1000, LIVE_CROWD_MS = 100, DAY_MS = 24 * 3600 * 1000 };

bool live_begin(struct live *live, struct fogctl *fogctl, size_t count)
{
    if (!screen_open()) {
        return false;
    }
    *live = (struct live){.fogctl = fogctl,
                          .tables = mem_array(count, sizeof(live->tables[0])),
                          .count = count,
                          .begun_ms = now_ms(),
                          .has_news = true,
                          .is_open = true};
    for (size_t i = 0; i < count; i++) {
        map_init(&live->tables[i].rows);
    }
    return true;
}

/* --- what is known ---------------------------------------------------------------------------- */

static void changed(struct live *live)
{
    live->changed_ms = now_ms();
    live->has_news = true;
}

static void put(struct map *rows, const struct node *object)
{
    struct str text = STR_EMPTY;

    json_emit(object, JSON_PLAIN, &text);
    free(map_put(rows, text_of(node_find(object, "metadata"), "name"), mem_strdup(text.data)));
    str_fini(&text);
}

void live_fill(struct live *live, size_t table, const struct node *list)
{
    for (size_t i = 0; i < list_count(list); i++) {
        put(&live->tables[table].rows, list->list.items[i]);
    }
}

void live_put(struct live *live, size_t table, const struct node *object)
{
    if (live->is_open) {
        put(&live->tables[table].rows, object);
        changed(live);
    }
}

void live_remove(struct live *live, size_t table, const char *name)
{
    if (!live->is_open) {
        return;
    }
    free(map_remove(&live->tables[table].rows, name));
    changed(live);
}

void live_is_at(struct live *live, const char *revision)
{
    uint64_t number = strtoull(revision, NULL, 10);

    live->revision = number > live->revision ? number : live->revision;
}

void live_link(struct live *live, size_t table, enum link link)
{
    int64_t *lost_ms;

    if (!live->is_open) {
        return;
    }
    lost_ms = &live->tables[table].lost_ms;
    if (link == LINK_REFUSED) { /* it is said next, and is to be read */
        live_end(live);
    } else if ((link == LINK_LOST) != (*lost_ms != 0)) {
        *lost_ms = link == LINK_LOST ? now_ms() : 0;
        live->has_news = true;
    }
}

/* --- as text ---------------------------------------------------------------------------------- */

static int compare_names(const void *a, const void *b)
{
    const struct map_entry *const *left = a, *const *right = b;

    return strcmp((*left)->key, (*right)->key);
}

/* The first of them, by name. */
static struct node *first_of(struct fogctl *fogctl, const struct map *map, size_t count_max)
{
    const struct map_entry **sorted = mem_array(map->count + 1, sizeof(sorted[0]));
    struct node *list = node_list(&fogctl->arena), *object;
    struct problems problems;
    size_t count = 0;

    map_each (map, it) {
        sorted[count++] = it;
    }
    qsort(sorted, count, sizeof(sorted[0]), compare_names);
    problems_init(&problems, &fogctl->arena, NULL);
    for (size_t i = 0; i < count && i < count_max; i++) {
        const char *text = sorted[i]->value;

        if (json_parse(&fogctl->arena, text, strlen(text), JSON_PLAIN, &problems, &object) >= 0) {
            node_add(&fogctl->arena, list, object);
        }
    }
    free(sorted);
    return list;
}

static void print_tables(const struct live *live, FILE *to, size_t lines_max)
{
    for (size_t i = 0; i < live->count; i++) {
        const struct live_table *table = &live->tables[i];
        const struct node *list = first_of(live->fogctl, &table->rows, lines_max);

        fputs(i > 0 ? "\n" : "", to);
        table->print(table->context, to, list);
        lines_max -= list_count(list);
    }
}

static size_t object_count(const struct live *live)
{
    size_t count = 0;

    for (size_t i = 0; i < live->count; i++) {
        count += live->tables[i].rows.count;
    }
    return count;
}

/* When what stands there began to be old; 0: it is not. */
static int64_t stale_ms(const struct live *live)
{
    int64_t since = 0;

    for (size_t i = 0; i < live->count; i++) {
        int64_t lost = live->tables[i].lost_ms;

        since = since == 0 || (lost != 0 && lost < since) ? lost : since;
    }
    return since;
}

/* "02:03:04Z", with its date when that is not the last day. */
static void add_moment(int64_t moment_ms, struct str *to)
{
    char text[WALL_TEXT_SIZE];
    const char *time;

    wall_to_str((struct wall){moment_ms}, text);
    time = strchr(text, 'T');
    str_add(to, time != NULL && now_ms() - moment_ms < DAY_MS ? time + 1 : text);
}

static void add_status(const struct live *live, struct str *to)
{
    size_t count = object_count(live);

    if (stale_ms(live) != 0) {
        str_add(to, "stale since ");
        add_moment(stale_ms(live), to);
        str_add(to, ": the controller does not answer; ");
    }
    str_addf(to, "%zu object%s, revision %" PRIu64 ", %s ", count, count == 1 ? "" : "s",
             live->revision, live->changed_ms != 0 ? "last changed" : "unchanged since");
    add_moment(live->changed_ms != 0 ? live->changed_ms : live->begun_ms, to);
}

/* --- on the terminal -------------------------------------------------------------------------- */

static void draw(struct live *live)
{
    struct fogctl *fogctl = live->fogctl;
    struct str status = STR_EMPTY, shown = STR_EMPTY;
    struct arena saved;
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);

    if (to == NULL) {
        return;
    }
    scratch_begin(fogctl, &saved);
    print_tables(live, to, screen_rows());
    (void)fclose(to);
    add_status(live, &status);
    str_addf(&shown, "%s%s%s", paint(fogctl, stale_ms(live) != 0 ? "red" : "bold"), status.data,
             paint(fogctl, "off"));
    screen_draw(text, shown.data);
    scratch_end(fogctl, &saved);
    str_fini(&status);
    str_fini(&shown);
    free(text);
}

int64_t live_turn(struct live *live)
{
    int64_t passed_ms = boot_ms() - live->drawn_ms;
    bool may_go_on;

    if (!live->is_open) {
        return -1;
    }
    may_go_on = screen_wait(0);
    if (passed_ms >= (live->has_news ? LIVE_CROWD_MS : LIVE_IDLE_MS)) {
        draw(live);
        live->has_news = false;
        live->drawn_ms = boot_ms();
        passed_ms = 0;
    }
    return may_go_on ? (live->has_news ? LIVE_CROWD_MS : LIVE_IDLE_MS) - passed_ms : -1;
}

/* All of it, as `get` prints it: there may be more than the screen had room for. */
void live_end(struct live *live)
{
    struct str status = STR_EMPTY;

    if (!live->is_open) {
        return;
    }
    live->is_open = false;
    screen_close();
    print_tables(live, stdout, SIZE_MAX);
    (void)fflush(stdout);
    if (stale_ms(live) != 0) {
        add_status(live, &status);
        fprintf(stderr, "%s\n", status.data);
    }
    for (size_t i = 0; i < live->count; i++) {
        map_each (&live->tables[i].rows, it) {
            free(it->value);
        }
        map_fini(&live->tables[i].rows);
    }
    free(live->tables);
    str_fini(&status);
}
