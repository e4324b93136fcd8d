/* The files of a control group's folder. */
#pragma once

#include "schema/base/str.h"

/* Writes a word, or a number; 0 or the errno with which the kernel refused it. */
int cgroup_write(int group_fd, const char *file, const char *word);
int cgroup_write_int(int group_fd, const char *file, int64_t value);
/* Appends the file to `to`; false when it cannot be read. */
bool cgroup_read(int group_fd, const char *file, struct str *to);
/* The number behind `key` in a file of lines "key number", or with "" for key the whole file; 0
 * when there is none. */
int64_t cgroup_read_int(int group_fd, const char *file, const char *key);

/* Version 2: does it give a controller to the groups inside?  Makes it do so; 0 or an errno. */
bool cgroup_hands_down(int group_fd, const char *controller);
int cgroup_hand_down(int group_fd, const char *controller);

/* Opens a group in a folder, making it when `make`; -1 with errno. */
int cgroup_open(const char *folder, const char *name, bool make);
/* Removes a group and those inside it; false when processes are in one of them. */
bool cgroup_remove_group(const char *folder, const char *name);
