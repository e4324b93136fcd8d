/* What change sets answer, for people: outcomes, diffs, plans. */
#include "schema/yaml.h"
#include "tools/fogctl/fogctl.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

size_t results_print(struct fogctl *fogctl, const struct node *results, const char *suffix)
{
    size_t changed = 0;

    for (size_t i = 0; results != NULL && results->type == NODE_LIST && i < results->list.count;
         i++) {
        const struct node *result = results->list.items[i];
        const char *word = node_find_text(result, "result");
        const char *kind_name = node_find_text(result, "kind");
        const struct kind *kind = kind_find_word(kind_name == NULL ? "" : kind_name);
        bool is_changed = !str_eq(word, "unchanged");

        changed += is_changed;
        printf("%s %s%s%s%s\n",
               kind == NULL ? "?" : kind_title(fogctl, kind, node_find_text(result, "name")),
               paint(fogctl, is_changed ? "green" : "off"), word, paint(fogctl, "off"), suffix);
    }
    return changed;
}

/* --- diff ------------------------------------------------------------------------------------- */

struct folders {
    char base[64], before[80], after[80];
};

static bool make_folders(struct folders *folders)
{
    (void)snprintf(folders->base, sizeof(folders->base), "/tmp/fogctl-diff-XXXXXX");
    if (mkdtemp(folders->base) == NULL) {
        (void)fail(NULL, "%s: %s", folders->base, strerror(errno));
        return false;
    }
    (void)snprintf(folders->before, sizeof(folders->before), "%s/live", folders->base);
    (void)snprintf(folders->after, sizeof(folders->after), "%s/merged", folders->base);
    return mkdir(folders->before, 0700) == 0 && mkdir(folders->after, 0700) == 0;
}

static void write_side(struct fogctl *fogctl, const char *folder, const char *file,
                       const struct node *object, struct texts *made)
{
    const char *path = arena_printf(&fogctl->arena, "%s/%s", folder, file);
    struct node *shown = without_noise(fogctl, object, false);
    struct str text = STR_EMPTY;
    FILE *to;

    if (shown == NULL) {
        return;
    }
    yaml_emit(shown, &text);
    to = fopen(path, "we");
    if (to != NULL) {
        (void)fwrite(text.data, 1, text.length, to);
        (void)fclose(to);
        vec_add(made, path);
    }
    str_fini(&text);
}

static void remove_folders(const struct folders *folders, const struct texts *made)
{
    vec_each (made, it) {
        (void)unlink(*it);
    }
    (void)rmdir(folders->before);
    (void)rmdir(folders->after);
    (void)rmdir(folders->base);
}

/* One line of diff, coloured.  The names of our folders say nothing: live and merged do. */
static void print_line(const struct fogctl *fogctl, const char *line, const struct folders *folders)
{
    const char *color = line[0] == '+'   ? "green"
                        : line[0] == '-' ? "red"
                        : line[0] == '@' ? "blue"
                                         : "off";

    if (str_starts(line, "diff ") || str_starts(line, "--- ") || str_starts(line, "+++ ")) {
        const char *base = strstr(line, folders->base);

        if (str_starts(line, "diff ") || base == NULL) {
            return;
        }
        printf("%s%.4s%.*s%s\n", paint(fogctl, "bold"), line,
               (int)strcspn(base + strlen(folders->base) + 1, "\t\n"),
               base + strlen(folders->base) + 1, paint(fogctl, "off"));
        return;
    }
    printf("%s%.*s%s\n", paint(fogctl, color), (int)strcspn(line, "\n"), line,
           paint(fogctl, "off"));
}

static int run_diff(const struct fogctl *fogctl, const struct folders *folders)
{
    const char *external = getenv("FOGCTL_EXTERNAL_DIFF");
    const char *program = str_is_empty(external) ? "diff -u -N" : external;
    char command[512], line[4096];
    FILE *pipe;
    int status;

    (void)snprintf(command, sizeof(command), "%s %s %s", program, folders->before, folders->after);
    pipe = popen(command, "re");
    if (pipe == NULL) {
        return fail(NULL, "%s: %s", program, strerror(errno));
    }
    while (fgets(line, sizeof(line), pipe) != NULL) {
        if (str_is_empty(external)) {
            print_line(fogctl, line, folders);
        } else {
            fputs(line, stdout);
        }
    }
    status = pclose(pipe);
    return WIFEXITED(status) && WEXITSTATUS(status) <= 1
               ? 0
               : fail("is it installed?", "\"%s\" failed", program);
}

int results_diff(struct fogctl *fogctl, const struct node *results)
{
    struct folders folders;
    struct texts made = {0};
    int changed = 0, code;

    if (!make_folders(&folders)) {
        return -1;
    }
    for (size_t i = 0; results != NULL && results->type == NODE_LIST && i < results->list.count;
         i++) {
        const struct node *result = results->list.items[i];
        const char *file = arena_printf(&fogctl->arena, "%s.%s", node_find_text(result, "kind"),
                                        node_find_text(result, "name"));

        if (str_eq(node_find_text(result, "result"), "unchanged")) {
            continue;
        }
        changed++;
        write_side(fogctl, folders.before, file, node_find(result, "before"), &made);
        write_side(fogctl, folders.after, file, node_find(result, "object"), &made);
    }
    code = changed == 0 ? 0 : run_diff(fogctl, &folders);
    remove_folders(&folders, &made);
    vec_fini(&made);
    return code == 0 ? changed : -1;
}

/* --- plans ------------------------------------------------------------------------------------ */

static int64_t int_of(const struct node *node, const char *key)
{
    int64_t value;

    return node_find_int(node, key, &value) ? value : 0;
}

static const char *text_of(const struct node *node, const char *key)
{
    const char *text = node_find_text(node, key);

    return text == NULL ? "" : text;
}

static void print_change(const struct fogctl *fogctl, const struct node *change)
{
    static const struct {
        const char *action, *mark, *color;
    } marks[] = {{"start", "+", "green"},      {"stop", "-", "red"},
                 {"restart", "+/-", "yellow"}, {"move", "->", "yellow"},
                 {"replace", "->", "yellow"},  {"wait", "..", "blue"}};
    const char *action = text_of(change, "action"), *from = text_of(change, "from");
    const char *mark = "?", *color = "off";

    for (size_t i = 0; i < COUNT_OF(marks); i++) {
        if (str_eq(marks[i].action, action)) {
            mark = marks[i].mark;
            color = marks[i].color;
        }
    }
    printf("    %s%-3s %-8s%s %s/%s", paint(fogctl, color), mark, action, paint(fogctl, "off"),
           text_of(change, "session"), text_of(change, "slot"));
    if (from[0] != '\0' && !str_eq(from, text_of(change, "agent"))) {
        printf(" from %s", from);
    }
    if (text_of(change, "agent")[0] != '\0') {
        printf(" %s %s", str_eq(action, "move") || str_eq(action, "replace") ? "to" : "on",
               text_of(change, "agent"));
    }
    if (text_of(change, "reason")[0] != '\0') {
        printf("  (%s)", text_of(change, "reason"));
    }
    putchar('\n');
}

void plan_print(struct fogctl *fogctl, const struct node *plan)
{
    const struct node *changes = node_find(plan, "changes"), *pending = node_find(plan, "pending");
    const struct node *summary = node_find(plan, "summary");
    int64_t wave = 0, waves = 0;

    if (plan == NULL) {
        return;
    }
    printf(
        "%sPlan:%s %lld to start, %lld to restart, %lld to move, %lld to stop, %lld stay as they are\n",
        paint(fogctl, "bold"), paint(fogctl, "off"), (long long)int_of(summary, "start"),
        (long long)int_of(summary, "restart"), (long long)int_of(summary, "move"),
        (long long)int_of(summary, "stop"), (long long)int_of(summary, "unchanged"));
    for (size_t i = 0; changes != NULL && i < changes->list.count; i++) {
        int64_t at = int_of(changes->list.items[i], "wave");

        waves = at > waves ? at : waves;
    }
    for (wave = 0; wave <= waves; wave++) {
        bool has_head = false;

        for (size_t i = 0; changes != NULL && i < changes->list.count; i++) {
            if (int_of(changes->list.items[i], "wave") != wave) {
                continue;
            }
            if (!has_head) {
                printf("  wave %lld\n", (long long)wave);
                has_head = true;
            }
            print_change(fogctl, changes->list.items[i]);
        }
    }
    for (size_t i = 0; pending != NULL && i < pending->list.count; i++) {
        const struct node *item = pending->list.items[i];

        printf("  %spending%s  %s/%s: %s\n", paint(fogctl, "yellow"), paint(fogctl, "off"),
               text_of(item, "session"), text_of(item, "slot"), text_of(item, "reason"));
    }
}
