/* One lock over the table of what runs: a program is in the table before its end can be seen. */
#include "tests/chaos/chaos_program.h"

#include "schema/base/mem.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RUNNING_MAX = 256, POLL_MS = 5, NO_CHILD_MS = 20 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct program *running[RUNNING_MAX];

int64_t chaos_now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- reaping ------------------------------------------------------------------------------------
 */

static void note_end(pid_t pid, int status)
{
    for (int i = 0; i < RUNNING_MAX; i++) {
        if (running[i] != NULL && running[i]->pid == pid) {
            running[i]->status = status;
            running[i]->pid = 0;
            running[i] = NULL;
            return;
        }
    }
}

static void *reap(void *context)
{
    (void)context;
    for (;;) {
        siginfo_t info = {0};
        int status;
        pid_t pid;

        if (waitid(P_ALL, 0, &info, WEXITED | WNOWAIT) != 0) {
            (void)usleep(NO_CHILD_MS * 1000);
            continue;
        }
        (void)pthread_mutex_lock(&lock);
        pid = waitpid(info.si_pid, &status, WNOHANG);
        if (pid > 0) {
            note_end(pid, status);
        }
        (void)pthread_mutex_unlock(&lock);
    }
    return NULL;
}

void programs_init(void)
{
    pthread_t thread;
    sigset_t all, before;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_create(&thread, NULL, reap, NULL) != 0) {
        abort();
    }
    (void)pthread_detach(thread);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* --- making -------------------------------------------------------------------------------------
 */

void program_init(struct program *program, const char *name, int net)
{
    *program = (struct program){.net = net, .input_fd = -1, .output_fd = -1};
    (void)snprintf(program->name, sizeof(program->name), "%s", name);
}

void program_fini(struct program *program)
{
    for (int i = 0; i < program->word_count; i++) {
        free(program->words[i]);
    }
    for (int i = 0; i < program->variable_count; i++) {
        free(program->variables[i]);
    }
    program->word_count = program->variable_count = 0;
}

void program_say(struct program *program, const char *format, ...)
{
    va_list rest;

    assert(program->word_count < PROGRAM_WORDS_MAX);
    va_start(rest, format);
    if (vasprintf(&program->words[program->word_count++], format, rest) < 0) {
        abort();
    }
    va_end(rest);
}

void program_set(struct program *program, const char *format, ...)
{
    va_list rest;

    assert(program->variable_count < PROGRAM_VARIABLES_MAX);
    va_start(rest, format);
    if (vasprintf(&program->variables[program->variable_count++], format, rest) < 0) {
        abort();
    }
    va_end(rest);
}

/* --- starting -----------------------------------------------------------------------------------
 */

static _Noreturn void become(struct program *program, int input, int output)
{
    sigset_t none;
    int log = *program->log != '\0'
                  ? open(program->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)
                  : -1;

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)setpgid(0, 0);
    if (program->net >= 0 && setns(program->net, CLONE_NEWNET) != 0) {
        _exit(127);
    }
    (void)dup2(input, STDIN_FILENO);
    if (log >= 0) {
        (void)dup2(log, STDERR_FILENO);
        (void)dup2(log, STDOUT_FILENO);
    }
    if (output >= 0) {
        (void)dup2(output, STDOUT_FILENO);
    }
    for (int i = 0; i < program->variable_count; i++) {
        (void)putenv(program->variables[i]);
    }
    (void)execv(program->words[0], program->words);
    _exit(127);
}

static void close_console(struct program *program)
{
    if (program->input_fd >= 0) {
        (void)close(program->input_fd);
        (void)close(program->output_fd);
        program->input_fd = program->output_fd = -1;
    }
}

static void note_start(struct program *program, pid_t pid)
{
    int at = 0;

    while (running[at] != NULL) {
        at++;
        assert(at < RUNNING_MAX);
    }
    running[at] = program;
    program->pid = pid;
    program->was_killed = false;
    program->starts++;
    program->started_ms = chaos_now_ms();
}

bool program_start(struct program *program)
{
    int input[2] = {-1, -1}, output[2] = {-1, -1};
    pid_t pid;

    assert(program_pid(program) == 0);
    close_console(program);
    if (program->wants_console && (pipe2(input, O_CLOEXEC) != 0 || pipe2(output, O_CLOEXEC) != 0)) {
        return false;
    }
    if (!program->wants_console) {
        input[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
    (void)pthread_mutex_lock(&lock);
    pid = fork();
    if (pid == 0) {
        become(program, input[0], output[1]);
    }
    if (pid > 0) {
        note_start(program, pid);
    }
    (void)pthread_mutex_unlock(&lock);
    (void)close(input[0]);
    if (program->wants_console) {
        (void)close(output[1]);
        program->input_fd = input[1];
        program->output_fd = output[0];
    }
    return pid > 0;
}

pid_t program_pid(const struct program *program)
{
    pid_t pid;

    (void)pthread_mutex_lock(&lock);
    pid = program->pid;
    (void)pthread_mutex_unlock(&lock);
    return pid;
}

/* Under the lock: nobody else can have its number yet. */
bool program_signal(struct program *program, int number)
{
    bool did = false;

    (void)pthread_mutex_lock(&lock);
    if (program->pid > 0) {
        did = kill(program->pid, number) == 0;
        program->was_killed =
            program->was_killed || (did && (number == SIGKILL || number == SIGTERM));
    }
    (void)pthread_mutex_unlock(&lock);
    return did;
}

bool program_await_end(struct program *program, int64_t ms)
{
    int64_t until = chaos_now_ms() + ms;

    while (program_pid(program) != 0 && chaos_now_ms() < until) {
        (void)usleep(POLL_MS * 1000);
    }
    return program_pid(program) == 0;
}

bool program_kill(struct program *program)
{
    bool ran = program_signal(program, SIGKILL);

    while (program_pid(program) != 0) {
        (void)usleep(1000);
    }
    return ran;
}

void program_describe_end(const struct program *program, char *ret_text, int size)
{
    int status = program->status;

    if (WIFSIGNALED(status)) {
        (void)snprintf(ret_text, (size_t)size, "signal %d", WTERMSIG(status));
    } else {
        (void)snprintf(ret_text, (size_t)size, "exit %d", WEXITSTATUS(status));
    }
}

int program_run(struct program *program, int64_t ms)
{
    if (!program_start(program)) {
        return -1;
    }
    if (!program_await_end(program, ms)) {
        (void)program_kill(program);
        return -1;
    }
    return WIFEXITED(program->status) ? WEXITSTATUS(program->status) : -1;
}
