/* fog-controller: options → config → store → core → loop → teardown. */
#include "controller/io/config.h"
#include "controller/io/engine.h"
#include "controller/io/loop.h"
#include "controller/io/statedir.h"
#include "schema/base/log.h"
#include "schema/version.h"

#include <signal.h>
#include <sys/stat.h>

enum { EXIT_NOT_STARTED = 1, EXIT_USAGE = 2 };

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

int main(int count, char **words)
{
    struct config config;
    struct statedir statedir = {.dir_fd = -1, .lock_fd = -1};
    struct engine engine = {0};
    struct loop *loop = NULL;
    struct err err = ERR_NONE;
    int code;

    if (config_from_args(count, words, &config, &err) < 0) {
        (void)fprintf(stderr, "fog-controller: %s\n", err.text);
        return EXIT_USAGE;
    }
    if (config.wants_help || config.wants_version) {
        (void)fputs(config.wants_help ? config_usage() : "fog-controller " FOG_VERSION "\n",
                    stdout);
        return 0;
    }
    log_set_level(config.log_level);
    (void)umask(077);
    (void)signal(SIGPIPE, SIG_IGN);

    code = run(&config, &statedir, &engine, &loop, &err);
    if (code == EXIT_NOT_STARTED) {
        log_error("not started: %s", err.text);
    }
    loop_close(loop);
    engine_close(&engine);
    statedir_close(&statedir);
    return code;
}
