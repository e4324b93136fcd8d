/* Tables of what is watched, kept in place on a terminal: each object is one row, in the order of
 * their names, and a line below them says how new all of it is.  At the end the tables stay on the
 * terminal as they were last. */
#pragma once

#include "schema/base/map.h"
#include "tools/fogctl/fogctl.h"

struct live_table {
    /* Prints the head, and a row for each object of the list. */
    void (*print)(void *context, FILE *to, const struct node *list);
    void *context;
    struct map rows; /* name → its object as JSON, owned */
    int64_t lost_ms; /* wall clock; when what is told of it began to be old; 0: it is not */
};

struct live {
    struct fogctl *fogctl;
    struct live_table *tables; /* owned */
    size_t count;
    uint64_t revision;
    int64_t begun_ms, changed_ms; /* wall clock; changed_ms 0: nothing has */
    int64_t drawn_ms;             /* boot clock */
    bool has_news, is_open;
};

/* False: this is no terminal that can do it.  The tables are to be filled in next. */
bool live_begin(struct live *live, struct fogctl *fogctl, size_t count);
void live_fill(struct live *live, size_t table, const struct node *list); /* what there is first */
void live_put(struct live *live, size_t table, const struct node *object);
void live_remove(struct live *live, size_t table, const char *name);
void live_is_at(struct live *live, const char *revision);
void live_link(struct live *live, size_t table, enum link link);
/* Draws when it is time to; returns for how long there is nothing to do, or -1: they have seen
 * enough. */
int64_t live_turn(struct live *live);
/* Leaves the tables on the terminal; may be called twice. */
void live_end(struct live *live);
