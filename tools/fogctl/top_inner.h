/* What the files of `fogctl top` share: the board, and the streams that it is told by. */
#pragma once

#include "tools/fogctl/board.h"
#include "tools/fogctl/top_fleet.h"

enum { TOP_CHANGES_MAX = 100, TOP_KEYS_SIZE = 64 };

enum asking {
    WATCH_AGENTS,
    WATCH_SESSIONS,
    WATCH_WORK,
    WATCH_EVENTS,
    WATCH_COUNT,
    ASK_AGENTS = WATCH_COUNT, /* a page of all */
    ASK_SEEN,                 /* those that are seen, when all are more than a page */
    ASK_METRICS,
    ASK_CHANGES,
    ASK_WHY,
    ASK_OBJECT,
    ASKING_COUNT
};

struct top;

struct source { /* what a stream is about */
    struct top *top;
    enum asking asking;
    enum kind_id kind;      /* of a watch */
    char revision[32];      /* that it has got to */
    bool is_anew;           /* it is told from the beginning */
    struct str path;        /* of the last request */
    uint64_t asked_at;      /* the revision there was then */
    int64_t heard_ms;       /* when something came last */
    struct str token, name; /* of the page; of the object */
    const struct kind *of;
};

struct top {
    struct fogctl *fogctl;
    const struct top_options *options;
    struct scene scene;
    struct board board;
    struct source sources[ASKING_COUNT];
    struct stream streams[ASKING_COUNT];
    struct str labels_held, where_held; /* the last ones that were not refused */
    uint64_t revision_read;             /* up to which changes were read */
    struct str why, object;             /* of the detail */
    char keys[TOP_KEYS_SIZE];
    size_t key_count;
    int64_t keyed_ms, drawn_ms;
    bool has_news;
    int64_t lost_ms; /* since when the controller does not say how it is; 0: it does */
    bool is_swept;   /* it has been found of which agents the condition holds */
};

/* Streams for all that is asked, from the beginning. */
void top_open_streams(struct top *top);
/* Agents are read anew, by what the board selects. */
void top_select_anew(struct top *top);
void top_take_changes(struct fogctl *fogctl, struct scene *scene, const struct node *history);
