#include "tools/fogctl/screen.h"

#include "schema/base/mem.h"
#include "schema/base/str.h"
#include "tools/fogctl/fogctl.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/* The other screen, and no cursor; and back, with the styles of before. */
#define ENTER "\033[?1049h\033[?25l"
#define LEAVE "\033[0m\033[?25h\033[?1049l"

static const int ends[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGQUIT};
static const int crashes[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
/* All that is listened to while it is open. */
static const int heard[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE,  SIGQUIT, SIGABRT, SIGSEGV,
                            SIGBUS, SIGFPE,  SIGILL, SIGWINCH, SIGTSTP, SIGCONT};

static struct {
    struct termios before, raw;
    struct sigaction would_do[COUNT_OF(heard)]; /* before it was opened, and after it is closed */
    char *drawn;                                /* owned: what is on it, with the status */
    volatile sig_atomic_t is_open;
} screen;

static volatile sig_atomic_t has_ended, has_new_size;

/* --- signals: nothing here but what may be done in a handler -----------------------------------
 */

static void write_all(const char *text, size_t length)
{
    struct pollfd output = {.fd = STDOUT_FILENO, .events = POLLOUT};

    while (length > 0) {
        ssize_t count = write(STDOUT_FILENO, text, length);

        if (count >= 0) {
            text += count;
            length -= (size_t)count;
        } else if (errno == EAGAIN) { /* another program that has it open wanted it so */
            (void)poll(&output, 1, -1);
        } else if (errno != EINTR) {
            has_ended = 1; /* nobody reads it */
            return;
        }
    }
}

static void enter(void)
{
    (void)tcsetattr(STDIN_FILENO, TCSANOW, &screen.raw);
    write_all(ENTER, sizeof(ENTER) - 1);
}

static void leave(void)
{
    write_all(LEAVE, sizeof(LEAVE) - 1);
    (void)tcsetattr(STDIN_FILENO, TCSANOW, &screen.before);
}

static void listen_to(int number, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler};

    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(number, &action, NULL);
}

static void on_end(int number)
{
    (void)number;
    has_ended = 1;
}

static void on_size(int number)
{
    (void)number;
    has_new_size = 1;
}

/* Ctrl-Z: the terminal is the shell's meanwhile. */
static void on_stop(int number)
{
    int error = errno;
    sigset_t stop;

    leave();
    listen_to(number, SIG_DFL);
    (void)sigemptyset(&stop);
    (void)sigaddset(&stop, number);
    (void)raise(number);
    (void)sigprocmask(SIG_UNBLOCK, &stop, NULL); /* here it stops, and goes on */
    listen_to(number, on_stop);
    if (screen.is_open) {
        enter();
        has_new_size = 1;
    }
    errno = error;
}

/* Whoever was stopped without being asked finds the terminal as the shell left it. */
static void on_continue(int number)
{
    int error = errno;

    (void)number;
    if (screen.is_open) {
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &screen.raw);
        has_new_size = 1;
    }
    errno = error;
}

static void listen_no_more(void)
{
    for (size_t i = 0; i < COUNT_OF(heard); i++) {
        (void)sigaction(heard[i], &screen.would_do[i], NULL);
    }
}

/* Then as if there were no screen: what failed fails again, and what was sent is sent again. */
static void on_crash(int number, siginfo_t *info, void *context)
{
    (void)context;
    leave();
    listen_no_more();
    if (info->si_code <= 0) {
        (void)raise(number);
    }
}

static void listen_to_all(void)
{
    struct sigaction crash = {.sa_sigaction = on_crash, .sa_flags = SA_SIGINFO};

    for (size_t i = 0; i < COUNT_OF(heard); i++) {
        (void)sigaction(heard[i], NULL, &screen.would_do[i]);
    }
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        listen_to(ends[i], on_end);
    }
    (void)sigemptyset(&crash.sa_mask);
    for (size_t i = 0; i < COUNT_OF(crashes); i++) {
        (void)sigaction(crashes[i], &crash, NULL);
    }
    listen_to(SIGWINCH, on_size);
    listen_to(SIGTSTP, on_stop);
    listen_to(SIGCONT, on_continue);
}

/* --- open and closed ---------------------------------------------------------------------------
 */

bool screen_is_there(void)
{
    return isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 &&
           !str_is_empty(getenv("TERM")) && !str_eq(getenv("TERM"), "dumb");
}

bool screen_open(void)
{
    if (!screen_is_there() || tcgetattr(STDIN_FILENO, &screen.before) != 0) {
        return false;
    }
    screen.raw = screen.before;
    screen.raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    screen.raw.c_cc[VMIN] = 1;
    screen.raw.c_cc[VTIME] = 0;
    (void)fflush(stdout); /* what comes now is written past it */
    listen_to_all();
    screen.is_open = true; /* whoever is stopped from here on takes it when it goes on */
    enter();
    return true;
}

void screen_close(void)
{
    if (screen.is_open) {
        screen.is_open = false; /* no signal takes it again */
        leave();
        listen_no_more();
    }
    free(screen.drawn);
    screen.drawn = NULL;
}

/* --- what is on it ------------------------------------------------------------------------------
 */

/* So much of a line as fits; what moves no cursor takes no room. */
static void put_line(const char *line, size_t length, size_t columns, struct str *to)
{
    size_t width = 0, at = 0;

    while (at < length) {
        size_t bytes = 1, more;
        char one[5] = "";

        if (line[at] == '\033') {
            bytes = strcspn(line + at, "m\n") + 1;
            bytes = bytes < length - at ? bytes : length - at;
            str_add_bytes(to, line + at, bytes);
            at += bytes;
            continue;
        }
        while (at + bytes < length && bytes < sizeof(one) - 1 &&
               ((unsigned char)line[at + bytes] & 0xc0) == 0x80) {
            bytes++;
        }
        memcpy(one, line + at, bytes);
        more = text_width(one);
        if (width + more > columns) {
            break;
        }
        str_add_bytes(to, one, bytes);
        width += more;
        at += bytes;
    }
    if (width < columns) { /* in the last column that would take the last character away */
        str_add(to, "\033[K");
    }
}

static struct winsize size_now(void)
{
    struct winsize size = {0};

    (void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
    size.ws_row = size.ws_row == 0 ? 24 : size.ws_row;
    size.ws_col = size.ws_col == 0 ? 80 : size.ws_col;
    return size;
}

size_t screen_rows(void)
{
    return size_now().ws_row;
}

void screen_size(size_t *ret_columns, size_t *ret_rows)
{
    struct winsize size = size_now();

    *ret_columns = size.ws_col;
    *ret_rows = size.ws_row;
}

bool screen_is_resized(void)
{
    return has_new_size != 0;
}

/* The line of before moves on.  NULL: nobody knows what is on the screen. */
static bool is_same(const char **before, const char *line, size_t length)
{
    const char *was = *before;
    size_t had;

    if (was == NULL) {
        return false;
    }
    had = strcspn(was, "\n\f");
    *before += had + (was[had] == '\n');
    return had == length && strncmp(was, line, length) == 0;
}

/* Lines that are there already are passed over. */
static void put_lines(const char *text, const char *before, struct winsize size, size_t rows,
                      struct str *to)
{
    size_t row = 0;

    str_add(to, "\033[H");
    while (*text != '\0' && row < rows) {
        size_t length = strcspn(text, "\n");

        str_add(to, row++ > 0 ? "\r\n" : "");
        if (!is_same(&before, text, length)) {
            put_line(text, length, size.ws_col, to);
        }
        text += length + (text[length] == '\n');
    }
    str_add(to, row == 0 ? "\033[0m\033[J" : row < rows ? "\033[0m\r\n\033[J" : "\033[0m");
}

void screen_draw(const char *text, const char *status)
{
    struct str all = STR_EMPTY, out = STR_EMPTY;
    const char *before = screen.drawn;
    struct winsize size;

    if (has_new_size) {
        has_new_size = 0; /* one that comes from here on is for the next drawing */
        before = NULL;
    }
    size = size_now();
    str_addf(&all, "%s%c%s", text, '\f', status == NULL ? "" : status);
    if (before != NULL && str_eq(before, all.data)) { /* it is there already */
        str_fini(&all);
        return;
    }
    put_lines(text, before, size, (size_t)size.ws_row - (status != NULL), &out);
    if (status != NULL) {
        str_addf(&out, "\033[%u;1H", (unsigned)size.ws_row);
        put_line(status, strlen(status), size.ws_col, &out);
        str_add(&out, "\033[0m");
    }
    write_all(out.data, out.length); /* at once: nobody sees half of it */
    str_fini(&out);
    free(screen.drawn);
    screen.drawn = str_take(&all);
}

void screen_forget(void)
{
    has_new_size = 1;
}

/* False: the end of what can be typed. */
static bool may_go_on(ssize_t count)
{
    return count > 0 || (count < 0 && (errno == EINTR || errno == EAGAIN));
}

bool screen_wait(int64_t ms)
{
    int64_t until = boot_ms() + ms;

    while (!has_ended) {
        struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
        int64_t left = until - boot_ms();
        char key = '\0';

        if (has_new_size) {
            return true;
        }
        if (poll(&input, 1, left > 0 ? (int)left : 0) > 0) {
            if (!may_go_on(read(STDIN_FILENO, &key, 1)) || key == 'q' || key == 'Q') {
                return false;
            }
        } else if (left <= 0) {
            return true;
        }
    }
    return false;
}

bool screen_read(char *keys, size_t size, size_t *ret_count)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    ssize_t count;

    *ret_count = 0;
    if (has_ended) {
        return false;
    }
    if (poll(&input, 1, 0) <= 0) {
        return true;
    }
    count = read(STDIN_FILENO, keys, size);
    *ret_count = count > 0 ? (size_t)count : 0;
    return may_go_on(count);
}
