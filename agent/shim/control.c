/* A handful of connections, polled.  Everybody gets everything; a peer that does not read, or sends
 * a line that is too long, is closed: it can come again. */
#include "agent/shim/control.h"

#include "agent/shim/file.h"
#include "agent/shim/spec.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int listen_here(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = RUN_CONTROL};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    (void)unlink(RUN_CONTROL);
    if (fd >= 0 && (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
                    chmod(RUN_CONTROL, 0600) < 0 || listen(fd, SHIM_CONNECTIONS_MAX) < 0)) {
        file_close(&fd);
    }
    return fd;
}

void control_init(struct control *control)
{
    control->listen_fd = listen_here();
    for (size_t i = 0; i < SHIM_CONNECTIONS_MAX; i++) {
        control->connections[i] = (struct control_connection){.fd = -1};
    }
}

void control_fini(struct control *control)
{
    file_close(&control->listen_fd);
    for (size_t i = 0; i < SHIM_CONNECTIONS_MAX; i++) {
        file_close(&control->connections[i].fd);
    }
}

bool control_adopt(struct control *control, int fd)
{
    for (size_t i = 0; i < SHIM_CONNECTIONS_MAX; i++) {
        if (control->connections[i].fd < 0) {
            (void)fcntl(fd, F_SETFL, O_NONBLOCK);
            (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
            control->connections[i] = (struct control_connection){.fd = fd};
            return true;
        }
    }
    (void)close(fd);
    return false;
}

size_t control_count(const struct control *control)
{
    size_t count = 0;

    for (size_t i = 0; i < SHIM_CONNECTIONS_MAX; i++) {
        count += control->connections[i].fd >= 0;
    }
    return count;
}

size_t control_polls(const struct control *control, struct pollfd polls[static CONTROL_POLLS])
{
    size_t count = 0;

    if (control->listen_fd >= 0) {
        polls[count++] = (struct pollfd){.fd = control->listen_fd, .events = POLLIN};
    }
    for (size_t i = 0; i < SHIM_CONNECTIONS_MAX; i++) {
        if (control->connections[i].fd >= 0) {
            polls[count++] = (struct pollfd){.fd = control->connections[i].fd, .events = POLLIN};
        }
    }
    return count;
}

static void send_line(struct control_connection *connection, const char *line)
{
    ssize_t length = (ssize_t)strlen(line);

    if (send(connection->fd, line, (size_t)length, MSG_NOSIGNAL | MSG_DONTWAIT) != length) {
        file_close(&connection->fd);
    }
}

/* Hands out the whole lines of the buffer and keeps the rest. */
static void cut_lines(struct control_connection *connection, control_line_fn *on_line, void *data)
{
    char *start = connection->line;
    char *end = connection->line + connection->length;
    char *newline;

    while ((newline = memchr(start, '\n', (size_t)(end - start))) != NULL) {
        *newline = '\0';
        on_line(data, start);
        start = newline + 1;
    }
    connection->length = (size_t)(end - start);
    memmove(connection->line, start, connection->length);
}

static void receive(struct control_connection *connection, control_line_fn *on_line, void *data)
{
    size_t room = sizeof(connection->line) - connection->length;
    ssize_t got = recv(connection->fd, connection->line + connection->length, room, MSG_DONTWAIT);

    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (got <= 0) {
        file_close(&connection->fd);
        return;
    }
    connection->length += (size_t)got;
    cut_lines(connection, on_line, data);
    if (connection->length == sizeof(connection->line)) {
        file_close(&connection->fd);
    }
}

static void accept_one(struct control *control, const char *greeting)
{
    int fd = accept4(control->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd < 0 || !control_adopt(control, fd)) {
        return;
    }
    for (size_t i = 0; i < SHIM_CONNECTIONS_MAX; i++) {
        if (control->connections[i].fd == fd) {
            send_line(&control->connections[i], greeting);
        }
    }
}

void control_serve(struct control *control, const struct pollfd *polls, size_t count,
                   const char *greeting, control_line_fn *on_line, void *data)
{
    for (size_t i = 0; i < count; i++) {
        if (polls[i].revents == 0) {
            continue;
        }
        if (polls[i].fd == control->listen_fd) {
            accept_one(control, greeting);
            continue;
        }
        for (size_t j = 0; j < SHIM_CONNECTIONS_MAX; j++) {
            if (control->connections[j].fd == polls[i].fd) {
                receive(&control->connections[j], on_line, data);
                break;
            }
        }
    }
}

void control_send(struct control *control, const char *line)
{
    for (size_t i = 0; i < SHIM_CONNECTIONS_MAX; i++) {
        if (control->connections[i].fd >= 0) {
            send_line(&control->connections[i], line);
        }
    }
}
