/* One row for each file that holds a limit. */
#include "agent/shim/cgroup_values.h"

#include "agent/shim/cgroup_file.h"
#include "schema/base/str.h"

#include <stdio.h>
#include <string.h>

static const struct {
    enum cgroup_limit limit;
    const char *v1, *v2; /* NULL: it has none */
} files[CGROUP_VALUES] = {
    {CGROUP_CPU, "cpu.cfs_quota_us", "cpu.max"},
    {CGROUP_CPU, "cpu.cfs_period_us", NULL},
    {CGROUP_MEMORY, "memory.limit_in_bytes", "memory.max"},
    {CGROUP_PIDS, "pids.max", "pids.max"},
};

static const char *file_of(const struct cgroup *cgroup, size_t row)
{
    bool is_v2 = cgroup->ways[files[row].limit].keeper == KEEPER_V2;

    return !cgroup_keeps(cgroup, files[row].limit) ? NULL : is_v2 ? files[row].v2 : files[row].v1;
}

static void read_row(const struct cgroup *cgroup, size_t row, char text[static CGROUP_VALUE_SIZE])
{
    _cleanup_(str_fini)
    struct str value = STR_EMPTY;
    const char *file = file_of(cgroup, row);

    text[0] = '\0';
    if (file != NULL && cgroup_read(cgroup->ways[files[row].limit].fd, file, &value)) {
        (void)snprintf(text, CGROUP_VALUE_SIZE, "%.*s", (int)strcspn(value.data, "\n"), value.data);
    }
}

void cgroup_values_read(const struct cgroup *cgroup, struct cgroup_values *ret_values)
{
    for (size_t i = 0; i < CGROUP_VALUES; i++) {
        read_row(cgroup, i, ret_values->texts[i]);
    }
}

static bool differs(const struct cgroup *cgroup, const struct cgroup_values *values, size_t row)
{
    char now[CGROUP_VALUE_SIZE];

    read_row(cgroup, row, now);
    return now[0] != '\0' && values->texts[row][0] != '\0' && !str_eq(now, values->texts[row]);
}

bool cgroup_values_differ(const struct cgroup *cgroup, const struct cgroup_values *values)
{
    for (size_t i = 0; i < CGROUP_VALUES; i++) {
        if (differs(cgroup, values, i)) {
            return true;
        }
    }
    return false;
}

void cgroup_values_write(const struct cgroup *cgroup, const struct cgroup_values *values)
{
    for (size_t i = 0; i < CGROUP_VALUES; i++) {
        if (differs(cgroup, values, i)) {
            (void)cgroup_write(cgroup->ways[files[i].limit].fd, file_of(cgroup, i),
                               values->texts[i]);
        }
    }
}
