/* Outputs into a folder.  A task's files lie in a folder of its own, below the path that the
 * workload gave them. */
#include "schema/forms.h"
#include "tools/fogctl/blob.h"
#include "tools/fogctl/results.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

/* Every folder above the file; those there are stay. */
static bool make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        bool is_made;

        *slash = '\0';
        is_made = mkdir(path, 0777) == 0 || errno == EEXIST;
        *slash = '/';
        if (!is_made) {
            return false;
        }
    }
    return true;
}

/* Is the file there, with exactly these bytes? */
static bool is_there(const char *path, const char *digest, int64_t size_bytes)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct digester *digester;
    struct stat info;
    bool is_it;

    if (fd < 0) {
        return false;
    }
    digester = digester_new();
    is_it = fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size == size_bytes &&
            blob_digest_file(fd, size_bytes, digester) && blob_digest_is(digester, digest);
    digester_free(digester);
    (void)close(fd);
    return is_it;
}

static int fetch_file(struct fogctl *fogctl, char *path, const char *digest, int64_t retry_ms)
{
    const struct blob_options options = {.file = path, .retry_ms = retry_ms};

    return make_folders(path) ? blob_get(fogctl, digest, &options)
                              : fail(NULL, "%s: %s", path, strerror(errno));
}

/* Where it goes; NULL, after having said so, for a name that no workload may give, such as one that
 * leads out of the folder. */
static char *path_of(struct fogctl *fogctl, const struct result *result, const struct node *output,
                     const char *folder)
{
    const char *name = text_of(output, "path"), *why;
    struct digest digest;

    if (!form_is_path(result->slot, &why) || strchr(result->slot, '/') != NULL ||
        !form_is_path(name, &why) || !digest_from_str(text_of(output, "digest"), &digest)) {
        (void)fail(NULL, "%s: output \"%s\" of it is none", text_shown(fogctl, result->slot),
                   text_shown(fogctl, name));
        return NULL;
    }
    return arena_printf(&fogctl->arena, "%s/%s/%s", folder, result->slot, name);
}

void results_fetch(struct fogctl *fogctl, const struct result *result, const char *folder,
                   int64_t retry_ms, struct fetched *fetched)
{
    for (size_t i = 0; i < list_count(result->outputs); i++) {
        const struct node *output = result->outputs->list.items[i];
        const char *digest = text_of(output, "digest");
        struct arena saved;
        char *path;

        scratch_begin(fogctl, &saved);
        path = path_of(fogctl, result, output, folder);
        if (path == NULL) {
            fetched->failed++;
        } else if (is_there(path, digest, output_bytes(output))) {
            fetched->old++;
        } else if (fetch_file(fogctl, path, digest, retry_ms) == EXIT_DONE) {
            fetched->new ++;
        } else {
            (void)fail(NULL, "%s: not fetched", text_shown(fogctl, path));
            fetched->failed++;
        }
        scratch_end(fogctl, &saved);
    }
}
