#include "tests/support/priority.h"

#include <stdio.h>
#include <sys/resource.h>

void come_first(pid_t pid)
{
    char path[64];
    FILE *autogroup;

    (void)setpriority(PRIO_PROCESS, (id_t)pid, -10);
    (void)snprintf(path, sizeof(path), "/proc/%ld/autogroup", (long)pid);
    autogroup = fopen(path, "we");
    if (autogroup != NULL) {
        (void)fputs("-10", autogroup);
        (void)fclose(autogroup);
    }
}
