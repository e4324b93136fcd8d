/* why: the chain from what is declared to what is so, what stands in the way first, and what would
 * remove it.  The controller finds the chain; what is decided here is how a person reads it. */
#include "tools/fogctl/fogctl.h"
#include "tools/fogctl/output.h"

#include <stdio.h>

static struct texts opt_files;
static struct selection opt_selection;
static const char *opt_output;

static const struct option_row rows[] = {
    FILES_ROW(opt_files),
    LABELS_ROW(opt_selection),
    WHERE_ROW(opt_selection),
    {"output", 'o', OPTION_TEXT, &opt_output, "FORM", "json or yaml", NULL},
};

static const struct option_row *options(size_t *ret_count)
{
    *ret_count = COUNT_OF(rows);
    return rows;
}

static int why(struct fogctl *fogctl, struct texts *words);

const struct verb verb_why = {
    "why",
    "what stands between an object as declared and as it is",
    "why KIND/NAME… | KIND [NAME…] [-l LABELS] | -f FILE… [-o json|yaml]",
    "  fogctl why hs/render\n  fogctl why assignments\n  fogctl why agent/edge-1 -o json\n"
    "Exit code: 0 when all is as declared and nothing is held, 1 when something stands in the way,\n"
    "2 when it could not be asked.\n",
    options,
    why,
};

enum { FIRST_COLUMNS = 3 };

static const char *const columns[FIRST_COLUMNS] = {"object", "is", "reason"};

static bool is_clear(const struct node *answer)
{
    const struct node *converged = node_find(answer, "converged");

    return converged != NULL && converged->type == NODE_BOOL && converged->boolean &&
           node_find(answer, "inTheWay") == NULL;
}

/* The first link is of what was asked about. */
static bool is_in_progress(const struct node *answer)
{
    const struct node *chain = node_find(answer, "chain");

    return list_count(chain) > 0 && str_eq(text_of(chain->list.items[0], "reason"), "InProgress");
}

static const char *headline(const struct node *answer, bool is_converged)
{
    if (!is_converged) {
        return "is not as declared";
    }
    if (is_in_progress(answer)) {
        return is_clear(answer) ? "is in progress, and nothing is in the way"
                                : "is in progress, and partly held back";
    }
    return is_clear(answer) ? "is as declared" : "is as declared, and held back";
}

static void print_headline(struct fogctl *fogctl, const struct target *target,
                           const struct node *answer)
{
    const struct node *converged = node_find(answer, "converged");
    bool is_converged = converged != NULL && converged->type == NODE_BOOL && converged->boolean;
    const char *color = is_clear(answer) ? "green" : is_converged ? "yellow" : "red";

    printf("%s %s%s%s\n", text_shown(fogctl, kind_title(fogctl, target->kind, target->name)),
           paint(fogctl, color), headline(answer, is_converged), paint(fogctl, "off"));
}

/* An agent that is well says more by what its sensors read, and a session whose tasks get on by how
 * far they are. */
static const char *message_of(const struct node *link)
{
    const char *more = text_of(link, "readings");

    more = more[0] == '\0' ? text_of(link, "progress") : more;
    return more[0] != '\0' && str_eq(text_of(link, "status"), "True") ? more
                                                                      : text_of(link, "message");
}

static void print_link(struct fogctl *fogctl, const struct node *link, const size_t *widths)
{
    static const char *const colors[FIRST_COLUMNS] = {"bold", "off", "yellow"};
    const char *age = age_since(fogctl, node_find_text(link, "since"));
    const char *progress = text_of(link, "progress");
    const char *reputation = text_of(link, "reputation");

    printf(" ");
    for (size_t i = 0; i < FIRST_COLUMNS; i++) {
        const char *text = text_shown(fogctl, text_of(link, columns[i]));
        bool is_last = i == FIRST_COLUMNS - 1 && age[0] == '\0';

        printf(" %s%s%s%*s", paint(fogctl, colors[i]), text, paint(fogctl, "off"),
               is_last ? 0 : (int)(widths[i] - text_width(text)) + 1, "");
    }
    printf("%s%s\n", age[0] == '\0' ? "" : " for ", age);
    if (message_of(link)[0] != '\0') {
        printf("      %s\n", text_shown(fogctl, message_of(link)));
    }
    if (progress[0] != '\0' && !str_eq(progress, message_of(link))) {
        printf("      %s\n", text_shown(fogctl, progress));
    }
    if (reputation[0] != '\0') {
        printf("      %s\n", text_shown(fogctl, reputation));
    }
}

static void print_chain(struct fogctl *fogctl, const struct node *chain)
{
    size_t widths[FIRST_COLUMNS] = {0};

    for (size_t i = 0; i < list_count(chain) * FIRST_COLUMNS; i++) {
        size_t column = i % FIRST_COLUMNS;
        size_t width = text_width(
            text_shown(fogctl, text_of(chain->list.items[i / FIRST_COLUMNS], columns[column])));

        widths[column] = width > widths[column] ? width : widths[column];
    }
    for (size_t i = 0; i < list_count(chain); i++) {
        print_link(fogctl, chain->list.items[i], widths);
    }
}

static void print_why(struct fogctl *fogctl, const struct target *target, const struct node *answer)
{
    const struct node *in_the_way = node_find(answer, "inTheWay");
    const char *age = age_since(fogctl, node_find_text(in_the_way, "since"));
    const char *remedy = text_of(answer, "remedy");
    const struct node *actions = node_find(in_the_way, "actions");

    print_headline(fogctl, target, answer);
    print_chain(fogctl, node_find(answer, "chain"));
    if (in_the_way != NULL) {
        const char *class = text_shown(fogctl, text_of(in_the_way, "class"));

        printf("  in the way: %s of %s%s%s%s%s%s\n",
               text_shown(fogctl, text_of(in_the_way, "reason")),
               text_shown(fogctl, text_of(in_the_way, "object")), age[0] == '\0' ? "" : ", for ",
               age, class[0] == '\0' ? "" : " (", class, class[0] == '\0' ? "" : ")");
    }
    if (remedy[0] != '\0') {
        printf("  what would help: %s\n", text_shown(fogctl, remedy));
    }
    for (size_t i = 0; i < list_count(actions); i++) {
        printf("      %s\n", text_shown(fogctl, node_text(actions->list.items[i])));
    }
}

struct answers {
    VEC_OF(struct node *);
};

/* Asks about each; false when one could not be asked. */
static bool ask(struct fogctl *fogctl, const struct targets *targets, bool prints,
                struct answers *ret_answers)
{
    bool is_fine = true;

    vec_each (targets, it) {
        struct node *answer = http_get(
            fogctl, arena_printf(&fogctl->arena, "%s/why", kind_path(fogctl, it->kind, it->name)));

        if (answer == NULL) {
            is_fine = false;
            continue;
        }
        vec_add(ret_answers, answer);
        if (prints) {
            print_why(fogctl, it, answer);
        }
    }
    return is_fine;
}

static bool are_clear(const struct answers *answers)
{
    vec_each (answers, it) {
        if (!is_clear(*it)) {
            return false;
        }
    }
    return true;
}

static int why(struct fogctl *fogctl, struct texts *words)
{
    struct targets targets = {0};
    struct answers answers = {0};
    enum output output;
    int code;

    if (!output_from_str(opt_output, &output)) {
        return EXIT_USAGE;
    }
    if (output == OUTPUT_WIDE || output == OUTPUT_NAME) {
        return usage_error(&verb_why, "-o %s: why has the forms json and yaml", opt_output);
    }
    code = targets_named(fogctl, &verb_why, words, &opt_files, &opt_selection, &targets);
    if (code == EXIT_DONE && !ask(fogctl, &targets, output == OUTPUT_TABLE, &answers)) {
        code = EXIT_USAGE;
    } else if (code == EXIT_FAILED) {
        code = EXIT_USAGE;
    } else if (code == EXIT_DONE && !are_clear(&answers)) {
        code = EXIT_FAILED;
    }
    if (output != OUTPUT_TABLE && answers.count > 0) {
        output_objects(fogctl, output, answers.items, answers.count,
                       answers.count != 1 || targets.count != 1);
    }
    vec_fini(&answers);
    vec_fini(&targets);
    vec_fini(&opt_files);
    return code;
}
