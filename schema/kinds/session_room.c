/* Room for what a session's status will tell: a session that could be written once must not become
 * one that nobody can change any more. */
#include "schema/kinds/session_room.h"

#include "schema/check.h"
#include "schema/emit.h"
#include "schema/json.h"
#include "schema/kinds/harvest_session.h"
#include "schema/limits.h"

#include <string.h>

static size_t size_of(const struct object *object, unsigned parts)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    emit_object_json(object, parts, JSON_SORTED, &text);
    return text.length;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t length_of(const char *text)
{
    return text == NULL ? 0 : strlen(text);
}

/* What one task tells of all outputs that are declared. */
static size_t result_bytes(const struct workload *workload)
{
    struct output_status made[ARTIFACTS_MAX];
    outputs_t outputs = {.items = made};

    for (size_t i = 0; i < workload->outputs.count && i < ARTIFACTS_MAX; i++) {
        made[outputs.count++] = (struct output_status){.path = workload->outputs.items[i].path};
    }
    return outputs.count == 0 ? 0 : outputs_bytes(&outputs);
}

/* Of results, and of which tasks have ended: what is told of an earlier form stays. */
static size_t record_bytes(const struct harvest_session *session)
{
    const struct harvest_session_spec *spec = &session->spec;
    const struct tasks_status *told = &session->status.tasks;
    size_t results = (size_t)spec->tasks.count * result_bytes(&spec->workload);
    size_t indexes = (size_t)spec->tasks.count * TASK_INDEX_BYTES +
                     2 * (length_of(told->completed_indexes) + length_of(told->failed_indexes));

    for (size_t i = 0; i < told->results.count; i++) {
        results += outputs_bytes(&told->results.items[i].outputs);
    }
    return smaller(smaller(results, harvest_session_results_max(spec)) + indexes,
                   harvest_session_record_max(spec));
}

size_t session_status_max(const struct object *object)
{
    const struct harvest_session *session = harvest_session_of(object);
    size_t told = size_of(object, EMIT_STATUS), bytes = SESSION_STATUS_BYTES;

    if (harvest_session_has_tasks(&session->spec)) {
        bytes += record_bytes(session) + TASK_ENDS_BYTES_MAX;
    }
    if (harvest_session_has_quorum(&session->spec)) {
        bytes += TASK_OPINIONS_BYTES;
    }
    return told > bytes ? told : bytes;
}

void rule_session_room(const struct object *object, const struct node *root,
                       struct problems *problems)
{
    size_t declared = size_of(object, EMIT_LEDGER), status = session_status_max(object);

    if (declared > OBJECT_BYTES_MAX || declared + status <= OBJECT_BYTES_MAX) {
        return; /* of all that is too large already, everybody is told the same */
    }
    check_problem(problems, root, CAUSE_INVALID, "",
                  "is %zu bytes long, and what its status will tell of it may take %zu more: at "
                  "most %d are allowed together; have long texts brought as artifacts, or let it "
                  "have fewer tasks",
                  declared, status, OBJECT_BYTES_MAX);
}
