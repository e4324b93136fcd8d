#include "controller/core/stored.h"

#include <stdlib.h>

void read_query_fini(struct read_query *query)
{
    free(query->name);
    free(query->from);
    query->name = query->from = NULL;
}

struct read_result *read_result_new(uint64_t ticket)
{
    struct read_result *result = MEM_NEW(struct read_result);

    result->ticket = ticket;
    arena_init(&result->arena);
    return result;
}

void read_result_free(struct read_result *result)
{
    if (result == NULL) {
        return;
    }
    vec_each (&result->changes, change) {
        blob_unref(change->body);
        blob_unref(change->status);
        blob_unref(change->body_before);
        blob_unref(change->status_before);
    }
    vec_fini(&result->changes);
    arena_fini(&result->arena);
    free(result);
}
