/* fog-agent: lends this machine to a controller.
 *
 *     fog-agent [OPTION…]                 the agent
 *     fog-agent pause | resume | status   a word to the one that runs here
 *     fog-agent doctor                    what this machine can do
 *     fog-agent config check | show       what its options are
 *     fog-agent shim …                    what each workload runs under (agent/shim) */
#include "agent/io/doctor.h"
#include "agent/io/loop.h"
#include "agent/io/owner.h"
#include "agent/io/status.h"
#include "agent/shim/shim.h"
#include "schema/version.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    EXIT_USAGE = 2,
    DESCRIPTORS_WANTED = 8192,
    LOCK_AGAIN_MS = 50,
    LOCK_TRIES = 20,
};

static int complain(const struct err *err)
{
    (void)fprintf(stderr, "fog-agent: %s\n", err->text);
    return err->code == ERR_INVALID ? EXIT_USAGE : EXIT_FAILURE;
}

static int print(struct str *text)
{
    return fputs(text->data, stdout) < 0 || fflush(stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static void print_problems(const struct problems *problems)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    problems_print(problems, &text);
    (void)fputs(text.data, stderr);
}

static int print_help(void)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    options_help(&agent_options, &text);
    return print(&text);
}

/* Each workload takes two descriptors of ours. */
static void raise_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < DESCRIPTORS_WANTED) {
        limit.rlim_cur = limit.rlim_max < DESCRIPTORS_WANTED ? limit.rlim_max : DESCRIPTORS_WANTED;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* An agent that was killed while it started a shim leaves a child that holds the lock until it is
 * one: the next agent waits for that, a little. */
static int lock(struct cache *cache, struct err *err)
{
    int failed = cache_lock(cache, err);

    for (int i = 0; i < LOCK_TRIES && failed == ERR_UNAVAILABLE; i++) {
        (void)usleep(LOCK_AGAIN_MS * 1000);
        failed = cache_lock(cache, err);
    }
    return failed;
}

static int run(const struct config *config, struct cache *cache)
{
    struct err err = ERR_NONE;
    struct loop *loop;

    if (lock(cache, &err) < 0 || loop_new(config, cache, &loop, &err) < 0) {
        return complain(&err);
    }
    if (!config->controller.is_loopback) {
        log_warning("the link to %s is not encrypted; use it in test networks only",
                    config->controller_url);
    }
    for (size_t i = 0; i < config->problems.count; i++) {
        log_warning("%s", config->problems.items[i].message);
    }
    log_info("agent \"%s\" lends this machine version=%s state=%s controller=%s", config->name,
             FOG_VERSION, config->state, config->controller_url);
    loop_run(loop);
    loop_free(loop);
    log_end();
    return EXIT_SUCCESS;
}

static int tell(const struct config *config, struct str *answer)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    struct err err = ERR_NONE;

    if (config->verb != VERB_STATUS || config->output == OUTPUT_JSON) {
        return print(answer);
    }
    return status_tell(answer->data, answer->length, &text, &err) < 0 ? complain(&err)
                                                                      : print(&text);
}

/* Beside a running agent its options are judged, not those that another shell would give one. */
static void ask_for_options(struct config *config)
{
    _cleanup_(str_fini)
    struct str told = STR_EMPTY;
    struct err err = ERR_NONE;
    struct cache cache;

    config->judged = "no agent runs here: those of this command";
    if (!owner_may_answer(config->state)) {
        return;
    }
    if (cache_open(&cache, config->state, &err) < 0 ||
        owner_ask(&cache, "options", OWNER_PATIENCE_MS, &told, &err) < 0) {
        config->judged =
            err.code == ERR_UNAVAILABLE
                ? config->judged
                : arena_printf(&config->arena, "those of this command, for %s", err.text);
    } else if (config_adopt(config, told.data, told.length, &err) < 0) {
        config->judged = arena_printf(&config->arena, "those of this command, for %s", err.text);
    } else {
        config->is_running_agents = true;
    }
    cache_fini(&cache);
}

static int examine(struct config *config)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    bool ok;

    ask_for_options(config);
    ok = doctor_examine(config, &text);

    return print(&text) == EXIT_SUCCESS && ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int pass_on(const struct config *config, struct cache *cache)
{
    const char *word = config->verb == VERB_PAUSE    ? "pause"
                       : config->verb == VERB_RESUME ? "resume"
                                                     : "status";
    _cleanup_(str_fini)
    struct str answer = STR_EMPTY;
    struct err err = ERR_NONE;

    return owner_say(cache, word, OWNER_PATIENCE_MS, &answer, &err) < 0 ? complain(&err)
                                                                        : tell(config, &answer);
}

static int work(const struct config *config)
{
    struct cache cache;
    struct err err = ERR_NONE;
    int code;

    if (config->verb != VERB_RUN && access(config->state, F_OK) < 0) {
        (void)fprintf(stderr, "fog-agent: no agent was ever started with --state %s\n",
                      config->state);
        return EXIT_FAILURE;
    }
    if (cache_open(&cache, config->state, &err) < 0) {
        code = complain(&err);
    } else {
        code = config->verb == VERB_RUN ? run(config, &cache) : pass_on(config, &cache);
    }
    cache_fini(&cache);
    return code;
}

/* One mistake on a command line is a sentence; several, or one in a file, have their places. */
static int complain_of_options(const struct config *config, const struct err *err)
{
    int code;

    if (config->problems.count > 1 || config->verb == VERB_CHECK) {
        print_problems(&config->problems);
    }
    code = complain(err);
    return config->verb == VERB_CHECK ? EXIT_FAILURE : code;
}

static int check(const struct config *config)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    print_problems(&config->problems);
    str_addf(&text, "ok: %s\n", config->file[0] == '\0' ? "no file is there" : config->file);
    return print(&text);
}

static int show(const struct config *config)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    options_show(&config->options, &text);
    return print(&text);
}

/* Root speaks to an agent as the user whose it is: what is written down is that user's then, and
 * doctor sees what the agent would. */
static int become_its_user(const struct config *config)
{
    const struct passwd *user;
    struct stat about;

    if (config->verb == VERB_RUN || geteuid() != 0 || stat(config->state, &about) < 0 ||
        about.st_uid == 0) {
        return 0;
    }
    user = getpwuid(about.st_uid);
    if ((user != NULL ? initgroups(user->pw_name, user->pw_gid) : setgroups(0, NULL)) < 0 ||
        setgid(user != NULL ? user->pw_gid : about.st_gid) < 0 || setuid(about.st_uid) < 0) {
        perror("fog-agent: cannot become the agent's user");
        return -1;
    }
    return 0;
}

static int serve(int argc, char **argv)
{
    _cleanup_(config_fini)
    struct config config;
    struct err err = ERR_NONE;

    if (config_parse(&config, argc, argv, &err) < 0) {
        return complain_of_options(&config, &err);
    }
    log_set_level((enum log_level)config.log_level);
    log_set_format((enum log_format)config.log_format);
    switch (config.verb) {
    case VERB_HELP:
        return print_help();
    case VERB_VERSION:
        return puts("fog-agent " FOG_VERSION) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    case VERB_DOCTOR:
        return become_its_user(&config) < 0 ? EXIT_FAILURE : examine(&config);
    case VERB_CHECK:
        return check(&config);
    case VERB_SHOW:
        return show(&config);
    case VERB_RUN:
    case VERB_PAUSE:
    case VERB_RESUME:
    case VERB_STATUS:
        break;
    }
    return become_its_user(&config) < 0 ? EXIT_FAILURE : work(&config);
}

int main(int argc, char **argv)
{
    if (argc > 1 && str_eq(argv[1], "shim")) {
        return shim_main();
    }
    raise_descriptors();
    return serve(argc, argv);
}
