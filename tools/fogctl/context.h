/* Where the controller is: option > environment > configuration file > default.
 *
 *     # ~/.config/fog/config.yaml, or $FOGCTL_CONFIG
 *     currentContext: home
 *     contexts:
 *       - {name: home, server: "http://127.0.0.1:7411", user: alice}
 *
 * Environment: FOGCTL_SERVER, FOGCTL_CONTEXT, FOGCTL_CONFIG, FOGCTL_USER. */
#pragma once

#include "tools/fogctl/fogctl.h"

/* Fills in server and user; the arguments are the options, NULL when not given.  False after having
 * said what is wrong. */
bool context_find(struct fogctl *fogctl, const char *config, const char *context,
                  const char *server, const char *user);
/* The path of the file alone, into fogctl->config; true when it was named. */
bool context_path(struct fogctl *fogctl, const char *config);
/* What stands in it: NULL when the file is not there, and need not be (!is_named).  False after
 * having said what is wrong. */
bool context_read(struct fogctl *fogctl, bool is_named, struct node **ret_root);
/* Its entry of the list "contexts"; NULL: there is none. */
struct node *context_entry(const struct node *root, const char *name);
/* Puts it in the place of the file, as a whole, readable by its owner alone.  False after having
 * said why not. */
bool context_write(const struct fogctl *fogctl, const struct node *root);
/* The whole of a file, NUL-terminated, in the arena; "-" is standard input.  NULL with `err`. */
char *file_read(struct arena *arena, const char *path, size_t limit_bytes, size_t *ret_size,
                struct err *err);
