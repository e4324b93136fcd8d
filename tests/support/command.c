/* Output goes to unlinked files, which hold as much as a program has to say. */
#include "tests/support/command.h"

#include "schema/base/vec.h"

#include <assert.h>
#include <pty.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORDS_MAX = 64 };

/* argv[0] is "program"; the texts live in `copy`. */
static int split(char *copy, char **argv)
{
    static char name[] = "program";
    int argc = 0;

    argv[argc++] = name;
    while (*copy != '\0' && argc < WORDS_MAX) {
        bool is_quoted = false;
        char *to = copy;

        copy += strspn(copy, " ");
        if (*copy == '\0') {
            break;
        }
        argv[argc++] = to = copy;
        for (; *copy != '\0' && (is_quoted || *copy != ' '); copy++) {
            if (*copy == '\'') {
                is_quoted = !is_quoted;
            } else {
                *to++ = *copy;
            }
        }
        copy += *copy == ' ';
        *to = '\0';
    }
    argv[argc] = NULL;
    return argc;
}

static void read_all(FILE *file, struct str *to)
{
    char buffer[4096];
    size_t got;

    rewind(file);
    while ((got = fread(buffer, 1, sizeof(buffer), file)) > 0) {
        str_add_bytes(to, buffer, got);
    }
    (void)fclose(file);
}

static void run_child(program_main program, const char *words, FILE *in, FILE *out, FILE *err)
{
    char *argv[WORDS_MAX + 1], *copy = mem_strdup(words);
    int argc = split(copy, argv), code;

    (void)dup2(fileno(in), STDIN_FILENO);
    (void)dup2(fileno(out), STDOUT_FILENO);
    (void)dup2(fileno(err), STDERR_FILENO);
    code = program(argc, argv);
    free(copy);
    (void)fclose(in);
    (void)fclose(out);
    (void)fclose(err);
    exit(code);
}

void command_run(program_main program, const char *words, const char *input, struct outcome *ret)
{
    FILE *in = tmpfile(), *out = tmpfile(), *err = tmpfile();
    int status;
    pid_t child;

    assert(in != NULL && out != NULL && err != NULL);
    if (input != NULL) {
        fputs(input, in);
    }
    rewind(in);
    (void)fflush(NULL);
    child = fork();
    assert(child >= 0);
    if (child == 0) {
        run_child(program, words, in, out, err);
    }
    assert(waitpid(child, &status, 0) == child);
    *ret = (struct outcome){WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
                            STR_EMPTY, STR_EMPTY};
    read_all(out, &ret->out);
    read_all(err, &ret->err);
    (void)fclose(in);
}

void command_run_on_terminal(program_main program, const char *words, struct outcome *ret)
{
    static const struct winsize size = {.ws_row = 24, .ws_col = 80};
    char buffer[4096];
    int terminal = -1, status;
    ssize_t got;
    pid_t child;

    *ret = (struct outcome){0, STR_EMPTY, STR_EMPTY};
    (void)fflush(NULL);
    child = forkpty(&terminal, NULL, NULL, &size);
    assert(child >= 0);
    if (child == 0) {
        char *argv[WORDS_MAX + 1], *copy = mem_strdup(words);
        int code = program(split(copy, argv), argv);

        free(copy);
        exit(code);
    }
    while ((got = read(terminal, buffer, sizeof(buffer))) > 0) {
        str_add_bytes(&ret->out, buffer, (size_t)got);
    }
    (void)close(terminal);
    assert(waitpid(child, &status, 0) == child);
    ret->code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void outcome_fini(struct outcome *outcome)
{
    str_fini(&outcome->out);
    str_fini(&outcome->err);
}
