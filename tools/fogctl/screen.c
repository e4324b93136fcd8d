#include "tools/fogctl/screen.h"

#include "schema/base/mem.h"
#include "schema/base/str.h"
#include "tools/fogctl/fogctl.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/* The other screen, and no cursor; and back. */
#define ENTER "\033[?1049h\033[?25l"
#define LEAVE "\033[?25h\033[?1049l"

static struct {
    struct termios before;
    char *drawn; /* owned: what is on it, with the status */
    bool is_open;
} screen;

static volatile sig_atomic_t has_ended, has_new_size;

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

static void listen_to(int number, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler};

    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(number, &action, NULL);
}

bool screen_is_there(void)
{
    return isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 &&
           !str_is_empty(getenv("TERM")) && !str_eq(getenv("TERM"), "dumb");
}

bool screen_open(void)
{
    static const int ends[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGQUIT};
    struct termios raw;

    if (!screen_is_there() || tcgetattr(STDIN_FILENO, &screen.before) != 0) {
        return false;
    }
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        listen_to(ends[i], on_end);
    }
    listen_to(SIGWINCH, on_size);
    raw = screen.before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    raw.c_cc[VSUSP] = _POSIX_VDISABLE; /* stopped, it would leave the terminal as it is */
    (void)tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    fputs(ENTER, stdout);
    (void)fflush(stdout);
    screen.is_open = true;
    return true;
}

void screen_close(void)
{
    if (screen.is_open) {
        fputs(LEAVE, stdout);
        (void)fflush(stdout);
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &screen.before);
    }
    free(screen.drawn);
    screen.drawn = NULL;
    screen.is_open = false;
}

/* So much of a line as fits; what moves no cursor takes no room. */
static void put_line(const char *line, size_t length, size_t columns)
{
    size_t width = 0, at = 0;

    while (at < length && width < columns) {
        if (line[at] == '\033') {
            size_t code = strcspn(line + at, "m") + 1;

            (void)fwrite(line + at, 1, code, stdout);
            at += code;
            continue;
        }
        width += ((unsigned char)line[at] & 0xc0) != 0x80;
        do {
            putchar(line[at++]);
        } while (at < length && ((unsigned char)line[at] & 0xc0) == 0x80);
    }
    if (width < columns) { /* in the last column that would take the last character away */
        fputs("\033[K", stdout);
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
static void put_lines(const char *text, const char *before, struct winsize size, size_t rows)
{
    size_t row = 0;

    fputs("\033[H", stdout);
    while (*text != '\0' && row < rows) {
        size_t length = strcspn(text, "\n");

        fputs(row++ > 0 ? "\r\n" : "", stdout);
        if (!is_same(&before, text, length)) {
            put_line(text, length, size.ws_col);
        }
        text += length + (text[length] == '\n');
    }
    fputs(row == 0 ? "\033[0m\033[J" : row < rows ? "\033[0m\r\n\033[J" : "\033[0m", stdout);
}

void screen_draw(const char *text, const char *status)
{
    struct winsize size = size_now();
    struct str all = STR_EMPTY;
    const char *before = has_new_size ? NULL : screen.drawn;

    str_addf(&all, "%s%c%s", text, '\f', status == NULL ? "" : status);
    if (before != NULL && str_eq(before, all.data)) { /* it is there already */
        str_fini(&all);
        return;
    }
    has_new_size = 0;
    put_lines(text, before, size, (size_t)size.ws_row - (status != NULL));
    if (status != NULL) {
        printf("\033[%u;1H", (unsigned)size.ws_row);
        put_line(status, strlen(status), size.ws_col);
        fputs("\033[0m", stdout);
    }
    (void)fflush(stdout);
    free(screen.drawn);
    screen.drawn = str_take(&all);
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
            if (read(STDIN_FILENO, &key, 1) != 1 || key == 'q' || key == 'Q') {
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
    return count > 0 || (count < 0 && errno == EINTR);
}
