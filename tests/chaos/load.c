/* fog-chaos-load: the program around the operators (load.h): options, threads, the end.
 *
 * Each operator draws from a generator of its own: the same seed gives the same wishes, though not
 * the same run.  On SIGTERM or SIGINT each ends what it has under way, within three seconds, and
 * the program prints its counts. */
#include "tests/chaos/load.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { TOKEN_SIZE = 256, DOZE_MS = 50 };

volatile sig_atomic_t load_ends;

static void on_end(int number)
{
    (void)number;
    load_ends = 1;
}

int64_t load_now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void load_doze_ms(int64_t ms)
{
    while (ms > 0 && !load_ends) {
        int64_t part = ms < DOZE_MS ? ms : DOZE_MS;

        (void)usleep((useconds_t)part * 1000);
        ms -= part;
    }
    if (load_ends && ms > 0) {
        (void)usleep(DOZE_MS * 1000); /* still no spinning */
    }
}

/* splitmix64. */
uint64_t load_draw(struct operator* self, uint64_t below)
{
    uint64_t z = (self->random += 0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return (z ^ (z >> 31)) % below;
}

static void *operate(void *context)
{
    struct operator* self = context;
    int64_t end_ns = load_now_ns() + self->options->seconds * 1000000000;

    self->curl = curl_easy_init();
    while (!load_ends && (self->options->seconds == 0 || load_now_ns() < end_ns) &&
           (self->options->operations == 0 || self->next < (uint64_t)self->options->operations)) {
        load_do_something(self);
        load_doze_ms((int64_t)load_draw(self, (uint64_t)self->options->pause_ms * 2 + 1));
    }
    curl_easy_cleanup(self->curl);
    for (size_t i = 0; i < LOAD_KEPT_MAX; i++) {
        free(self->kept[i].body);
    }
    return NULL;
}

static bool take_number(const char *text, int64_t least, int64_t most, int64_t *ret_value)
{
    char *end;
    long long value;

    errno = 0;
    value = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value < least || value > most) {
        return false;
    }
    *ret_value = value;
    return true;
}

/* The first line of a file; owned by the program. */
static const char *read_line(const char *path)
{
    char line[TOKEN_SIZE];
    FILE *file = fopen(path, "re");

    if (file == NULL || fgets(line, sizeof(line), file) == NULL) {
        perror(path);
        exit(2);
    }
    (void)fclose(file);
    line[strcspn(line, "\n")] = '\0';
    return strdup(line);
}

enum { TEXT_OPTIONS = 6 };

static const struct option words[] = {
    /* texts first, in the order of take_options() */
    {"url", required_argument, NULL, 0},
    {"token-file", required_argument, NULL, 1},
    {"log", required_argument, NULL, 2},
    {"work", required_argument, NULL, 3},
    {"runs", required_argument, NULL, 4},
    {"password-file", required_argument, NULL, 5},
    {"seed", required_argument, NULL, 6},
    {"operators", required_argument, NULL, 7},
    {"sessions", required_argument, NULL, 8},
    {"policies", required_argument, NULL, 9},
    {"agents", required_argument, NULL, 10},
    {"pause-ms", required_argument, NULL, 11},
    {"timeout-ms", required_argument, NULL, 12},
    {"patience-ms", required_argument, NULL, 13},
    {"seconds", required_argument, NULL, 14},
    {"operations", required_argument, NULL, 15},
    {NULL, 0, NULL, 0},
};

static bool take_options(int argc, char **argv, struct load_options *options)
{
    const char **const texts[] = {&options->url,  &options->token, &options->log,
                                  &options->work, &options->runs,  &options->password};
    const struct {
        int64_t *value;
        int64_t least, most;
    } numbers[] = {
        {&options->seed, 0, INT64_MAX},
        {&options->operators, 1, LOAD_OPERATORS_MAX},
        {&options->sessions, 1, LOAD_NAMES_MAX},
        {&options->policies, 0, LOAD_NAMES_MAX},
        {&options->agents, 1, 1000},
        {&options->pause_ms, 0, 60000},
        {&options->timeout_ms, 100, 60000},
        {&options->patience_ms, 0, 600000},
        {&options->seconds, 0, 1000000},
        {&options->operations, 0, INT64_MAX},
    };
    int option;

    while ((option = getopt_long(argc, argv, "", words, NULL)) != -1) {
        if (option == '?') {
            return false;
        }
        if (option < TEXT_OPTIONS) {
            *texts[option] = option == 1 || option == 5 ? read_line(optarg) : optarg;
            continue;
        }
        if (!take_number(optarg, numbers[option - TEXT_OPTIONS].least,
                         numbers[option - TEXT_OPTIONS].most,
                         numbers[option - TEXT_OPTIONS].value)) {
            (void)fprintf(stderr, "fog-chaos-load: \"%s\" is out of bounds\n", optarg);
            return false;
        }
    }
    return optind == argc && options->url != NULL && options->log != NULL &&
           options->work != NULL && options->runs != NULL;
}

static void print_counts(const struct operator* operators, int64_t count)
{
    struct load_counts sum = {0};

    for (int64_t i = 0; i < count; i++) {
        sum.ok += operators[i].counts.ok;
        sum.fail += operators[i].counts.fail;
        sum.unknown += operators[i].counts.unknown;
        sum.reads += operators[i].counts.reads;
        sum.repeats += operators[i].counts.repeats;
        sum.attempts += operators[i].counts.attempts;
    }
    (void)printf("operations: ok=%" PRIu64 " (reads=%" PRIu64 ") refused=%" PRIu64
                 " unknown=%" PRIu64 " repeated=%" PRIu64 " requests=%" PRIu64 "\n",
                 sum.ok, sum.reads, sum.fail, sum.unknown, sum.repeats, sum.attempts);
}

int main(int argc, char **argv)
{
    static struct operator operators[LOAD_OPERATORS_MAX];
    pthread_t threads[LOAD_OPERATORS_MAX];
    struct load_options options = {.seed = 1,
                                   .operators = 4,
                                   .sessions = 9,
                                   .policies = 2,
                                   .agents = 3,
                                   .pause_ms = 50,
                                   .timeout_ms = 5000,
                                   .patience_ms = 20000};
    const struct sigaction action = {.sa_handler = on_end};

    if (!take_options(argc, argv, &options)) {
        (void)fputs(
            "usage: fog-chaos-load --url URL --log FILE --work PROGRAM --runs FILE\n"
            "    [--token-file FILE | --password-file FILE] [--seed N] [--operators N] [--sessions N]\n"
            "    [--policies N] [--agents N] [--pause-ms N] [--timeout-ms N]\n"
            "    [--patience-ms N] [--seconds N] [--operations N-OF-EACH]\n",
            stderr);
        return 2;
    }
    options.incarnation = (int)getpid();
    options.log_fd = open(options.log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (options.log_fd < 0) {
        perror(options.log);
        return 2;
    }
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
    (void)curl_global_init(CURL_GLOBAL_ALL);
    for (int64_t i = 0; i < options.operators; i++) {
        operators[i] = (struct operator){.options = &options,
                                         .index = (int)i,
                                         .random = (uint64_t)options.seed * 1000003 + (uint64_t)i};
        (void)snprintf(operators[i].who, sizeof(operators[i].who), "op-%d", (int)i);
        if (pthread_create(&threads[i], NULL, operate, &operators[i]) != 0) {
            abort();
        }
    }
    for (int64_t i = 0; i < options.operators; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    print_counts(operators, options.operators);
    (void)close(options.log_fd);
    curl_global_cleanup();
    return 0;
}
