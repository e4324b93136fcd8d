#include "controller/core/blobs.h"

#include "controller/core/core.h"
#include "schema/base/site.h"
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

    for (size_t i = 0; i < tasks->results.count && !MUTANT(BLOBS_OF_RESULTS_GO); i++) {
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
        if (!MUTANT(BLOBS_OF_REPORTS_GO)) {
            each_output(&assignment_status(assignment)->outputs, assignment->object, visit,
                        context);
        }
    }
}

bool ctl_blobs_are_settled(const struct ctl *ctl)
{
    return ctl->committed == ctl->batch_seq;
}

static bool is_stale(const struct blob_facts *facts, struct wall now, int64_t keep_ms)
{
    return now.ms - facts->used.ms > keep_ms / 4;
}

bool blob_look(struct blob_facts *facts, bool is_referenced, struct wall now, struct mono now_mono,
               int64_t keep_ms)
{
    bool was_referenced = facts->is_referenced, stale = is_stale(facts, now, keep_ms);
    bool is_used = was_referenced ? !is_referenced || stale : is_referenced && stale;

    facts->is_referenced = is_referenced;
    if (is_used) {
        facts->used = now;
    }
    if (is_referenced) {
        facts->unneeded_since = MONO_NEVER;
    } else if (mono_is_never(facts->unneeded_since)) {
        MARK("a blob is found that nothing refers to");
        facts->unneeded_since = now_mono;
    }
    return is_used;
}

bool blob_use(struct blob_facts *facts, struct wall now, struct mono now_mono, int64_t keep_ms)
{
    bool is_used = is_stale(facts, now, keep_ms);

    if (is_used) {
        facts->used = now;
    }
    if (!mono_is_never(facts->unneeded_since) && !MUTANT(BLOB_USE_UNSEEN)) {
        MARK("a blob that nothing refers to is asked for");
        facts->unneeded_since = now_mono;
    }
    return is_used;
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
    return !mono_is_never(facts->unneeded_since) && !MUTANT(BLOBS_STAY) &&
           mono_since(facts->unneeded_since, now_mono) >= watch_ms; /* 3. */
}

bool blob_fits(int64_t taken_bytes, int64_t size_bytes, int64_t quota_bytes)
{
    return MUTANT(BLOB_QUOTA_IGNORED) ||
           (taken_bytes <= quota_bytes && size_bytes <= quota_bytes - taken_bytes);
}
