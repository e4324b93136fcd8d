/* What the operator asked for: flags, FOG_CONTROLLER_*, and /etc/fog/controller.conf
 * (schema/option.h; the table is in options.c). */
#pragma once

#include "controller/io/address.h"
#include "schema/base/log.h"
#include "schema/option.h"

#include <stdint.h>

#define CONFIG_FILE "/etc/fog/controller.conf"

enum verb { VERB_RUN, VERB_CHECK, VERB_SHOW, VERB_EXAMINE, VERB_RESTORE, VERB_HELP, VERB_VERSION };

struct config {
    struct arena arena;       /* owned: all texts */
    struct problems problems; /* all that is wrong, with its place */
    struct options options;   /* what was given */
    int word_count;           /* borrowed: of the command line, for config_read_again() */
    char **words;
    enum verb verb;
    const char *file; /* that was read; "": none was there */
    bool is_unread;   /* it was there, or named, and could not be read */
    const char *named_file;
    const char *state, *name;
    const char *from; /* the backup to put back */
    struct address listen, agents_listen;
    bool is_insecure;
    bool is_restored; /* the store is a copy of an earlier one: what came after it never was */
    int log_level;    /* enum log_level */
    int log_format;   /* enum log_format */
    const char *config_dir;      /* watched; "" or NULL: none */
    int64_t bursts_max;          /* gangs placed and not yet complete */
    int64_t alerts_after_ms;     /* a start, alert rules are evaluated first */
    int64_t lease_wait_ms;       /* after a restore; 0: the longest */
    int64_t heartbeat_min_ms;    /* 0: the core's own */
    int64_t blob_quota_bytes;    /* of all blobs together */
    int64_t blob_keep_ms;        /* blobs that nothing refers to */
    int64_t blob_keep_min_ms;    /* the least that this may be */
    int64_t history_keep_ms;     /* 0: for ever */
    int64_t history_max_bytes;   /* of the store, that are in use; 0: no bound */
    int64_t history_keep_min_ms; /* of history, whatever its size */
};

extern const struct option_table controller_options;

/* `config` is to be finished in any case.  ERR_INVALID with words for the operator, and all
 * problems in `config`. */
int config_parse(struct config *config, int count, char **words, struct err *err);
/* The same command line, with the file as it is now; `config` is to be finished in any case.
 * ERR_INVALID: something is wrong, or would need a restart; all of that is in its problems, and
 * `now` goes on.  Else how many options differ. */
int config_read_again(const struct config *now, struct config *config);
void config_fini(struct config *config);
