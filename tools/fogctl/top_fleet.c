/* The board on a terminal: keys go in and lines come out, in the turns of the streams that bring
 * the news (top_asks.c); or one picture of all, without a terminal. */
#include "tools/fogctl/top_fleet.h"

#include "tools/fogctl/screen.h"
#include "tools/fogctl/top_inner.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    DRAW_IDLE_MS = 1000,
    DRAW_CROWD_MS = 60,
    ESCAPE_MS = 50, /* after so long an Escape is one */
    WHEN_CALM = 3   /* looks without an answer, before that is said */
};

/* --- keys and drawing ------------------------------------------------------------------------- */

static void grant(struct top *top, enum board_wish wish)
{
    if (wish == WISH_SELECTION) {
        top_select_anew(top);
    } else if (wish == WISH_DETAIL) {
        str_clear(&top->why);
        str_clear(&top->object);
        top->streams[ASK_WHY].is_anew = top->streams[ASK_OBJECT].is_anew = true;
    } else if (wish == WISH_LOG) {
        top->streams[ASK_CHANGES].is_anew = true;
    }
}

/* False: enough. */
static bool read_keys(struct top *top)
{
    size_t count, used;
    struct key key;

    if (!screen_read(top->keys + top->key_count, sizeof(top->keys) - top->key_count, &count)) {
        return false;
    }
    top->keyed_ms = count > 0 ? boot_ms() : top->keyed_ms;
    top->key_count += count;
    while ((used = key_read(top->keys, top->key_count,
                            boot_ms() - top->keyed_ms >= ESCAPE_MS ||
                                top->key_count == sizeof(top->keys),
                            &key)) > 0) {
        enum board_wish wish = WISH_NOTHING;

        if (key.name == KEY_REDRAW) {
            screen_forget();
        } else {
            wish = board_key(&top->board, &key);
        }
        top->key_count -= used;
        memmove(top->keys, top->keys + used, top->key_count);
        top->drawn_ms = 0; /* who types sees it at once */
        if (wish == WISH_QUIT) {
            return false;
        }
        grant(top, wish);
    }
    return true;
}

static void draw(struct top *top)
{
    struct str text = STR_EMPTY;

    top->board.is_loading =
        top->sources[WATCH_AGENTS].is_anew || (top->scene.has_choice && !top->is_swept);
    screen_size(&top->board.look.columns, &top->board.look.rows);
    board_draw(&top->board, (struct wall){now_ms()}, (struct mono){boot_ms()}, &text);
    screen_draw(text.data, NULL);
    str_fini(&text);
    top->drawn_ms = boot_ms();
    top->has_news = false;
}

static int64_t on_turn(void *context)
{
    struct top *top = ((struct source *)context)->top;
    int64_t passed_ms, wait_ms;

    if (!read_keys(top)) {
        return -1;
    }
    passed_ms = boot_ms() - top->drawn_ms;
    wait_ms = top->has_news ? DRAW_CROWD_MS : DRAW_IDLE_MS;
    if (passed_ms >= wait_ms || screen_is_resized()) {
        draw(top);
        passed_ms = 0;
        wait_ms = DRAW_IDLE_MS;
    }
    return top->key_count > 0 ? ESCAPE_MS : wait_ms - passed_ms;
}

/* --- all of it -------------------------------------------------------------------------------- */

/* What the terminal knows is what its owner says of it, whether or not this machine has that
 * locale.
 */
static bool knows_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const char *locale = getenv(names[i]);

        if (!str_is_empty(locale)) {
            return strcasestr(locale, "UTF-8") != NULL || strcasestr(locale, "utf8") != NULL;
        }
    }
    return false;
}

static void begin(struct top *top, struct fogctl *fogctl, const struct top_options *options)
{
    const struct look look = {.is_utf8 = knows_utf8(), .is_colored = fogctl->color};

    *top = (struct top){.fogctl = fogctl,
                        .options = options,
                        .labels_held = STR_EMPTY,
                        .where_held = STR_EMPTY,
                        .why = STR_EMPTY,
                        .object = STR_EMPTY};
    scene_init(&top->scene);
    board_init(&top->board, &top->scene, &look);
    top->board.server = fogctl->server;
    top->board.heard = (struct mono){boot_ms()};
    top->board.quiet_ms = options->interval_ms * WHEN_CALM;
    str_add(&top->board.labels, options->labels == NULL ? "" : options->labels);
    str_add(&top->board.where, options->where == NULL ? "" : options->where);
    str_add(&top->labels_held, top->board.labels.data);
    str_add(&top->where_held, top->board.where.data);
    (void)board_sort(&top->board, BOARD_FLEET, options->sort);
    scene_choose(&top->scene, top->board.where.length > 0);
}

static void end(struct top *top)
{
    board_fini(&top->board);
    scene_fini(&top->scene);
    for (size_t i = 0; i < ASKING_COUNT; i++) {
        str_fini(&top->sources[i].path);
        str_fini(&top->sources[i].token);
        str_fini(&top->sources[i].name);
    }
    str_fini(&top->labels_held);
    str_fini(&top->where_held);
    str_fini(&top->why);
    str_fini(&top->object);
}

bool top_is_sort(const char *word)
{
    const struct look look = {0};
    struct board board;
    bool is_one;

    board_init(&board, NULL, &look);
    is_one = board_sort(&board, BOARD_FLEET, word);
    board_fini(&board);
    return is_one;
}

/* A selection that cannot be read, or a controller that is not there, is said before the screen is
 * taken. */
static bool is_there(struct fogctl *fogctl, const struct top_options *options)
{
    const char *labels = options->labels == NULL ? "" : options->labels;
    const char *where = options->where == NULL ? "" : options->where;

    return http_get(fogctl,
                    arena_printf(&fogctl->arena, "/apis/fog/v1/agents?limit=1&labelSelector=%s%s%s",
                                 url_escape(fogctl, labels),
                                 where[0] == '\0' ? "" : "&where=", url_escape(fogctl, where))) !=
           NULL;
}

int top_fleet_live(struct fogctl *fogctl, const struct top_options *options)
{
    struct top top;
    bool is_fine;

    if (!is_there(fogctl, options)) {
        return EXIT_FAILED;
    }
    if (!screen_open()) {
        return top_fleet_once(fogctl, options);
    }
    begin(&top, fogctl, options);
    top_open_streams(&top);
    top.streams[0].turn = on_turn;
    is_fine = http_streams(fogctl, top.streams, ASKING_COUNT);
    screen_close();
    end(&top);
    return is_fine ? EXIT_DONE : EXIT_FAILED;
}

/* --- one picture ------------------------------------------------------------------------------ */

static bool put_all(struct top *top, enum kind_id kind, const struct selection *selection)
{
    const struct node *list = list_selected(top->fogctl, kind_get(kind), selection, NULL);

    for (size_t i = 0; i < list_count(list); i++) {
        scene_put(&top->scene, kind, list->list.items[i]);
    }
    return list != NULL;
}

/* False after having said why not. */
static bool look(struct top *top)
{
    struct fogctl *fogctl = top->fogctl;
    const struct selection all = {0};
    const struct selection agents = {.labels = top->options->labels, .where = top->options->where};
    const struct request metrics = {.method = "GET", .path = "/metrics"};
    struct node *changes;
    struct reply reply;

    scene_choose(&top->scene, false); /* the list has those of which the condition holds */
    if (!put_all(top, KIND_AGENT, &agents) || !put_all(top, KIND_HARVEST_SESSION, &all) ||
        !put_all(top, KIND_ASSIGNMENT, &all) || !put_all(top, KIND_EVENT, &all) ||
        !http_call(fogctl, &metrics, &reply)) {
        return false;
    }
    changes = http_get(
        fogctl, arena_printf(&fogctl->arena, "/apis/fog/v1/history?limit=%d", TOP_CHANGES_MAX));
    if (changes == NULL) {
        return false;
    }
    top_take_changes(fogctl, &top->scene, changes);
    if (reply.code == 200) {
        scene_measured(&top->scene, reply.body, (struct mono){boot_ms()});
    }
    return true;
}

int top_fleet_once(struct fogctl *fogctl, const struct top_options *options)
{
    struct str text = STR_EMPTY;
    struct top top;
    bool is_fine;

    begin(&top, fogctl, options);
    is_fine = look(&top);
    if (is_fine) {
        if (fogctl->is_terminal) {
            screen_size(&top.board.look.columns, &top.board.look.rows);
        }
        board_print(&top.board, (struct wall){now_ms()}, (struct mono){boot_ms()}, &text);
        fputs(text.data, stdout);
    }
    str_fini(&text);
    end(&top);
    return is_fine ? EXIT_DONE : EXIT_FAILED;
}

struct node *top_fleet_tree(struct fogctl *fogctl, const struct top_options *options)
{
    struct node *root = NULL;
    struct top top;

    begin(&top, fogctl, options);
    if (look(&top)) {
        root = scene_tree(&fogctl->arena, &top.scene, fogctl->server);
    }
    end(&top);
    return root;
}
