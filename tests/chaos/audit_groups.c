/* Control groups: a run's are MOUNT/…/fog-agent.PLACE/UID-RUN, and go when the run does.  Who is in
 * one is found as a process; an empty one is left over. */
#include "tests/chaos/audit.h"

#include <ftw.h>
#include <glob.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPEN_FOLDERS = 16 };

static struct audit *looked_for; /* nftw() hands nothing through */

/* An agent of this run has, or had, an assignment of that uid. */
static bool is_of_this_run(const char *dir, const char *name)
{
    char pattern[AUDIT_PATH_SIZE];
    const char *last = strrchr(name, '-');
    glob_t found = {.gl_pathc = 0};
    bool is_ours;

    if (last == NULL || strpbrk(name, "*?[\\") != NULL) {
        return false;
    }
    (void)snprintf(pattern, sizeof(pattern), "%s/*/work/%.*s", dir, (int)(last - name), name);
    is_ours = glob(pattern, GLOB_NOSORT, NULL, &found) == 0 && found.gl_pathc > 0;
    globfree(&found);
    return is_ours;
}

static int on_folder(const char *path, const struct stat *about, int type, struct FTW *place)
{
    char file[AUDIT_PATH_SIZE], *procs;
    size_t length = 0;
    const char *parent;

    (void)about;
    if (type != FTW_D || place->level < 2) {
        return 0;
    }
    for (parent = path + place->base - 1; parent > path && parent[-1] != '/'; parent--) {}
    if (strncmp(parent, "fog-agent.", 10) != 0 ||
        !is_of_this_run(looked_for->dir, path + place->base)) {
        return 0;
    }
    (void)snprintf(file, sizeof(file), "%s/cgroup.procs", path);
    procs = audit_read(file, &length);
    if (procs != NULL && length == 0) {
        audit_problem(looked_for, "group", "%s is left, with nobody in it", path);
    }
    free(procs);
    return 0;
}

void audit_groups(struct audit *audit)
{
    FILE *mounts = setmntent("/proc/self/mounts", "re");
    const struct mntent *mount;

    looked_for = audit;
    while (mounts != NULL && (mount = getmntent(mounts)) != NULL) {
        if (strcmp(mount->mnt_type, "cgroup") == 0 || strcmp(mount->mnt_type, "cgroup2") == 0) {
            (void)nftw(mount->mnt_dir, on_folder, OPEN_FOLDERS, FTW_PHYS | FTW_MOUNT);
        }
    }
    if (mounts != NULL) {
        (void)endmntent(mounts);
    }
}
