/* What the files of the board share: a view as a table of columns. */
#pragma once

#include "tools/fogctl/board.h"

enum {
    BOARD_COLUMNS_MAX = 12,
    BOARD_SORTS_MAX = 8,
    BOARD_NAME_MAX = 28,
    BOARD_NAME_MIN = 8,
    BOARD_TEXT_SIZE = 48
};
#define BOARD_REST (SIZE_MAX / 4) /* of a line */

struct cell { /* where and when a cell is written */
    struct pen *pen;
    const struct board *board;
    struct wall now;
    size_t width;
};

struct board_column {
    const char *title;
    size_t width;  /* 0: as wide as the widest name */
    unsigned rank; /* those of a higher one go first when there is no room */
    size_t spare;  /* so much wider where there is room; the last one may have all that is left */
    void (*put)(const struct cell *cell, const void *row);
};

struct board_shape {
    const char *title; /* "Fleet" */
    enum kind_id kind;
    const struct board_column *columns;
    size_t column_count;
    const char *sorts[BOARD_SORTS_MAX]; /* words; NULL-terminated */
    /* By the order of `sorts`; the last difference is the name. */
    int (*compare)(unsigned sort, const void *a, const void *b);
    const char *(*name_of)(const void *row); /* known by it for good */
    bool (*is_shown)(const void *row);
    bool (*matches)(const void *row, const char *search);
    const struct map *(*rows_of)(const struct scene *scene);
    /* What Enter shows. */
    const struct kind *(*object_of)(const void *row, const char **ret_name);
};

extern const struct board_shape board_fleet, board_sessions, board_work, board_log;
extern const struct board_shape *const board_shapes[BOARD_VIEW_COUNT];

const char *scene_state_sign(const struct look *look, enum scene_state state);
enum style scene_state_style(enum scene_state state);

void board_put_text(const struct cell *cell, enum style style, const char *text);
/* "‖ suspended BatteryLow". */
void board_put_state(const struct cell *cell, enum scene_state state, const char *reason);
/* Whatever the case; a NULL has nothing. */
bool board_text_has(const char *text, const char *search);

/* The order of a view, made anew if need be. */
struct board_list *board_list_now(struct board *board, enum board_view view);
void board_move(struct board *board, struct board_list *list, size_t at);
void board_list_fini(struct board_list *list);

/* The lines above all views; board_head.c. */
void board_put_head(struct board *board, struct wall now, struct mono mono_now, struct str *to);
void board_put_word(struct board *board, struct wall now, struct mono mono_now, struct str *to);
/* For how long there has been no word; -1: there was, just now. */
int64_t board_silence_ms(const struct board *board, struct mono now);
size_t board_rows_seen(const struct board *board); /* rows of a view; 0: without end */
