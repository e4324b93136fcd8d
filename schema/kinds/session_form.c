/* Which members of a spec are its form: schema/kinds/session_form.h. */
#include "schema/kinds/session_form.h"

#include "schema/base/str.h"
#include "schema/emit.h"

/* Those that the template of replicas is made of (reconcile_template() of the controller). */
static const char *const members[] = {"policy",        "workload",    "grace", "exclusive",
                                      "leaseDuration", "orphanAfter", "drift"};

bool session_form_has(const char *member)
{
    for (size_t i = 0; i < COUNT_OF(members); i++) {
        if (str_eq(members[i], member)) {
            return true;
        }
    }
    return false;
}

bool session_form_eq_spec(const struct node *a, const struct node *b)
{
    for (size_t i = 0; i < COUNT_OF(members); i++) {
        if (!node_eq(node_find(a, members[i]), node_find(b, members[i]))) {
            return false;
        }
    }
    return true;
}

bool session_form_eq(struct arena *arena, const struct object *a, const struct object *b)
{
    return session_form_eq_spec(node_find(emit_object(arena, a, EMIT_SPEC), "spec"),
                                node_find(emit_object(arena, b, EMIT_SPEC), "spec"));
}

void session_form_put(struct arena *arena, struct node *root, const struct object *then)
{
    const struct node *from = node_find(emit_object(arena, then, EMIT_SPEC), "spec");
    struct node *spec = node_find(root, "spec");

    for (size_t i = 0; i < COUNT_OF(members); i++) {
        const struct node *value = node_find(from, members[i]);

        (void)node_remove(spec, members[i]);
        if (value != NULL) {
            node_set(arena, spec, members[i], node_copy(arena, value));
        }
    }
}
