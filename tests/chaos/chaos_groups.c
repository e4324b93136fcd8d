/* Control groups are in no namespace of ours: what the end of a world kills leaves them behind,
 * empty.  An agent's are in fog-agent.PLACE, where PLACE stands for its state directory. */
#include "tests/chaos/chaos_world.h"

#include "schema/base/digest.h"

#include <ftw.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OPEN_FOLDERS = 16, NAME_SIZE = 64, LOOKS = 100 };

static char parents[WORLD_AGENTS_MAX][NAME_SIZE]; /* nftw() hands nothing through */
static int parent_count;
static int left;

static void name_parent(const char *state, char name[static NAME_SIZE])
{
    char place[64], text[DIGEST_TEXT_SIZE];
    struct digest digest;
    struct stat about;

    if (stat(state, &about) != 0) {
        return;
    }
    (void)snprintf(place, sizeof(place), "%llu %llu", (unsigned long long)about.st_dev,
                   (unsigned long long)about.st_ino);
    digest_of(place, strlen(place), &digest);
    digest_to_str(&digest, text);
    (void)snprintf(name, NAME_SIZE, "/fog-agent.%.16s", strchr(text, ':') + 1);
    parent_count++;
}

/* From within outwards. */
static int on_folder(const char *path, const struct stat *about, int type, struct FTW *place)
{
    (void)about;
    (void)place;
    for (int i = 0; type == FTW_DP && i < parent_count; i++) {
        if (strstr(path, parents[i]) != NULL && rmdir(path) != 0) {
            left++;
        }
    }
    return 0;
}

static void clear_once(void)
{
    FILE *mounts = setmntent("/proc/self/mounts", "re");
    const struct mntent *mount;

    left = 0;
    while (mounts != NULL && (mount = getmntent(mounts)) != NULL) {
        if (strcmp(mount->mnt_type, "cgroup") == 0 || strcmp(mount->mnt_type, "cgroup2") == 0) {
            (void)nftw(mount->mnt_dir, on_folder, OPEN_FOLDERS, FTW_PHYS | FTW_MOUNT | FTW_DEPTH);
        }
    }
    if (mounts != NULL) {
        (void)endmntent(mounts);
    }
}

void world_clear_groups(struct world *world)
{
    parent_count = 0;
    for (int i = 1; i <= world->agents; i++) {
        name_parent(world_machine(world, i)->state, parents[parent_count]);
    }
    for (int i = 0; i < LOOKS; i++) { /* who was killed is in its group until it is gone */
        clear_once();
        if (left == 0) {
            return;
        }
        (void)usleep(20 * 1000);
    }
    world_complain(world, "%d control groups are left", left);
}
