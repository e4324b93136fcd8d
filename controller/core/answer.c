#include "controller/core/answer.h"

#include "schema/emit.h"
#include "schema/json.h"
#include "schema/limits.h"

#include <stdarg.h>
#include <stdio.h>

enum { WARNINGS_MAX = 8 };

struct failure failure_make(struct arena *arena, int code, const char *reason, const char *format,
                            ...)
{
    static const char cut[] = "…";
    struct failure failure = {.code = code, .reason = reason};
    char text[MESSAGE_TEXT_BYTES_MAX + sizeof(cut)];
    size_t end = MESSAGE_TEXT_BYTES_MAX;
    va_list args;
    int length;

    va_start(args, format);
    length = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (length > MESSAGE_TEXT_BYTES_MAX) {
        while (((unsigned char)text[end] & 0xc0) == 0x80) {
            end--; /* not in the middle of a character */
        }
        memcpy(text + end, cut, sizeof(cut));
    }
    failure.message = arena_strdup(arena, text);
    return failure;
}

static const char *full_name(struct arena *arena, const struct kind *kind)
{
    return kind->group[0] == '\0' ? kind->plural
                                  : arena_printf(arena, "%s.%s", kind->plural, kind->group);
}

struct failure failure_not_found(struct arena *arena, const struct kind *kind, const char *name)
{
    struct failure failure =
        failure_make(arena, 404, "NotFound", "%s \"%s\" not found", full_name(arena, kind), name);

    failure.kind = kind;
    failure.name = name;
    return failure;
}

struct failure failure_modified(struct arena *arena, const struct kind *kind, const char *name)
{
    struct failure failure = failure_make(
        arena, 409, "Conflict",
        "Operation cannot be fulfilled on %s \"%s\": the object has been modified; please apply your "
        "changes to the latest version and try again",
        full_name(arena, kind), name);

    failure.kind = kind;
    failure.name = name;
    return failure;
}

/* An unknown field in the words that clients know. */
static const char *unknown_field_text(struct arena *arena, const struct problem *problem)
{
    static const char words[] = "unknown field";
    const char *hint = str_starts(problem->message, words) ? problem->message + strlen(words) : "";

    return arena_printf(arena, "%s \"%s\"%s", words, problem->path, hint);
}

static const char *problem_text(struct arena *arena, const struct problem *problem)
{
    if (problem->cause == CAUSE_UNKNOWN_FIELD) {
        return unknown_field_text(arena, problem);
    }
    if (problem->cause == CAUSE_DUPLICATE_FIELD) {
        return arena_printf(arena, "duplicate field \"%s\"", problem->path);
    }
    return arena_printf(arena, "%s%s%s", problem->path, problem->path[0] == '\0' ? "" : ": ",
                        problem->message);
}

static struct node *cause_node(struct arena *arena, const struct problem *problem)
{
    struct node *cause = node_map(arena);

    node_set(arena, cause, "reason", node_str(arena, problem_cause_to_str(problem->cause)));
    node_set(arena, cause, "message", node_str(arena, problem->message));
    node_set(arena, cause, "field", node_str(arena, problem->path));
    return cause;
}

struct failure failure_invalid(struct arena *arena, const struct kind *kind, const char *name,
                               const struct problems *problems)
{
    struct failure failure = {.code = 400, .reason = "BadRequest", .kind = kind, .name = name};
    _cleanup_(str_fini)
    struct str message = STR_EMPTY;

    failure.names_kind = true;
    failure.causes = node_list(arena);
    for (size_t i = 0; i < problems->count; i++) {
        const struct problem *problem = &problems->items[i];

        if (problem->severity != PROBLEM_ERROR) {
            continue;
        }
        if (problem->cause != CAUSE_UNKNOWN_FIELD && problem->cause != CAUSE_DUPLICATE_FIELD &&
            problem->cause != CAUSE_SYNTAX) {
            failure.code = 422;
            failure.reason = "Invalid";
        }
        node_add(arena, failure.causes, cause_node(arena, problem));
        str_addf(&message, "%s%s", message.length > 0 ? "; " : "", problem_text(arena, problem));
    }
    if (failure.code == 400) {
        failure.message = arena_printf(arena, "strict decoding error: %s", message.data);
    } else {
        failure.message = arena_printf(arena, "%s%s%s \"%s\" is invalid: %s", kind->name,
                                       kind->group[0] == '\0' ? "" : ".", kind->group,
                                       name == NULL ? "" : name, message.data);
    }
    return failure;
}

/* Old clients print nothing of a 422 but its causes. */
static struct node *causes_of(struct arena *arena, const struct failure *failure)
{
    struct node *list, *cause;

    if (failure->code != 422 || failure->causes != NULL) {
        return failure->causes;
    }
    list = node_list(arena);
    cause = node_map(arena);
    node_set(arena, cause, "reason", node_str(arena, problem_cause_to_str(CAUSE_INVALID)));
    node_set(arena, cause, "message", node_str(arena, failure->message));
    node_set(arena, cause, "field", node_str(arena, ""));
    node_add(arena, list, cause);
    return list;
}

struct node *failure_to_node(struct arena *arena, const struct failure *failure)
{
    struct node *root = node_map(arena), *details = node_map(arena);
    struct node *causes = causes_of(arena, failure);

    node_set(arena, root, "kind", node_str(arena, "Status"));
    node_set(arena, root, "apiVersion", node_str(arena, "v1"));
    node_set(arena, root, "metadata", node_map(arena));
    node_set(arena, root, "status", node_str(arena, "Failure"));
    node_set(arena, root, "message", node_str(arena, failure->message));
    node_set(arena, root, "reason", node_str(arena, failure->reason));
    if (failure->name != NULL) {
        node_set(arena, details, "name", node_str(arena, failure->name));
    }
    if (failure->kind != NULL) {
        node_set(arena, details, "group", node_str(arena, failure->kind->group));
        node_set(arena, details, "kind",
                 node_str(arena, failure->names_kind || failure->code == 422
                                     ? failure->kind->name
                                     : failure->kind->plural));
    }
    if (causes != NULL) {
        node_set(arena, details, "causes", causes);
    }
    if (failure->retry_after_seconds > 0) {
        node_set(arena, details, "retryAfterSeconds",
                 node_int(arena, failure->retry_after_seconds));
    }
    node_set(arena, root, "details", details);
    node_set(arena, root, "code", node_int(arena, failure->code));
    return root;
}

struct blob *blob_of_node(const struct node *node)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    json_emit(node, JSON_PLAIN, &text);
    str_add_char(&text, '\n');
    return blob_from_str(&text);
}

void answer_failure(struct ctl *ctl, uint64_t id, const struct failure *failure)
{
    struct effect effect = {.id = id};

    effect.bytes = blob_of_node(failure_to_node(&ctl->arena, failure));
    effect.answer.code = failure->code;
    effect.answer.retry_after_seconds = failure->retry_after_seconds;
    ctl_answer_full(ctl, &effect);
}

void answer_node(struct ctl *ctl, uint64_t id, int code, const struct node *node)
{
    ctl_answer(ctl, id, code, blob_of_node(node));
}

/* One value of a Warning header: RFC 9111, 5.5. */
static void add_warning(struct str *to, const char *text)
{
    str_addf(to, "%s299 - \"", to->length > 0 ? ", " : "");
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\') {
            str_add_char(to, '\\');
        }
        if ((unsigned char)*c >= ' ' && *c != 0x7f) {
            str_add_char(to, *c);
        }
    }
    str_add(to, "\"");
}

char *answer_warnings(const struct problems *problems)
{
    struct str warning = STR_EMPTY;
    size_t count = 0;
    char *text;

    for (size_t i = 0; i < problems->count && count < WARNINGS_MAX; i++) {
        if (problems->items[i].severity == PROBLEM_WARNING) {
            add_warning(&warning, problem_text(problems->arena, &problems->items[i]));
            count++;
        }
    }
    text = warning.length > 0 ? str_take(&warning) : NULL;
    str_fini(&warning);
    return text;
}

void answer_node_warning(struct ctl *ctl, uint64_t id, int code, const struct node *node,
                         const struct problems *problems)
{
    struct effect effect = {.id = id, .bytes = blob_of_node(node)};

    effect.answer.code = code;
    effect.answer.warning = answer_warnings(problems);
    ctl_answer_full(ctl, &effect);
}

static struct node *status_of(struct arena *arena, struct node *root)
{
    struct node *status = node_find(root, "status");

    if (status == NULL) {
        status = node_map(arena);
        node_set(arena, root, "status", status);
    }
    return status;
}

static void join_sensors(const struct agent_entry *agent, struct mono now, struct arena *arena,
                         struct node *status)
{
    struct sensors sensors;

    if (agent->has_readings) {
        sensors_from_readings(arena, &agent->readings, now,
                              HEARTBEATS_MISSED_MAX * HEARTBEAT_MAX_MS, &sensors);
        node_set(arena, status, "sensors", emit_shape(arena, &sensors_shape, &sensors));
    }
}

/* What is stored follows it in steps. */
static void join_reputation(const struct agent_entry *agent, struct arena *arena,
                            struct node *status)
{
    struct reputation reputation = {.harvest = agent->esteem};

    if (agent->esteem.set != 0) {
        shape_mark(&reputation_shape, &reputation, &reputation.harvest);
        node_set(arena, status, "reputation", emit_shape(arena, &reputation_shape, &reputation));
    }
}

static void join_agent(const struct agent_entry *agent, struct mono now, struct arena *arena,
                       struct node *root)
{
    struct node *status = status_of(arena, root);
    char text[WALL_TEXT_SIZE];

    node_set(arena, status, "assignments", node_int(arena, (int64_t)agent->assignment_count));
    if (agent->last_seen.ms > 0) {
        wall_to_str(agent->last_seen, text);
        node_set(arena, status, "lastSeen", node_str(arena, text));
    }
    join_sensors(agent, now, arena, status);
    join_reputation(agent, arena, status);
}

/* What a silent agent said last is shown as that, not as what is. */
static void join_assignment(const struct assignment_entry *assignment, struct arena *arena,
                            struct node *root)
{
    struct node *status = status_of(arena, root);

    if (assignment->agent != NULL && assignment->agent->link != NULL) {
        return;
    }
    node_set(arena, status, "reason", node_str(arena, "AgentSilent"));
    node_set(arena, status, "message",
             node_str(arena, "its agent is not connected; this is what it said last"));
}

struct node *answer_stored_object(struct arena *arena, const struct object *object)
{
    struct node *root = emit_object(arena, object, EMIT_ALL);

    if (object->kind->is_event) {
        node_set(arena, node_find(root, "metadata"), "namespace", node_str(arena, "default"));
    }
    return root;
}

struct node *answer_object(struct ctl *ctl, struct arena *arena, const struct object *object)
{
    struct node *root = answer_stored_object(arena, object);
    const char *name = object->meta.name;

    if (object->kind == &agent_kind && model_agent(&ctl->model, name) != NULL) {
        join_agent(model_agent(&ctl->model, name), ctl->now, arena, root);
    } else if (object->kind == &assignment_kind && model_assignment(&ctl->model, name) != NULL) {
        join_assignment(model_assignment(&ctl->model, name), arena, root);
    }
    return root;
}
