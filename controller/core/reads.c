#include "controller/core/reads.h"

#include "controller/core/deadline.h"
#include "controller/core/history.h"
#include "controller/core/past.h"
#include "controller/core/watch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { TICKET_TEXT_SIZE = 24 };

static struct pending_read *expect(struct ctl *ctl, uint64_t ticket, enum read_purpose purpose)
{
    struct pending_read *read = MEM_NEW(struct pending_read);
    char text[TICKET_TEXT_SIZE];

    read->purpose = purpose;
    (void)snprintf(text, sizeof(text), "%" PRIu64, ticket);
    (void)map_put(&ctl->reads, text, read);
    return read;
}

void reads_expect(struct ctl *ctl, uint64_t ticket, enum read_purpose purpose, uint64_t http_id,
                  struct rollback *rollback)
{
    struct pending_read *read = expect(ctl, ticket, purpose);

    read->http_id = http_id;
    read->rollback = rollback;
}

void reads_expect_past(struct ctl *ctl, uint64_t ticket, struct past *past)
{
    expect(ctl, ticket, READ_FOR_PAST)->past = past;
}

static void read_free(struct ctl *ctl, struct pending_read *read)
{
    if (read->rollback != NULL) {
        rollback_free(read->rollback);
    }
    past_free(ctl, read->past);
    free(read);
}

void reads_fini(struct ctl *ctl)
{
    map_each (&ctl->reads, it) {
        read_free(ctl, it->value);
    }
    map_clear(&ctl->reads);
}

void on_read_done(struct ctl *ctl, const struct read_result *result)
{
    char text[TICKET_TEXT_SIZE];
    struct pending_read *read;

    (void)snprintf(text, sizeof(text), "%" PRIu64, result->ticket);
    read = map_remove(&ctl->reads, text);
    if (read == NULL) {
        return;
    }
    switch (read->purpose) {
    case READ_FOR_WATCH:
        watch_read_done(ctl, read->http_id, result);
        break;
    case READ_FOR_HISTORY:
        history_read_done(ctl, read->http_id, result);
        break;
    case READ_FOR_ROLLBACK:
        rollback_read_done(ctl, read->http_id, read->rollback, result);
        break;
    case READ_FOR_REVERT:
        deadline_read_done(ctl, read->rollback, result);
        break;
    case READ_FOR_PAST:
        past_read_done(ctl, TAKE(read->past), result);
        break;
    }
    read_free(ctl, read);
}
