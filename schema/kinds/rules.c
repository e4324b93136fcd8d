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
