/* Which form of an answer a client is given. */
#include "controller/core/media.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define TABLE(version) "application/json;as=Table;v=" version ";g=meta.k8s.io"

static void plain(const char *header)
{
    assert_null(media_table(header));
}

static void table(const char *header, const char *api_version)
{
    assert_non_null(media_table(header));
    assert_string_equal(media_table(header), api_version);
}

static void who_says_nothing_gets_plain_objects(void **state)
{
    (void)state;
    plain(NULL);
    plain("");
    plain(",;,=; ,");
}

static void what_clients_say_today_is_plain(void **state)
{
    (void)state;
    plain("application/json");
    plain("*/*");
    plain("application/json, */*;q=0.8");
    plain("application/vnd.kubernetes.protobuf,application/json");
    plain("application/json;q=0.9,application/cbor;q=1");
    plain("application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json");
}

static void the_first_that_can_be_served_is(void **state)
{
    (void)state;
    table(TABLE("v1") "," TABLE("v1beta1") ",application/json", "meta.k8s.io/v1");
    table(TABLE("v1beta1") "," TABLE("v1"), "meta.k8s.io/v1beta1");
    table(TABLE("v7") "," TABLE("v1"), "meta.k8s.io/v1");
    table("application/cbor, " TABLE("v1"), "meta.k8s.io/v1");
    table("application/json; as=Table ; v=v1 ; g=meta.k8s.io", "meta.k8s.io/v1");
    plain("application/json," TABLE("v1"));
    plain("*/*, " TABLE("v1"));
}

static void what_nobody_can_serve_is_plain(void **state)
{
    (void)state;
    plain("text/html");
    plain(TABLE("v2"));
    plain("application/json;as=Table;v=v1;g=other.io");
    plain("application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io");
    plain("application/yaml;as=Table;v=v1;g=meta.k8s.io");
}

static void what_is_refused_by_quality_is_passed_over(void **state)
{
    (void)state;
    plain(TABLE("v1") ";q=0");
    plain(TABLE("v1") ";q=0.000, application/json");
    table("application/json;q=0," TABLE("v1") ";q=0.1", "meta.k8s.io/v1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_says_nothing_gets_plain_objects),
        cmocka_unit_test(what_clients_say_today_is_plain),
        cmocka_unit_test(the_first_that_can_be_served_is),
        cmocka_unit_test(what_nobody_can_serve_is_plain),
        cmocka_unit_test(what_is_refused_by_quality_is_passed_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
