/* fog-pure: do the cores decide from their events alone?
 *
 * Runs seeds of the simulator (production cores and store, everything around them made up) under a
 * seccomp filter that allows memory, writing to standard output and ending, and prints the hash of
 * each seed's trace.  tests/suites/pure.sh compares the output between runs with another layout of
 * memory, time zone, locale and hash seed.
 *
 *     fog-pure SEEDS HASH-SEED [reach]
 *
 * What libraries set up on first use (algorithms of libcrypto, SQLite's globals, the limits that
 * qsort() asks for) is set up before the filter, by one run without it.  With `reach` it then opens
 * a file, to show that the filter bites. */
#include "tests/sim/sim.h"

#include "schema/base/map.h"
#include "schema/base/parse.h"

#include <fcntl.h>
#include <inttypes.h>
#include <locale.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { EXIT_USAGE = 2, EXIT_REACHED = 3, SORTED = 1000 };

/* Names the call that was not allowed, and ends. */
static void on_reach(int signal_number, siginfo_t *info, void *context)
{
    static const char words[] = "pure: system call ";
    char digits[16];
    size_t length = sizeof(digits);
    unsigned number = (unsigned)info->si_syscall;

    (void)signal_number;
    (void)context;
    digits[--length] = '\n';
    do {
        digits[--length] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    if (write(1, words, sizeof(words) - 1) < 0 ||
        write(1, digits + length, sizeof(digits) - length) < 0) {
        _exit(EXIT_USAGE);
    }
    _exit(EXIT_REACHED);
}

static bool close_the_doors(void)
{
    static const int calls[] = {SCMP_SYS(mmap), SCMP_SYS(munmap),     SCMP_SYS(mremap),
                                SCMP_SYS(brk),  SCMP_SYS(madvise),    SCMP_SYS(futex),
                                SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(rt_sigreturn)};
    const struct sigaction action = {.sa_sigaction = on_reach, .sa_flags = SA_SIGINFO};
    const struct scmp_arg_cmp to_output = {.arg = 0, .op = SCMP_CMP_EQ, .datum_a = STDOUT_FILENO};
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_TRAP);
    int result;

    if (filter == NULL || sigaction(SIGSYS, &action, NULL) < 0) {
        return false;
    }
    result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(write), 1, to_output);
    for (size_t i = 0; result == 0 && i < COUNT_OF(calls); i++) {
        result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
    }
    if (result == 0) {
        result = seccomp_load(filter);
    }
    seccomp_release(filter);
    return result == 0;
}

static int order(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static bool run_seed(uint64_t seed, uint64_t *ret_hash)
{
    static struct record_tail tail;
    const struct sim_options options = {.seed = seed};
    struct tallies tallies;

    if (sim_run(&options, &tail, ret_hash, &tallies)) {
        return true;
    }
    (void)printf("seed %" PRIu64 " failed: %s\n", seed, tail.failure);
    return false;
}

static bool warm_up(void)
{
    int *numbers = mem_array(SORTED, sizeof(int));
    uint64_t hash;

    qsort(numbers, SORTED, sizeof(int), order);
    free(numbers);
    return run_seed(1, &hash);
}

int main(int count, char **words)
{
    static char buffer[1 << 16];
    uint64_t seeds, hash_seed, hash;

    if (count < 3 || !u64_from_str(words[1], &seeds) || !u64_from_str(words[2], &hash_seed)) {
        (void)fputs("usage: fog-pure SEEDS HASH-SEED [reach]\n", stderr);
        return EXIT_USAGE;
    }
    (void)setlocale(LC_ALL, "");
    tzset();
    map_seed_hash(hash_seed);
    (void)setvbuf(stdout, buffer, _IOFBF,
                  sizeof(buffer)); /* else the first write asks what it is */
    if (!warm_up() || !close_the_doors()) {
        (void)fputs("fog-pure: cannot begin\n", stderr);
        return EXIT_USAGE;
    }
    if (count > 3) {
        (void)open("/dev/null", O_RDONLY);
    }
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        if (!run_seed(seed, &hash)) {
            (void)fflush(stdout);
            return 1;
        }
        (void)printf("%" PRIu64 " %016" PRIx64 "\n", seed, hash);
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
