/* A tree of small files under a folder, for what reads /sys, /proc or /dev under a root of its own.
 * Each fails the test when it cannot do as told. */
#pragma once

#include "schema/base/mono.h"

enum { TREE_PATH_SIZE = 512 };

void tree_path(const char *root, const char *path, char to[TREE_PATH_SIZE]);
/* Makes what is missing on the way; what is there is overwritten. */
void tree_put(const char *root, const char *path, const void *bytes, size_t size_bytes);
void tree_put_folder(const char *root,
                     const char *path); /* instead of what is there, as the next */
void tree_put_pipe(const char *root, const char *path);
void tree_put_link(const char *root, const char *path, const char *to);
void tree_remove(const char *root, const char *path); /* with all in it; may be missing */
void tree_touch(const char *root, const char *path, struct wall moment); /* both time stamps */
void tree_copy(const char *from, const char *to); /* folders and regular files */
