/* See the header for what libwebsockets needs; each trap is named where it is avoided. */
#include "controller/io/net.h"

#include "schema/base/log.h"
#include "schema/limits.h"

#include <assert.h>
#include <errno.h>
#include <sys/resource.h>

enum {
    DESCRIPTORS_MAX = 65536,                    /* the tables of libwebsockets grow with this */
    DESCRIPTORS_OURS = 64 + BLOB_TRANSFERS_MAX, /* store, log, state directory, timers; blobs */
    DRAIN_TURNS_MAX = 100000,                   /* of the loop while closing: a bug otherwise */
};

/* The validity timers are on unless this is given, and then off because it is zero. */
static const lws_retry_bo_t no_pings;

static void log_from_lws(int level, const char *line)
{
    if (level == LLL_ERR) {
        log_warning("libwebsockets: %s", line);
    } else {
        log_debug("libwebsockets: %s", line);
    }
}

/* Raises our descriptors as far as allowed, and makes libwebsockets believe in somewhat fewer while
 * it measures: it then stops accepting before the process runs out, where it would spin.  (Its own
 * option for this makes it search its table at every event.) */
static size_t limit_descriptors(struct rlimit *ret_real)
{
    struct rlimit lowered;

    if (getrlimit(RLIMIT_NOFILE, ret_real) < 0) {
        *ret_real = (struct rlimit){1024, 1024};
    }
    if (ret_real->rlim_max < DESCRIPTORS_MAX) {
        ret_real->rlim_cur = ret_real->rlim_max;
    } else if (ret_real->rlim_cur < DESCRIPTORS_MAX) {
        ret_real->rlim_cur = DESCRIPTORS_MAX;
    }
    lowered = *ret_real;
    lowered.rlim_cur = lowered.rlim_cur < DESCRIPTORS_MAX ? lowered.rlim_cur : DESCRIPTORS_MAX;
    lowered.rlim_cur -= lowered.rlim_cur > 2 * DESCRIPTORS_OURS ? DESCRIPTORS_OURS : 0;
    (void)setrlimit(RLIMIT_NOFILE, &lowered);
    return (size_t)lowered.rlim_cur;
}

int net_open(struct net *net, uv_loop_t *loop, struct err *err)
{
    void *loops[1] = {loop};
    struct lws_context_creation_info info = {
        .options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
                   LWS_SERVER_OPTION_UV_NO_SIGSEGV_SIGFPE_SPIN | LWS_SERVER_OPTION_VALIDATE_UTF8,
        .foreign_loops = loops,
        .retry_and_idle_policy = &no_pings,
        .timeout_secs = HANDSHAKE_MS / 1000,
        .pt_serv_buf_size = HTTP_WRITE_BYTES,
        .gid = (gid_t)-1,
        .uid = (uid_t)-1,
    };
    struct rlimit real;

    *net = (struct net){.loop = loop};
    lws_set_log_level(LLL_ERR | LLL_WARN, log_from_lws);
    net->sockets_max = limit_descriptors(&real) - DESCRIPTORS_OURS;
    net->context = lws_create_context(&info);
    (void)setrlimit(RLIMIT_NOFILE, &real);
    if (net->context == NULL) {
        return err_set(err, ERR_SYSTEM,
                       "libwebsockets does not start; is libwebsockets-evlib-uv installed?");
    }
    return 0;
}

int net_listen(struct net *net, const struct net_listener *listener, int *ret_port, struct err *err)
{
    const struct address *address = listener->address;
    struct lws_context_creation_info info = {
        .port = address->port,
        .iface = address->host,
        .vhost_name = listener->name,
        .protocols = listener->protocols,
        .user = listener->owner,
        .retry_and_idle_policy = &no_pings,
        .timeout_secs = HANDSHAKE_MS / 1000,
        .keepalive_timeout = 1,
        .options = LWS_SERVER_OPTION_VALIDATE_UTF8 | LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND |
                   (address->is_v6 ? 0 : LWS_SERVER_OPTION_DISABLE_IPV6) |
                   (listener->is_raw ? LWS_SERVER_OPTION_ADOPT_APPLY_LISTEN_ACCEPT_CONFIG : 0),
        .listen_accept_role = listener->is_raw ? "raw-skt" : NULL,
        .listen_accept_protocol = listener->is_raw ? listener->protocols[0].name : NULL,
    };
    struct lws_vhost *vhost = lws_create_vhost(net->context, &info);

    if (vhost == NULL) {
        return err_set(err, ERR_UNAVAILABLE, "cannot listen on %s:%d: %s", address->host,
                       address->port, errno == 0 ? "the address is not ours" : strerror(errno));
    }
    *ret_port = lws_get_vhost_listen_port(vhost);
    return 0;
}

static void drain(uv_loop_t *loop)
{
    for (int turn = 0; turn < DRAIN_TURNS_MAX; turn++) {
        if (uv_run(loop, UV_RUN_NOWAIT) == 0) {
            return;
        }
    }
}

void net_close(struct net *net)
{
    int failed;

    if (net->loop == NULL) {
        return;
    }
    if (net->context != NULL) {
        /* The first call closes sockets and the handles of libwebsockets, the loop lets go of them,
         * and only then may the second free the memory they lived in. */
        lws_context_destroy(net->context);
        drain(net->loop);
        lws_context_destroy(net->context);
    }
    drain(net->loop);
    failed = uv_loop_close(net->loop);
    assert(failed == 0);
    *net = (struct net){0};
}
