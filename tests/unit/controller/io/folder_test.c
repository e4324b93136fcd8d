/* A folder of manifests, read once: which files, in which order, and what is wrong with them. */
#include "controller/io/folder.h"

#include "schema/limits.h"
#include "tests/support/folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char top[FOLDER_PATH_SIZE];

static int setup(void **state)
{
    (void)state;
    folder_make(top);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    folder_remove(top);
    return 0;
}

static const char *in_top(const char *name)
{
    static char path[2 * FOLDER_PATH_SIZE];

    (void)snprintf(path, sizeof(path), "%s/%s", top, name);
    return path;
}

static void put(const char *name, const char *text)
{
    FILE *file = fopen(in_top(name), "we");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void move(const char *from, const char *to)
{
    char path[2 * FOLDER_PATH_SIZE];

    (void)snprintf(path, sizeof(path), "%s/%s", top, from);
    assert_int_equal(rename(path, in_top(to)), 0);
}

static void put_folder(const char *name)
{
    assert_int_equal(mkdir(in_top(name), 0700), 0);
}

/* "a.yaml:1 b/c.yaml:3": files and lines of the documents. */
static void expect_documents(const struct folder *folder, const char *expected)
{
    struct str text = STR_EMPTY;

    for (size_t i = 0; i < folder->directory.count; i++) {
        const struct directory_document *document = &folder->directory.documents[i];

        str_addf(&text, "%s%s:%u", i == 0 ? "" : " ", document->file, document->root->line);
    }
    assert_string_equal(text.length == 0 ? "" : text.data, expected);
    str_fini(&text);
}

static void expect_problems(const struct folder *folder, const char *expected)
{
    struct str text = STR_EMPTY;

    problems_print(&folder->directory.problems, &text);
    assert_string_equal(text.length == 0 ? "" : text.data, expected);
    str_fini(&text);
}

static void manifests_are_read_in_order_of_their_paths(void **state)
{
    struct folder *folder;

    (void)state;
    put_folder("sub");
    put_folder(".git");
    put("b.yaml", "kind: B\n---\nkind: C\n");
    put("sub/a.yml", "kind: D\n");
    put("a.json", "{\"kind\": \"A\"}\n");
    put("none.txt", "[");
    put(".hidden.yaml", "[");
    put(".git/x.yaml", "[");
    put("empty.yaml", "");
    folder = folder_read(top);
    expect_problems(folder, "");
    expect_documents(folder, "a.json:1 b.yaml:1 b.yaml:3 sub/a.yml:1");
    assert_int_equal(folder->directory.files, 4);
    assert_int_equal(folder->folders.count, 2);
    assert_int_equal(folder->directory.state, DIRECTORY_READ);
    folder_free(folder);
}

static void a_list_stands_for_its_items(void **state)
{
    struct folder *folder;

    (void)state;
    put("l.yaml", "kind: List\nitems:\n- kind: A\n- kind: B\n");
    folder = folder_read(top);
    expect_documents(folder, "l.yaml:3 l.yaml:4");
    folder_free(folder);
}

static void every_mistake_is_told_with_its_place(void **state)
{
    struct folder *folder;

    (void)state;
    put("a.yaml", "kind: [\n");
    put("b.json", "{\n\"kind\": }\n");
    put("c.yaml", "kind: C\n");
    folder = folder_read(top);
    assert_int_equal(folder->directory.problems.errors, 2);
    assert_string_equal(folder->directory.problems.items[0].file, "a.yaml");
    assert_string_equal(folder->directory.problems.items[1].file, "b.json");
    assert_int_equal(folder->directory.problems.items[1].line, 2);
    folder_free(folder);
}

static void a_folder_that_is_not_there_is_no_empty_one(void **state)
{
    struct folder *folder;

    (void)state;
    folder = folder_read(in_top("none"));
    assert_int_equal(folder->directory.state, DIRECTORY_MISSING);
    assert_int_equal(folder->directory.problems.errors, 1);
    folder_free(folder);
}

static void what_cannot_be_read_is_a_mistake(void **state)
{
    struct folder *folder;

    (void)state;
    put("a.yaml", "kind: A\n");
    assert_int_equal(symlink("loop.yaml", in_top("loop.yaml")), 0);
    folder = folder_read(top);
    expect_problems(folder, "loop.yaml: error: Too many levels of symbolic links\n");
    folder_free(folder);
}

static void links_are_followed_but_not_for_ever(void **state)
{
    struct folder *folder;

    (void)state;
    put_folder(".v1");
    put(".v1/a.yaml", "kind: A\n");
    assert_int_equal(symlink(".v1/a.yaml", in_top("a.yaml")), 0);
    folder = folder_read(top);
    expect_problems(folder, "");
    expect_documents(folder, "a.yaml:1");
    folder_free(folder);

    assert_int_equal(symlink(".", in_top("again")), 0);
    folder = folder_read(top);
    expect_problems(folder, "again/again/again/again/again/again/again/again/again: error: too "
                            "many folders, or too deep\n");
    folder_free(folder);
}

static void what_a_link_leads_to_may_not_be_mounted(void **state)
{
    struct folder *folder;

    (void)state;
    put("a.yaml", "kind: A\n");
    assert_int_equal(symlink("mnt/b.yaml", in_top("b.yaml")), 0);
    folder = folder_read(top);
    expect_problems(folder, "b.yaml: error: a link that leads nowhere\n");
    folder_free(folder);

    assert_int_equal(unlink(in_top("b.yaml")), 0);
    assert_int_equal(symlink("mnt/sites", in_top("sites")), 0);   /* of a folder, as it may be */
    assert_int_equal(symlink("mnt/lock", in_top(".#a.yaml")), 0); /* as editors leave them */
    folder = folder_read(top);
    expect_problems(folder, "sites: error: a link that leads nowhere\n");
    folder_free(folder);
}

static void more_than_can_be_read_is_a_mistake(void **state)
{
    struct folder *folder;
    char *text = malloc(DIRECTORY_BYTES_MAX + 2);

    (void)state;
    assert_non_null(text);
    memset(text, '\n', DIRECTORY_BYTES_MAX + 1);
    text[DIRECTORY_BYTES_MAX + 1] = '\0';
    put("a.yaml", text);
    free(text);
    folder = folder_read(top);
    expect_problems(folder, "a.yaml: error: the directory has more bytes than are read\n");
    folder_free(folder);
}

static void the_same_twice_means_that_nobody_wrote(void **state)
{
    struct folder *one, *two;

    (void)state;
    put("a.yaml", "kind: A\n");
    one = folder_read(top);
    two = folder_read(top);
    assert_true(digest_eq(&one->state, &two->state));
    folder_free(two);
    put("b.yaml", "kind: A\n");
    move("b.yaml", "a.yaml"); /* the same bytes */
    two = folder_read(top);
    assert_false(digest_eq(&one->state, &two->state));
    assert_true(digest_eq(&one->directory.digest, &two->directory.digest));
    folder_free(two);
    move("a.yaml", "c.yaml");
    two = folder_read(top);
    assert_false(digest_eq(&one->directory.digest, &two->directory.digest));
    folder_free(one);
    folder_free(two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(manifests_are_read_in_order_of_their_paths),
        TEST(a_list_stands_for_its_items),
        TEST(every_mistake_is_told_with_its_place),
        TEST(a_folder_that_is_not_there_is_no_empty_one),
        TEST(what_cannot_be_read_is_a_mistake),
        TEST(links_are_followed_but_not_for_ever),
        TEST(what_a_link_leads_to_may_not_be_mounted),
        TEST(more_than_can_be_read_is_a_mistake),
        TEST(the_same_twice_means_that_nobody_wrote),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
