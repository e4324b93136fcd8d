#include "tests/sim/judge_match.h"

#include "schema/base/parse.h"
#include "schema/base/str.h"
#include "tests/sim/shim.h"

#include <stdlib.h>
#include <string.h>

/* --- selectors -------------------------------------------------------------------------------- */

static bool is_among(const struct node *values, const char *text)
{
    for (size_t i = 0; values != NULL && i < values->list.count; i++) {
        if (str_eq(node_text(values->list.items[i]), text)) {
            return true;
        }
    }
    return false;
}

static bool expression_holds(const struct node *expression, const struct node *labels)
{
    const char *op = node_find_text(expression, "operator");
    const char *value = node_find_text(labels, node_find_text(expression, "key"));
    bool is_in = value != NULL && is_among(node_find(expression, "values"), value);

    return str_eq(op, "In")      ? is_in
           : str_eq(op, "NotIn") ? !is_in
                                 : (value != NULL) == str_eq(op, "Exists");
}

static bool is_selected(const struct node *selector, const struct node *labels)
{
    const struct node *wanted = node_find(selector, "matchLabels");
    const struct node *expressions = node_find(selector, "matchExpressions");

    for (size_t i = 0; wanted != NULL && i < wanted->map.count; i++) {
        const char *value = node_find_text(labels, wanted->map.members[i].key);

        if (value == NULL || !str_eq(value, node_text(wanted->map.members[i].value))) {
            return false;
        }
    }
    for (size_t i = 0; expressions != NULL && i < expressions->list.count; i++) {
        if (!expression_holds(expressions->list.items[i], labels)) {
            return false;
        }
    }
    return true;
}

/* --- requirements ----------------------------------------------------------------------------- */

/* What the agent has of a field, as a text; NULL: nothing.  What sensors say it does not tell. */
static const char *reading_of(const struct node *agent, const char *field)
{
    if (str_starts(field, "labels.")) {
        return node_find_text(node_find_path(agent, "metadata.labels"), field + strlen("labels."));
    } else if (str_starts(field, "capacity.")) {
        return node_find_text(node_find_path(agent, "status.capacity"),
                              field + strlen("capacity."));
    } else if (str_eq(field, "platform") || str_eq(field, "version")) {
        return node_find_text(node_find(agent, "status"), field);
    }
    return NULL;
}

/* In thousandths of a core, or in bytes. */
static bool amount_from_node(const struct node *value, bool is_cores, int64_t *ret_amount)
{
    if (value->type == NODE_STR) {
        return is_cores ? cores_from_str(value->str.text, ret_amount)
                        : quantity_from_str(value->str.text, ret_amount);
    } else if (value->type == NODE_REAL) {
        *ret_amount = (int64_t)(value->real * (is_cores ? 1000 : 1));
        return true;
    } else if (value->type == NODE_INT) {
        *ret_amount = value->integer * (is_cores ? 1000 : 1);
        return true;
    }
    return false;
}

/* "0.10" is above "0.9": part by part, as numbers. */
static int order_of_versions(const char *a, const char *b)
{
    for (;;) {
        char *end_a, *end_b;
        unsigned long part_a = strtoul(a, &end_a, 10), part_b = strtoul(b, &end_b, 10);

        if (part_a != part_b) {
            return part_a < part_b ? -1 : 1;
        }
        if (*end_a != '.' || *end_b != '.') {
            return strcmp(end_a, end_b);
        }
        a = end_a + 1;
        b = end_b + 1;
    }
}

/* False: they cannot be compared. */
static bool order_of(const char *field, const char *reading, const struct node *value,
                     int *ret_order)
{
    bool is_cores = str_eq(field, "capacity.cores");
    struct node text = {.type = NODE_STR, .str = {reading, strlen(reading)}};
    int64_t has, wants;

    if (str_starts(field, "capacity.")) {
        if (!amount_from_node(&text, is_cores, &has) ||
            !amount_from_node(value, is_cores, &wants)) {
            return false;
        }
        *ret_order = has < wants ? -1 : has > wants;
        return true;
    }
    if (node_text(value) == NULL) {
        return false;
    }
    *ret_order = str_eq(field, "version") ? order_of_versions(reading, node_text(value))
                                          : strcmp(reading, node_text(value));
    return true;
}

static bool equals_any(const char *field, const char *reading, const struct node *values)
{
    for (size_t i = 0; i < values->list.count; i++) {
        int order;

        if (order_of(field, reading, values->list.items[i], &order) && order == 0) {
            return true;
        }
    }
    return false;
}

static bool requirement_holds(const struct node *requirement, const struct node *agent)
{
    const char *field = node_find_text(requirement, "field");
    const char *op = node_find_text(requirement, "op"), *reading = reading_of(agent, field);
    const struct node *value = node_find(requirement, "value");
    int order = 0;

    if (reading == NULL) { /* only of a label its absence is a fact */
        return str_starts(field, "labels.") && (str_eq(op, "!=") || str_eq(op, "notIn"));
    }
    if (str_eq(op, "exists")) {
        return true;
    } else if (str_eq(op, "in") || str_eq(op, "notIn")) {
        return equals_any(field, reading, value) == str_eq(op, "in");
    } else if (!order_of(field, reading, value, &order)) {
        return false;
    }
    return str_eq(op, "==")   ? order == 0
           : str_eq(op, "!=") ? order != 0
           : str_eq(op, ">")  ? order > 0
           : str_eq(op, ">=") ? order >= 0
           : str_eq(op, "<")  ? order < 0
                              : order <= 0;
}

/* --- conditions ------------------------------------------------------------------------------- */

static bool has_amount(const struct node *agent, const char *field, int64_t least)
{
    const char *reading = reading_of(agent, field);
    struct node text = {.type = NODE_STR, .str = {reading, 0}};
    int64_t has;

    return reading != NULL && amount_from_node(&text, str_eq(field, "capacity.cores"), &has) &&
           has >= least;
}

static bool where_holds_of(const char *where, const struct node *agent)
{
    const char *tier = reading_of(agent, "labels.tier");
    const char *version = reading_of(agent, "version");

    if (str_eq(where, JUDGE_WHERE_CORES)) {
        return has_amount(agent, "capacity.cores", 2000) && !str_eq(tier, "gold") &&
               !str_eq(tier, "a");
    } else if (str_eq(where, JUDGE_WHERE_SITE)) {
        return !str_eq(reading_of(agent, "labels.reported/site"), "b");
    } else if (str_eq(where, JUDGE_WHERE_VERSION)) {
        return tier != NULL || (version != NULL && order_of_versions(version, "0.0.9") > 0);
    } else if (str_eq(where, JUDGE_WHERE_MEMORY)) {
        return tier == NULL || (has_amount(agent, "capacity.memory", INT64_C(1) << 30) &&
                                str_eq(reading_of(agent, "platform"), "linux/amd64"));
    }
    return where == NULL;
}

static bool are_met(const struct node *session, const struct node *agent, bool with_sensors)
{
    const struct node *requirements = node_find_path(session, "spec.requirements");

    for (size_t i = 0; requirements != NULL && i < requirements->list.count; i++) {
        const struct node *it = requirements->list.items[i];

        if ((with_sensors || !str_starts(node_find_text(it, "field"), "sensors.")) &&
            !requirement_holds(it, agent)) {
            return false;
        }
    }
    return where_holds_of(node_text(node_find_path(session, "spec.where")), agent) &&
           is_selected(node_find_path(session, "spec.selector"),
                       node_find_path(agent, "metadata.labels"));
}

bool judge_matches(const struct node *session, const struct node *agent)
{
    return are_met(session, agent, true);
}

bool judge_may_stay(const struct node *session, const struct node *agent)
{
    return are_met(session, agent, false);
}

int64_t judge_share(const struct shim *shim, int64_t percent)
{
    int64_t all = 0;

    vec_each (&shim->machine->shims, it) {
        all += (*it)->has_process && !(*it)->is_frozen && (*it)->cpu_limit > 0 ? (*it)->cores : 0;
    }
    return percent >= 100 || all == 0 ? 0 : percent * 10 * shim->cores / all;
}
