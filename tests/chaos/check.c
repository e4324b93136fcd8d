/* fog-chaos-check DIR [--url URL [--token-file FILE] [--wait MS]]
 *
 * Without --url only what is written down is judged.  Exit 0: no violation; 1: some, a line each;
 * 2: the evidence cannot be read. */
#include "tests/chaos/check.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN_MAX = 20, /* of each rule */ TOKEN_SIZE = 256 };

void violation(struct check *check, const char *rule, const char *format, ...)
{
    json_int_t count = json_integer_value(json_object_get(check->counts, rule)) + 1;
    va_list list;

    check->violations++;
    if (check->counts == NULL) {
        check->counts = json_object();
    }
    (void)json_object_set_new(check->counts, rule, json_integer(count));
    if (count > SHOWN_MAX) {
        return;
    }
    (void)printf("VIOLATION %s: ", rule);
    va_start(list, format);
    (void)vprintf(format, list);
    va_end(list);
    (void)putchar('\n');
}

void cannot(const char *format, ...)
{
    va_list list;

    (void)fputs("fog-chaos-check: ", stderr);
    va_start(list, format);
    (void)vfprintf(stderr, format, list);
    va_end(list);
    (void)fputc('\n', stderr);
    exit(2);
}

void *grow(void *items, size_t count, size_t size)
{
    if ((count & (count - 1)) == 0) { /* at each power of two */
        items = realloc(items, (count == 0 ? 1 : 2 * count) * size);
        if (items == NULL) {
            cannot("no memory");
        }
    }
    return items;
}

char *copy_text(const char *text)
{
    char *copy = strdup(text == NULL ? "" : text);

    if (copy == NULL) {
        cannot("no memory");
    }
    return copy;
}

uint64_t number_of(const char *text)
{
    char *end;
    unsigned long long value;

    errno = 0;
    value = strtoull(text, &end, 10);
    return errno != 0 || *end != '\0' ? 0 : value;
}

void hash_json(const json_t *json, char *ret_hash)
{
    char *text = json == NULL ? NULL : json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
    uint64_t hash = 0xcbf29ce484222325;

    for (const char *c = text; c != NULL && *c != '\0'; c++) {
        hash = (hash ^ (uint8_t)*c) * 0x100000001b3;
    }
    (void)snprintf(ret_hash, HASH_SIZE, "%016" PRIx64, hash);
    if (text == NULL) {
        ret_hash[0] = '\0';
    }
    free(text);
}

void each_line(const char *dir, const char *name,
               void (*take)(struct check *check, json_t *line, size_t number), struct check *check)
{
    char path[4096], *line = NULL;
    size_t size = 0, number = 0;
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    file = fopen(path, "re");
    if (file == NULL) {
        cannot("%s: %s", path, strerror(errno));
    }
    while (getline(&line, &size, file) > 0) {
        take(check, json_loads(line, 0, NULL), ++number);
    }
    free(line);
    (void)fclose(file);
}

static const char *read_token(const char *path)
{
    static char token[TOKEN_SIZE];
    FILE *file = fopen(path, "re");

    if (file == NULL || fgets(token, sizeof(token), file) == NULL) {
        cannot("%s: %s", path, strerror(errno));
    }
    (void)fclose(file);
    token[strcspn(token, "\n")] = '\0';
    return token;
}

static bool take_options(int argc, char **argv, struct check *check)
{
    static const struct option options[] = {{"url", required_argument, NULL, 'u'},
                                            {"token-file", required_argument, NULL, 't'},
                                            {"wait", required_argument, NULL, 'w'},
                                            {NULL, 0, NULL, 0}};
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'u':
            check->url = optarg;
            break;
        case 't':
            check->token = read_token(optarg);
            break;
        case 'w':
            check->wait_ms = (int64_t)number_of(optarg);
            break;
        default:
            return false;
        }
    }
    if (optind + 1 != argc) {
        return false;
    }
    check->dir = argv[optind];
    return true;
}

static void print_counts(const struct check *check)
{
    const char *rule;
    json_t *count;

    (void)printf("checked: %zu operations (%" PRIu64 " reads, %" PRIu64 " writes done), "
                 "%zu rows of the ledger, %zu processes of workloads: %" PRIu64 " violations\n",
                 check->op_count, check->reads, check->writes, check->row_count,
                 check->process_count, check->violations);
    json_object_foreach(check->counts, rule, count)
    {
        (void)printf("    %s: %lld\n", rule, json_integer_value(count));
    }
}

static void judge(struct check *check)
{
    ledger_open(check);
    ledger_check_chain(check);
    ledger_read(check);
    ops_read(check);
    ops_check_rows(check);
    ops_check_answers(check);
    ops_check_order(check);
    runs_read(check);
    runs_check(check);
}

int main(int argc, char **argv)
{
    static struct check check;

    check.wait_ms = 10000;
    if (!take_options(argc, argv, &check)) {
        (void)fputs("usage: fog-chaos-check DIR [--url URL [--token-file FILE] [--wait MS]]\n",
                    stderr);
        return 2;
    }
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    if (check.url != NULL) {
        final_check(&check);
    }
    judge(&check);
    if (check.url != NULL) {
        final_check_history(&check);
    }
    print_counts(&check);
    (void)sqlite3_close(check.db);
    return check.violations > 0;
}
