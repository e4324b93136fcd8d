/* docs/METRICS.md, from the table of schema/metric.c. */
#include "schema/docs.h"
#include "schema/metric.h"

static const char head[] =
    "# Metrics\n"
    "\n"
    "`GET /metrics` of a controller tells all of these, in the text format of Prometheus:\n"
    "\n"
    "    curl -s http://127.0.0.1:7411/metrics | promtool check metrics\n"
    "\n"
    "A scrape configuration needs no more than the address:\n"
    "\n"
    "    scrape_configs:\n"
    "      - job_name: fog\n"
    "        static_configs: [{targets: ['127.0.0.1:7411']}]\n"
    "\n"
    "No metric has a label with names of objects: how many series there are does not depend on the\n"
    "fleet. Which object it is, `fogctl why` and `fogctl reconcile log` tell. Counters begin at 0 with\n"
    "the process, those of the core also when it loads its state again after a failed commit. The page\n"
    "waits for nothing, so it also answers while the disk does not, and may then tell what is not\n"
    "durable yet. What the shell looks at (process, store, connections) is a few seconds old at most.\n"
    "\n"
    "Agents have no such page; `fog-agent status -o json` tells what an agent knows.\n"
    "\n"
    "| metric | type | unit | label | what it is |\n"
    "|---|---|---|---|---|\n";

static const char foot[] =
    "\n"
    "## What they are good for\n"
    "\n"
    "| question | expression |\n"
    "|---|---|\n"
    "| is anything not as declared? | `sum(fog_sessions_diverged) > 0` |\n"
    "| whose affair is it? | `fog_sessions_diverged` by `class` |\n"
    "| how long until a change has arrived, nine times of ten? | `histogram_quantile(0.9, "
    "rate(fog_convergence_seconds_bucket{cause=\"change\"}[10m]))` |\n"
    "| is the disk slow? | `histogram_quantile(0.99, rate(fog_commit_duration_seconds_bucket[5m]))` |\n"
    "| does work pile up? | `fog_queue_length` |\n"
    "| does the store stay as large as it is? | `deriv(fog_store_used_bytes[6h])` |\n"
    "| how far does history reach back? | `time() - fog_history_begins_timestamp_seconds` |\n"
    "| are machines away? | `fog_agents{state=\"away\"}` |\n"
    "\n"
    "**Classes.** `Configuration`: what is so has not caught up with what was declared. `Network`:\n"
    "somebody cannot be reached. `Resources`: room, an agent, power or the owner's leave is lacking.\n"
    "`Software`: what was to run does not run as it should.\n"
    "\n"
    "**Convergence** is timed from the change of a session's spec (`cause=\"change\"`) or from the\n"
    "moment when it ceased to be as declared without one (`cause=\"disturbance\"`), in whole\n"
    "milliseconds. What was under way when the controller started is not in it.\n";

static void add_words(enum metric metric, struct str *to)
{
    for (size_t i = 0; i < metric_series(metric); i++) {
        str_addf(to, "%s`%s`", i == 0 ? "" : ", ", metric_word(metric, i));
    }
}

static void add_row(enum metric metric, struct str *to)
{
    static const char *const types[] = {"counter", "gauge", "histogram"};
    static const char *const units[] = {"", "bytes", "seconds"};
    const struct metric_info *info = &metric_infos[metric];

    str_addf(to, "| `%s` | %s | %s | ", info->name, types[info->type], units[info->unit]);
    if (metric == METRIC_BUILD) {
        str_addf(to, "`%s`", info->label); /* its value changes with each version */
    } else if (info->label != NULL) {
        str_addf(to, "`%s`: ", info->label);
        add_words(metric, to);
    }
    str_addf(to, " | %s |\n", info->help);
}

void docs_metrics(struct str *to)
{
    str_add(to, head);
    for (enum metric metric = 0; metric < METRIC_COUNT; metric++) {
        add_row(metric, to);
    }
    str_add(to, foot);
}
