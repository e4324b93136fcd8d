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
/* The whole of a file, NUL-terminated, in the arena; "-" is standard input.  NULL with `err`. */
char *file_read(struct arena *arena, const char *path, size_t limit_bytes, size_t *ret_size,
                struct err *err);
