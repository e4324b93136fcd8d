/* Options and addresses: what is taken, what is refused and in which words. */
#include "controller/io/config.h"

#include "schema/base/str.h"
#include "schema/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct err err;

#define WORDS(...) ((char **)(const char *[]){"fog-controller", __VA_ARGS__})

#define given(config, ...)                                                                         \
    config_parse((config), (int)COUNT_OF(((const char *[]){"fog-controller", __VA_ARGS__})),       \
                 WORDS(__VA_ARGS__), &err)

#define refuses(words, ...)                                                                        \
    do {                                                                                           \
        _cleanup_(config_fini)                                                                     \
        struct config config_;                                                                     \
        err = ERR_NONE;                                                                            \
        assert_int_equal(given(&config_, __VA_ARGS__), ERR_INVALID);                               \
        if (strstr(err.text, words) == NULL) {                                                     \
            fail_msg("not \"%s\" but: %s", words, err.text);                                       \
        }                                                                                          \
    } while (0)

static void a_state_directory_is_all_it_takes(void **state)
{
    (void)state;
    _cleanup_(config_fini)
    struct config config;

    assert_int_equal(given(&config, "--state", "/tmp/fog"), 0);
    assert_string_equal(config.state, "/tmp/fog");
    assert_string_equal(config.name, "fog");
    assert_string_equal(config.listen.host, "127.0.0.1");
    assert_int_equal(config.listen.port, 7411);
    assert_int_equal(config.agents_listen.port, 7412);
    assert_false(config.is_insecure);
    assert_int_equal(config.log_level, LOG_LEVEL_INFO);
}

static void options_take_their_value_either_way(void **state)
{
    (void)state;
    _cleanup_(config_fini)
    struct config config;

    assert_int_equal(given(&config, "--state=/s", "--listen=[::1]:0", "--agents-listen",
                           "127.0.0.2:65535", "--name", "lab-1", "--log-level=debug",
                           "--heartbeat-min=200ms", "--insecure", "--restored", "--lease-wait=90s"),
                     0);
    assert_string_equal(config.listen.host, "::1");
    assert_true(config.listen.is_v6);
    assert_int_equal(config.listen.port, 0);
    assert_string_equal(config.agents_listen.host, "127.0.0.2");
    assert_int_equal(config.agents_listen.port, 65535);
    assert_string_equal(config.name, "lab-1");
    assert_int_equal(config.log_level, LOG_LEVEL_DEBUG);
    assert_int_equal(config.heartbeat_min_ms, 200);
    assert_true(config.is_insecure);
    assert_true(config.is_restored);
    assert_int_equal(config.lease_wait_ms, 90000);
}

static void options_win_over_the_environment(void **state)
{
    (void)state;
    _cleanup_(config_fini)
    struct config config;

    assert_int_equal(setenv("FOG_CONTROLLER_NAME", "from-env", 1), 0);
    assert_int_equal(setenv("FOG_CONTROLLER_STATE", "/env", 1), 0);
    assert_int_equal(given(&config, "--name", "from-args"), 0);
    assert_string_equal(config.name, "from-args");
    assert_string_equal(config.state, "/env");
    assert_int_equal(setenv("FOG_CONTROLLER_NAME", "NO", 1), 0);
    refuses("FOG_CONTROLLER_NAME: \"NO\" is not a name", "--state", "/s");
    assert_int_equal(unsetenv("FOG_CONTROLLER_NAME"), 0);
    assert_int_equal(unsetenv("FOG_CONTROLLER_STATE"), 0);
}

static void wrong_options_are_refused_by_name(void **state)
{
    (void)state;
    refuses("--state DIR says where", "--name", "fog");
    refuses("unknown option \"--stat\", did you mean --state?", "--stat", "/s");
    refuses("unknown word \"extra\"", "--state", "/s", "extra");
    refuses("--state: needs a directory", "--state");
    refuses("--listen: \"localhost\" is not IP:PORT", "--listen", "localhost");
    refuses("--listen: \"localhost:80\"", "--listen", "localhost:80");
    refuses("--listen: \"127.0.0.1:65536\"", "--listen", "127.0.0.1:65536");
    refuses("--listen: \"[::1:80\"", "--listen", "[::1:80");
    refuses("--listen: \":80\"", "--listen", ":80");
    refuses("--listen: \"[]:80\"", "--listen", "[]:80");
    refuses("--log-level: \"loud\"", "--log-level", "loud");
    refuses("--heartbeat-min: \"0s\"", "--heartbeat-min", "0s");
    refuses("--insecure: \"maybe\"", "--insecure=maybe");
    refuses("--name: \"\" is not a name", "--name", "");
}

static void only_loopback_is_listened_on_without_insecure(void **state)
{
    (void)state;
    _cleanup_(config_fini)
    struct config config;

    refuses("--listen: 0.0.0.0 is not loopback", "--state", "/s", "--listen", "0.0.0.0:1");
    refuses("--agents-listen: :: is not loopback", "--state", "/s", "--agents-listen", "[::]:1");
    refuses("--listen: 10.0.0.1 is not loopback", "--state", "/s", "--listen", "10.0.0.1:1",
            "--insecure=false");
    assert_int_equal(given(&config, "--state", "/s", "--listen", "0.0.0.0:1", "--insecure"), 0);
}

/* Between its upload and the report that tells of it, nothing refers to an output. */
static void outputs_are_kept_until_they_can_be_told(void **state)
{
    (void)state;
    _cleanup_(config_fini)
    struct config least, tested;

    refuses("--blob-keep: 59m59s is less than 1h: outputs that an agent has stored could be "
            "removed before it has told of them",
            "--state=/s", "--blob-keep=59m59s");
    refuses("--blob-keep: 1s is less than 2s", "--state=/s", "--blob-keep=1s",
            "--blob-keep-min=2s");
    refuses("--blob-keep-min: \"0s\"", "--state=/s", "--blob-keep-min=0s");
    assert_int_equal(given(&least, "--state=/s", "--blob-keep=1h"), 0);
    assert_int_equal(least.blob_keep_ms, BLOB_KEEP_MIN_MS);
    assert_int_equal(given(&tested, "--state=/s", "--blob-keep=1s", "--blob-keep-min=1s"), 0);
    assert_int_equal(tested.blob_keep_ms, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_state_directory_is_all_it_takes),
        cmocka_unit_test(options_take_their_value_either_way),
        cmocka_unit_test(outputs_are_kept_until_they_can_be_told),
        cmocka_unit_test(options_win_over_the_environment),
        cmocka_unit_test(wrong_options_are_refused_by_name),
        cmocka_unit_test(only_loopback_is_listened_on_without_insecure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
