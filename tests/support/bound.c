#include "tests/support/bound.h"

#include "schema/base/str.h"
#include "schema/bind.h"
#include "schema/yaml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct bound bound;

int bound_begin(void **state)
{
    (void)state;
    arena_init(&bound.arena);
    problems_init(&bound.problems, &bound.arena, "m.yaml");
    return 0;
}

int bound_end(void **state)
{
    (void)state;
    arena_fini(&bound.arena);
    return 0;
}

struct node *bound_tree(const char *yaml)
{
    struct documents documents;

    if (yaml_parse(&bound.arena, yaml, strlen(yaml), &bound.problems, &documents) != 0 ||
        documents.count != 1) {
        fail_msg("the test's own YAML is wrong:\n%s", yaml);
    }
    return documents.items[0];
}

struct object *bound_object(const char *yaml, unsigned flags)
{
    struct node *root = bound_tree(yaml);
    const struct kind *kind = bind_kind(root, &bound.problems);

    return kind == NULL ? NULL : bind_object(kind, root, flags, &bound.problems);
}

void bound_expect(const char *expected)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    problems_sort(&bound.problems);
    problems_print(&bound.problems, &text);
    assert_string_equal(text.data, expected);
    problems_init(&bound.problems, &bound.arena, "m.yaml");
}

void bound_refused(const char *yaml, const char *expected)
{
    assert_null(bound_object(yaml, BIND_STRICT));
    bound_expect(expected);
}

void bound_accepted(const char *yaml)
{
    _cleanup_(object_unref_p)
    struct object *object = bound_object(yaml, BIND_STRICT);

    bound_expect("");
    assert_non_null(object);
}
