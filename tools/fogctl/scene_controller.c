/* The controller itself, as its /metrics tell: which one it is, and what it costs. */
#include "schema/base/str.h"
#include "tools/fogctl/scene_inner.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CPU_LOOK_MS = 150 }; /* for less time than that a share says nothing */

/* The number behind a name at the beginning of a line; NAN when there is no such line. */
static double metric(const char *text, const char *name)
{
    size_t length = strlen(name);

    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, length) == 0 && line[length] == ' ') {
            return strtod(line + length, NULL);
        }
    }
    return NAN;
}

static void note_version(struct scene_controller *controller, const char *text)
{
    static const char name[] = "fog_build_info{version=\"";
    const char *at = strstr(text, name);
    struct str version = STR_EMPTY;

    if (at != NULL) {
        at += sizeof(name) - 1;
        str_add_bytes(&version, at, strcspn(at, "\"\n"));
        scene_keep(&controller->version, version.data);
        str_fini(&version);
    }
}

void scene_measured(struct scene *scene, const char *metrics, struct mono now)
{
    struct scene_controller *controller = &scene->controller;
    double cpu = metric(metrics, "process_cpu_seconds_total"), past = controller->cpu_seconds;
    double revision = metric(metrics, "fog_revision");
    int64_t passed_ms = mono_since(controller->at, now);

    if (revision >= 0 && revision < 9e15) { /* after a restore it is lower than it was */
        scene->revision = (uint64_t)revision;
    }
    note_version(controller, metrics);
    controller->memory_bytes = metric(metrics, "process_resident_memory_bytes");
    if (passed_ms < CPU_LOOK_MS &&
        !isnan(past)) { /* answers that were late come one upon the other */
        return;
    }
    controller->cpu_percent = passed_ms > 0 && cpu >= past /* not of another process */
                                  ? (cpu - past) * 100000 / (double)passed_ms
                                  : NAN;
    controller->cpu_seconds = cpu;
    controller->at = now;
}
