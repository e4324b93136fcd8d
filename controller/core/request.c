/* Reads: lists in pages, single objects, and what hangs on them. */
#include "controller/core/request.h"

#include "controller/core/history.h"
#include "controller/core/query.h"
#include "controller/core/scale.h"
#include "controller/core/table.h"
#include "schema/limits.h"

#include <inttypes.h>
#include <stdlib.h>

enum { TOKEN_BYTES_MAX = NAME_BYTES_MAX + 24 }; /* a name, of the past with a revision before it */

bool request_find_resource(struct request *request)
{
    const struct target *target = &request->target;
    size_t at = 0;

    if (target->segment_count >= 4 && str_eq(target->segments[0], "apis") &&
        str_eq(target->segments[1], "fog") && str_eq(target->segments[2], "v1")) {
        at = 3;
        request->kind = kind_find_plural("fog", target->segments[at]);
    } else if (target->segment_count >= 3 && str_eq(target->segments[0], "api") &&
               str_eq(target->segments[1], "v1")) {
        at = str_eq(target->segments[2], "namespaces") && target->segment_count >= 5 ? 4 : 2;
        request->kind = kind_find_plural("", target->segments[at]);
    }
    if (request->kind == NULL || target->segment_count > at + 3) {
        return false;
    }
    request->name = target->segment_count > at + 1 ? target->segments[at + 1] : NULL;
    request->subresource = target->segment_count > at + 2 ? target->segments[at + 2] : NULL;
    return true;
}

void request_refuse(struct ctl *ctl, const struct request *request, struct failure failure)
{
    answer_failure(ctl, request->id, &failure);
}

bool request_number(struct ctl *ctl, const struct request *request, const char *name,
                    uint64_t fallback, uint64_t *ret_number)
{
    if (target_number(&request->target, name, fallback, ret_number)) {
        return true;
    }
    request_refuse(ctl, request,
                   failure_make(&ctl->arena, 400, "BadRequest", "%s: \"%s\" is no number", name,
                                target_param(&request->target, name)));
    return false;
}

static int by_name(const void *a, const void *b)
{
    const struct object *const *left = a, *const *right = b;

    return strcmp((*left)->meta.name, (*right)->meta.name);
}

/* The continue token is the last name of the page before, in hex: it never expires. */
const char *request_token_name(struct ctl *ctl, const char *token)
{
    size_t size = strlen(token) / 2;
    char *name;

    if (size == 0 || size > TOKEN_BYTES_MAX) {
        return NULL;
    }
    name = arena_alloc(&ctl->arena, size + 1);
    return hex_from_str(token, size, name) ? name : NULL;
}

static const char *name_token(struct ctl *ctl, const char *name)
{
    char *token = arena_alloc(&ctl->arena, strlen(name) * 2 + 1);

    hex_to_str(name, strlen(name), token);
    return token;
}

/* Where the page begins (NULL: with the first) and how long it is (0: all). */
static bool read_page(struct ctl *ctl, const struct request *request, const char **ret_after,
                      uint64_t *ret_limit)
{
    const char *token = target_param(&request->target, "continue");

    *ret_after = str_is_empty(token) ? NULL : request_token_name(ctl, token);
    if (!str_is_empty(token) && *ret_after == NULL) {
        request_refuse(ctl, request,
                       failure_make(&ctl->arena, 400, "BadRequest",
                                    "continue: \"%s\" is not from an answer of ours", token));
        return false;
    }
    if (!request_number(ctl, request, "limit", 0, ret_limit)) {
        return false;
    }
    if (*ret_limit > LIST_LIMIT_MAX) {
        *ret_limit = LIST_LIMIT_MAX;
    }
    return true;
}

bool request_page(struct ctl *ctl, const struct request *request, struct page *page)
{
    const struct map *objects = &ctl->model.objects[request->kind->id];
    struct failure failure;
    struct query query;
    const char *after;
    uint64_t limit;

    if (!read_page(ctl, request, &after, &limit)) {
        return false;
    }
    if (!query_read(ctl, request->kind, &request->target, &query, &failure)) {
        request_refuse(ctl, request, failure);
        return false;
    }
    *page = (struct page){0};
    page->objects = arena_array(&ctl->arena, objects->count + 1, sizeof(page->objects[0]));
    map_each (objects, it) {
        const struct entry *entry = it->value;

        if (query_has(ctl, &query, entry)) {
            page->objects[page->count++] = entry->object;
        }
    }
    qsort(page->objects, page->count, sizeof(page->objects[0]), by_name);
    while (after != NULL && page->begin < page->count &&
           strcmp(page->objects[page->begin]->meta.name, after) <= 0) {
        page->begin++;
    }
    page->end = page->count;
    if (limit > 0 && limit < page->end - page->begin) {
        page->end = page->begin + (size_t)limit;
    }
    return true;
}

static struct node *listing_meta(struct ctl *ctl, const struct listing *listing)
{
    struct arena *arena = &ctl->arena;
    struct node *meta = node_map(arena);

    node_set(arena, meta, "resourceVersion",
             node_str(arena, arena_printf(arena, "%" PRIu64, listing->revision)));
    if (listing->then != NULL && listing->then->ms > 0) {
        char time[WALL_TEXT_SIZE];

        wall_to_str(*listing->then, time);
        node_set(arena, meta, "time", node_str(arena, time));
    }
    if (listing->continue_after != NULL) {
        node_set(arena, meta, "continue",
                 node_str(arena, name_token(ctl, listing->continue_after)));
    }
    if (listing->remaining > 0) {
        node_set(arena, meta, "remainingItemCount", node_int(arena, (int64_t)listing->remaining));
    }
    return meta;
}

static struct node *plain_node(struct ctl *ctl, const struct object *object, bool is_past)
{
    return is_past ? answer_stored_object(&ctl->arena, object)
                   : answer_object(ctl, &ctl->arena, object);
}

static struct node *listing_list(struct ctl *ctl, const struct kind *kind,
                                 const struct listing *listing)
{
    struct arena *arena = &ctl->arena;
    struct node *root = node_map(arena), *items = node_list(arena);

    for (size_t i = 0; i < listing->count; i++) {
        node_add(arena, items, plain_node(ctl, listing->objects[i], listing->then != NULL));
    }
    node_set(arena, root, "kind", node_str(arena, arena_printf(arena, "%sList", kind->name)));
    node_set(arena, root, "apiVersion", node_str(arena, kind->api_version));
    node_set(arena, root, "metadata", listing_meta(ctl, listing));
    node_set(arena, root, "items", items);
    return root;
}

static struct node *listing_table(struct ctl *ctl, const struct kind *kind,
                                  const struct listing *listing, const struct table_form *form)
{
    struct node *table = table_node(ctl, form, kind, listing_meta(ctl, listing), true);

    for (size_t i = 0; i < listing->count; i++) {
        table_add(ctl, form, table, listing->objects[i]);
    }
    return table;
}

/* The form in which the answer is wanted; false: it is none, and the request is answered. */
static bool read_form(struct ctl *ctl, const struct request *request, const struct wall *then,
                      struct table_form *ret_form)
{
    struct failure failure;

    if (table_read(ctl, request->http->accept, &request->target, ret_form, &failure)) {
        ret_form->is_past = then != NULL;
        ret_form->now = then != NULL && then->ms > 0 ? *then : ctl->wall;
        return true;
    }
    request_refuse(ctl, request, failure);
    return false;
}

static void answer_read(struct ctl *ctl, const struct request *request, const struct node *root,
                        const struct problems *problems)
{
    if (problems == NULL) {
        answer_node(ctl, request->id, 200, root);
    } else {
        answer_node_warning(ctl, request->id, 200, root, problems);
    }
}

void request_answer_list(struct ctl *ctl, const struct request *request,
                         const struct listing *listing, const struct problems *problems)
{
    struct table_form form;

    if (read_form(ctl, request, listing->then, &form)) {
        answer_read(ctl, request,
                    form.api_version != NULL ? listing_table(ctl, request->kind, listing, &form)
                                             : listing_list(ctl, request->kind, listing),
                    problems);
    }
}

void request_list(struct ctl *ctl, const struct request *request)
{
    struct listing listing = {.revision = ctl->revision};
    struct page page;

    if (!request_page(ctl, request, &page)) {
        return;
    }
    listing.objects = page.objects + page.begin;
    listing.count = page.end - page.begin;
    listing.remaining = page.count - page.end;
    if (listing.remaining > 0) {
        listing.continue_after = page.objects[page.end - 1]->meta.name;
    }
    request_answer_list(ctl, request, &listing, NULL);
}

void request_answer_object(struct ctl *ctl, const struct request *request,
                           const struct object *object, const struct wall *then,
                           const struct problems *problems)
{
    struct arena *arena = &ctl->arena;
    struct node *root, *meta;
    struct table_form form;

    if (!read_form(ctl, request, then, &form)) {
        return;
    }
    if (form.api_version == NULL) {
        root = plain_node(ctl, object, then != NULL);
    } else {
        meta = node_map(arena);
        node_set(arena, meta, "resourceVersion",
                 node_str(arena, arena_printf(arena, "%" PRIu64, object->meta.revision)));
        root = table_node(ctl, &form, request->kind, meta, true);
        table_add(ctl, &form, root, object);
    }
    answer_read(ctl, request, root, problems);
}

static void answer_log(struct ctl *ctl, const struct request *request)
{
    const struct assignment_entry *assignment = model_assignment(&ctl->model, request->name);
    struct effect head = {.id = request->id};
    struct err err = ERR_NONE;
    uint64_t tail;

    if (!request_number(ctl, request, "tailLines", UINT64_MAX, &tail)) {
        return;
    }
    if (link_log_open(ctl, request->id, assignment, tail > LOG_TAIL_MAX ? -1 : (int64_t)tail,
                      target_flag(&request->target, "follow"), &err) < 0) {
        struct failure failure =
            err.code == ERR_LIMIT
                ? failure_make(&ctl->arena, 429, "TooManyRequests", "%s", err.text)
                : failure_make(&ctl->arena, 503, "ServiceUnavailable", "%s", err.text);

        failure.retry_after_seconds = 1;
        request_refuse(ctl, request, failure);
        return;
    }
    head.answer.code = 200;
    head.answer.is_stream = head.answer.is_text = true;
    ctl_answer_full(ctl, &head);
}

void request_get(struct ctl *ctl, const struct request *request)
{
    const struct object *object = model_find(&ctl->model, request->kind->id, request->name);
    uint64_t limit;

    if (str_eq(request->subresource, "history")) { /* of what is gone, too */
        if (request_number(ctl, request, "limit", 0, &limit)) {
            history_open(ctl, request->id, request->kind, request->name, limit, NULL);
        }
    } else if (object == NULL) {
        request_refuse(ctl, request, failure_not_found(&ctl->arena, request->kind, request->name));
    } else if (request->subresource == NULL || str_eq(request->subresource, "status")) {
        request_answer_object(ctl, request, object, NULL, NULL);
    } else if (str_eq(request->subresource, "scale")) {
        answer_node(ctl, request->id, 200, scale_node(ctl, object));
    } else if (str_eq(request->subresource, "why")) {
        answer_node(ctl, request->id, 200, explain_object(ctl, object));
    } else {
        answer_log(ctl, request);
    }
}
