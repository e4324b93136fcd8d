/* What the results of history reads are for, until they come. */
#pragma once

#include "controller/core/core.h"

enum read_purpose {
    READ_FOR_WATCH,
    READ_FOR_HISTORY,
    READ_FOR_ROLLBACK,
    READ_FOR_REVERT,
    READ_FOR_PAST
};

struct past;     /* controller/core/past.h */
struct rollback; /* controller/core/history.h */

struct pending_read {
    enum read_purpose purpose;
    uint64_t http_id;
    struct rollback *rollback; /* owned; READ_FOR_ROLLBACK, READ_FOR_REVERT */
    struct past *past;         /* owned; READ_FOR_PAST */
};

/* The rollback, if any, is taken. */
void reads_expect(struct ctl *ctl, uint64_t ticket, enum read_purpose purpose, uint64_t http_id,
                  struct rollback *rollback);
void reads_expect_past(struct ctl *ctl, uint64_t ticket, struct past *past /* taken */);
void reads_fini(struct ctl *ctl);
