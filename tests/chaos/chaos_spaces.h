/* Where a chaos run takes place: namespaces of its own for processes, mounts and networks, so that
 * everything it starts, mounts and binds ends with it, whatever ends it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Goes on as the first process of new namespaces; who called waits outside for its end and exits as
 * it did.  Where the machine does not allow that, goes on as it is and returns false, with the
 * reason in `*ret_why`. */
bool spaces_enter(const char **ret_why);

/* A network namespace for each of `count` nodes, with a TUN device of address 10.77.0.(n+1); gives
 * their descriptors.  The caller is in the first of them afterwards.  False: not
 * allowed; then it is in one that has but a loopback. */
bool spaces_make_nets(int count, int *ret_nets, int *ret_tuns);

bool spaces_mount_tmpfs(const char *path, int64_t size_bytes);
bool spaces_resize_tmpfs(const char *path, int64_t size_bytes);
bool spaces_unmount(const char *path);
