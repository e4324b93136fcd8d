/* The seeds are handed out one by one to worker processes.  What a worker finds lies in memory it
 * shares with this one; a worker ends at its first failure, and when there is more to run another
 * takes its place. */
#include "tests/sim/runner.h"

#include "schema/base/str.h"
#include "tests/sim/lab.h"
#include "tests/sim/shrink.h"
#include "tests/sim/totals.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TWICE_EVERY = 50, LOOK_MS = 20, PATH_SIZE = 4096 };

struct control { /* shared by all */
    uint64_t next, end;
    bool stops;
};

struct worker { /* shared with its process */
    pid_t pid;  /* written by us alone; 0: none */
    struct lab lab;
    struct totals totals;
};

struct runner {
    const struct options *options;
    const char *program;
    struct control *control;
    struct worker **workers; /* shared memory each */
    size_t jobs;
    uint64_t failures, first_failed; /* seeds */
    char first_tape[PATH_SIZE];
};

static double seconds_of(clockid_t clock)
{
    struct timespec now;

    (void)clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* --- in a worker ------------------------------------------------------------------------------ */

static bool run_seed(const struct options *options, struct worker *worker, uint64_t seed)
{
    struct sim_options world = options_of_world(options, seed);
    struct lab *lab = &worker->lab;
    struct tallies tallies;
    uint64_t hash;

    if (!lab_run(lab, &world)) {
        return false;
    }
    if (options->shows_hashes) {
        (void)printf("%" PRIu64 " %016" PRIx64 "\n", seed, lab->hash);
    }
    tallies = lab->tallies;
    hash = lab->hash;
    if (seed % TWICE_EVERY == 0 && (!lab_run(lab, &world) || lab->hash != hash)) {
        (void)snprintf(lab->tail.failure, sizeof(lab->tail.failure),
                       "determinism: the second run of the seed took another course");
        lab->has_failed = true;
        return false;
    }
    totals_add(&worker->totals, seed, &tallies);
    return true;
}

static bool work(const struct runner *runner, struct worker *worker)
{
    struct control *control = runner->control;
    double before = worker->totals.cpu_seconds;
    bool is_fine = true;

    while (is_fine && !__atomic_load_n(&control->stops, __ATOMIC_RELAXED)) {
        uint64_t seed = __atomic_fetch_add(&control->next, 1, __ATOMIC_RELAXED);

        if (seed >= control->end) {
            break;
        }
        is_fine = run_seed(runner->options, worker, seed);
        totals_take_sites(&worker->totals);
        worker->totals.cpu_seconds = before + seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    }
    return is_fine;
}

static bool hire(struct runner *runner, struct worker *worker)
{
    pid_t child;

    (void)fflush(NULL);
    child = fork();
    if (child == 0) {
        exit(work(runner, worker) ? 0 : 1);
    }
    worker->pid = child;
    return child > 0;
}

/* --- telling ---------------------------------------------------------------------------------- */

static void print_tail(const struct record_tail *tail)
{
    uint64_t first = tail->count > RECORD_LINES ? tail->count - RECORD_LINES : 0;

    for (uint64_t i = first; i < tail->count; i++) {
        (void)printf("%s\n", tail->lines[i % RECORD_LINES]);
    }
}

/* Beside the program, unless the options say where. */
static void name_tape(const struct runner *runner, uint64_t seed, char path[static PATH_SIZE])
{
    const char *slash = strrchr(runner->program, '/');
    int folder = slash == NULL ? 0 : (int)(slash - runner->program + 1);

    if (runner->options->tape_out != NULL && runner->failures <= 1) {
        (void)snprintf(path, PATH_SIZE, "%s", runner->options->tape_out);
    } else {
        (void)snprintf(path, PATH_SIZE, "%.*ssim-%" PRIu64 ".tape", folder, runner->program, seed);
    }
}

static bool save_tape(const struct options *options, const struct lab *lab, const char *path)
{
    struct tape_file file;
    struct err err = ERR_NONE;
    bool is_written;

    tape_file_init(&file);
    file.seed = lab->tail.seed;
    (void)snprintf(file.revision, sizeof(file.revision), "%s", sim_revision);
    options_to_tape(options, file.options, sizeof(file.options));
    is_written = lab_take_tape(lab, &file) && tape_file_write(&file, path, &err) == 0;
    tape_file_fini(&file);
    if (!is_written) {
        (void)printf("no tape: %s\n", err.code == 0 ? "there were too many draws" : err.text);
    }
    return is_written;
}

static void tell_failure(struct runner *runner, const struct worker *worker)
{
    const struct options *options = runner->options;
    const struct record_tail *tail = &worker->lab.tail;
    char path[PATH_SIZE], words[TAPE_LINE_SIZE];

    runner->failures++;
    name_tape(runner, tail->seed, path);
    if (!options->is_traced && !options->keeps_going) {
        print_tail(tail);
        (void)printf("\n");
    }
    (void)printf("seed %" PRIu64 " failed: %s\n", tail->seed, tail->failure);
    options_to_tape(options, words, sizeof(words));
    (void)printf("again: %s --seed %" PRIu64 " --trace%s%s", runner->program, tail->seed,
                 words[0] != '\0' ? " " : "", words);
    if (options->agents > 0) {
        (void)printf(" --agents %" PRIu64, options->agents);
    }
    if (options->faults != NULL) {
        (void)printf(" --faults %s", options->faults);
    }
    (void)printf("\n");
    if (!save_tape(options, &worker->lab, path)) {
        return;
    }
    (void)printf("tape: %s --tape %s (revision %s)\n", runner->program, path, sim_revision);
    if (runner->failures == 1 || tail->seed < runner->first_failed) {
        runner->first_failed = tail->seed;
        (void)snprintf(runner->first_tape, sizeof(runner->first_tape), "%s", path);
    }
}

static void show_progress(const struct runner *runner)
{
    const struct control *control = runner->control;
    uint64_t begun = runner->options->from;
    uint64_t next = control->next < control->end ? control->next : control->end;

    (void)fprintf(stderr, "\r%" PRIu64 " of %" PRIu64 " seeds, %" PRIu64 " failed ", next - begun,
                  control->end - begun, runner->failures);
}

/* --- running ---------------------------------------------------------------------------------- */

/* A worker ended.  True when another was hired in its place. */
static bool replace(struct runner *runner, struct worker *worker, int status)
{
    worker->pid = 0;
    if (status == 0) {
        return false;
    }
    if (worker->lab.is_running || !worker->lab.has_failed) {
        lab_tell_crash(&worker->lab, NULL);
    }
    tell_failure(runner, worker);
    if (!runner->options->keeps_going) {
        runner->control->stops = true;
        return false;
    }
    return hire(runner, worker);
}

static void run(struct runner *runner)
{
    const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000};
    bool has_progress = !runner->options->is_quiet && isatty(2);
    size_t at_work = 0;

    for (size_t i = 0; i < runner->jobs; i++) {
        at_work += hire(runner, runner->workers[i]);
    }
    while (at_work > 0) {
        if (has_progress) {
            show_progress(runner);
        }
        (void)nanosleep(&pause, NULL);
        for (size_t i = 0; i < runner->jobs; i++) {
            struct worker *worker = runner->workers[i];
            int status;

            if (worker->pid > 0 && waitpid(worker->pid, &status, WNOHANG) == worker->pid) {
                at_work -= !replace(runner, worker, status);
            }
        }
    }
    if (has_progress) {
        (void)fputc('\n', stderr);
    }
}

static int tell_totals(struct runner *runner, double seconds)
{
    const struct options *options = runner->options;
    struct totals *sum = MEM_NEW(struct totals);
    bool is_complete = true;

    for (size_t i = 0; i < runner->jobs; i++) {
        totals_sum(sum, &runner->workers[i]->totals);
    }
    if (sum->seeds > 0 && !options->shows_hashes &&
        (runner->failures == 0 || options->keeps_going)) {
        totals_print(sum, seconds);
        totals_print_faults(sum);
    }
    if (options->shows_sites) {
        totals_print_sites(sum);
    }
    if (options->is_campaign) {
        is_complete = totals_are_complete(sum);
    }
    free(sum);
    return runner->failures == 0 && is_complete ? 0 : 1;
}

static bool prepare(struct runner *runner)
{
    const struct options *options = runner->options;
    bool in_order = options->is_traced || options->shows_hashes;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    runner->jobs = options->jobs > 0 ? (size_t)options->jobs : (size_t)(cores > 0 ? cores : 1);
    if (runner->jobs > options->count || in_order) {
        runner->jobs = in_order ? 1 : (size_t)options->count;
    }
    runner->workers = mem_array(runner->jobs, sizeof(struct worker *));
    for (size_t i = 0; i < runner->jobs; i++) {
        runner->workers[i] = lab_memory(sizeof(struct worker));
        if (runner->workers[i] == NULL) {
            return false;
        }
    }
    runner->control = lab_memory(sizeof(struct control));
    if (runner->control == NULL) {
        return false;
    }
    runner->control->next = options->from;
    runner->control->end = options->from + options->count;
    return true;
}

int runner_run(const struct options *options, const char *program)
{
    struct runner runner = {.options = options, .program = program};
    double begun = seconds_of(CLOCK_MONOTONIC);
    int result;

    if (!prepare(&runner)) {
        (void)fputs("fog-sim: no memory\n", stderr);
        return 2;
    }
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    run(&runner);
    if (options->count == 1 && options->tape_out != NULL && runner.failures == 0) {
        (void)save_tape(options, &runner.workers[0]->lab, options->tape_out);
    }
    result = tell_totals(&runner, seconds_of(CLOCK_MONOTONIC) - begun);
    free(runner.workers);
    if (options->shrinks && runner.first_tape[0] != '\0') {
        struct options again = *options;

        again.tape = runner.first_tape;
        again.tape_out = NULL;
        return runner_replay(&again, program);
    }
    return result;
}

/* --- a tape ----------------------------------------------------------------------------------- */

static void tell_replay(const struct tape_file *file, const struct lab *lab)
{
    if (lab->has_failed) {
        (void)printf("\nthe tape failed: %s\n", lab->tail.failure);
    } else {
        (void)printf("\nthe tape %s\n",
                     file->failure[0] != '\0' ? "fails no more" : "does not fail");
    }
    if (lab->hash == file->hash) {
        (void)printf("trace %016" PRIx64 ", as recorded\n", lab->hash);
    } else {
        (void)printf("trace %016" PRIx64 ", recorded was %016" PRIx64 "%s\n", lab->hash, file->hash,
                     str_eq(file->revision, sim_revision) ? "" : " with another revision");
    }
}

/* What is left is told as what happened, in order, each with what came of it at once. */
static void tell_story(const char *trace)
{
    static const char *const heads[] = {"  happens: ", "  strikes: ",  "  site ",
                                        "  fault ",    "  faults end", "  FAILED "};
    FILE *from = fopen(trace, "r");
    char line[2 * RECORD_LINE_SIZE];
    bool is_told = false;

    while (from != NULL && fgets(line, sizeof(line), from) != NULL) {
        bool is_head = false;

        for (size_t i = 0; i < COUNT_OF(heads); i++) {
            is_head |= strstr(line, heads[i]) != NULL;
        }
        if (is_head || is_told) {
            (void)fputs(line, stdout);
        }
        is_told = strstr(line, heads[0]) != NULL;
    }
    if (from != NULL) {
        (void)fclose(from);
    }
}

static int shrink_tape(struct tape_file *file, const struct options *options, struct lab *lab,
                       const char *program)
{
    struct sim_options world = options_of_world(options, file->seed);
    char path[PATH_SIZE], output[PATH_SIZE];
    struct err err = ERR_NONE;
    unsigned runs;

    (void)snprintf(path, sizeof(path), "%s.shrunk", options->tape);
    if (options->tape_out != NULL) {
        (void)snprintf(path, sizeof(path), "%s", options->tape_out);
    }
    (void)snprintf(output, sizeof(output), "%.4000s.trace", path);
    runs = shrink(file, options, lab, output);
    if (runs == 0) {
        (void)printf("the tape does not fail: nothing to shrink\n");
        return 0;
    }
    (void)snprintf(file->revision, sizeof(file->revision), "%s", sim_revision);
    if (tape_file_write(file, path, &err) < 0) {
        (void)fprintf(stderr, "fog-sim: %s\n", err.text);
        return 2;
    }
    world.recorded = &file->streams;
    world.is_traced = true;
    (void)lab_try(lab, &world, output);
    (void)printf("\nthe story, after %u runs (the whole of it: %s):\n\n", runs, output);
    tell_story(output);
    (void)printf("\nshrunk: %s --tape %s (seed %" PRIu64 ", revision %s)\n", program, path,
                 file->seed, sim_revision);
    (void)printf("failed: %s\n", lab->tail.failure);
    return 1;
}

int runner_replay(struct options *options, const char *program)
{
    struct tape_file file;
    struct lab *lab = lab_memory(sizeof(struct lab));
    struct sim_options world;
    struct err err = ERR_NONE;
    int result;

    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    tape_file_init(&file);
    if (lab == NULL || tape_file_read(&file, options->tape, &err) < 0 ||
        options_from_tape(options, file.options, &err) < 0) {
        (void)fprintf(stderr, "%s: %s\n", program, lab == NULL ? "no memory" : err.text);
        tape_file_fini(&file);
        return 2;
    }
    world = options_of_world(options, file.seed);
    if (options->shrinks) {
        result = shrink_tape(&file, options, lab, program);
    } else {
        world.recorded = &file.streams;
        result = lab_try(lab, &world, NULL) ? 0 : 1;
        if (result != 0 && !options->is_traced) {
            print_tail(&lab->tail);
        }
        tell_replay(&file, lab);
    }
    tape_file_fini(&file);
    return result;
}
