/* What the board wishes to know is asked for here, all of it through streams that go on by
 * themselves: four watches, which begin where they broke off; and what no watch tells (readings,
 * the controller itself, history, `why`), which is asked for again and again.
 *
 * Of up to PAGE_MAX agents all are read at each look.  Of more, those that are seen are, and one
 * page of all, the next one each time: a look costs the same in every scene. */
#include "schema/json.h"
#include "schema/yaml.h"
#include "tools/fogctl/top_inner.h"
#include "tools/fogctl/why_text.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    PAGE_MAX = 500,
    SEEN_MAX = 100,
    SEEN_BYTES_MAX = 3500, /* of the names, as a condition has a bound */
};

static void set_str(struct str *to, const char *text)
{
    str_clear(to);
    str_add(to, text);
}

/* What broke off before its end begins again, too. */
static void tell_anew(struct source *source)
{
    scene_anew(&source->top->scene, source->kind);
    if (source->kind == KIND_EVENT) { /* changes went with them */
        source->top->revision_read = 0;
    }
}

/* --- paths ------------------------------------------------------------------------------------ */

static const char *escaped(struct fogctl *fogctl, const struct str *text)
{
    return url_escape(fogctl, text->data);
}

static void watch_path(struct top *top, struct source *source)
{
    struct fogctl *fogctl = top->fogctl;

    if (source->is_anew) {
        tell_anew(source);
    }
    str_addf(&source->path, "%s?watch=true&resourceVersion=%s&labelSelector=%s%s",
             kind_path(fogctl, kind_get(source->kind), NULL), source->revision,
             source->asking == WATCH_AGENTS ? escaped(fogctl, &top->board.labels) : "",
             source->is_anew ? "&sendInitialEvents=true&allowWatchBookmarks=true" : "");
}

static void agents_path(struct top *top, struct source *source)
{
    struct fogctl *fogctl = top->fogctl;

    if (source->token.length == 0) {
        scene_sweep_begin(&top->scene);
    }
    str_addf(&source->path, "/apis/fog/v1/agents?limit=%d&labelSelector=%s&continue=%s", PAGE_MAX,
             escaped(fogctl, &top->board.labels), escaped(fogctl, &source->token));
    if (top->board.where.length > 0) {
        str_addf(&source->path, "&where=%s", escaped(fogctl, &top->board.where));
    }
}

/* Those that are seen, by name. */
static void seen_path(struct top *top, struct source *source)
{
    const char *names[SEEN_MAX];
    size_t count;
    struct str where = STR_EMPTY;

    if (top->scene.agents_count <= PAGE_MAX || top->board.view != BOARD_FLEET) {
        return;
    }
    count = board_seen(&top->board, names, COUNT_OF(names));
    for (size_t i = 0; i < count && where.length < SEEN_BYTES_MAX; i++) {
        str_addf(&where, "%s'%s'", i == 0 ? "name in (" : ", ", names[i]);
    }
    if (count > 0) {
        str_add_char(&where, ')');
        str_addf(&source->path, "/apis/fog/v1/agents?where=%s", escaped(top->fogctl, &where));
    }
    str_fini(&where);
}

static void changes_path(struct top *top, struct source *source)
{
    if (top->board.view == BOARD_LOG && top->scene.revision != top->revision_read) {
        source->asked_at = top->scene.revision;
        str_addf(&source->path, "/apis/fog/v1/history?limit=%d", TOP_CHANGES_MAX);
    }
}

static void detail_path(struct top *top, struct source *source)
{
    const struct board_detail *detail = &top->board.detail;

    if (top->board.mode == BOARD_DETAIL) {
        source->of = detail->kind;
        set_str(&source->name, detail->name.data);
        str_addf(&source->path, "%s%s", kind_path(top->fogctl, detail->kind, detail->name.data),
                 source->asking == ASK_WHY ? "/why" : "");
    }
}

static void write_path(struct top *top, struct source *source)
{
    switch (source->asking) {
    case WATCH_AGENTS:
    case WATCH_SESSIONS:
    case WATCH_WORK:
    case WATCH_EVENTS:
        watch_path(top, source);
        break;
    case ASK_AGENTS:
        agents_path(top, source);
        break;
    case ASK_SEEN:
        seen_path(top, source);
        break;
    case ASK_METRICS:
        str_add(&source->path, "/metrics");
        break;
    case ASK_CHANGES:
        changes_path(top, source);
        break;
    case ASK_WHY:
    case ASK_OBJECT:
        detail_path(top, source);
        break;
    case ASKING_COUNT:
        break;
    }
}

/* What is to be asked now; NULL: nothing. */
static const char *on_again(void *context)
{
    struct source *source = context;
    struct arena saved;

    scratch_begin(source->top->fogctl, &saved);
    str_clear(&source->path);
    write_path(source->top, source);
    scratch_end(source->top->fogctl, &saved);
    return source->path.length > 0 ? source->path.data : NULL;
}

/* --- what comes ------------------------------------------------------------------------------- */

static void begin_anew(struct source *source)
{
    (void)snprintf(source->revision, sizeof(source->revision), "0");
    source->is_anew = true;
    tell_anew(source);
}

static void take_event(struct source *source, const struct node *event)
{
    const char *type = text_of(event, "type");
    const struct node *object = node_find(event, "object"), *meta = node_find(object, "metadata");
    struct scene *scene = &source->top->scene;

    if (str_eq(type, "ERROR")) { /* too far behind: from what there is now */
        begin_anew(source);
        return;
    }
    if (str_eq(type, "DELETED")) {
        scene_remove(scene, source->kind, text_of(meta, "name"));
    } else if (!str_eq(type, "BOOKMARK")) {
        scene_put(scene, source->kind, object);
    } else if (node_find(node_find(meta, "annotations"), "k8s.io/initial-events-end") != NULL) {
        scene_anew_end(scene, source->kind);
        source->is_anew = false;
    }
    if (!source->is_anew && node_find_text(meta, "resourceVersion") != NULL) {
        (void)snprintf(source->revision, sizeof(source->revision), "%s",
                       text_of(meta, "resourceVersion"));
    }
}

/* A page of all; the answer says that the selection can be read. */
static void take_page(struct source *source, const struct node *list)
{
    struct top *top = source->top;

    scene_read(&top->scene, node_find(list, "items"));
    set_str(&source->token, text_of(node_find(list, "metadata"), "continue"));
    if (source->token.length == 0) {
        scene_sweep_end(&top->scene);
        top->is_swept = true;
    }
    set_str(&top->labels_held, top->board.labels.data);
    set_str(&top->where_held, top->board.where.data);
    /* Nobody shall wait for those that the first sweep is still to find. */
    top->streams[ASK_AGENTS].pause_ms =
        top->is_swept || !top->scene.has_choice ? top->options->interval_ms : 1;
}

void top_take_changes(struct fogctl *fogctl, struct scene *scene, const struct node *list)
{
    const struct node *items = node_find(list, "items");

    for (size_t i = 0; i < list_count(items); i++) {
        scene_changed(scene, items->list.items[i], change_summary(fogctl, items->list.items[i]));
    }
}

/* As it is written in a manifest, with what is so below. */
static void add_object(struct fogctl *fogctl, const struct node *object, struct str *to)
{
    struct node *shown = without_noise(fogctl, object, true);
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    struct str yaml = STR_EMPTY;

    yaml_emit(shown, &yaml);
    if (out != NULL) {
        text_put_lines(out, yaml.data);
        (void)fclose(out);
        str_add(to, text);
    }
    free(text);
    str_fini(&yaml);
}

static void add_why(struct fogctl *fogctl, const struct source *source, const struct node *answer,
                    struct str *to)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    if (out != NULL) {
        why_put(fogctl, out, kind_title(fogctl, source->of, source->name.data), answer);
        (void)fclose(out);
        str_add(to, text);
    }
    free(text);
}

/* What is asked in two requests is told together, as far as it has come. */
static void tell_detail(struct source *source, const struct node *answer)
{
    struct top *top = source->top;
    struct str *part = source->asking == ASK_WHY ? &top->why : &top->object;

    str_clear(part);
    if (source->asking == ASK_WHY) {
        add_why(top->fogctl, source, answer, part);
    } else {
        add_object(top->fogctl, answer, part);
    }
    if (top->why.length > 0) {
        board_tell(&top->board, source->of, source->name.data, top->why.data, top->object.data);
    }
}

static void take(struct source *source, const char *text, size_t length)
{
    struct top *top = source->top;
    struct arena *arena = &top->fogctl->arena;
    struct problems problems;
    struct node *root;

    if (source->asking == ASK_METRICS) {
        scene_measured(&top->scene, text, (struct mono){boot_ms()});
        return;
    }
    problems_init(&problems, arena, NULL);
    if (json_parse(arena, text, length, JSON_PLAIN, &problems, &root) < 0) {
        return;
    }
    if (source->asking < WATCH_COUNT) {
        take_event(source, root);
    } else if (source->asking == ASK_AGENTS) {
        take_page(source, root);
    } else if (source->asking == ASK_SEEN) {
        scene_read(&top->scene, node_find(root, "items"));
    } else if (source->asking == ASK_CHANGES) {
        top_take_changes(top->fogctl, &top->scene, root);
        top->revision_read = source->asked_at;
    } else {
        tell_detail(source, root);
    }
}

static void heard(struct top *top)
{
    top->board.heard = (struct mono){boot_ms()};
    top->board.is_lost = false;
    top->has_news = true;
}

static bool on_line(void *context, const char *text, size_t length)
{
    struct source *source = context;
    struct arena saved;

    scratch_begin(source->top->fogctl, &saved);
    take(source, text, length);
    scratch_end(source->top->fogctl, &saved);
    source->heard_ms = boot_ms();
    heard(source->top);
    return true;
}

/* There is word from it again.  A watch that has told nothing since there was none may have died
 * without a word: it goes on in a new connection, from where it was. */
static void came_back(struct top *top)
{
    for (size_t i = 0; i < WATCH_COUNT; i++) {
        top->streams[i].is_anew = top->sources[i].heard_ms < top->lost_ms;
    }
    top->lost_ms = 0;
}

static void on_link(void *context, enum link link)
{
    struct source *source = context;
    struct top *top = source->top;

    if (link == LINK_UP) {
        source->heard_ms = boot_ms();
        heard(top);
        if (source->asking == ASK_METRICS && top->lost_ms != 0) {
            came_back(top);
        }
    } else if (link == LINK_LOST) {
        top->has_news = top->has_news || !top->board.is_lost;
        top->board.is_lost = true;
        top->lost_ms =
            source->asking == ASK_METRICS && top->lost_ms == 0 ? boot_ms() : top->lost_ms;
    }
}

void top_select_anew(struct top *top)
{
    begin_anew(&top->sources[WATCH_AGENTS]);
    str_clear(&top->sources[ASK_AGENTS].token);
    top->is_swept = false;
    scene_choose(&top->scene, top->board.where.length > 0);
    top->streams[WATCH_AGENTS].is_anew = true;
    top->streams[ASK_AGENTS].is_anew = true;
}

/* A selection that cannot be read is said, and the one of before holds; what is gone is said in its
 * place. */
static void on_refused(void *context, const struct reply *reply)
{
    struct source *source = context;
    struct top *top = source->top;
    const char *message = node_find_text(reply->root, "message");

    message = message == NULL ? "the controller refused what it was asked" : message;
    if (source->asking == ASK_WHY) {
        set_str(&top->why, "");
        str_addf(&top->why, "%s\n", text_shown(top->fogctl, message));
        board_tell(&top->board, source->of, source->name.data, top->why.data, "");
    } else if ((source->asking == WATCH_AGENTS || source->asking == ASK_AGENTS) &&
               !(str_eq(top->board.labels.data, top->labels_held.data) &&
                 str_eq(top->board.where.data, top->where_held.data))) {
        board_say(&top->board, message);
        set_str(&top->board.labels, top->labels_held.data);
        set_str(&top->board.where, top->where_held.data);
        top_select_anew(top);
    } else if (source->asking < WATCH_COUNT) {
        begin_anew(source);
    }
    top->has_news = true;
}

/* --- all of them ------------------------------------------------------------------------------ */

void top_open_streams(struct top *top)
{
    static const enum kind_id watched[WATCH_COUNT] = {KIND_AGENT, KIND_HARVEST_SESSION,
                                                      KIND_ASSIGNMENT, KIND_EVENT};

    for (size_t i = 0; i < ASKING_COUNT; i++) {
        struct source *source = &top->sources[i];
        bool is_watch = i < WATCH_COUNT;

        *source = (struct source){.top = top,
                                  .asking = (enum asking)i,
                                  .path = STR_EMPTY,
                                  .token = STR_EMPTY,
                                  .name = STR_EMPTY};
        if (is_watch) {
            source->kind = watched[i];
            begin_anew(source);
        }
        top->streams[i] = (struct stream){
            .line = on_line,
            .again = on_again,
            .link = on_link,
            .refused = on_refused,
            .context = source,
            .is_whole = !is_watch,
            .rests = true,
            .pause_ms = is_watch ? 0 : top->options->interval_ms,
        };
    }
}
