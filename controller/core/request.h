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
    bool is_dry_run;
};

/* The objects of a kind that the request's selectors leave, and which of them its page has. */
struct page {
    const struct object **objects; /* all that match, by name; in the step's arena */
    size_t count;
    size_t begin, end; /* of this page */
};

void request_refuse(struct ctl *ctl, const struct request *request, struct failure failure);
/* A number of the query; false: it was none, and the request is answered. */
bool request_number(struct ctl *ctl, const struct request *request, const char *name,
                    uint64_t fallback, uint64_t *ret_number);
/* False: selectors or page were bad, and the request is answered. */
bool request_page(struct ctl *ctl, const struct request *request, struct page *ret_page);

/* Reads, answered. */
void request_list(struct ctl *ctl, const struct request *request);
void request_get(struct ctl *ctl, const struct request *request); /* subresources, too */
