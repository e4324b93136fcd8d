#include "tests/sim/lab.h"

#include "schema/base/str.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TRIAL_SECONDS_MAX = 120, REPORT_LINE_SIZE = 2000 };

void *lab_memory(size_t size_bytes)
{
    void *memory = mmap(NULL, size_bytes, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    return memory == MAP_FAILED ? NULL : memory;
}

bool lab_run(struct lab *lab, const struct sim_options *options)
{
    struct sim_options with_log = *options;

    with_log.log = &lab->log;
    lab->is_running = true;
    lab->has_failed = !sim_run(&with_log, &lab->tail, &lab->hash, &lab->tallies);
    lab->is_running = false;
    return !lab->has_failed;
}

static void redirect(const char *output)
{
    int to = open(output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    if (to < 0 || dup2(to, 1) < 0 || dup2(to, 2) < 0) {
        _exit(2);
    }
}

bool lab_try(struct lab *lab, const struct sim_options *options, const char *output)
{
    int status = 1;
    pid_t child;

    (void)fflush(NULL);
    child = fork();
    if (child == 0) {
        if (output != NULL) {
            redirect(output);
        }
        (void)alarm(TRIAL_SECONDS_MAX);
        status = lab_run(lab, options) ? 0 : 1;
        (void)fflush(NULL);
        _exit(status); /* and look for no leaks: they have no checker that could stay the same */
    }
    while (child > 0 && waitpid(child, &status, 0) != child) {}
    if (status != 0 && (lab->is_running || !lab->has_failed)) {
        lab_tell_crash(lab, output);
    }
    return status == 0;
}

/* The line of a report that names the place: an assertion's or a sanitizer's. */
static void find_place(const char *output, char place[static REPORT_LINE_SIZE])
{
    FILE *from = fopen(output, "r");
    char line[REPORT_LINE_SIZE];

    while (from != NULL && fgets(line, sizeof(line), from) != NULL) {
        if (strstr(line, "Assertion") != NULL || strstr(line, "runtime error") != NULL ||
            str_starts(line, "SUMMARY: ")) {
            line[strcspn(line, "\n")] = '\0';
            memcpy(place, line, sizeof(line));
            break;
        }
    }
    if (from != NULL) {
        (void)fclose(from);
    }
}

void lab_tell_crash(struct lab *lab, const char *output)
{
    char place[REPORT_LINE_SIZE] = "the process ended, see above";

    if (output != NULL) {
        find_place(output, place);
    }
    lab->is_running = false;
    lab->has_failed = true;
    (void)snprintf(lab->tail.failure, sizeof(lab->tail.failure), "crash: %.1000s", place);
}

bool lab_take_tape(const struct lab *lab, struct tape_file *file)
{
    file->hash = lab->hash;
    (void)snprintf(file->failure, sizeof(file->failure), "%s", lab->tail.failure);
    return tape_file_take_log(file, &lab->log);
}
