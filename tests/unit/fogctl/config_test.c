/* config and kubeconfig: tools/fogctl/verb_config.c; and --color. */
#include "tests/unit/fogctl/run.h"

#include <sys/stat.h>

static void contexts_are_made_used_and_deleted(void **state)
{
    struct stat status;

    (void)state;
    run("config set-context lab --server http://lab:1 --user ann");
    EXITS(0);
    assert_string_equal(world.did.out.data, "context \"lab\" created\n");
    assert_int_equal(stat(".config/fog/config.yaml", &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    run("config set-context home --server http://home:1");
    EXITS(0);
    run("config use-context home");
    EXITS(0);
    run("config current-context");
    EXITS(0);
    assert_string_equal(world.did.out.data, "home\n");
    run("config get-contexts -o name");
    EXITS(0);
    assert_string_equal(world.did.out.data, "lab\nhome\n");
    run("config get-contexts");
    OUT("*         home   http://home:1");
    run("config get-contexts -o jsonpath=x");
    EXITS(2);
    run("config get-contexts -o json");
    OUT("\"server\": \"http://home:1\",\n      \"current\": true");
    run("config set-context --current --user bob");
    EXITS(0);
    run("config view -o json");
    OUT("\"user\": \"bob\"");
    run("config delete-context home");
    EXITS(0);
    ERR("it was the current one");
    run("config current-context");
    EXITS(1);
    run("config get-contexts -o name");
    assert_string_equal(world.did.out.data, "lab\n");
}

static void what_else_stands_in_the_file_stays(void **state)
{
    (void)state;
    given_file("c.yaml", "other: {a: 1}\ncontexts: [{name: x, server: a, more: 2}]\n");
    run("config set-context x --user ann --config c.yaml");
    EXITS(0);
    run("config view --config c.yaml");
    assert_string_equal(world.did.out.data,
                        "other:\n  a: 1\ncontexts:\n  - name: x\n    server: a\n"
                        "    more: 2\n    user: ann\n");
}

static void a_context_that_is_not_there_is_told(void **state)
{
    (void)state;
    run("config use-context lab");
    EXITS(1);
    ERR("has no context \"lab\"");
    run("config set-context lab");
    EXITS(2);
    ERR("--server URL");
    run("config use-context");
    EXITS(2);
    run("config frobnicate");
    EXITS(2);
    run("config view lab");
    EXITS(2);
    run("config view -o wide");
    EXITS(2);
    /* A wrong context is mended with this very verb. */
    (void)setenv("FOGCTL_CONTEXT", "gone", 1);
    run("config view");
    EXITS(0);
}

static void who_writes_stands_in_the_url_for_kubectl(void **state)
{
    (void)state;
    run("kubeconfig -s http://127.0.0.1:7411 --user 'ann b'");
    EXITS(0);
    OUT("server: http://ann%20b:fog@127.0.0.1:7411\n");
    OUT("current-context: fog\n");
    OUT("token: ann b\n");
    run("kubeconfig -s http://127.0.0.1:7411 --user ann --plain-url --name lab -o json");
    OUT("\"server\": \"http://127.0.0.1:7411\"");
    OUT("\"current-context\": \"lab\"");
    run("kubeconfig -s https://fog.example:7411 --user ann");
    OUT("server: https://fog.example:7411\n");
    assert_null(strstr(world.did.out.data, "insecure"));
}

static void colours_are_as_they_were_asked_for(void **state)
{
    (void)state;
    ANSWERS({"POST ", 200,
             "{\"status\":{\"results\":[{\"kind\":\"Agent\",\"name\":\"a\",\"result\":"
             "\"configured\"}]}}",
             0});
    run("cordon a");
    assert_null(strchr(world.did.out.data, '\033'));
    run("cordon a --color=always");
    OUT("\033[32mcordoned\033[0m");
    run("cordon a --color=never");
    assert_null(strchr(world.did.out.data, '\033'));
    run("cordon a --color=blue");
    EXITS(2);
    ERR("auto, always or never");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(contexts_are_made_used_and_deleted),  TEST(what_else_stands_in_the_file_stays),
        TEST(a_context_that_is_not_there_is_told), TEST(who_writes_stands_in_the_url_for_kubectl),
        TEST(colours_are_as_they_were_asked_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
