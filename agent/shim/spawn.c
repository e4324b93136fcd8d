/* Starting a shim: two forks, so that it is nobody's child, and a session of its own.
 *
 * What runs in between is only what is safe after a fork.  The image executed is the one that runs
 * here (/proc/self/exe), whatever became of its file since. */
#include "agent/shim/shim.h"

#include "agent/shim/file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SOCKET_FD = 3 };

static void become_shim(int run_fd, int socket_fd, const char *label)
{
    char *const arguments[] = {(char *)(uintptr_t) "fog-agent", (char *)(uintptr_t) "shim",
                               (char *)(uintptr_t)label, NULL};
    char *const environment[] = {NULL};
    sigset_t none;
    int null_fd;

    if (setsid() < 0 || fchdir(run_fd) < 0) {
        _exit(1);
    }
    null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null_fd < 0 || dup2(null_fd, STDIN_FILENO) < 0 || dup2(null_fd, STDOUT_FILENO) < 0 ||
        dup2(null_fd, STDERR_FILENO) < 0) {
        _exit(1);
    }
    if (socket_fd == SOCKET_FD) {
        (void)fcntl(socket_fd, F_SETFD, 0);
    } else if (dup2(socket_fd, SOCKET_FD) < 0) {
        _exit(1);
    }
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)execve("/proc/self/exe", arguments, environment);
    _exit(1);
}

int shim_spawn(int run_fd, const char *label, int *ret_socket, struct err *err)
{
    int pair[2];
    pid_t middle;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
        return err_set(err, ERR_SYSTEM, "cannot make a socket: %s", strerror(errno));
    }
    middle = fork();
    if (middle == 0) {
        pid_t shim = fork();

        if (shim == 0) {
            become_shim(run_fd, pair[1], label);
        }
        _exit(shim < 0 ? 1 : 0);
    }
    (void)close(pair[1]);
    if (middle > 0) {
        int status = 0;

        while (waitpid(middle, &status, 0) < 0 && errno == EINTR) {}
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
            *ret_socket = pair[0];
            return 0;
        }
    }
    (void)close(pair[0]);
    return err_set(err, ERR_SYSTEM, "cannot fork a shim");
}
