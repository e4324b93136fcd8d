/* What a power cut takes: the preloaded library keeps, outside of the program, what each file was
 * before its writes that are not durable yet (fault_shim.h); played back, they are gone.  A disk
 * writes in what order it likes, and mostly in ours: either all goes, or the last of it. */
#include "tests/chaos/chaos_faults.h"

#include "schema/base/mem.h"
#include "schema/base/parse.h"
#include "schema/base/str.h"
#include "schema/base/vec.h"
#include "tests/chaos/fault_shim.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ALL_PER_MILLE = 600 };

struct record {
    struct fault_undo head;
    int64_t at; /* of its bytes in the journal */
};

struct records {
    VEC_OF(struct record);
};

static bool read_at(int fd, void *bytes, size_t size, int64_t at)
{
    return pread(fd, bytes, size, at) == (ssize_t)size;
}

/* The last one may be cut short by the kill; then its deed was not done. */
static void read_records(int journal, struct records *records)
{
    struct stat about;
    struct record record = {.at = 0};
    int64_t at = 0;

    while (fstat(journal, &about) == 0 && read_at(journal, &record.head, sizeof(record.head), at)) {
        record.at = at + (int64_t)sizeof(record.head);
        at = record.at + record.head.kept;
        if (at > about.st_size) {
            return;
        }
        vec_add(records, record);
    }
}

static void undo(int journal, int file, const struct record *record)
{
    _cleanup_free_ char *bytes = mem_alloc((size_t)record->head.kept + 1);

    if (!read_at(journal, bytes, (size_t)record->head.kept, record->at) ||
        pwrite(file, bytes, (size_t)record->head.kept, record->head.offset) != record->head.kept ||
        ftruncate(file, record->head.size_before) != 0) {
        perror("a power cut cannot be played");
        exit(EXIT_FAILURE);
    }
}

/* The file of an inode, by name; false: it is no more. */
static bool find_file(const struct machine *machine, int64_t inode, char *ret_path, size_t size)
{
    DIR *dir = opendir(machine->state);
    struct dirent *entry;
    bool found = false;

    while (dir != NULL && !found && (entry = readdir(dir)) != NULL) {
        found = (int64_t)entry->d_ino == inode;
        (void)snprintf(ret_path, size, "%s/%.200s", machine->state, entry->d_name);
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    return found;
}

static int64_t play_back(struct world *world, const char *journal_path, const char *path)
{
    struct records records = {0};
    int journal = open(journal_path, O_RDONLY | O_CLOEXEC);
    int file = open(path, O_RDWR | O_CLOEXEC);
    int64_t count = 0, first = 0;

    if (journal >= 0 && file >= 0) {
        read_records(journal, &records);
        if (records.count > 0 && !rand_chance(&world->rand, ALL_PER_MILLE)) {
            first = (int64_t)rand_below(&world->rand, records.count);
        }
        for (int64_t i = (int64_t)records.count - 1; i >= first; i--) {
            undo(journal, file, &records.items[i]);
            count++;
        }
    }
    vec_fini(&records);
    if (journal >= 0) {
        (void)close(journal);
    }
    if (file >= 0) {
        (void)close(file);
    }
    return count;
}

/* What is in memory for all who have it open, and is made anew when nobody has. */
static bool is_kept_by_disk(const char *path)
{
    size_t length = strlen(path);

    return length < 4 || !str_eq(path + length - 4, "-shm");
}

int64_t power_cut(struct world *world, const struct machine *machine)
{
    DIR *dir = opendir(machine->undo);
    struct dirent *entry;
    int64_t count = 0, inode;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        char journal[PROGRAM_PATH_SIZE + 32], path[PROGRAM_PATH_SIZE + 256];

        if (!int_from_str(entry->d_name, &inode)) {
            continue;
        }
        (void)snprintf(journal, sizeof(journal), "%s/%" PRId64, machine->undo, inode);
        if (find_file(machine, inode, path, sizeof(path)) && is_kept_by_disk(path)) {
            count += play_back(world, journal, path);
        }
        (void)unlink(journal);
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    return count;
}
