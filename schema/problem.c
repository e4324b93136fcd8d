/* The list of what is wrong with an input. */
#include "schema/problem.h"

#include "schema/limits.h"
#include "schema/tree.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void problems_init(struct problems *problems, struct arena *arena, const char *file)
{
    *problems = (struct problems){.arena = arena, .file = file};
}

_printf_(2, 0) static const char *vformat(struct arena *arena, const char *format, va_list args)
{
    va_list again;
    char *text;
    int length;

    va_copy(again, args);
    length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    assert(length >= 0);
    text = arena_alloc(arena, (size_t)length + 1);
    (void)vsnprintf(text, (size_t)length + 1, format, args);
    return text;
}

_printf_(3, 0) static void add(struct problems *problems, struct problem problem,
                               const char *format, va_list args)
{
    if (problem.severity == PROBLEM_ERROR) {
        problems->errors++;
    }
    if (problems->count >= PROBLEMS_MAX) {
        problems->unreported++;
        return;
    }
    problem.file = problems->file;
    problem.path = arena_strdup(problems->arena, problem.path == NULL ? "" : problem.path);
    problem.message = vformat(problems->arena, format, args);
    problems->items =
        arena_grow(problems->arena, problems->items, problems->count, sizeof(problem));
    problems->items[problems->count++] = problem;
}

void problem_add(struct problems *problems, enum problem_severity severity,
                 enum problem_cause cause, const struct node *at, const char *path,
                 const char *format, ...)
{
    struct problem problem = {.severity = severity,
                              .cause = cause,
                              .line = at == NULL ? 0 : at->line,
                              .column = at == NULL ? 0 : at->column,
                              .path = path};
    va_list args;

    va_start(args, format);
    add(problems, problem, format, args);
    va_end(args);
}

void problem_add_at(struct problems *problems, enum problem_severity severity,
                    enum problem_cause cause, unsigned line, unsigned column, const char *path,
                    const char *format, ...)
{
    struct problem problem = {
        .severity = severity, .cause = cause, .line = line, .column = column, .path = path};
    va_list args;

    va_start(args, format);
    add(problems, problem, format, args);
    va_end(args);
}

static int compare_files(const char *a, const char *b)
{
    if (a == NULL || b == NULL) {
        return (a != NULL) - (b != NULL);
    }
    return strcmp(a, b);
}

static bool is_before(const struct problem *a, const struct problem *b)
{
    int files = compare_files(a->file, b->file);

    if (files != 0) {
        return files < 0;
    }
    if (a->line != b->line) {
        return a->line < b->line;
    }
    return a->column < b->column;
}

/* By insertion: stable, and there are at most PROBLEMS_MAX. */
void problems_sort(struct problems *problems)
{
    for (size_t i = 1; i < problems->count; i++) {
        struct problem problem = problems->items[i];
        size_t to = i;

        for (; to > 0 && is_before(&problem, &problems->items[to - 1]); to--) {
            problems->items[to] = problems->items[to - 1];
        }
        problems->items[to] = problem;
    }
}

/* Paths and messages quote what was read, and a terminal obeys control characters. */
static void add_visible(struct str *to, const char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;

        if (c < 0x20 || c == 0x7f) {
            str_addf(to, "\\x%02x", c);
        } else {
            str_add_char(to, *text);
        }
    }
}

static void print_one(const struct problem *problem, struct str *to)
{
    if (problem->file != NULL) {
        add_visible(to, problem->file);
        str_add(to, ":");
    }
    if (problem->line > 0) {
        str_addf(to, "%u:%u:", problem->line, problem->column);
    }
    if (problem->file != NULL || problem->line > 0) {
        str_add(to, " ");
    }
    str_add(to, problem->severity == PROBLEM_ERROR ? "error: " : "warning: ");
    if (problem->path[0] != '\0') {
        add_visible(to, problem->path);
        str_add(to, ": ");
    }
    add_visible(to, problem->message);
    str_add(to, "\n");
}

void problems_print(const struct problems *problems, struct str *to)
{
    for (size_t i = 0; i < problems->count; i++) {
        print_one(&problems->items[i], to);
    }
    if (problems->unreported > 0) {
        str_addf(to, "… and %zu more\n", problems->unreported);
    }
}

const char *problem_cause_to_str(enum problem_cause cause)
{
    switch (cause) {
    case CAUSE_SYNTAX:
    case CAUSE_UNKNOWN_FIELD:
    case CAUSE_INVALID:
        return "FieldValueInvalid";
    case CAUSE_REQUIRED:
        return "FieldValueRequired";
    case CAUSE_TYPE:
        return "FieldValueTypeInvalid";
    case CAUSE_NOT_SUPPORTED:
        return "FieldValueNotSupported";
    case CAUSE_FORBIDDEN:
        return "FieldValueForbidden";
    case CAUSE_DUPLICATE:
    case CAUSE_DUPLICATE_FIELD:
        return "FieldValueDuplicate";
    case CAUSE_REFERENCE:
        return "FieldValueNotFound";
    case CAUSE_RESOURCE:
        return "InsufficientResources";
    }
    return "FieldValueInvalid";
}
