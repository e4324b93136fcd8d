/* Reads the options where they stand, and looks at what they mean together. */
#include "controller/io/config.h"

#include "schema/base/parse.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = 64 << 10 };

static void close_file(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
}

static int read_all(int fd, struct str *to)
{
    char buffer[4096];
    ssize_t size;

    while ((size = read(fd, buffer, sizeof(buffer))) > 0 && to->length <= FILE_BYTES_MAX) {
        str_add_bytes(to, buffer, (size_t)size);
    }
    return size < 0 || to->length > FILE_BYTES_MAX || strlen(to->data) != to->length ? ERR_INVALID
                                                                                     : 0;
}

/* Who can write to it has the operator's word. */
static int read_file(const char *path, struct str *to, struct err *err)
{
    _cleanup_(close_file)
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat about;

    if (fd < 0 || fstat(fd, &about) < 0) {
        return err_set(err, errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO,
                       "cannot read \"%s\": %s", path, strerror(errno));
    }
    if (!S_ISREG(about.st_mode) || about.st_size > FILE_BYTES_MAX) {
        return err_set(err, ERR_REFUSED, "\"%s\" is not a file of at most %d KiB", path,
                       FILE_BYTES_MAX >> 10);
    }
    if ((about.st_mode & S_IWOTH) != 0) {
        return err_set(err, ERR_REFUSED, "\"%s\" may be written by anybody: chmod o-w", path);
    }
    if (read_all(fd, to) < 0) {
        return err_set(err, ERR_INVALID, "\"%s\" cannot be read, or is no text", path);
    }
    return 0;
}

/* One that is named must be there. */
static void find_file(struct config *config, struct option_input *input, struct str *text)
{
    const char *named = options_find_file(&controller_options, input, "config");
    const char *path = named != NULL ? named : CONFIG_FILE;
    struct err err = ERR_NONE;
    int result = read_file(path, text, &err);

    if (result == ERR_NOT_FOUND && named == NULL) {
        return;
    }
    if (result < 0) {
        config->is_unread = true;
        problem_add(&config->problems, PROBLEM_ERROR, CAUSE_INVALID, NULL, "", "%s", err.text);
        return;
    }
    config->file = input->file = arena_strdup(&config->arena, path);
    input->text = text->data;
}

/* --- what follows from what was given ------------------------------------------------------------
 */

static void check_address(struct config *config, const struct address *address, const char *name)
{
    if (!address_is_loopback(address) && !config->is_insecure) {
        problem_add(&config->problems, PROBLEM_ERROR, CAUSE_FORBIDDEN, NULL, "",
                    "--%s: %s is not loopback, and nothing is encrypted yet; "
                    "--insecure allows it on a network you trust",
                    name, address->host);
    }
}

/* What a run has stored is not referred to before its success is told. */
static void check_blob_keep(struct config *config)
{
    char keep[DURATION_TEXT_SIZE], least[DURATION_TEXT_SIZE];

    if (config->blob_keep_ms < config->blob_keep_min_ms) {
        duration_to_str(config->blob_keep_ms, keep);
        duration_to_str(config->blob_keep_min_ms, least);
        problem_add(&config->problems, PROBLEM_ERROR, CAUSE_INVALID, NULL, "",
                    "--blob-keep: %s is less than %s: outputs that an agent has stored could be "
                    "removed before it has told of them",
                    keep, least);
    }
}

/* Who watches must be able to go on after a short absence. */
static void check_history_keep(struct config *config)
{
    char keep[DURATION_TEXT_SIZE], least[DURATION_TEXT_SIZE];

    if (config->history_keep_ms > 0 && config->history_keep_ms < config->history_keep_min_ms) {
        duration_to_str(config->history_keep_ms, keep);
        duration_to_str(config->history_keep_min_ms, least);
        problem_add(&config->problems, PROBLEM_ERROR, CAUSE_INVALID, NULL, "",
                    "--history-keep: %s is less than %s: who watches, and was away for a moment, "
                    "would have to begin anew; 0s keeps all",
                    keep, least);
    }
}

/* A file need not be whole: flags may bring the rest. */
static void settle(struct config *config)
{
    bool needs_state =
        config->verb == VERB_RUN || config->verb == VERB_EXAMINE || config->verb == VERB_RESTORE;

    if (str_is_empty(config->state)) {
        problem_add(
            &config->problems, needs_state ? PROBLEM_ERROR : PROBLEM_WARNING, CAUSE_REQUIRED, NULL,
            "", "--state DIR says where everything is kept, and nothing runs without; see --help");
    }
    if (config->verb == VERB_RESTORE && str_is_empty(config->from)) {
        problem_add(&config->problems, PROBLEM_ERROR, CAUSE_REQUIRED, NULL, "",
                    "--from FILE says what is put back");
    }
    check_address(config, &config->listen, "listen");
    check_address(config, &config->agents_listen, "agents-listen");
    check_blob_keep(config);
    check_history_keep(config);
}

int config_parse(struct config *config, int count, char **words, struct err *err)
{
    struct option_input input = {.word_count = count, .words = words, .environment = environ};
    _cleanup_(str_fini)
    struct str text = STR_EMPTY, summary = STR_EMPTY;
    int result;

    *config = (struct config){.word_count = count, .words = words, .file = ""};
    arena_init(&config->arena);
    problems_init(&config->problems, &config->arena, NULL);
    options_init(&config->options, &controller_options, &config->arena);
    if (options_ask_for_help(&controller_options, &input)) { /* also when the file is broken */
        config->verb = VERB_HELP;
        return 0;
    }
    find_file(config, &input, &text);
    options_read(&config->options, &input, &config->problems);
    options_take(&config->options, config, &config->problems);
    config->verb = (enum verb)config->options.verb;
    if (config->verb == VERB_VERSION) {
        return 0;
    }
    if (config->problems.errors == 0) {
        settle(config);
    }
    options_sum_up(&config->problems, &summary);
    result = config->problems.errors > 0 ? err_set(err, ERR_INVALID, "%s", summary.data) : 0;
    str_fini(&summary);
    return result;
}

int config_read_again(const struct config *now, struct config *config)
{
    struct err unsaid = ERR_NONE; /* the problems say it */
    bool is_right = config_parse(config, now->word_count, now->words, &unsaid) == 0;
    size_t changed = is_right || !config->is_unread
                         ? options_compare(&now->options, &config->options, &config->problems)
                         : 0;

    return config->problems.errors > 0 ? ERR_INVALID : (int)changed;
}

void config_fini(struct config *config)
{
    arena_fini(&config->arena);
}
