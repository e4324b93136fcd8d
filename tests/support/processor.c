#include "tests/support/processor.h"

#include <stdio.h>
#include <stdlib.h>
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

int64_t ran_us(pid_t pid)
{
    char path[64], text[128] = "";
    FILE *file;

    (void)snprintf(path, sizeof(path), "/proc/%ld/schedstat", (long)pid);
    file = fopen(path, "re");
    if (file != NULL) {
        (void)fgets(text, sizeof(text), file);
        (void)fclose(file);
    }
    return strtoll(text, NULL, 10) / 1000;
}
