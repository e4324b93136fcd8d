/* tools/fogctl/screen.c, by a process of its own on a terminal of its own: what is asked of it here
 * hangs on moments that no person meets at will.  tests/suites/top.sh is how it is used. */
#include "tools/fogctl/screen.h"

#include "schema/base/mem.h"
#include "schema/base/str.h"
#include "tests/support/await.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

enum { SIDE = 300 }; /* rows and columns of the terminal: more than it takes at once */

struct terminal {
    int fd, inner; /* of whoever looks at it, and of programs that run there */
    pid_t pid;
};

static struct terminal terminal;

static int begin(void **state)
{
    const struct winsize size = {.ws_row = SIDE, .ws_col = SIDE};

    (void)state;
    (void)setenv("TERM", "xterm", 1);
    terminal.fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(terminal.fd >= 0);
    assert_int_equal(grantpt(terminal.fd), 0);
    assert_int_equal(unlockpt(terminal.fd), 0);
    terminal.inner = open(ptsname(terminal.fd), O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(terminal.inner >= 0);
    assert_int_equal(ioctl(terminal.inner, TIOCSWINSZ, &size), 0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    (void)close(terminal.fd);
    (void)close(terminal.inner);
    return 0;
}

/* A program that runs there; what it returns is its exit code. */
static void run(int (*program)(void))
{
    const struct rlimit no_core = {0, 0};

    terminal.pid = fork();
    assert_true(terminal.pid >= 0);
    if (terminal.pid == 0) {
        (void)setrlimit(RLIMIT_CORE, &no_core);
        (void)signal(SIGSEGV, SIG_DFL); /* which cmocka has taken */
        (void)setsid();
        (void)ioctl(terminal.inner, TIOCSCTTY, 0);
        (void)dup2(terminal.inner, STDIN_FILENO);
        (void)dup2(terminal.inner, STDOUT_FILENO);
        _exit(program());
    }
}

/* It has ended, or waits for something. */
static bool is_at_rest(void)
{
    char path[64], text[256] = "";
    const char *letter;
    FILE *file;

    (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)terminal.pid);
    file = fopen(path, "r");
    assert_non_null(file);
    (void)fread(text, 1, sizeof(text) - 1, file);
    (void)fclose(file);
    letter = strrchr(text, ')');
    return letter != NULL && (letter[2] == 'S' || letter[2] == 'Z');
}

/* What it has written up to now, and whether that is all. */
static bool is_over(struct str *to, int *ret_status)
{
    bool has_ended = waitpid(terminal.pid, ret_status, WNOHANG) == terminal.pid;
    char some[4096];
    ssize_t count;

    while ((count = read(terminal.fd, some, sizeof(some))) > 0) {
        str_add_bytes(to, some, (size_t)count);
    }
    return has_ended;
}

/* How it ended. */
static int read_all(struct str *to)
{
    int status = 0;

    assert_int_equal(fcntl(terminal.fd, F_SETFL, O_RDWR | O_NONBLOCK), 0);
    AWAIT(is_over(to, &status));
    return status;
}

static size_t count_of(const struct str *text, char c)
{
    size_t count = 0;

    for (size_t i = 0; i < text->length; i++) {
        count += text->data[i] == c;
    }
    return count;
}

/* --- programs --------------------------------------------------------------------------------- */

/* Another program made the terminal one that nobody waits for, as they share it. */
static int fills_the_screen(void)
{
    struct str text = STR_EMPTY;
    bool goes_on;

    if (fcntl(STDOUT_FILENO, F_SETFL, O_RDWR | O_NONBLOCK) != 0 || !screen_open()) {
        return 2;
    }
    for (size_t i = 0; i < (size_t)SIDE * SIDE; i++) {
        str_add(&text, i % SIDE == SIDE - 1 ? "x\n" : "x");
    }
    screen_draw(text.data, NULL);
    str_fini(&text);
    goes_on = screen_wait(0);
    screen_close();
    return goes_on ? 0 : 1;
}

static void on_signal(int number)
{
    (void)number;
}

static int opens_and_closes(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE,  SIGQUIT, SIGABRT, SIGSEGV,
                                  SIGBUS, SIGFPE,  SIGILL, SIGWINCH, SIGTSTP, SIGCONT};
    struct sigaction before[COUNT_OF(numbers)], after;

    (void)signal(SIGINT, on_signal);
    (void)signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        (void)sigaction(numbers[i], NULL, &before[i]);
    }
    if (!screen_open()) {
        return 2;
    }
    screen_close();
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        (void)sigaction(numbers[i], NULL, &after);
        if (after.sa_handler != before[i].sa_handler) {
            return numbers[i];
        }
    }
    return 0;
}

static int touches_what_it_must_not(void)
{
    volatile char *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (page == MAP_FAILED || !screen_open()) {
        return 2;
    }
    screen_draw("x", NULL);
    *page = 1;
    return 0;
}

/* --- tests ------------------------------------------------------------------------------------ */

static void a_terminal_that_takes_no_more_just_now_is_waited_for(void **state)
{
    _cleanup_(str_fini)
    struct str told = STR_EMPTY;

    (void)state;
    run(fills_the_screen);
    AWAIT(is_at_rest());
    assert_int_equal(read_all(&told), 0);
    assert_int_equal(count_of(&told, 'x'), SIDE * SIDE);
    assert_true(str_ends(told.data, "\033[0m\033[?25h\033[?1049l"));
}

static void signals_do_afterwards_what_they_did_before(void **state)
{
    _cleanup_(str_fini)
    struct str told = STR_EMPTY;

    (void)state;
    run(opens_and_closes);
    assert_int_equal(read_all(&told), 0);
}

static void a_fault_is_one_after_the_terminal_was_given_back(void **state)
{
    struct termios before, after;
    int status;
    _cleanup_(str_fini)
    struct str told = STR_EMPTY;

    (void)state;
    assert_int_equal(tcgetattr(terminal.inner, &before), 0);
    run(touches_what_it_must_not);
    status = read_all(&told);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGSEGV);
    assert_true(str_starts(told.data, "\033[?1049h\033[?25l"));
    assert_true(str_ends(told.data, "\033[0m\033[?25h\033[?1049l"));
    assert_int_equal(tcgetattr(terminal.inner, &after), 0);
    assert_int_equal(after.c_lflag, before.c_lflag);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_terminal_that_takes_no_more_just_now_is_waited_for),
        TEST(signals_do_afterwards_what_they_did_before),
        TEST(a_fault_is_one_after_the_terminal_was_given_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
