/* Namespaces by system calls alone: no ip, no nft. */
#include "tests/chaos/chaos_spaces.h"

#include "tests/chaos/chaos_cable.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t inner_pid;

static void pass_on(int number)
{
    if (inner_pid > 0) {
        (void)kill((pid_t)inner_pid, number);
    }
}

static _Noreturn void wait_outside(pid_t pid)
{
    const struct sigaction action = {.sa_handler = pass_on};
    int status = 0;

    inner_pid = pid;
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGHUP, &action, NULL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

static bool write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

    if (fd >= 0) {
        (void)close(fd);
    }
    return good;
}

/* Whoever is not root may be it in a namespace of users, where the machine allows that. */
static bool leave_old_spaces(void)
{
    const int spaces = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET;
    char uids[64], gids[64];

    (void)snprintf(uids, sizeof(uids), "0 %d 1", (int)geteuid());
    (void)snprintf(gids, sizeof(gids), "0 %d 1", (int)getegid());
    if (geteuid() == 0) {
        return unshare(spaces) == 0;
    }
    return unshare(CLONE_NEWUSER | spaces) == 0 && write_file("/proc/self/uid_map", uids) &&
           write_file("/proc/self/setgroups", "deny") && write_file("/proc/self/gid_map", gids);
}

bool spaces_enter(const char **ret_why)
{
    pid_t pid;

    (void)fflush(NULL);
    if (!leave_old_spaces()) {
        *ret_why = strerror(errno);
        (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
        return false;
    }
    pid = fork();
    if (pid != 0) {
        wait_outside(pid);
    }
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) != 0) {
        perror("cannot mount in a namespace of our own");
        _exit(EXIT_FAILURE);
    }
    *ret_why = NULL;
    return true;
}

/* --- networks -----------------------------------------------------------------------------------
 */

static bool bring_up(int control, const char *name, uint32_t ip)
{
    struct ifreq request = {0};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(ip)};

    (void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
    if (ip != 0) {
        memcpy(&request.ifr_addr, &address, sizeof(address));
        if (ioctl(control, SIOCSIFADDR, &request) != 0) {
            return false;
        }
        address.sin_addr.s_addr = htonl(0xffffff00);
        memcpy(&request.ifr_netmask, &address, sizeof(address));
        if (ioctl(control, SIOCSIFNETMASK, &request) != 0) {
            return false;
        }
    }
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    return ioctl(control, SIOCSIFFLAGS, &request) == 0;
}

static bool make_net(int node, int *ret_net, int *ret_tun)
{
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    int control;
    bool good;

    if (unshare(CLONE_NEWNET) != 0) {
        return false;
    }
    *ret_net = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    *ret_tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    (void)snprintf(request.ifr_name, sizeof(request.ifr_name), "fog0");
    good = *ret_net >= 0 && *ret_tun >= 0 && ioctl(*ret_tun, TUNSETIFF, &request) == 0 &&
           bring_up(control, "lo", 0) && bring_up(control, "fog0", CABLE_NET + (uint32_t)node + 1);
    (void)close(control);
    return good;
}

/* Whatever was made so far: a loopback is there. */
static bool give_up_nets(void)
{
    int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (!bring_up(control, "lo", 0)) {
        perror("cannot bring up a loopback");
    }
    (void)close(control);
    return false;
}

bool spaces_make_nets(int count, int *ret_nets, int *ret_tuns)
{
    for (int i = 0; i < count; i++) {
        if (!make_net(i, &ret_nets[i], &ret_tuns[i])) {
            return give_up_nets();
        }
    }
    return setns(ret_nets[0], CLONE_NEWNET) == 0 || give_up_nets();
}

/* --- disks --------------------------------------------------------------------------------------
 */

static bool tmpfs(const char *path, int64_t size_bytes, unsigned long flags)
{
    char options[64];

    (void)snprintf(options, sizeof(options), "size=%lld,mode=700", (long long)size_bytes);
    return mount("tmpfs", path, "tmpfs", flags | MS_NOSUID | MS_NODEV, options) == 0;
}

bool spaces_mount_tmpfs(const char *path, int64_t size_bytes)
{
    return tmpfs(path, size_bytes, 0);
}

bool spaces_resize_tmpfs(const char *path, int64_t size_bytes)
{
    return tmpfs(path, size_bytes, MS_REMOUNT);
}

bool spaces_unmount(const char *path)
{
    return umount2(path, MNT_DETACH) == 0;
}
