/* Two folders of texts, before and after, and the program that compares them: `diff -u -N`, or
 * what FOGCTL_EXTERNAL_DIFF names.  That is split at spaces, its first word is the program, the
 * folders are its last arguments; no shell reads it.
 *
 * The folders lie below $TMPDIR (default /tmp), for us alone, and are gone after differ_close(),
 * also when INT, TERM, HUP or PIPE comes in between: the signal is passed on to the program, and
 * takes effect on us once the folders are removed. */
#pragma once

#include "tools/fogctl/fogctl.h"

struct differ {
    struct fogctl *fogctl;                  /* borrowed */
    const char *base, *before, *after;      /* in the arena */
    const char *before_title, *after_title; /* borrowed: what the sides are; NULL: live, merged */
    struct texts made;                      /* files to remove */
    size_t count;                           /* of pairs added */
};

/* False after having said why not; then there is nothing to close. */
bool differ_open(struct fogctl *fogctl, struct differ *differ);
/* One pair; NULL: it is not there on this side.  False after having said why not. */
bool differ_add(struct differ *differ, const char *name, const char *before, const char *after);
/* Prints how they differ.  False after having said why not. */
bool differ_run(struct differ *differ);
void differ_close(struct differ *differ);
