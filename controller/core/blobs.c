#include "controller/core/blobs.h"

#include "controller/core/core.h"
#include "schema/limits.h"

static void each_artifact(const struct workload *workload, const struct object *object,
                          blob_reference_fn visit, void *context)
{
    for (size_t i = 0; i < workload->artifacts.count; i++) {
        visit(context, &(struct blob_reference){.digest = workload->artifacts.items[i].digest,
                                                .kind = object->kind->name,
                                                .name = object->meta.name});
    }
}

static void each_output(const outputs_t *outputs, const struct object *object,
                        blob_reference_fn visit, void *context)
{
    for (size_t i = 0; i < outputs->count; i++) {
        visit(context, &(struct blob_reference){.digest = outputs->items[i].digest,
                                                .kind = object->kind->name,
                                                .name = object->meta.name});
    }
}

static void each_result(const struct object *session, blob_reference_fn visit, void *context)
{
    const struct tasks_status *tasks = &harvest_session_of(session)->status.tasks;

    for (size_t i = 0; i < tasks->results.count; i++) {
        each_output(&tasks->results.items[i].outputs, session, visit, context);
    }
}

void ctl_each_blob(const struct ctl *ctl, blob_reference_fn visit, void *context)
{
    const struct model *model = &ctl->model;

    map_each (&model->objects[KIND_HARVEST_SESSION], it) {
        const struct session_entry *session = it->value;

        each_artifact(&session_spec(session)->workload, session->object, visit, context);
        each_result(session->object, visit, context);
    }
    map_each (&model->objects[KIND_ASSIGNMENT], it) {
        const struct assignment_entry *assignment = it->value;
        const struct template_entry *template =
            model_template_find(model, assignment_spec(assignment)->template_digest);

        if (template != NULL) {
            each_artifact(&template->template->workload, assignment->object, visit, context);
        }
        each_output(&assignment_status(assignment)->outputs, assignment->object, visit, context);
    }
}

bool blob_is_garbage(const struct blob_facts *facts, struct wall now, struct mono now_mono,
                     int64_t keep_ms)
{
    int64_t watch_ms = keep_ms < BLOB_WATCH_MS ? keep_ms : BLOB_WATCH_MS;

    if (facts->is_referenced || facts->is_in_use) { /* 1. */
        return false;
    }
    if (now.ms - facts->used.ms < keep_ms) { /* 2. */
        return false;
    }
    return !mono_is_never(facts->unneeded_since) &&
           mono_since(facts->unneeded_since, now_mono) >= watch_ms; /* 3. */
}
