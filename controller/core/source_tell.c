/* What became of the directory, for people: its Source object, and events about that. */
#include "controller/core/conflicts.h"
#include "controller/core/sources.h"
#include "schema/base/site.h"
#include "schema/limits.h"

static const struct object *find_or_make(struct ctl *ctl)
{
    static const struct write write = {ROW_LEDGER, "fog-controller", "", ""};
    struct object *object = model_find(&ctl->model, KIND_SOURCE, DIRECTORY_SOURCE);

    if (object == NULL) {
        object = object_new(&source_kind);
        shape_put(&meta_shape, &object->meta, name, object_strdup(object, DIRECTORY_SOURCE));
        object = ctl_put(ctl, object, &write);
    }
    return object;
}

static void put_problems(struct object *next, struct config_status *status,
                         const struct source_report *report)
{
    size_t count = report->problem_count < PROBLEMS_MAX ? report->problem_count : PROBLEMS_MAX;

    status->problems.items = arena_array(&next->arena, count + 1, sizeof(const char *));
    status->problems.count = count;
    for (size_t i = 0; i < count; i++) {
        status->problems.items[i] = object_strdup(next, report->problems[i]);
    }
    if (count > 0) {
        shape_mark(&config_status_shape, status, &status->problems);
    } else {
        shape_remove(&config_status_shape, status, &status->problems);
    }
}

static bool is_told(const struct object *object, const struct source_report *report)
{
    const struct condition *condition =
        condition_find(&source_of(object)->status.conditions, "Applied");

    return condition != NULL &&
           condition->status == (report->is_applied ? CONDITION_TRUE : CONDITION_FALSE) &&
           str_eq(condition->reason, report->reason) && str_eq(condition->message, report->message);
}

void sources_tell(struct ctl *ctl, const struct source_report *report)
{
    const struct write write = {ROW_STATUS, "fog-controller", "", ""};
    const struct object *object = find_or_make(ctl);
    bool is_news = !is_told(object, report);
    struct object *next = object_edit(object);
    struct config_source *source = next->body;
    struct config_status *status = &source->status;

    if (report->set != NULL) {
        shape_put(&config_status_shape, status, digest, object_strdup(next, report->set->digest));
        shape_put(&config_status_shape, status, files, (int64_t)report->set->files);
        shape_put(&config_status_shape, status, objects, (int64_t)report->set->count);
    }
    shape_put(&config_status_shape, status, refused,
              (int64_t)conflicts_count(ctl, SOURCE_DIRECTORY));
    put_problems(next, status, report);
    condition_set(next, &status->conditions, "Applied",
                  report->is_applied ? CONDITION_TRUE : CONDITION_FALSE, report->reason,
                  report->message, next->meta.generation, ctl->wall);
    shape_mark(&config_status_shape, status, &status->conditions);
    shape_mark(&config_source_shape, source, status);
    object = ctl_put(ctl, next, &write);
    if (is_news) {
        MARK("a person is told what became of the directory");
        ctl_event_record(ctl, object, report->is_applied ? "Normal" : "Warning", report->reason,
                         "%s", report->message);
    }
}
