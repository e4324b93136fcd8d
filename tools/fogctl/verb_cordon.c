/* cordon and uncordon: may an agent get new work?  What it runs is left alone by the one; the other
 * takes back a drain as well. */
#include "tools/fogctl/agents.h"
#include "tools/fogctl/patches.h"

static struct selection opt_selection;
static struct writing opt_writing;

static const struct option_row rows[] = {
    LABELS_ROW(opt_selection),
    WHERE_ROW(opt_selection),
    DRY_RUN_ROW(opt_writing),
    WRITING_ROWS(opt_writing),
};

static const struct option_row *options(size_t *ret_count)
{
    *ret_count = COUNT_OF(rows);
    return rows;
}

static int cordon(struct fogctl *fogctl, struct texts *words);
static int uncordon(struct fogctl *fogctl, struct texts *words);

const struct verb verb_cordon = {
    "cordon",
    "let agents get no new work; what they run stays",
    "cordon AGENT… | -l LABELS",
    "  fogctl cordon edge-1 edge-2\n"
    "  fogctl cordon -l site=north --dry-run\n",
    options,
    cordon,
};

const struct verb verb_uncordon = {
    "uncordon",
    "let agents get work again, also after a drain",
    "uncordon AGENT… | -l LABELS",
    "  fogctl uncordon edge-1\n",
    options,
    uncordon,
};

static int set(struct fogctl *fogctl, const struct verb *verb, const struct texts *words,
               bool is_cordoned)
{
    static const struct patched_words said[] = {{"uncordoned", "already uncordoned"},
                                                {"cordoned", "already cordoned"}};
    struct targets agents = {0};
    struct patches patches;
    int code = writing_check(fogctl, verb, &opt_writing, false);

    code = code == EXIT_DONE ? agents_named(fogctl, verb, words, &opt_selection, &agents) : code;
    if (code == EXIT_DONE && agents.count > 0) {
        patches_init(fogctl, &opt_writing, &patches);
        vec_each (&agents, it) {
            agents_set_schedulable(&patches, it->name, !is_cordoned);
        }
        code = patches_carry_out(&patches, &said[is_cordoned]);
    }
    vec_fini(&agents);
    return code;
}

static int cordon(struct fogctl *fogctl, struct texts *words)
{
    return set(fogctl, &verb_cordon, words, true);
}

static int uncordon(struct fogctl *fogctl, struct texts *words)
{
    return set(fogctl, &verb_uncordon, words, false);
}
