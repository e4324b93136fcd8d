/* The reader: one thread with a read-only connection, so that history never holds up commits. */
#pragma once

#include "controller/io/store/store.h"

struct reader;

/* `store` was opened with is_reader; `notify` is called on the reader's thread after each result.
 */
struct reader *reader_new(struct store *store, void (*notify)(void *context), void *context);
void reader_put(struct reader *reader, struct read_query *query); /* moved from */
struct read_result *reader_next_done(struct reader *reader);      /* given; NULL when none */
/* Drops what waits, joins the thread; `store` stays the caller's. */
void reader_free(struct reader *reader);
