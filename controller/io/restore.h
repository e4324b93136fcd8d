/* `fog-controller restore`: puts a backup in the place of a store, with the controller stopped. */
#pragma once

#include "controller/io/statedir.h"
#include "schema/base/str.h"

/* The state directory is open, and so locked.  What is in the file is verified before anything is
 * replaced; the store that was there is kept in DIR/before-N, with its journal; the era of the new
 * one is above all that were.  Adds to `to` what was done, in lines.  On failure the store that was
 * there is still there, unless the words say otherwise. */
int restore_store(struct statedir *statedir, const char *file, struct str *to, struct err *err);

struct config;

/* Of the whole program: prints it; 0 or 1. */
int restore_state(const struct config *config);
