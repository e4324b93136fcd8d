/* CPU time and memory of this process and of the controller, from /proc. */
#include "tools/fogload/fogload.h"

#include <unistd.h>

void read_text(const char *path, char *text, size_t size)
{
    FILE *file = fopen(path, "re");
    size_t got = file == NULL ? 0 : fread(text, 1, size - 1, file);

    text[got] = '\0';
    if (file != NULL) {
        (void)fclose(file);
    }
}

static int64_t rss_of(long pid)
{
    char path[64], text[4096];
    const char *line;

    (void)snprintf(path, sizeof(path), "/proc/%ld/status", pid);
    read_text(path, text, sizeof(text));
    line = strstr(text, "VmRSS:");
    return line == NULL ? 0 : strtoll(line + 6, NULL, 10);
}

/* The 14th and 15th word of /proc/PID/stat; the second is a name in parentheses. */
static int64_t cpu_of(long pid)
{
    char path[64], text[1024];
    const char *at;
    int64_t ticks = 0;

    (void)snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
    read_text(path, text, sizeof(text));
    at = strrchr(text, ')');
    for (int word = 2; at != NULL && word < 15; word++) {
        at = strchr(at + 1, ' ');
        if (at != NULL && word >= 13) {
            ticks += strtoll(at + 1, NULL, 10);
        }
    }
    return ticks * 1000 / sysconf(_SC_CLK_TCK);
}

struct gauge measure(const struct load *load)
{
    return (struct gauge){
        .at = now_mono(),
        .cpu_ms = cpu_of(getpid()),
        .rss_kib = rss_of(getpid()),
        .controller_cpu_ms = cpu_of(load->controller_pid),
        .controller_rss_kib = rss_of(load->controller_pid),
        .counts = load->counts,
    };
}

void print_stage(const char *name, size_t count, const struct gauge *from, const struct gauge *to)
{
    (void)printf(
        "%-11s %6zu  %7lld ms   messages %llu in %llu out   "
        "cpu controller %lld ms agents %lld ms   rss controller %lld MiB agents %lld MiB\n",
        name, count, (long long)mono_since(from->at, to->at),
        (unsigned long long)(to->counts.in_all - from->counts.in_all),
        (unsigned long long)(to->counts.out_all - from->counts.out_all),
        (long long)(to->controller_cpu_ms - from->controller_cpu_ms),
        (long long)(to->cpu_ms - from->cpu_ms), (long long)(to->controller_rss_kib / 1024),
        (long long)(to->rss_kib / 1024));
    (void)fflush(stdout);
}

void print_counts(const struct load *load)
{
    uint64_t sent[WIRE_TYPE_COUNT] = {0};

    for (size_t i = 0; i < load->agent_count; i++) {
        for (size_t type = 0; type < WIRE_TYPE_COUNT; type++) {
            sent[type] += agt_counters(load->agents[i].core)->sent[type];
        }
    }
    (void)printf("messages");
    for (size_t type = 0; type < WIRE_TYPE_COUNT; type++) {
        if (sent[type] + load->counts.in[type] > 0) {
            (void)printf(" %s=%llu", wire_table[type].name,
                         (unsigned long long)(sent[type] + load->counts.in[type]));
        }
    }
    (void)printf("\nbytes in=%llu out=%llu; saves=%zu lost links=%zu refusals=%zu\n",
                 (unsigned long long)load->counts.in_bytes,
                 (unsigned long long)load->counts.out_bytes, load->saves, load->reconnects,
                 load->refused);
}
