/* The stories of tests/golden/diff: before.yaml and after.yaml are one object each (a missing file:
 * not there), expected.txt is what diff_objects() finds between them. */
#include "schema/base/str.h"
#include "schema/bind.h"
#include "schema/diff.h"
#include "schema/json.h"
#include "schema/yaml.h"
#include "tests/support/golden.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

enum { ALL_PARTS = DIFF_META | DIFF_SPEC | DIFF_STATUS };

static struct object *read_object(const struct story *story, const char *file)
{
    struct object *object = NULL;
    struct documents documents = {0};
    struct problems problems;
    struct arena arena;
    char *text;

    if (!story_has(story, file)) {
        return NULL;
    }
    text = story_read(story, file);
    arena_init(&arena);
    problems_init(&problems, &arena, file);
    if (yaml_parse(&arena, text, strlen(text), &problems, &documents) == 0 &&
        documents.count == 1) {
        const struct kind *kind = bind_kind(documents.items[0], &problems);

        object =
            kind == NULL ? NULL : bind_object(kind, documents.items[0], BIND_STRICT, &problems);
    }
    if (object == NULL) {
        struct str words = STR_EMPTY;

        problems_print(&problems, &words);
        fail_msg("%s/%s is not one valid object\n%s", story->folder, file, words.data);
    }
    arena_fini(&arena);
    free(text);
    return object;
}

static void print_differences(const struct differences *differences, struct str *to)
{
    for (size_t i = 0; i < differences->count; i++) {
        const struct difference *difference = &differences->items[i];

        switch (difference->op) {
        case DIFF_ADD:
            str_addf(to, "+ %s: ", difference->path);
            json_emit(difference->after, JSON_PLAIN, to);
            break;
        case DIFF_REMOVE:
            str_addf(to, "- %s: ", difference->path);
            json_emit(difference->before, JSON_PLAIN, to);
            break;
        case DIFF_CHANGE:
            str_addf(to, "~ %s: ", difference->path);
            json_emit(difference->before, JSON_PLAIN, to);
            str_add(to, " → ");
            json_emit(difference->after, JSON_PLAIN, to);
            break;
        }
        str_add_char(to, '\n');
    }
}

static void tell(const struct story *story)
{
    struct object *before = read_object(story, "before.yaml");
    struct object *after = read_object(story, "after.yaml");
    struct differences differences;
    struct str text = STR_EMPTY;
    struct arena arena;

    arena_init(&arena);
    diff_objects(&arena, before, after, ALL_PARTS, &differences);
    print_differences(&differences, &text);
    assert_int_equal(diff_is_empty(before, after, ALL_PARTS), differences.count == 0);
    if (text.length == 0) {
        str_add(&text, "no difference\n");
    }
    story_expect(story, "expected.txt", text.data);
    str_fini(&text);
    arena_fini(&arena);
    object_unref(before);
    object_unref(after);
}

int main(void)
{
    return story_run_all("diff", tell);
}
