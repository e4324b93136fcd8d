/* Backups of the store, taken over the API while the controller runs: GET /backup/v1.
 *
 * A copy is made in the state directory by a worker thread, its name is removed at once, and it is
 * sent from there: the store is held for as long as the copy takes, however slow the client.  One
 * at a time. */
#pragma once

#include "controller/io/http.h"
#include "schema/base/err.h"

struct backups;

/* All borrowed. */
struct backups *backups_new(uv_loop_t *loop, const char *store_path);
struct http_transfers backups_transfers(struct backups *backups); /* for http_open() */
void backups_attach(struct backups *backups, struct http *http);  /* before the first request */
/* Before net_close(): runs the loop until no worker is busy with it. */
void backups_close(struct backups *backups);
void backups_free(struct backups *backups);
