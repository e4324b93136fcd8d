#include "controller/core/past.h"

#include "controller/core/agent_view.h"
#include "controller/core/discovery.h"
#include "controller/core/dump.h"
#include "controller/core/history.h"
#include "controller/core/query.h"
#include "controller/core/reads.h"
#include "controller/core/table.h"
#include "schema/base/parse.h"
#include "schema/limits.h"
#include "schema/verbs.h"

#include <inttypes.h>
#include <stdlib.h>

struct past {
    struct arena arena; /* owned: the request and what was read of it */
    struct http_request http;
    struct request request;
    struct moment moment; /* its revision is known once something was read */
    struct query query;
    struct where where; /* count 0: no condition */
    uint64_t limit;     /* 0: none but ours */
    char *from;         /* owned: no name before this one; NULL: all */
    struct {
        VEC_OF(struct object *); /* owned references: of a list or of one object */
    } found;
    struct dump dump;          /* of the whole state */
    const struct kind *kind;   /* that is being read */
    struct wall then;          /* the moment: as asked for, or when its revision was written */
    struct lost_part lost;     /* that the moment lies in; era 0: in none */
    size_t bytes;              /* of memory that is held */
    size_t page_bytes;         /* of bodies that are on the page */
    size_t gone;               /* objects whose status of then was compacted */
    const char *continue_from; /* in the step's arena: the page ends after it; NULL: it has all */
    bool is_state, is_abandoned;
};

/* --- what is asked for ------------------------------------------------------------------------ */

static bool refuse(struct ctl *ctl, const struct request *request, const char *what)
{
    request_refuse(ctl, request, failure_make(&ctl->arena, 400, "BadRequest", "%s", what));
    return true;
}

/* The token of a page of the past has its revision in front: "@812/edge-1", in hex. */
static bool is_token_of_past(const char *token)
{
    return !str_is_empty(token) && str_starts(token, "40");
}

static bool read_token(struct ctl *ctl, const char *token, struct moment *moment,
                       const char **ret_name)
{
    const char *text = request_token_name(ctl, token);
    const char *slash = text == NULL ? NULL : strchr(text, '/');

    if (slash == NULL || slash[1] == '\0' ||
        !u64_from_str(arena_strndup(&ctl->arena, text + 1, (size_t)(slash - text - 1)),
                      &moment->revision) ||
        moment->revision == 0) {
        return false;
    }
    moment->by_time = false;
    *ret_name = slash + 1;
    return true;
}

/* NULL, or what is wrong with it. */
static const char *read_time(struct ctl *ctl, const char *text, struct moment *moment)
{
    int64_t ago_ms;

    moment->by_time = true;
    if (duration_from_str(text, &ago_ms)) {
        moment->at.ms = ctl->wall.ms - ago_ms;
    } else if (!wall_from_str(text, &moment->at)) {
        return arena_printf(&ctl->arena,
                            "atTime: \"%s\" is neither a time, such as 2026-11-22T10:00:00Z, nor "
                            "how long ago, such as 10m",
                            text);
    } else if (moment->at.ms > ctl->wall.ms) {
        return arena_printf(&ctl->arena, "atTime: %s lies ahead", text);
    }
    return NULL;
}

static const char *read_moment(struct ctl *ctl, const struct request *request,
                               struct moment *moment)
{
    const char *revision = target_param(&request->target, "atRevision");
    const char *time = target_param(&request->target, "atTime");

    *moment = (struct moment){0};
    if (revision != NULL && time != NULL) {
        return "atRevision and atTime: one of the two";
    }
    if (time != NULL) {
        return read_time(ctl, time, moment);
    }
    if (revision == NULL) {
        return NULL; /* the token has it */
    }
    if (!u64_from_str(revision, &moment->revision) || moment->revision == 0) {
        return arena_printf(&ctl->arena, "atRevision: \"%s\" is no revision", revision);
    }
    return NULL;
}

static bool asks_for_past(const struct request *request)
{
    const struct target *target = &request->target;
    struct request found = *request;

    if (target_param(target, "atRevision") != NULL || target_param(target, "atTime") != NULL) {
        return true;
    }
    return is_token_of_past(target_param(target, "continue")) && request_find_resource(&found) &&
           found.name == NULL; /* only lists have pages */
}

static const char *lies_ahead(struct ctl *ctl, const char *parameter, uint64_t revision)
{
    return arena_printf(&ctl->arena, "%s: %" PRIu64 " lies ahead; the fleet is at %" PRIu64,
                        parameter, revision, ctl->revision);
}

/* Where a page of a list begins. */
static const char *read_page(struct ctl *ctl, struct past *past)
{
    const char *token = target_param(&past->request.target, "continue"), *name;
    struct moment moment = past->moment;

    if (str_is_empty(token)) {
        return NULL;
    }
    if (!is_token_of_past(token) || !read_token(ctl, token, &moment, &name)) {
        return arena_printf(&ctl->arena, "continue: \"%s\" is not from an answer about the past",
                            token);
    }
    if (past->moment.revision != 0 && past->moment.revision != moment.revision) {
        return arena_printf(&ctl->arena, "continue: it is of revision %" PRIu64, moment.revision);
    }
    if (moment.revision > ctl->revision) {
        return lies_ahead(ctl, "continue", moment.revision);
    }
    past->moment = moment;
    past->from = mem_strdup(arena_printf(&ctl->arena, "%s\x01", name)); /* behind it */
    return NULL;
}

static const char *read_where(struct ctl *ctl, struct past *past)
{
    const char *text = target_param(&past->request.target, "where");
    struct problems problems;

    if (text == NULL) {
        return NULL;
    }
    if (past->kind != &agent_kind) {
        return "where: only agents can be asked for by a condition";
    }
    problems_init(&problems, &ctl->arena, NULL);
    if (where_parse(&past->arena, &agent_where_names, text, &problems, &past->where) < 0) {
        return arena_printf(&ctl->arena, "where: %s", where_problems_text(&ctl->arena, &problems));
    }
    return past->where.is_volatile ? "where: of the past it can ask for what was stored alone: no "
                                     "readings, reputation or assignments"
                                   : NULL;
}

static const char *read_list(struct ctl *ctl, struct past *past)
{
    const struct target *target = &past->request.target;
    struct err err = ERR_NONE;

    if (selector_parse_labels(&past->arena, target_param(target, "labelSelector"),
                              &past->query.labels, &err) < 0 ||
        selector_parse_fields(&past->arena, past->kind, target_param(target, "fieldSelector"),
                              &past->query.fields, &err) < 0) {
        return arena_strdup(&ctl->arena, err.text);
    }
    if (!target_number(target, "limit", 0, &past->limit)) {
        return "limit: a number is expected";
    }
    past->limit = past->limit > LIST_LIMIT_MAX ? LIST_LIMIT_MAX : past->limit;
    return read_where(ctl, past);
}

/* --- reading ---------------------------------------------------------------------------------- */

static void read_on(struct ctl *ctl, struct past *past)
{
    struct read_query query = {.type = READ_PAST,
                               .kind = past->kind,
                               .name = mem_strdup(past->request.name),
                               .from = TAKE(past->from),
                               .upto = past->moment.revision,
                               .by_time = past->moment.by_time,
                               .at = past->moment.at};

    reads_expect_past(ctl, ctl_read(ctl, &query), past);
}

static struct past *past_new(struct ctl *ctl, const struct request *request,
                             const struct moment *moment)
{
    struct past *past = MEM_NEW(struct past);
    const struct http_request *http = request->http;

    past->http = (struct http_request){
        .method = "GET",
        .target = arena_strdup(&past->arena, http->target),
        .accept = arena_strdup(&past->arena, http->accept),
        .user_agent = arena_strdup(&past->arena, http->user_agent),
        .user = arena_strdup(&past->arena, http->user),
    };
    past->request = (struct request){.id = request->id, .http = &past->http, .kind = request->kind};
    past->request.name = arena_strdup(&past->arena, request->name);
    past->request.subresource = arena_strdup(&past->arena, request->subresource);
    (void)target_parse(&past->arena, past->http.target, &past->request.target); /* as before */
    past->moment = *moment;
    past->kind = request->kind;
    ctl->pasts++;
    return past;
}

void past_free(struct ctl *ctl, struct past *past)
{
    if (past == NULL) {
        return;
    }
    ctl->pasts--;
    ctl->pasts_bytes -= past->bytes;
    vec_each (&past->found, it) {
        object_unref(*it);
    }
    vec_fini(&past->found);
    dump_fini(&past->dump);
    free(past->from);
    arena_fini(&past->arena);
    free(past);
}

void past_gone(struct ctl *ctl, uint64_t id)
{
    map_each (&ctl->reads, it) {
        struct pending_read *read = it->value;

        if (read->past != NULL && read->past->request.id == id) {
            read->past->is_abandoned = true;
        }
    }
}

static void hold(struct ctl *ctl, struct past *past, size_t bytes)
{
    past->bytes += bytes;
    ctl->pasts_bytes += bytes;
}

/* --- answering -------------------------------------------------------------------------------- */

static void warn(struct ctl *ctl, const struct past *past, struct problems *problems)
{
    problems_init(problems, &ctl->arena, NULL);
    lost_warn(&past->lost, past->moment.revision, problems);
    if (past->gone > 0) {
        problem_add(problems, PROBLEM_WARNING, CAUSE_INVALID, NULL, "",
                    "the status of %zu object%s as of revision %" PRIu64 " has been compacted",
                    past->gone, past->gone == 1 ? "" : "s", past->moment.revision);
    }
}

static void answer_list(struct ctl *ctl, struct past *past)
{
    struct listing listing = {
        .objects = (const struct object **)past->found.items,
        .count = past->found.count,
        .revision = past->moment.revision,
        .then = &past->then,
    };
    struct problems problems;

    if (past->continue_from != NULL) {
        listing.continue_after = arena_printf(&ctl->arena, "@%" PRIu64 "/%s", past->moment.revision,
                                              past->continue_from);
    }
    warn(ctl, past, &problems);
    request_answer_list(ctl, &past->request, &listing, &problems);
}

static void answer_one(struct ctl *ctl, struct past *past)
{
    struct problems problems;

    if (past->found.count == 0) {
        struct failure failure =
            failure_not_found(&ctl->arena, past->request.kind, past->request.name);

        failure.message = arena_printf(
            &ctl->arena, "%s at revision %" PRIu64 "%s", failure.message, past->moment.revision,
            past->lost.era > 0 ? ", and what was written since then was lost" : "");
        request_refuse(ctl, &past->request, failure);
        return;
    }
    warn(ctl, past, &problems);
    request_answer_object(ctl, &past->request, past->found.items[0], &past->then, &problems);
}

static void answer_state(struct ctl *ctl, struct past *past)
{
    struct problems problems;

    warn(ctl, past, &problems);
    dump_end(&past->dump);
    dump_send(ctl, past->request.id, &problems, &past->dump);
}

/* --- what came -------------------------------------------------------------------------------- */

static bool is_wanted(struct ctl *ctl, struct past *past, const struct object *object)
{
    const struct agent_view view = {.object = object};

    return selector_matches_labels(&past->query.labels, &object->meta.labels) &&
           selector_matches_fields(&ctl->arena, &past->query.fields, object) &&
           (past->where.count == 0 || where_holds(&past->where, agent_view_get, &view));
}

static void refuse_too_much(struct ctl *ctl, struct past *past)
{
    bool is_alone = past->bytes == ctl->pasts_bytes;
    struct failure failure;

    failure = is_alone ? failure_make(&ctl->arena, 413, "RequestEntityTooLarge",
                                      "that takes more than %d MiB: %s", PASTS_BYTES_MAX >> 20,
                                      past->is_state ? "list kind by kind" : "say a limit")
                       : failure_make(&ctl->arena, 429, "TooManyRequests",
                                      "answers about the past fill %d MiB already",
                                      PASTS_BYTES_MAX >> 20);
    failure.retry_after_seconds = is_alone ? 0 : 1;
    request_refuse(ctl, &past->request, failure);
}

static size_t stored_bytes(const struct stored_change *change)
{
    return (change->body == NULL ? 0 : change->body->size_bytes) +
           (change->status == NULL ? 0 : change->status->size_bytes);
}

/* Before it is decoded: would it be too much? */
static bool is_too_much(const struct ctl *ctl, const struct past *past,
                        const struct stored_change *change)
{
    size_t bytes = past->is_state ? stored_bytes(change)
                                  : stored_bytes(change) * PAST_OBJECT_TIMES + PAST_OBJECT_BYTES;

    return ctl->pasts_bytes + bytes > PASTS_BYTES_MAX;
}

static void take_line(struct ctl *ctl, struct past *past, const struct object *object)
{
    size_t before = past->dump.bytes;

    dump_add(&past->dump, object);
    hold(ctl, past,
         past->dump.bytes - before + sizeof(struct blob) + sizeof(past->dump.lines.items[0]));
}

static void take(struct ctl *ctl, struct past *past, const struct stored_change *change)
{
    struct object *object = stored_object(change, NULL);

    if (object == NULL) {
        return; /* history has it damaged: verify tells of that */
    }
    if (change->status_revision > object->meta.revision) {
        object->meta.revision = change->status_revision;
    }
    if (past->is_state) {
        take_line(ctl, past, object);
        past->gone += change->is_status_gone;
    } else if (past->request.name != NULL || is_wanted(ctl, past, object)) {
        hold(ctl, past,
             sizeof(*object) + arena_held_bytes(&object->arena) + sizeof(past->found.items[0]));
        past->page_bytes += stored_bytes(change);
        past->gone += change->is_status_gone;
        vec_add(&past->found, object_ref(object));
    }
    object_unref(object);
}

static bool is_page_full(const struct past *past)
{
    uint64_t limit = past->limit == 0 ? LIST_LIMIT_MAX : past->limit;

    return !past->is_state &&
           (past->found.count >= limit || past->page_bytes >= PAST_PAGE_BYTES_MAX);
}

enum taken { TAKEN_ALL, TAKEN_SOME, TAKEN_TOO_MUCH };

static enum taken take_all(struct ctl *ctl, struct past *past, const struct read_result *result)
{
    if (past->moment.by_time) {
        past->lost = result->lost;
        past->then = past->moment.at;
    } else if (past->then.ms == 0) {
        past->then = result->at;
    }
    past->moment = (struct moment){.revision = result->upto};
    for (size_t i = 0; i < result->changes.count; i++) {
        const struct stored_change *change = &result->changes.items[i];

        if (is_too_much(ctl, past, change)) {
            return TAKEN_TOO_MUCH;
        }
        take(ctl, past, change);
        if (is_page_full(past) && (i + 1 < result->changes.count || !result->complete)) {
            past->continue_from = arena_strdup(&ctl->arena, change->name);
            return TAKEN_ALL;
        }
    }
    if (!result->complete) {
        past->from = mem_strdup(arena_printf(&ctl->arena, "%s\x01", result->after));
        return TAKEN_SOME;
    }
    if (past->is_state && past->kind->id + 1 < KIND_COUNT) {
        past->kind = kind_get((enum kind_id)(past->kind->id + 1));
        return TAKEN_SOME;
    }
    return TAKEN_ALL;
}

static void answer(struct ctl *ctl, struct past *past)
{
    if (past->is_state) {
        answer_state(ctl, past);
    } else if (past->request.name != NULL) {
        answer_one(ctl, past);
    } else {
        answer_list(ctl, past);
    }
}

void past_read_done(struct ctl *ctl, struct past *past, const struct read_result *result)
{
    if (past->is_abandoned || history_failed(ctl, past->request.id, result)) {
        past_free(ctl, past);
        return;
    }
    if (past->is_state && past->dump.lines.count == 0) {
        dump_begin(ctl, result->upto, result->at, &past->dump);
    }
    switch (take_all(ctl, past, result)) {
    case TAKEN_SOME:
        read_on(ctl, past);
        return;
    case TAKEN_ALL:
        answer(ctl, past);
        break;
    case TAKEN_TOO_MUCH:
        refuse_too_much(ctl, past);
        break;
    }
    past_free(ctl, past);
}

/* --- the door --------------------------------------------------------------------------------- */

static void open_state(struct ctl *ctl, struct request *request, const struct moment *moment)
{
    struct past *past = past_new(ctl, request, moment);

    past->is_state = true;
    past->kind = kind_get((enum kind_id)0);
    read_on(ctl, past);
}

static void open_history(struct ctl *ctl, struct request *request, const struct moment *moment)
{
    uint64_t limit;

    if (request_number(ctl, request, "limit", 0, &limit)) {
        history_open(ctl, request->id, request->kind, request->name, limit, moment);
    }
}

static void open_resource(struct ctl *ctl, struct request *request, const struct moment *moment)
{
    struct past *past = past_new(ctl, request, moment);
    struct table_form form;
    struct failure failure;
    const char *wrong = NULL;

    if (request->name == NULL) {
        wrong = read_page(ctl, past);
        wrong = wrong == NULL ? read_list(ctl, past) : wrong;
    }
    if (wrong == NULL && !table_read(ctl, past->http.accept, &request->target, &form, &failure)) {
        wrong = failure.message;
    }
    if (wrong != NULL) {
        (void)refuse(ctl, request, wrong);
        past_free(ctl, past);
        return;
    }
    read_on(ctl, past);
}

/* What can be read of the past.  False: there is no such thing, which is for others to say. */
static bool open_what(struct ctl *ctl, struct request *request, const struct moment *moment)
{
    const struct target *target = &request->target;

    if (target_is(target, "/apis/fog/v1/state")) {
        open_state(ctl, request, moment);
        return true;
    }
    if (target_is(target, "/apis/fog/v1/history")) {
        open_history(ctl, request, moment);
        return true;
    }
    if (target_is(target, "/apis/fog/v1/reconcilelog")) {
        return refuse(ctl, request, "the reconcile log is of now: it is not stored");
    }
    if (!request_find_resource(request)) {
        return false;
    }
    if (str_eq(request->subresource, "history")) {
        open_history(ctl, request, moment);
        return true;
    }
    if (request->subresource != NULL && !str_eq(request->subresource, "status") &&
        kind_verbs(request->kind, request->subresource) != NULL) {
        return refuse(ctl, request,
                      arena_printf(&ctl->arena, "%s is of now: what it tells was not stored",
                                   request->subresource));
    }
    if (kind_verbs(request->kind, request->subresource) == NULL) {
        return false;
    }
    open_resource(ctl, request, moment);
    return true;
}

bool past_open(struct ctl *ctl, struct request *request)
{
    struct failure busy;
    const struct route *route = target_route(&request->target);
    struct moment moment;
    const char *wrong;

    if (!asks_for_past(request)) {
        return false;
    }
    if (route != NULL && route_resource(route) == NULL) {
        return refuse(ctl, request, "atRevision, atTime: this is of now, and has no past");
    }
    if (!str_eq(request->http->method, "GET") || target_flag(&request->target, "watch")) {
        return refuse(ctl, request, "atRevision, atTime: only what is read can be of the past");
    }
    wrong = read_moment(ctl, request, &moment);
    if (wrong != NULL) {
        return refuse(ctl, request, wrong);
    }
    if (moment.revision > ctl->revision) {
        return refuse(ctl, request, lies_ahead(ctl, "atRevision", moment.revision));
    }
    if (ctl->pasts >= PASTS_MAX) {
        busy = failure_make(&ctl->arena, 429, "TooManyRequests",
                            "%d requests about the past are under way", PASTS_MAX);
        busy.retry_after_seconds = 1;
        request_refuse(ctl, request, busy);
        return true;
    }
    return open_what(ctl, request, &moment);
}
