/* fog-controller: options → config → store → core → loop → teardown.
 *
 *     fog-controller [OPTION…]          the controller
 *     fog-controller config check|show  what it would do, without doing it
 *     fog-controller check              is the state sound?
 *     fog-controller restore            puts a backup in its place */
#include "controller/io/check.h"
#include "controller/io/config.h"
#include "controller/io/engine.h"
#include "controller/io/loop.h"
#include "controller/io/restore.h"
#include "controller/io/statedir.h"
#include "schema/base/log.h"
#include "schema/version.h"

#include <signal.h>
#include <sys/stat.h>

enum { EXIT_NOT_STARTED = 1, EXIT_WRONG = 1, EXIT_USAGE = 2 };

static int run(const struct config *config, struct statedir *statedir, struct engine *engine,
               struct loop **ret_loop, struct err *err)
{
    if (statedir_open(statedir, config->state, err) < 0) {
        return EXIT_NOT_STARTED;
    }
    if (engine_open(engine, config, statedir, err) < 0) {
        return EXIT_NOT_STARTED;
    }
    if (loop_open(config, engine, ret_loop, err) < 0) {
        return EXIT_NOT_STARTED;
    }
    return (int)loop_run(*ret_loop);
}

static int serve(const struct config *config)
{
    struct statedir statedir = {.dir_fd = -1, .lock_fd = -1};
    struct engine engine = {0};
    struct loop *loop = NULL;
    struct err err = ERR_NONE;
    int code;

    log_set_level((enum log_level)config->log_level);
    log_set_format((enum log_format)config->log_format);
    for (size_t i = 0; i < config->problems.count; i++) {
        log_warning("%s", config->problems.items[i].message);
    }
    (void)umask(077);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGHUP, SIG_IGN); /* until the loop hears it: what it would read was just read */
    code = run(config, &statedir, &engine, &loop, &err);
    if (code == EXIT_NOT_STARTED) {
        log_error("not started: %s", err.text);
    }
    loop_close(loop);
    engine_close(&engine);
    statedir_close(&statedir);
    log_end();
    return code;
}

static int print(const struct str *text)
{
    return fputs(text->data, stdout) < 0 || fflush(stdout) != 0 ? EXIT_WRONG : 0;
}

static void print_problems(const struct config *config)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    problems_print(&config->problems, &text);
    (void)fputs(text.data, stderr);
}

static int tell(const struct config *config)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    if (config->verb == VERB_HELP) {
        options_help(&controller_options, &text);
    } else if (config->verb == VERB_VERSION) {
        str_add(&text, "fog-controller " FOG_VERSION "\n");
    } else if (config->verb == VERB_SHOW) {
        options_show(&config->options, &text);
    } else {
        print_problems(config);
        str_addf(&text, "ok: %s\n", config->file[0] == '\0' ? "no file is there" : config->file);
    }
    return print(&text);
}

/* One mistake on a command line is a sentence; several, or one in a file, have their places. */
static int complain(const struct config *config, const struct err *err)
{
    if (config->problems.count > 1 || config->verb == VERB_CHECK) {
        print_problems(config);
    }
    (void)fprintf(stderr, "fog-controller: %s\n", err->text);
    return config->verb == VERB_CHECK ? EXIT_WRONG : EXIT_USAGE;
}

int main(int count, char **words)
{
    _cleanup_(config_fini)
    struct config config;
    struct err err = ERR_NONE;

    if (config_parse(&config, count, words, &err) < 0) {
        return complain(&config, &err);
    }
    if (config.verb == VERB_EXAMINE) {
        return check_state(&config);
    }
    if (config.verb == VERB_RESTORE) {
        return restore_state(&config);
    }
    return config.verb == VERB_RUN ? serve(&config) : tell(&config);
}
