/* The programs of a chaos run: started in a network and with an environment, ended with any signal,
 * reaped at once by a thread, so that nobody takes a zombie for something alive. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { PROGRAM_WORDS_MAX = 48, PROGRAM_VARIABLES_MAX = 16, PROGRAM_PATH_SIZE = 512 };

struct program {
    char name[32];
    char *words[PROGRAM_WORDS_MAX + 1];         /* owned; the first is the file */
    char *variables[PROGRAM_VARIABLES_MAX + 1]; /* owned; "NAME=value", beside those we have */
    int word_count, variable_count;
    int net;                     /* a network namespace to start in; -1: ours */
    char log[PROGRAM_PATH_SIZE]; /* appended to; "": ours */
    bool wants_console;          /* its input and output are pipes to us */
    int input_fd, output_fd;     /* our ends; -1: none */

    pid_t pid;       /* 0: does not run; changed by the reaper: read it with program_pid() */
    int status;      /* of the last that ended, as of waitpid() */
    bool was_killed; /* by us, so that its end surprises nobody */
    unsigned starts;
    int64_t started_ms;
};

int64_t chaos_now_ms(void);

/* Once, before any program; whoever else ends under us is reaped, too. */
void programs_init(void);

void program_init(struct program *program, const char *name, int net);
void program_fini(struct program *program);
void program_say(struct program *program, const char *format, ...)
    __attribute__((format(printf, 2, 3))); /* adds a word */
void program_set(struct program *program, const char *format, ...)
    __attribute__((format(printf, 2, 3))); /* adds a variable */

bool program_start(struct program *program); /* it does not run */
pid_t program_pid(const struct program *program);
/* True: it ran and got it. */
bool program_signal(struct program *program, int number);
bool program_await_end(struct program *program, int64_t ms);
bool program_kill(struct program *program); /* with -9, and waits; true: it ran */
/* "exit 3", "signal 9", of the last end. */
void program_describe_end(const struct program *program, char *ret_text, int size);

/* Runs it to its end, or kills it after so long; the exit status, or -1. */
int program_run(struct program *program, int64_t ms);
