/* docs/WHERE.md, from the table of schema/kinds/agent_fields.h. */
#include "schema/docs.h"
#include "schema/kinds/agent_fields.h"

static const char head[] =
    "# Conditions: `--where`\n"
    "\n"
    "    fogctl get agents --where 'sensors.battery >= 40 && region in (north, east)'\n"
    "\n"
    "One language says which agents are meant: here, in the query of the API (`agents?where=…`), and in\n"
    "what sessions ask of agents (`spec.requirements` and `spec.where`).\n"
    "\n"
    "| written | holds |\n"
    "|---|---|\n"
    "| `sensors.battery >= 40` | `==` (or `=`), `!=`, `<`, `<=`, `>`, `>=`; texts, and what is true or "
    "false, have no order |\n"
    "| `region in (north, east)`, `region notin (north)` | it is one of these; it is none of these |\n"
    "| `exists sensors.battery` | the machine has it, and told |\n"
    "| `sensors.charging` | of a field that is true or false: it is true |\n"
    "| `!TEST`, `TEST && TEST`, `TEST \\|\\| TEST`, `(…)` | not, and, or; `!` first, then `&&`, then "
    "`\\|\\|`; `!` negates the whole test behind it |\n"
    "\n"
    "A bare word is a label: `region == north` is `labels.region == north`. A key that has dots, or is the\n"
    "name of a field, is written `labels['platform']`; one with a slash needs nothing: `fog/zone == a`.\n"
    "Values are words or texts in quotes of either sort: `region == 'New York'`.\n"
    "\n"
    "**What is not known satisfies nothing**, also not under `!`. A battery that cannot be read, or of an\n"
    "agent that is away, is neither below 20 nor not below 20: `!(sensors.battery < 20)` does not list it.\n"
    "The same goes for what a machine does not have: one without a battery is not listed by any test of it\n"
    "but `!exists sensors.battery`. So whoever wants desktops, too, says so:\n"
    "`sensors.battery >= 40 || !exists sensors.battery`. With labels it is as in label selectors: a label\n"
    "that is not there differs from every value, `region != north` holds.\n"
    "\n"
    "A mistake is told with its column, all mistakes at once, and nothing is listed. An expression has at\n"
    "most 4,096 bytes, 256 tests and operators, 32 of them open at once, and 256 values in a list.\n"
    "\n"
    "## In a session\n"
    "\n"
    "    spec:\n"
    "      requirements:\n"
    "        - {field: capacity.memory, op: \">=\", value: 512Mi}\n"
    "      where: sensors.battery >= 40 && region in (north, east)\n"
    "\n"
    "Each requirement is one test with its parts written out, for programs and for patches of one of them;\n"
    "`where` is an expression. All of them have to hold of an agent when work is placed there. Work moves\n"
    "away when they cease to, with one exception: what comes and goes by itself never moves what runs. So\n"
    "`sensors.battery >= 40 && region == north` moves when the region changes, whatever the battery, and\n"
    "stays when the battery sinks; to hold work back then is for its policy. When nobody will do,\n"
    "`fogctl why` shows the condition and what the machines have of its fields.\n"
    "\n"
    "## Fields of an agent\n"
    "\n"
    "Sessions may ask for those marked with a dot. Those marked with a wave come and go by themselves: they\n"
    "count when work is placed, and never move what runs.\n"
    "\n"
    "| field | values | is | |\n"
    "|---|---|---|---|\n";

static const char *values_of(const struct where_name *name)
{
    switch (name->type) {
    case WHERE_TEXT:
        return "a text";
    case WHERE_VERSION:
        return "`0.2.0`; 0.10 is above 0.9";
    case WHERE_FLAG:
        return "`true`, `false`";
    case WHERE_NUMBER:
        return (name->flags & WHERE_PERCENT) != 0 ? "`40`, `40%`" : "`40`, `0.5`";
    case WHERE_BYTES:
        return "`512Mi`";
    case WHERE_CORES:
        return "`2`, `500m`";
    case WHERE_DURATION:
        return "`5m`, or seconds";
    }
    return "";
}

void docs_where(struct str *to)
{
    str_add(to, head);
    for (size_t i = 0; i < agent_where_names.count; i++) {
        const struct where_name *name = &agent_where_names.rows[i];

        str_addf(to, "| `%s%s` | %s | %s |%s%s |\n", name->name,
                 (name->flags & WHERE_GROUP) != 0 ? ".KEY" : "", values_of(name), name->doc,
                 (name->flags & AGENT_FIELD_OF_WORK) != 0 ? " •" : "",
                 (name->flags & WHERE_VOLATILE) != 0 ? " ~" : "");
    }
    str_add(to, "\nThis page is made from `schema/kinds/agent_fields.c` by `make docs`.\n");
}
