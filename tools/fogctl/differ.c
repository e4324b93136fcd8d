/* The program that compares runs as a child without a shell; its lines are coloured here unless it
 * is the user's own, which writes to our standard output itself. */
#include "tools/fogctl/differ.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { FILE_NAME_MAX = 200, ARGUMENTS_MAX = 64 };

/* --- signals ---------------------------------------------------------------------------------- */

static const int caught_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
static struct {
    volatile sig_atomic_t caught, child;
    struct sigaction before[COUNT_OF(caught_signals)];
} signals; /* a handler can be given nothing */

static void on_signal(int number)
{
    signals.caught = number;
    if (signals.child > 0) {
        (void)kill((pid_t)signals.child, number);
    }
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};

    signals.caught = signals.child = 0;
    for (size_t i = 0; i < COUNT_OF(caught_signals); i++) {
        (void)sigaction(caught_signals[i], NULL, &signals.before[i]);
        if (signals.before[i].sa_handler != SIG_IGN) {
            (void)sigaction(caught_signals[i], &action, NULL);
        }
    }
}

static void release_signals(void)
{
    for (size_t i = 0; i < COUNT_OF(caught_signals); i++) {
        (void)sigaction(caught_signals[i], &signals.before[i], NULL);
    }
    if (signals.caught != 0) {
        (void)raise(signals.caught);
    }
}

/* --- folders ---------------------------------------------------------------------------------- */

bool differ_open(struct fogctl *fogctl, struct differ *differ)
{
    const char *temporary = getenv("TMPDIR");
    char *base = arena_printf(&fogctl->arena, "%s/fogctl-diff-XXXXXX",
                              str_is_empty(temporary) ? "/tmp" : temporary);

    catch_signals();
    if (mkdtemp(base) == NULL) {
        (void)fail("TMPDIR names the folder for temporary files", "%s: %s", base, strerror(errno));
        release_signals();
        return false;
    }
    *differ = (struct differ){.fogctl = fogctl, .base = base};
    differ->before = arena_printf(&fogctl->arena, "%s/live", base);
    differ->after = arena_printf(&fogctl->arena, "%s/merged", base);
    if (mkdir(differ->before, 0700) != 0 || mkdir(differ->after, 0700) != 0) {
        (void)fail(NULL, "%s: %s", base, strerror(errno));
        differ_close(differ);
        return false;
    }
    return true;
}

static bool write_file(struct differ *differ, const char *folder, const char *name,
                       const char *text)
{
    const char *path;
    FILE *file;
    bool is_written;

    if (text == NULL) {
        return true;
    }
    path = arena_printf(&differ->fogctl->arena, "%s/%s", folder, name);
    file = fopen(path, "wxe");
    if (file == NULL) {
        (void)fail(NULL, "%s: %s", path, strerror(errno));
        return false;
    }
    vec_add(&differ->made, path);
    is_written = fputs(text, file) >= 0;
    if (fclose(file) != 0 || !is_written) {
        (void)fail(NULL, "%s: %s", path, strerror(errno));
        return false;
    }
    return true;
}

bool differ_add(struct differ *differ, const char *name, const char *before, const char *after)
{
    /* Names may be longer than names of files. */
    const char *file =
        strlen(name) <= FILE_NAME_MAX
            ? name
            : arena_printf(&differ->fogctl->arena, "%.*s-%zu", FILE_NAME_MAX, name, differ->count);

    differ->count++;
    return write_file(differ, differ->before, file, before) &&
           write_file(differ, differ->after, file, after);
}

void differ_close(struct differ *differ)
{
    vec_each (&differ->made, it) {
        (void)unlink(*it);
    }
    (void)rmdir(differ->before);
    (void)rmdir(differ->after);
    (void)rmdir(differ->base);
    vec_fini(&differ->made);
    release_signals();
}

/* --- the program ------------------------------------------------------------------------------ */

/* "git diff --no-index" → its words, then the folders. */
static void split(const struct differ *differ, const char *command, char **arguments)
{
    struct arena *arena = &differ->fogctl->arena;
    size_t count = 0;

    while (*command != '\0' && count < ARGUMENTS_MAX) {
        size_t length = strcspn(command, " ");

        if (length > 0) {
            arguments[count++] = arena_strndup(arena, command, length);
        }
        command += length + (command[length] == ' ');
    }
    arguments[count++] = arena_strdup(arena, differ->before);
    arguments[count++] = arena_strdup(arena, differ->after);
    arguments[count] = NULL;
}

/* The pid, or 0 after having said why not; `output` becomes its standard output, unless -1. */
static pid_t spawn(char **arguments, int output)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t blocked, before;
    pid_t child = 0;
    int result = ECANCELED;

    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawnattr_init(&attributes);
    if (output >= 0) {
        (void)posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    }
    (void)sigemptyset(&blocked);
    for (size_t i = 0; i < COUNT_OF(caught_signals); i++) {
        (void)sigaddset(&blocked, caught_signals[i]);
    }
    (void)sigprocmask(SIG_BLOCK, &blocked, &before); /* the handler knows the child, or none is */
    (void)posix_spawnattr_setsigmask(&attributes, &before);
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    if (signals.caught == 0) {
        result = posix_spawnp(&child, arguments[0], &actions, &attributes, arguments, environ);
    }
    signals.child = result == 0 ? (sig_atomic_t)child : 0;
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&actions);
    if (result != 0 && result != ECANCELED) {
        (void)fail("is it installed? FOGCTL_EXTERNAL_DIFF names another", "%s: %s", arguments[0],
                   strerror(result));
    }
    return result == 0 ? child : 0;
}

/* 0 the same, 1 different; otherwise it failed. */
static bool await_end(pid_t child, const char *program)
{
    int status;

    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) {
            return false;
        }
    }
    signals.child = 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) <= 1) {
        return true;
    }
    if (signals.caught == 0) {
        (void)fail(NULL,
                   WIFEXITED(status) ? "%s failed with exit code %d" : "%s ended by signal %d",
                   program, WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
    }
    return false;
}

/* `base` is "live/NAME" or "merged/NAME". */
static void print_heading(const struct differ *differ, const char *line, const char *base)
{
    const char *title = base[0] == 'l' ? differ->before_title : differ->after_title;
    const char *name = strchr(base, '/');
    int length = (int)strcspn(base, "\t\n");

    printf("%s%.4s", paint(differ->fogctl, "bold"), line);
    if (title == NULL || name == NULL) {
        printf("%.*s", length, base);
    } else {
        printf("%s: %.*s", text_shown(differ->fogctl, title), length - (int)(name + 1 - base),
               name + 1);
    }
    printf("%s\n", paint(differ->fogctl, "off"));
}

/* One line of diff, coloured.  The names of our folders say nothing: live and merged do. */
static void print_line(const struct differ *differ, const char *line)
{
    const struct fogctl *fogctl = differ->fogctl;
    bool is_name = str_starts(line, "--- ") || str_starts(line, "+++ ");
    const char *base = is_name ? strstr(line, differ->base) : NULL;
    const char *color = line[0] == '+'   ? "green"
                        : line[0] == '-' ? "red"
                        : line[0] == '@' ? "blue"
                                         : "off";

    if (str_starts(line, "diff ")) {
        return;
    }
    if (base != NULL) {
        base += strlen(differ->base) + 1;
        print_heading(differ, line, base);
        return;
    }
    fputs(paint(fogctl, color), stdout);
    text_put_lines(stdout, line);
    printf("%s\n", paint(fogctl, "off"));
}

static void print_lines(const struct differ *differ, int from)
{
    FILE *lines = fdopen(from, "re");
    char *line = NULL;
    size_t size = 0;
    ssize_t length;

    if (lines == NULL) {
        (void)close(from);
        return;
    }
    for (;;) {
        errno = 0;
        length = getline(&line, &size, lines);
        if (length < 0 && errno == EINTR && !feof(lines)) { /* a signal that is dealt with later */
            clearerr(lines);
            continue;
        }
        if (length < 0) {
            break;
        }
        if (length > 0 && line[length - 1] == '\n') {
            line[length - 1] = '\0';
        }
        print_line(differ, line);
    }
    free(line);
    (void)fclose(lines);
}

bool differ_run(struct differ *differ)
{
    const char *external = getenv("FOGCTL_EXTERNAL_DIFF");
    bool is_ours = str_is_empty(external) || external[strspn(external, " ")] == '\0';
    char *arguments[ARGUMENTS_MAX + 3];
    int ends[2] = {-1, -1};
    pid_t child;

    split(differ, is_ours ? "diff -u -N" : external, arguments);
    (void)fflush(stdout);
    if (is_ours && pipe2(ends, O_CLOEXEC) != 0) {
        (void)fail(NULL, "pipe: %s", strerror(errno));
        return false;
    }
    child = spawn(arguments, ends[1]);
    if (is_ours) {
        (void)close(ends[1]);
        print_lines(differ, ends[0]);
    }
    return child > 0 && await_end(child, arguments[0]);
}
