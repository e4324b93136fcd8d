/* why: the chain from what is declared to what is so, of objects that are named. */
#include "tools/fogctl/output.h"
#include "tools/fogctl/why_text.h"

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
            why_put(fogctl, stdout, kind_title(fogctl, it->kind, it->name), answer);
        }
    }
    return is_fine;
}

static bool are_clear(const struct answers *answers)
{
    vec_each (answers, it) {
        if (!why_is_clear(*it)) {
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
