/* Campaigns: every single blow at every effect of the workloads, and pairs of them by chance.
 *
 * A workload is played once to learn what it does.  Then it is played again, and before each effect
 * the process forks, once for every blow that may strike there; the child is struck and goes on
 * alone to the end.  Pairs begin anew. */
#include "tests/sim/plan.h"

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
    JOBS_MAX = 16,
    CHILD_SECONDS = 120,
    TOLD_MAX = 20,     /* failures told in words; all are written */
    REPLAY_EVERY = 97, /* one plan in so many is played again alone: it must go the same way */
    NEAR_EFFECTS = 6,  /* one second blow in two comes so soon, to the same actor */
};

struct shared { /* with a child */
    struct record_tail tail;
    uint64_t hash;
    struct disk_counters measured;
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
    const struct campaign_options *options;
    const struct script *script;
    struct job jobs[JOBS_MAX];
    size_t job_count;
    struct job *child;     /* the one that this process is; NULL in the parent */
    struct shared *shared; /* owned: for what the parent plays */
    struct effects_seen known;
    char *ending;       /* owned: where the workload ends without a fault */
    struct blows blows; /* all single ones of the workload */
    uint64_t plans, failures, told;
    uint64_t types[BLOW_COUNT]; /* of first blows */
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

static _Noreturn void give_up(const char *why)
{
    (void)fprintf(stderr, "fog-sim: %s\n", why);
    exit(2);
}

static struct shared *new_shared(void)
{
    struct shared *shared =
        mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (shared == MAP_FAILED) {
        give_up("no memory");
    }
    return shared;
}

static bool is_enough(const struct campaign *campaign)
{
    return campaign->options->stops && campaign->failures > 0;
}

/* --- children --------------------------------------------------------------------------------- */

static void keep_failure(struct campaign *campaign, const struct job *job)
{
    char *failure = job->shared->tail.failure;
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    char path[300];
    FILE *file;

    campaign->failures++;
    for (char *at = failure; *at != '\0'; at++) { /* a comment has one line */
        *at = *at == '\n' ? ' ' : *at;
    }
    (void)snprintf(path, sizeof(path), "%s/%s-%" PRIu64 ".plan", campaign->options->out,
                   job->plan.workload, job->number);
    str_addf(&text, "# %s\n", failure[0] != '\0' ? failure : "crash: the process ended");
    plan_print(&job->plan, &text);
    file = fopen(path, "w");
    if (file != NULL) {
        (void)fputs(text.data, file);
        (void)fclose(file);
    }
    if (campaign->told++ < TOLD_MAX) {
        (void)printf("%sagain: %s --plan %s --trace\n\n", text.data, campaign->options->program,
                     path);
        (void)fflush(stdout);
    }
}

static void take_result(struct campaign *campaign, struct job *job, int status)
{
    job->pid = 0;
    if (status != 0) {
        keep_failure(campaign, job);
    } else if (job->number % REPLAY_EVERY == 0) {
        struct sample sample = {.plan = job->plan, .hash = job->shared->hash};

        vec_add(&campaign->samples, sample);
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
        if (campaign->jobs[i].pid == pid) {
            take_result(campaign, &campaign->jobs[i], status);
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
            give_up("a child is lost");
        }
    }
}

/* Returns NULL in the parent; in the child its job. */
static struct job *begin_job(struct campaign *campaign, const struct plan *plan)
{
    struct job *job = free_job(campaign);

    job->number = ++campaign->plans;
    campaign->types[plan->blows[0].type]++;
    job->plan = *plan;
    job->pid = fork();
    if (job->pid < 0) {
        give_up("cannot fork");
    }
    if (job->pid > 0) {
        return NULL;
    }
    (void)alarm(CHILD_SECONDS);
    campaign->child = job;
    return job;
}

/* --- playing ---------------------------------------------------------------------------------- */

static bool play(struct campaign *campaign, struct plan_run *run, uint64_t *ret_hash)
{
    struct sim_options options = {.seed = PLAN_SEED, .agents = run->script->machines, .plan = run};
    struct record_tail *tail = &campaign->shared->tail;
    struct tallies tallies;

    return sim_run(&options, tail, ret_hash, &tallies);
}

/* A child does not come back from here. */
static void end_child(const struct campaign *campaign, uint64_t hash)
{
    if (campaign->child != NULL) {
        campaign->child->shared->hash = hash;
        _exit(campaign->child->shared->tail.failure[0] != '\0');
    }
}

static void name_plan(const struct campaign *campaign, struct plan *plan)
{
    *plan = (struct plan){.count = 0};
    (void)snprintf(plan->workload, sizeof(plan->workload), "%s", campaign->script->name);
}

/* --- single blows ----------------------------------------------------------------------------- */

/* What the commit that comes now does to the disk: a child tries it.  True in the child. */
static bool measure(struct campaign *campaign, struct plan_run *run)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        run->survey = NULL;
        run->measured = &campaign->shared->measured;
        return true;
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
        give_up("cannot measure a commit");
    }
    return false;
}

static void survey(struct plan_run *run, struct sim *sim, const struct effect_seen *effect)
{
    struct campaign *campaign = run->context;
    size_t first = campaign->blows.count;

    if (is_enough(campaign)) {
        return;
    }
    campaign->shared->measured = (struct disk_counters){0};
    if ((effect->deed == DEED_COMMIT || effect->deed == DEED_OPEN) && measure(campaign, run)) {
        return;
    }
    plan_blows(&campaign->known, effect, &campaign->shared->measured, &campaign->blows);
    if (campaign->options->only_pairs) {
        return;
    }
    for (size_t i = first; i < campaign->blows.count && !is_enough(campaign); i++) {
        struct plan plan = run->plan;
        struct job *job;

        plan.blows[plan.count++] = campaign->blows.items[i];
        job = begin_job(campaign, &plan);
        if (job != NULL) {
            job->shared->tail = *sim->record.tail;
            sim->record.tail = &job->shared->tail;
            run->plan = plan;
            run->survey = NULL;
            return;
        }
    }
}

/* Without a fault, to learn what there is. */
static bool learn(struct campaign *campaign)
{
    struct plan_run run;
    struct plan plan;
    uint64_t hash;
    bool is_fine;

    name_plan(campaign, &plan);
    plan_run_init(&run, &plan, campaign->script);
    is_fine = play(campaign, &run, &hash);
    campaign->known = run.effects;
    run.effects = (struct effects_seen){0};
    campaign->ending = str_take(&run.ending);
    plan_run_fini(&run);
    if (!is_fine) {
        campaign->failures++;
        (void)printf("%s fails without a fault: %s\n", campaign->script->name,
                     campaign->shared->tail.failure);
    }
    return is_fine;
}

static void try_all(struct campaign *campaign)
{
    struct plan_run run;
    struct plan plan;
    uint64_t hash;

    name_plan(campaign, &plan);
    plan_run_init(&run, &plan, campaign->script);
    run.survey = survey;
    run.expected = campaign->ending;
    run.context = campaign;
    (void)play(campaign, &run, &hash);
    if (run.measured != NULL) {
        _exit(0); /* the commit was not told */
    }
    end_child(campaign, hash);
    plan_run_fini(&run);
}

/* --- pairs ------------------------------------------------------------------------------------ */

/* What comes next may be what recovers from the first. */
static void draw_second(const struct campaign *campaign, struct die *die, struct plan *plan)
{
    const struct blow *first = &plan->blows[0];
    struct blow *second = &plan->blows[plan->count++];

    *second = campaign->blows.items[die_below(die, campaign->blows.count)];
    if (second->actor == first->actor && die_chance(die, 500)) {
        second->effect = first->effect + 1 + die_below(die, NEAR_EFFECTS);
    }
}

static void try_pairs(struct campaign *campaign)
{
    struct die die;

    die_init(&die, campaign->options->seed);
    for (uint64_t i = 0; i < campaign->options->pairs && !is_enough(campaign); i++) {
        struct plan plan;
        struct plan_run run;
        struct job *job;
        uint64_t hash;

        name_plan(campaign, &plan);
        plan.blows[plan.count++] = campaign->blows.items[die_below(&die, campaign->blows.count)];
        draw_second(campaign, &die, &plan);
        job = begin_job(campaign, &plan);
        if (job != NULL) {
            campaign->shared = job->shared;
            plan_run_init(&run, &plan, campaign->script);
            run.expected = campaign->ending;
            (void)play(campaign, &run, &hash);
            end_child(campaign, hash);
        }
    }
}

/* --- the course ------------------------------------------------------------------------------- */

/* What a plan says is all there is to it: played alone it goes the same way. */
static void replay_samples(struct campaign *campaign)
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
        plan_run_init(&run, &plan, campaign->script);
        run.expected = campaign->ending;
        is_same = is_same && play(campaign, &run, &hash) && hash == sample->hash;
        plan_run_fini(&run);
        if (!is_same) {
            campaign->failures++;
            (void)printf("determinism: played alone it went another way:\n%s\n", text.data);
        }
    }
    vec_clear(&campaign->samples);
}

static void forget_workload(struct campaign *campaign)
{
    effects_seen_fini(&campaign->known);
    free(TAKE(campaign->ending));
    vec_clear(&campaign->blows);
}

static void run_script(struct campaign *campaign, const struct script *script)
{
    uint64_t plans = campaign->plans, failures = campaign->failures;
    double begun = now_seconds();

    campaign->script = script;
    if (learn(campaign)) {
        try_all(campaign);
        try_pairs(campaign);
        while (reap(campaign)) {}
        replay_samples(campaign);
    }
    (void)printf("%-17s | %7zu | %7" PRIu64 " | %8" PRIu64 " | %7.1f\n", script->name,
                 campaign->known.count, campaign->plans - plans, campaign->failures - failures,
                 now_seconds() - begun);
    (void)fflush(stdout);
    forget_workload(campaign);
}

static int list_scripts(const char *name)
{
    (void)fprintf(stderr, "fog-sim: no workload \"%s\"; there are:\n", name);
    for (size_t i = 0; i < script_count; i++) {
        (void)fprintf(stderr, "  %-17s %s\n", scripts[i].name, scripts[i].about);
    }
    return 2;
}

static void tell_types(const struct campaign *campaign)
{
    for (int i = 0; i < BLOW_COUNT; i++) {
        (void)printf("%s%s %s: %" PRIu64, i > 0 ? ", " : "", plan_words[i].verb,
                     plan_words[i].where, campaign->types[i]);
    }
    (void)printf("\n");
}

int campaign_run(const struct campaign_options *options)
{
    bool is_all = str_eq(options->workload, "all") || str_eq(options->workload, "1");
    struct campaign campaign = {.options = options, .job_count = options->jobs};
    double begun = now_seconds();

    if (!is_all && script_find(options->workload) == NULL) {
        return list_scripts(options->workload);
    }
    (void)mkdir(options->out, 0777);
    campaign.job_count = options->jobs > JOBS_MAX ? JOBS_MAX : options->jobs;
    campaign.shared = new_shared();
    for (size_t i = 0; i < campaign.job_count; i++) {
        campaign.jobs[i].shared = new_shared();
    }
    (void)printf("%-17s | %7s | %7s | %8s | %7s\n", "workload", "effects", "plans", "failures",
                 "seconds");
    for (size_t i = 0; i < script_count && !is_enough(&campaign); i++) {
        if (is_all || str_eq(scripts[i].name, options->workload)) {
            run_script(&campaign, &scripts[i]);
        }
    }
    vec_fini(&campaign.samples);
    vec_fini(&campaign.blows);
    tell_types(&campaign);
    (void)printf("%" PRIu64 " plans, %" PRIu64 " failures, %.1f s, %.0f plans/s\n", campaign.plans,
                 campaign.failures, now_seconds() - begun,
                 (double)campaign.plans / (now_seconds() - begun));
    return campaign.failures == 0 ? 0 : 1;
}
