/* An HTTP request on its way from its target to the room that decides it. */
#pragma once

#include "controller/core/answer.h"
#include "controller/core/target.h"

struct request {
    uint64_t id; /* of the HTTP exchange */
    const struct http_request *http;
    struct target target;
    const struct kind *kind;
    const char *name, *subresource; /* NULL: the collection, the object itself */
    struct node *body;
    struct problems duplicates; /* fields that the body has twice: the last one holds */
    bool is_dry_run;
};

/* The objects of a kind that the request's selectors leave, and which of them its page has. */
struct page {
    const struct object **objects; /* all that match, by name; in the step's arena */
    size_t count;
    size_t begin, end; /* of this page */
};

/* Objects as they are to be answered, and which page of a list they are. */
struct listing {
    const struct object **objects;
    size_t count;
    uint64_t revision;
    const char *continue_after; /* what the next page begins behind; NULL: there is none */
    size_t remaining;           /* after this page; 0: not told */
    const struct wall *then;    /* the moment of the past; NULL: now, and what is known only now is
                                   joined in */
};

/* /apis/fog/v1/<plural>[/<name>[/<subresource>]], /api/v1[/namespaces/<any>]/events[/<name>]: sets
 * kind, name and subresource. */
bool request_find_resource(struct request *request);
void request_refuse(struct ctl *ctl, const struct request *request, struct failure failure);
/* A number of the query; false: it was none, and the request is answered. */
bool request_number(struct ctl *ctl, const struct request *request, const char *name,
                    uint64_t fallback, uint64_t *ret_number);
/* False: selectors or page were bad, and the request is answered. */
bool request_page(struct ctl *ctl, const struct request *request, struct page *ret_page);

/* What a token of `continue` stands for; NULL: it is none. */
const char *request_token_name(struct ctl *ctl, const char *token);

/* Reads, answered; `problems` are warnings, and may be NULL; `then` is as in a listing. */
void request_answer_list(struct ctl *ctl, const struct request *request,
                         const struct listing *listing, const struct problems *problems);
void request_answer_object(struct ctl *ctl, const struct request *request,
                           const struct object *object, const struct wall *then,
                           const struct problems *problems);
void request_list(struct ctl *ctl, const struct request *request);
void request_get(struct ctl *ctl, const struct request *request); /* subresources, too */
