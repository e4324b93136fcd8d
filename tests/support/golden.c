/* Runs the stories of a room.  Lines are compared by their longest common subsequence: quadratic,
 * which is fine for texts that people review. */
#include "tests/support/golden.h"

#include "schema/base/str.h"
#include "schema/base/vec.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

enum { STORIES_MAX = 500, LINES_MAX = 5000, CONTEXT_LINES = 3 };

static story_fn teller; /* what the running program does with a story */

static char *path_of(const struct story *story, const char *file)
{
    struct str path = STR_EMPTY;

    str_addf(&path, "%s/%s", story->folder, file);
    return str_take(&path);
}

static char *slurp(const char *path)
{
    struct str text = STR_EMPTY;
    FILE *file = fopen(path, "re");
    char bytes[4096];
    size_t length;

    if (file == NULL) {
        return NULL;
    }
    while ((length = fread(bytes, 1, sizeof(bytes), file)) > 0) {
        str_add_bytes(&text, bytes, length);
    }
    (void)fclose(file);
    return str_take(&text);
}

bool story_has(const struct story *story, const char *file)
{
    _cleanup_free_ char *path = path_of(story, file);
    struct stat status;

    return stat(path, &status) == 0;
}

char *story_read(const struct story *story, const char *file)
{
    _cleanup_free_ char *path = path_of(story, file);
    char *text = slurp(path);

    if (text == NULL) {
        fail_msg("%s: %s", path, strerror(errno));
    }
    return text;
}

static void bless(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");

    if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0) {
        fail_msg("%s: %s", path, strerror(errno));
    }
    print_message("blessed %s\n", path);
}

void story_expect(const struct story *story, const char *file, const char *text)
{
    _cleanup_free_ char *path = path_of(story, file);
    _cleanup_free_ char *expected = slurp(path);
    _cleanup_(str_fini)
    struct str lines = STR_EMPTY;

    if (expected != NULL && str_eq(expected, text)) {
        return;
    }
    if (str_eq(getenv("BLESS"), "1")) {
        bless(path, text);
        return;
    }
    lines_compare(expected == NULL ? "" : expected, text, &lines);
    print_error("--- %s%s\n+++ what came out\n%s", path, expected == NULL ? " (missing)" : "",
                lines.data);
    fail_msg("%s: not as expected; if it should be, run tools/bless and review the difference",
             path);
}

static void tell_one(void **state)
{
    teller(*state);
}

static int is_story(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

int story_run_all(const char *room, story_fn tell)
{
    static struct CMUnitTest tests[STORIES_MAX];
    static struct story stories[STORIES_MAX];
    const char *root = getenv("FOG_TESTS");
    _cleanup_(str_fini)
    struct str folder = STR_EMPTY;
    struct dirent **entries = NULL;
    int count, failed;

    str_addf(&folder, "%s/golden/%s", root == NULL ? "tests" : root, room);
    count = scandir(folder.data, &entries, is_story, alphasort);
    if (count <= 0 || count > STORIES_MAX) {
        (void)fprintf(stderr, "%s: no stories here, or more than %d\n", folder.data, STORIES_MAX);
        return 1;
    }
    teller = tell;
    for (int i = 0; i < count; i++) {
        struct str path = STR_EMPTY;

        str_addf(&path, "%s/%s", folder.data, entries[i]->d_name);
        stories[i] = (struct story){room, entries[i]->d_name, str_take(&path)};
        tests[i] = (struct CMUnitTest){
            .name = stories[i].name, .test_func = tell_one, .initial_state = &stories[i]};
    }
    failed = _cmocka_run_group_tests(room, tests, (size_t)count, NULL, NULL);
    for (int i = 0; i < count; i++) {
        free((void *)(uintptr_t)stories[i].folder);
        free(entries[i]);
    }
    free(entries);
    return failed;
}

/* --- comparing lines ---------------------------------------------------------------------------
 */

struct line {
    const char *text;
    size_t length;
};

struct lines {
    VEC_OF(struct line);
};

static void split(const char *text, struct lines *lines)
{
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");

        vec_add(lines, ((struct line){text, length}));
        text += length + (text[length] == '\n' ? 1 : 0);
    }
    assert_true(lines->count < LINES_MAX);
}

static bool line_eq(struct line a, struct line b)
{
    return a.length == b.length && memcmp(a.text, b.text, a.length) == 0;
}

/* common[i * (b + 1) + j]: how many lines a[i…] and b[j…] have in common, in order. */
static unsigned *common_lines(const struct lines *a, const struct lines *b)
{
    size_t width = b->count + 1;
    unsigned *common = mem_array((a->count + 1) * width, sizeof(*common));

    for (size_t i = a->count; i-- > 0;) {
        for (size_t j = b->count; j-- > 0;) {
            unsigned skip_a = common[(i + 1) * width + j], skip_b = common[i * width + j + 1];

            common[i * width + j] = line_eq(a->items[i], b->items[j])
                                        ? common[(i + 1) * width + j + 1] + 1
                                    : skip_a > skip_b ? skip_a
                                                      : skip_b;
        }
    }
    return common;
}

struct edit {
    char sign; /* ' ', '-' or '+' */
    struct line line;
};

struct edits {
    VEC_OF(struct edit);
};

static void find_edits(const struct lines *a, const struct lines *b, struct edits *edits)
{
    _cleanup_free_ unsigned *common = common_lines(a, b);
    size_t width = b->count + 1, i = 0, j = 0;

    while (i < a->count || j < b->count) {
        if (i < a->count && j < b->count && line_eq(a->items[i], b->items[j])) {
            vec_add(edits, ((struct edit){' ', a->items[i++]}));
            j++;
        } else if (j == b->count ||
                   (i < a->count && common[(i + 1) * width + j] >= common[i * width + j + 1])) {
            vec_add(edits, ((struct edit){'-', a->items[i++]}));
        } else {
            vec_add(edits, ((struct edit){'+', b->items[j++]}));
        }
    }
}

static bool is_near_change(const struct edits *edits, size_t at)
{
    size_t first = at < CONTEXT_LINES ? 0 : at - CONTEXT_LINES;

    for (size_t i = first; i < edits->count && i <= at + CONTEXT_LINES; i++) {
        if (edits->items[i].sign != ' ') {
            return true;
        }
    }
    return false;
}

void lines_compare(const char *old_text, const char *new_text, struct str *to)
{
    struct lines a = {0}, b = {0};
    struct edits edits = {0};
    bool left_out = false;

    split(old_text, &a);
    split(new_text, &b);
    find_edits(&a, &b, &edits);
    for (size_t i = 0; i < edits.count; i++) {
        const struct edit *edit = &edits.items[i];

        if (is_near_change(&edits, i)) {
            str_addf(to, "%c %.*s\n", edit->sign, (int)edit->line.length, edit->line.text);
            left_out = false;
        } else if (!left_out) {
            str_add(to, "  …\n");
            left_out = true;
        }
    }
    vec_fini(&edits);
    vec_fini(&a);
    vec_fini(&b);
}
