/* fog-proxy: commands come in, faults happen (proxy.h). */
#include "tests/chaos/proxy.h"

#include "schema/base/parse.h"

#include <signal.h>
#include <unistd.h>

enum { EXIT_USAGE = 2, COMMAND_BYTES_MAX = 64 << 10 };

struct console {
    struct proxy *proxy; /* borrowed */
    uv_pipe_t input;
    struct str text;
    char buffer[4096];
};

static void on_alloc(uv_handle_t *handle, size_t wanted, uv_buf_t *ret_buffer)
{
    struct console *console = handle->data;

    (void)wanted;
    *ret_buffer = uv_buf_init(console->buffer, sizeof(console->buffer));
}

static void take_lines(struct console *console)
{
    _cleanup_(str_fini)
    struct str rest = STR_EMPTY;
    char *line = console->text.data, *end;

    while ((end = strchr(line, '\n')) != NULL) {
        _cleanup_(str_fini)
        struct str answer = STR_EMPTY;

        proxy_command(console->proxy, line, (size_t)(end - line), &answer);
        (void)puts(answer.data);
        (void)fflush(stdout);
        line = end + 1;
    }
    str_add(&rest, line);
    str_clear(&console->text);
    str_add(&console->text, rest.data);
}

static void on_input(uv_stream_t *input, ssize_t size, const uv_buf_t *buffer)
{
    struct console *console = input->data;

    if (size < 0 || console->text.length > COMMAND_BYTES_MAX) {
        uv_close((uv_handle_t *)input, NULL);
        proxy_close(console->proxy);
        return;
    }
    str_add_bytes(&console->text, buffer->base, (size_t)size);
    take_lines(console);
}

int main(int argc, char **argv)
{
    struct console console = {.text = STR_EMPTY};
    struct proxy proxy;
    uint64_t seed = 1;
    int failed;

    if (argc != 1 && (argc != 3 || !str_eq(argv[1], "--seed") || !u64_from_str(argv[2], &seed))) {
        (void)fputs("usage: fog-proxy [--seed N]   (tests/chaos/proxy.h)\n", stderr);
        return EXIT_USAGE;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    proxy_init(&proxy, uv_default_loop(), seed);
    console.proxy = &proxy;
    (void)uv_pipe_init(proxy.loop, &console.input, 0);
    failed = uv_pipe_open(&console.input, STDIN_FILENO);
    console.input.data = &console;
    failed = failed ? failed : uv_read_start((uv_stream_t *)&console.input, on_alloc, on_input);
    if (failed != 0) {
        (void)fprintf(stderr, "fog-proxy: standard input is no pipe: %s\n", uv_strerror(failed));
        return EXIT_FAILURE;
    }
    (void)uv_run(proxy.loop, UV_RUN_DEFAULT);
    proxy_fini(&proxy);
    str_fini(&console.text);
    return uv_loop_close(proxy.loop) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
