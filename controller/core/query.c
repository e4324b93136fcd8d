#include "controller/core/query.h"

#include "schema/kinds/agent_fields.h"

/* One cause for each mistake, as of a manifest. */
static struct failure mistaken(struct arena *arena, const struct problems *problems)
{
    struct failure failure =
        failure_make(arena, 400, "BadRequest", "where: %s", where_problems_text(arena, problems));

    failure.causes = node_list(arena);
    for (size_t i = 0; i < problems->count; i++) {
        const struct problem *problem = &problems->items[i];
        struct node *cause = node_map(arena);

        node_set(arena, cause, "reason", node_str(arena, problem_cause_to_str(problem->cause)));
        node_set(arena, cause, "message",
                 node_str(arena, arena_printf(arena, "line %u, column %u: %s", problem->line,
                                              problem->column, problem->message)));
        node_set(arena, cause, "field", node_str(arena, "where"));
        node_add(arena, failure.causes, cause);
    }
    return failure;
}

static bool read_where(struct ctl *ctl, const struct kind *kind, const char *text,
                       struct query *query, struct failure *ret_failure)
{
    struct problems problems;
    struct where where;

    if (text == NULL) {
        return true;
    }
    if (kind != &agent_kind) {
        *ret_failure = failure_make(&ctl->arena, 400, "BadRequest",
                                    "where: only agents can be asked for by a condition");
        return false;
    }
    problems_init(&problems, &ctl->arena, NULL);
    if (where_parse(&ctl->arena, &agent_where_names, text, &problems, &where) < 0) {
        *ret_failure = mistaken(&ctl->arena, &problems);
        return false;
    }
    query->selected = roster_select(&ctl->model.roster, &ctl->arena, &where);
    return true;
}

bool query_read(struct ctl *ctl, const struct kind *kind, const struct target *target,
                struct query *ret_query, struct failure *ret_failure)
{
    struct err err = ERR_NONE;

    *ret_query = (struct query){0};
    if (selector_parse_labels(&ctl->arena, target_param(target, "labelSelector"),
                              &ret_query->labels, &err) < 0 ||
        selector_parse_fields(&ctl->arena, kind, target_param(target, "fieldSelector"),
                              &ret_query->fields, &err) < 0) {
        *ret_failure = failure_make(&ctl->arena, 400, "BadRequest", "%s", err.text);
        return false;
    }
    return read_where(ctl, kind, target_param(target, "where"), ret_query, ret_failure);
}

bool query_has(struct ctl *ctl, const struct query *query, const struct entry *entry)
{
    return (query->selected == NULL ||
            roster_has(query->selected, ((const struct agent_entry *)entry)->row)) &&
           selector_matches_labels(&query->labels, &entry->object->meta.labels) &&
           selector_matches_fields(&ctl->arena, &query->fields, entry->object);
}

bool query_refuses_watch(struct ctl *ctl, const struct target *target, struct failure *ret_failure)
{
    if (target_param(target, "where") == NULL) {
        return false;
    }
    *ret_failure = failure_make(&ctl->arena, 400, "BadRequest",
                                "where: readings change without the object; list again and again "
                                "instead of watching");
    return true;
}
