#include "schema/columns.h"

#include "schema/base/parse.h"
#include "schema/base/str.h"
#include "schema/emit.h"
#include "schema/kinds/event.h"

static const char *age_text(struct arena *arena, struct wall moment, struct wall now)
{
    char text[DURATION_TEXT_SIZE];

    age_to_str(now.ms > moment.ms ? now.ms - moment.ms : 0, text);
    return arena_strdup(arena, text);
}

static const char *involved_text(struct arena *arena, const struct event *event)
{
    const struct kind *kind = kind_find(event->involved.api_version, event->involved.kind);

    if (event->involved.name == NULL) {
        return "";
    }
    return arena_printf(arena, "%s/%s", kind == NULL ? event->involved.kind : kind->singular,
                        event->involved.name);
}

const char *object_cell(struct arena *arena, const struct object *object,
                        const struct column *column, struct wall now)
{
    bool is_age = str_eq(column->path, "metadata.age");
    const char *path = is_age ? "metadata.creationTimestamp" : column->path;
    const char *text;
    struct wall moment;

    if (str_eq(path, "involvedObject") && event_of(object) != NULL) {
        return involved_text(arena, event_of(object));
    }
    if (emit_path_moment(object, path, &moment)) {
        return age_text(arena, moment, now);
    }
    text = emit_path_text(arena, object, path);
    return text == NULL ? "" : text;
}
