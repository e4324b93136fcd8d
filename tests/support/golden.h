/* Stories: readable input and readable output in one folder each, tests/golden/ROOM/STORY/.
 *
 * A runner is a test program tests/unit/golden_ROOM_test.c:
 *
 *     static void tell(const struct story *story)
 *     {
 *         char *before = story_read(story, "before.yaml");
 *         …
 *         story_expect(story, "expected.txt", text);
 *     }
 *
 *     int main(void)
 *     {
 *         return story_run_all("diff", tell);
 *     }
 *
 * Each folder is one cmocka test, named after the folder; a room without stories fails.  With
 * BLESS=1 in the environment story_expect() rewrites the file instead of failing: see tools/bless.
 * The folder of the tests is $FOG_TESTS, else "tests": programs run from the root of the tree. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct story {
    const char *room;   /* "diff" */
    const char *name;   /* of the folder: "a_port_is_added" */
    const char *folder; /* "tests/golden/diff/a_port_is_added" */
};

typedef void (*story_fn)(const struct story *story);

/* The result for main(): the number of failed stories, or 1 when there are none at all. */
int story_run_all(const char *room, story_fn tell);

bool story_has(const struct story *story, const char *file);
/* The text of a file; given, to be freed.  The test fails when it is not there. */
char *story_read(const struct story *story, const char *file);
/* Fails, and prints the differing lines, unless the file holds exactly this text. */
void story_expect(const struct story *story, const char *file, const char *text);

struct str;

/* The lines that turn one text into the other, for people: "  same", "- old", "+ new", with three
 * lines around each change. */
void lines_compare(const char *old_text, const char *new_text, struct str *to);
