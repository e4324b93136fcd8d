/* The board: what `fogctl top` shows of a fleet, and what its keys do.
 *
 *       Tab, 1 2 3 4            Enter                  Esc, Left
 *     ┌───────────────┐  ┌───────────────────► detail ───────────┐
 *     fleet ► sessions ► work ► log ◄────────────────────────────┘
 *       │ /  l  w: a line is typed, Enter takes it, Esc does not
 *       │ ?: help, until a key that does not move it
 *
 * A view is a list of rows of the fleet: which, in which order and which one is selected is kept by
 * name, as rows come and go.  The order is found anew only when something changed that it hangs on;
 * lines are made only of the rows that are seen.
 *
 * Nothing here asks, reads a clock or a terminal: keys and moments come in, lines go out, and what
 * somebody has to do is a wish. */
#pragma once

#include "tools/fogctl/keys.h"
#include "tools/fogctl/pen.h"
#include "tools/fogctl/scene.h"

enum board_view { BOARD_FLEET, BOARD_SESSIONS, BOARD_WORK, BOARD_LOG, BOARD_VIEW_COUNT };

enum board_mode { BOARD_LOOK, BOARD_DETAIL, BOARD_HELP, BOARD_SEARCH, BOARD_LABELS, BOARD_WHERE };

enum board_wish {
    WISH_NOTHING,
    WISH_QUIT,
    WISH_DETAIL,    /* board->detail names another object, of which all is to be read */
    WISH_SELECTION, /* board->labels or board->where are others */
    WISH_LOG,       /* the log is looked at: what changed is to be read */
};

struct board_list {
    VEC_OF(const void *); /* rows of the fleet, borrowed */
    size_t at, top;       /* the selected one, and the first that is seen */
    struct str selected;  /* its name */
    unsigned sort;
    uint64_t membership, changes; /* of the fleet, when this was made */
    bool is_stale;                /* is to be made anew: the search or the order is another */
    size_t name_width;            /* the widest that was drawn */
};

struct board_detail {
    const struct kind *kind; /* NULL: of nothing */
    struct str name;
    struct str text; /* lines; empty: nothing has come yet */
    size_t top;
};

struct board {
    struct scene *scene; /* borrowed */
    struct look look;    /* may be another at each drawing */
    const char *server;  /* borrowed */
    enum board_view view;
    enum board_mode mode;
    struct board_list lists[BOARD_VIEW_COUNT];
    struct board_detail detail;
    size_t help_top;
    struct str input; /* what is being typed */
    struct str search, labels, where;
    struct str message;       /* for the last line, until the next key */
    bool is_loading;          /* not all agents there are have been told of yet */
    bool is_lost;             /* the controller does not answer */
    struct mono heard;        /* when there was word from it last */
    int64_t quiet_ms;         /* so long without is nothing to speak of */
    uint64_t drawn, compared; /* rows: what all this costs */
};

void board_init(struct board *board, struct scene *scene, const struct look *look);
void board_fini(struct board *board);

enum board_wish board_key(struct board *board, const struct key *key);
/* What came of WISH_DETAIL: lines that may be shown, with styles if the look has them.  Dropped
 * when they are of another object than is looked at now. */
void board_tell(struct board *board, const struct kind *kind, const char *name, const char *why,
                const char *object);
void board_say(struct board *board, const char *message);

/* As many lines as the look has rows. */
void board_draw(struct board *board, struct wall now, struct mono mono_now, struct str *to);
/* All rows of all views one below the other, for what is no terminal. */
void board_print(struct board *board, struct wall now, struct mono mono_now, struct str *to);

/* Names of agents that are seen, for whoever reads only their readings; at most `count_max`. */
size_t board_seen(struct board *board, const char **names, size_t count_max);
/* "state", …: by what a view is in order; the first is that of `text`.  False: there is none. */
bool board_sort(struct board *board, enum board_view view, const char *text);
