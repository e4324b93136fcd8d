#include "schema/kinds/rules.h"

#include "schema/check.h"
#include "schema/limits.h"

#include <string.h>

void rule_work_name(const struct object *object, const struct node *root, struct problems *problems)
{
    if (object->meta.name != NULL && strlen(object->meta.name) > WORK_NAME_BYTES_MAX) {
        check_problem(problems, root, CAUSE_INVALID, "metadata.name",
                      "is longer than %d characters, which is the most for this kind",
                      WORK_NAME_BYTES_MAX);
    }
}

/* In a scalar that stands in one line its columns are those of the file; of others only where they
 * begin is known. */
void rule_where(const char *text, const struct where_names *names, const char *path,
                const struct node *root, struct problems *problems)
{
    const struct node *at = check_locate(root, path);
    bool is_in_line = at != NULL && at->type == NODE_STR && !at->block && at->column > 0;
    struct problems found;
    struct where where;

    problems_init(&found, problems->arena, NULL);
    if (where_parse(problems->arena, names, text, &found, &where) == 0) {
        return;
    }
    for (size_t i = 0; i < found.count; i++) {
        const struct problem *it = &found.items[i];
        unsigned line = at == NULL ? 0 : at->line, column = at == NULL ? 0 : at->column;

        column += is_in_line ? it->column - 1 + at->quoted : 0;
        if (it->line > 1) {
            problem_add_at(problems, PROBLEM_ERROR, it->cause, line, column, path,
                           "line %u, column %u of it: %s", it->line, it->column, it->message);
        } else {
            problem_add_at(problems, PROBLEM_ERROR, it->cause, line, column, path,
                           "column %u of it: %s", it->column, it->message);
        }
    }
}
