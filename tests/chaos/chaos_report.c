/* The last lines of a run. */
#include "tests/chaos/chaos_report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPERATIONS_PER_S_MIN = 2, /* acknowledged */
    LINK_BYTES_PER_S_MIN = 200,
};

uint64_t report_kills(void)
{
    return chaos_kills.controller + chaos_kills.agents + chaos_kills.shims + chaos_kills.workloads;
}

static void print_faults(const struct report *report, struct world *world)
{
    bool has_head = false;

    for (int i = 0; i < fault_class_count; i++) {
        const struct fault_class *class = &fault_classes[i];
        const struct tally *tally = &report->tally[i];

        if (tally->is_left_out) {
            continue;
        }
        if (!has_head) {
            has_head = true;
            (void)printf("%-26s %8s %8s\n", "fault", "drawn", "struck");
        }
        if (!fault_is_possible(world, class)) {
            (void)printf("%-26s %8s\n", class->name, "cannot be here");
            continue;
        }
        (void)printf("%-26s %8" PRIu64 " %8" PRIu64 "\n", class->name, tally->drawn, tally->fired);
        if (tally->fired == 0 && !report->is_cut_short &&
            (report->wants_every_class || tally->drawn > 0)) {
            world_complain(world, "\"%s\" never struck", class->name);
        }
    }
}

static int compare(const void *a, const void *b)
{
    const struct calm *x = a, *y = b;

    return (x->ms > y->ms) - (x->ms < y->ms);
}

static int64_t percentile(const struct report *report, unsigned percent)
{
    size_t at = (report->calms.count * percent + 99) / 100;

    return report->calms.items[at == 0 ? 0 : at - 1].ms;
}

static void print_calms(struct report *report)
{
    const struct calm *last;

    if (report->calms.count == 0) {
        return;
    }
    qsort(report->calms.items, report->calms.count, sizeof(report->calms.items[0]), compare);
    last = &report->calms.items[report->calms.count - 1];
    (void)printf("converged after faults: %zu times, p50 %" PRId64 " ms, p99 %" PRId64
                 " ms, max %" PRId64 " ms (step %" PRIu64 ")\n",
                 report->calms.count, percentile(report, 50), percentile(report, 99), last->ms,
                 last->step);
}

static uint64_t count_lines(const struct world *world, const char *name, const char *with)
{
    char path[2 * PROGRAM_PATH_SIZE], *line = NULL;
    size_t size = 0;
    uint64_t count = 0;
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/%s", world->dir, name);
    file = fopen(path, "re");
    while (file != NULL && getline(&line, &size, file) > 0) {
        count += strstr(line, with) != NULL;
    }
    free(line);
    if (file != NULL) {
        (void)fclose(file);
    }
    return count;
}

static void print_traffic(const struct report *report, struct world *world, int64_t seconds)
{
    uint64_t done = count_lines(world, "ops.jsonl", "\"type\":\"ok\"");
    uint64_t spawns = count_lines(world, "runs.jsonl", "\"event\":\"start\"");

    (void)printf("traffic: operations done %" PRIu64 ", bytes on links %" PRId64
                 ", packets %" PRIu64 ", workloads started %" PRIu64 "\n",
                 done, report->link_bytes, (uint64_t)world->cable->packets, spawns);
    if (!report->is_cut_short &&
        ((int64_t)done < seconds * OPERATIONS_PER_S_MIN ||
         report->link_bytes < seconds * LINK_BYTES_PER_S_MIN || spawns < (uint64_t)world->agents)) {
        world_complain(world, "too little traffic to prove anything");
    }
}

void report_print(struct report *report, struct world *world, int64_t took_ms)
{
    int64_t seconds = took_ms / 1000;

    print_faults(report, world);
    (void)printf("kills survived: %" PRIu64 " (controller %" PRIu64 ", agents %" PRIu64
                 ", shims %" PRIu64 ", workloads %" PRIu64 ")\n",
                 report_kills(), chaos_kills.controller, chaos_kills.agents, chaos_kills.shims,
                 chaos_kills.workloads);
    print_traffic(report, world, seconds);
    print_calms(report);
    (void)printf("%" PRIu64 " steps, %" PRIu64 " of them with several faults, in %" PRId64
                 " s: %d problems\n",
                 report->steps, report->mixed, seconds, world->problems);
}
