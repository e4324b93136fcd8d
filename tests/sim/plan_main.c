/* Runs plans: one from a file, or every single blow at every effect of the workloads.
 *
 * A campaign plays each workload once without a fault.  Before each effect the process forks, once
 * for every blow that may strike there; the child is struck and goes on alone to the end. */
#include "tests/sim/plan.h"

#include "schema/base/parse.h"
#include "tests/sim/network.h"
#include "tests/sim/plan_work.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    SEED = 1, /* short silence, no questions at the end */
    AT_ONCE_MS = 50,
    TWO_LEASES_MS = 10000, /* of the workloads' leases */
    LONG_DELAY_MS = 5000,
    JOBS_MAX = 16,
    CHILD_SECONDS = 120,
    TOLD_MAX = 20, /* failures told in words; all are written */
    PLAN_BYTES_MAX = 8192,
    REPLAY_EVERY = 97, /* one plan in so many is played again alone: it must go the same way */
};

struct shared { /* with a child */
    struct record_tail tail;
    uint64_t hash;
};

struct job {
    pid_t pid; /* 0: free */
    uint64_t number;
    struct plan plan;
    struct shared *shared; /* owned */
};

struct sample {
    struct plan plan;
    uint64_t hash;
};

struct campaign {
    const char *program, *out;
    struct job jobs[JOBS_MAX];
    size_t job_count;
    struct job *child; /* the one that this process is; NULL in the parent */
    uint64_t plans, failures, told;
    struct {
        VEC_OF(struct sample);
    } samples;
};

static double now_seconds(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static struct shared *new_shared(void)
{
    struct shared *shared =
        mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (shared == MAP_FAILED) {
        (void)fputs("fog-sim: no memory\n", stderr);
        exit(2);
    }
    return shared;
}

static bool play(struct plan_run *run, struct record_tail *tail, bool is_traced, uint64_t *ret_hash)
{
    struct sim_options options = {
        .seed = SEED, .agents = run->script->machines, .is_traced = is_traced, .plan = run};
    struct tallies tallies;

    return sim_run(&options, tail, ret_hash, &tallies);
}

/* --- children --------------------------------------------------------------------------------- */

static const char *failure_of(const struct job *job)
{
    return job->shared->tail.failure[0] != '\0' ? job->shared->tail.failure
                                                : "crash: the process ended";
}

static void keep_failure(struct campaign *campaign, const struct job *job)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    char path[300];
    FILE *file;

    campaign->failures++;
    (void)snprintf(path, sizeof(path), "%s/%s-%" PRIu64 ".plan", campaign->out, job->plan.workload,
                   job->number);
    str_addf(&text, "# %s\n", failure_of(job));
    plan_print(&job->plan, &text);
    file = fopen(path, "w");
    if (file != NULL) {
        (void)fputs(text.data, file);
        (void)fclose(file);
    }
    if (campaign->told++ < TOLD_MAX) {
        (void)printf("%sagain: %s --plan %s --trace\n\n", text.data, campaign->program, path);
        (void)fflush(stdout);
    }
}

/* Waits until one child has ended; false: there is none. */
static bool reap(struct campaign *campaign)
{
    int status = 0;
    pid_t pid = waitpid(-1, &status, 0);

    if (pid < 0) {
        return errno == EINTR;
    }
    for (size_t i = 0; i < campaign->job_count; i++) {
        struct job *job = &campaign->jobs[i];

        if (job->pid == pid) {
            job->pid = 0;
            if (status != 0) {
                keep_failure(campaign, job);
            } else if (job->number % REPLAY_EVERY == 0) {
                struct sample sample = {.plan = job->plan, .hash = job->shared->hash};

                vec_add(&campaign->samples, sample);
            }
        }
    }
    return true;
}

static struct job *free_job(struct campaign *campaign)
{
    for (;;) {
        for (size_t i = 0; i < campaign->job_count; i++) {
            if (campaign->jobs[i].pid == 0) {
                return &campaign->jobs[i];
            }
        }
        if (!reap(campaign)) {
            (void)fputs("fog-sim: a child is lost\n", stderr);
            exit(2);
        }
    }
}

/* True in the child, whose world this is from now on. */
static bool try_blow(struct plan_run *run, struct sim *sim, const struct blow *blow)
{
    struct campaign *campaign = run->context;
    struct job *job = free_job(campaign);

    job->number = ++campaign->plans;
    job->plan = run->plan;
    job->plan.blows[0] = *blow;
    job->plan.count = 1;
    job->shared->tail = *sim->record.tail;
    job->pid = fork();
    if (job->pid < 0) {
        (void)fputs("fog-sim: cannot fork\n", stderr);
        exit(2);
    }
    if (job->pid > 0) {
        return false;
    }
    (void)alarm(CHILD_SECONDS);
    campaign->child = job;
    run->plan = job->plan;
    run->survey = NULL;
    sim->record.tail = &job->shared->tail;
    return true;
}

/* How often the commit that comes now changes the disk: a child tries it. */
static uint64_t count_changes(struct plan_run *run, bool *ret_is_child)
{
    int status = 0;
    pid_t pid = fork();

    *ret_is_child = pid == 0;
    if (pid == 0) {
        run->survey = NULL;
        run->is_measuring = true;
        return 0;
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status)) {
        (void)fputs("fog-sim: cannot measure a commit\n", stderr);
        exit(2);
    }
    return (uint64_t)WEXITSTATUS(status);
}

/* --- which blows ------------------------------------------------------------------------------ */

static bool try_twice(struct plan_run *run, struct sim *sim, struct blow blow)
{
    blow.ms = AT_ONCE_MS;
    if (try_blow(run, sim, &blow)) {
        return true;
    }
    blow.ms = TWO_LEASES_MS;
    return try_blow(run, sim, &blow);
}

static bool try_types(struct plan_run *run, struct sim *sim, struct blow blow, enum blow_type first,
                      enum blow_type last)
{
    for (int i = (int)first; i <= (int)last; i++) {
        blow.type = (enum blow_type)i;
        if (try_twice(run, sim, blow)) {
            return true;
        }
    }
    return false;
}

static bool try_commit(struct plan_run *run, struct sim *sim, struct blow blow)
{
    bool is_child;
    uint64_t changes = count_changes(run, &is_child);

    if (is_child || try_types(run, sim, blow, BLOW_CRASH_BEFORE, BLOW_CRASH_AFTER)) {
        return true;
    }
    blow.type = BLOW_POWER_WITHIN;
    for (blow.number = 1; blow.number <= changes; blow.number++) {
        if (try_twice(run, sim, blow)) {
            return true;
        }
    }
    return false;
}

static bool try_answer(struct plan_run *run, struct sim *sim, struct blow blow)
{
    if (try_types(run, sim, blow, BLOW_CRASH_BEFORE, BLOW_CRASH_BEFORE) ||
        try_types(run, sim, blow, BLOW_CRASH_AFTER, BLOW_CRASH_AFTER)) {
        return true;
    }
    blow.type = BLOW_LOSE;
    return try_blow(run, sim, &blow);
}

static bool try_replays(struct plan_run *run, struct sim *sim, struct blow blow,
                        const struct effect_seen *effect)
{
    if (network_is_idle_frame(effect->bytes)) {
        return false;
    }
    blow.type = BLOW_REPLAY;
    for (size_t i = 0; i < run->effects.count; i++) {
        const struct effect_seen *old = &run->effects.items[i];

        if (old->deed == DEED_FRAME && old->actor == effect->actor && old->peer == effect->peer &&
            old->number < effect->number && !network_is_idle_frame(old->bytes)) {
            blow.number = old->number;
            if (try_blow(run, sim, &blow)) {
                return true;
            }
        }
    }
    return false;
}

static bool try_frame(struct plan_run *run, struct sim *sim, struct blow blow,
                      const struct effect_seen *effect)
{
    static const struct blow others[] = {
        {.type = BLOW_TEAR},
        {.type = BLOW_DROP, .number = 1},
        {.type = BLOW_DROP, .number = 2},
        {.type = BLOW_MUTE},
        {.type = BLOW_DELAY, .ms = LONG_DELAY_MS},
        {.type = BLOW_DELAY, .ms = TWO_LEASES_MS},
        {.type = BLOW_REPEAT},
        {.type = BLOW_SWAP},
    };

    if (try_types(run, sim, blow, BLOW_CRASH_BEFORE, BLOW_CRASH_HEARD)) {
        return true;
    }
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        struct blow other = others[i];

        other.actor = blow.actor;
        other.effect = blow.effect;
        memcpy(other.noun, blow.noun, sizeof(other.noun));
        if (try_blow(run, sim, &other)) {
            return true;
        }
    }
    return try_replays(run, sim, blow, effect);
}

static void survey(struct plan_run *run, struct sim *sim, const struct effect_seen *effect)
{
    struct blow blow = {.actor = effect->actor, .noun = "effect", .effect = effect->number};

    switch (effect->deed) {
    case DEED_COMMIT:
        (void)try_commit(run, sim, blow);
        break;
    case DEED_ANSWER:
        (void)try_answer(run, sim, blow);
        break;
    case DEED_FRAME:
        (void)try_frame(run, sim, blow, effect);
        break;
    case DEED_SAVE:
    case DEED_SPAWN:
    case DEED_KILL:
        if (!try_types(run, sim, blow, BLOW_CRASH_BEFORE, BLOW_CRASH_AFTER)) {
            (void)try_types(run, sim, blow, BLOW_POWER_BEFORE, BLOW_POWER_AFTER);
        }
        break;
    case DEED_COUNT:
        break;
    }
}

/* --- campaigns -------------------------------------------------------------------------------- */

/* What a plan says is all there is to it: played alone it goes the same way. */
static void replay_samples(struct campaign *campaign, struct shared *shared)
{
    vec_each (&campaign->samples, sample) {
        _cleanup_(str_fini)
        struct str text = STR_EMPTY;
        struct plan_run run;
        struct plan plan;
        uint64_t hash;
        bool is_same;

        plan_print(&sample->plan, &text);
        is_same = plan_parse(text.data, &plan, NULL) == 0;
        plan_run_init(&run, &plan, script_find(plan.workload));
        is_same = is_same && play(&run, &shared->tail, false, &hash) && hash == sample->hash;
        plan_run_fini(&run);
        if (!is_same) {
            campaign->failures++;
            (void)printf("determinism: played alone it went another way:\n%s\n", text.data);
        }
    }
    vec_fini(&campaign->samples);
}

/* In a child it does not return. */
static bool run_script(struct campaign *campaign, const struct script *script)
{
    struct shared *shared = new_shared();
    struct plan plan = {.count = 0};
    struct plan_run run;
    double begun = now_seconds();
    uint64_t plans = campaign->plans, failures = campaign->failures;
    uint64_t hash;
    bool is_fine;

    (void)snprintf(plan.workload, sizeof(plan.workload), "%s", script->name);
    plan_run_init(&run, &plan, script);
    run.survey = survey;
    run.context = campaign;
    is_fine = play(&run, &shared->tail, false, &hash);
    if (run.is_measuring) {
        _exit(0); /* the commit was not told */
    }
    if (campaign->child != NULL) {
        campaign->child->shared->hash = hash;
        _exit(campaign->child->shared->tail.failure[0] != '\0');
    }
    while (reap(campaign)) {}
    replay_samples(campaign, shared);
    if (!is_fine) {
        campaign->failures++;
        (void)printf("%s fails without a fault: %s\n", script->name, shared->tail.failure);
    }
    (void)printf("%-14s | %7zu | %7" PRIu64 " | %8" PRIu64 " | %7.1f\n", script->name,
                 run.effects.count, campaign->plans - plans, campaign->failures - failures,
                 now_seconds() - begun);
    (void)fflush(stdout);
    plan_run_fini(&run);
    (void)munmap(shared, sizeof(*shared));
    return campaign->failures == failures;
}

static int run_campaign(struct campaign *campaign, const char *name)
{
    bool is_all = str_eq(name, "all") || str_eq(name, "1");
    double begun = now_seconds();

    if (!is_all && script_find(name) == NULL) {
        (void)fprintf(stderr, "fog-sim: no workload \"%s\"; there are:\n", name);
        for (size_t i = 0; i < script_count; i++) {
            (void)fprintf(stderr, "  %-14s %s\n", scripts[i].name, scripts[i].about);
        }
        return 2;
    }
    (void)mkdir(campaign->out, 0777);
    for (size_t i = 0; i < campaign->job_count; i++) {
        campaign->jobs[i].shared = new_shared();
    }
    (void)printf("%-14s | %7s | %7s | %8s | %7s\n", "workload", "effects", "plans", "failures",
                 "seconds");
    for (size_t i = 0; i < script_count; i++) {
        if (is_all || str_eq(scripts[i].name, name)) {
            (void)run_script(campaign, &scripts[i]);
        }
    }
    (void)printf("%" PRIu64 " plans, %" PRIu64 " failures, %.1f s\n", campaign->plans,
                 campaign->failures, now_seconds() - begun);
    return campaign->failures == 0 ? 0 : 1;
}

/* --- single runs ------------------------------------------------------------------------------ */

static bool read_file(const char *path, char text[static PLAN_BYTES_MAX])
{
    FILE *file = fopen(path, "r");
    size_t size_bytes;

    if (file == NULL) {
        return false;
    }
    size_bytes = fread(text, 1, PLAN_BYTES_MAX - 1, file);
    text[size_bytes] = '\0';
    (void)fclose(file);
    return true;
}

static void tell_failure(const struct record_tail *tail, bool is_traced)
{
    uint64_t first = tail->count > RECORD_LINES ? tail->count - RECORD_LINES : 0;

    for (uint64_t i = first; i < tail->count && !is_traced; i++) {
        (void)printf("%s\n", tail->lines[i % RECORD_LINES]);
    }
    (void)printf("\nfailed: %s\n", tail->failure);
}

static int run_file(const char *path, bool is_traced)
{
    struct shared *shared = new_shared();
    char text[PLAN_BYTES_MAX];
    struct err err = ERR_NONE;
    struct plan_run run;
    struct plan plan;
    uint64_t hash;
    bool is_fine;

    if (!read_file(path, text) || plan_parse(text, &plan, &err) < 0) {
        (void)fprintf(stderr, "fog-sim: %s: %s\n", path,
                      err.code == 0 ? "cannot be read" : err.text);
        return 2;
    }
    plan_run_init(&run, &plan, script_find(plan.workload));
    is_fine = play(&run, &shared->tail, is_traced, &hash);
    if (is_fine && run.struck < plan.count) {
        (void)snprintf(shared->tail.failure, sizeof(shared->tail.failure),
                       "plan: %zu of its %zu blows came; the effects have other numbers now",
                       run.struck, plan.count);
        is_fine = false;
    }
    if (is_fine) {
        (void)printf("%s: fine\n", path);
    } else {
        tell_failure(&shared->tail, is_traced);
    }
    plan_run_fini(&run);
    (void)munmap(shared, sizeof(*shared));
    return is_fine ? 0 : 1;
}

static int list_effects(const char *name)
{
    const struct script *script = script_find(name);
    struct shared *shared = new_shared();
    struct plan plan = {.count = 0};
    struct plan_run run;
    uint64_t hash;
    bool is_fine;

    if (script == NULL) {
        (void)fprintf(stderr, "fog-sim: no workload \"%s\"\n", name);
        return 2;
    }
    plan_run_init(&run, &plan, script);
    is_fine = play(&run, &shared->tail, false, &hash);
    vec_each (&run.effects, it) {
        const char *text = it->bytes == NULL ? "" : it->bytes->data;
        char actor[32] = "controller";

        if (it->actor > 0) {
            (void)snprintf(actor, sizeof(actor), "m-%zu", it->actor - 1);
        }
        (void)printf("%-10s %4" PRIu64 " %-6s %.90s\n", actor, it->number, deed_words[it->deed],
                     text);
    }
    if (!is_fine) {
        (void)printf("fails without a fault: %s\n", shared->tail.failure);
    }
    plan_run_fini(&run);
    (void)munmap(shared, sizeof(*shared));
    return is_fine ? 0 : 1;
}

int plans_main(int count, char **words)
{
    struct campaign campaign = {.program = words[0], .out = "build/plans"};
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    bool is_traced = false;

    for (int i = 3; i < count; i++) {
        uint64_t value;

        if (str_eq(words[i], "--trace")) {
            is_traced = true;
        } else if (str_eq(words[i], "--out") && i + 1 < count) {
            campaign.out = words[++i];
        } else if (str_eq(words[i], "--jobs") && i + 1 < count &&
                   u64_from_str(words[i + 1], &value) && value > 0 && value <= JOBS_MAX) {
            processors = (long)value;
            i++;
        }
    }
    campaign.job_count = processors < 1 ? 1 : processors > JOBS_MAX ? JOBS_MAX : (size_t)processors;
    if (count > 2 && str_eq(words[1], "--plan")) {
        return run_file(words[2], is_traced);
    }
    if (count > 2 && str_eq(words[1], "--plans")) {
        return run_campaign(&campaign, words[2]);
    }
    if (count > 2 && str_eq(words[1], "--effects")) {
        return list_effects(words[2]);
    }
    return -1;
}
