/* A private folder for one test. */
#pragma once

enum { FOLDER_PATH_SIZE = 128 };

/* Makes an empty one (mode 0700) under $TMPDIR or /tmp and writes its path; fails the test if that
 * cannot be. */
void folder_make(char path[FOLDER_PATH_SIZE]);
void folder_remove(const char *path); /* with all in it */
