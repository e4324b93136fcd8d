#include "tools/fogctl/agents.h"

#include <stdio.h>
#include <string.h>

static bool has(const struct targets *targets, const char *name)
{
    vec_each (targets, it) {
        if (str_eq(it->name, name)) {
            return true;
        }
    }
    return false;
}

/* "agent/edge-1" is edge-1; NULL after having said what is wrong. */
static const char *name_of(struct fogctl *fogctl, const char *word)
{
    const char *slash = strchr(word, '/');
    const struct kind *kind;

    if (slash == NULL) {
        return word;
    }
    kind = kind_find_word(arena_strndup(&fogctl->arena, word, (size_t)(slash - word)));
    if (kind != kind_get(KIND_AGENT) || slash[1] == '\0' || strchr(slash + 1, '/') != NULL) {
        (void)fail("name it as edge-1 or agent/edge-1", "\"%s\" names no agent", word);
        return NULL;
    }
    return slash + 1;
}

static int add_selected(struct fogctl *fogctl, const struct selection *selection,
                        struct targets *agents)
{
    const struct targets all = {.items = &(struct target){kind_get(KIND_AGENT), NULL}, .count = 1};

    if (!targets_expand(fogctl, &all, selection, agents)) {
        return EXIT_FAILED;
    }
    if (agents->count == 0) {
        fputs("No resources found\n", stderr);
    }
    return EXIT_DONE;
}

int agents_named(struct fogctl *fogctl, const struct verb *verb, const struct texts *words,
                 const struct selection *selection, struct targets *ret_agents)
{
    if ((words->count == 0) != selection_is_given(selection)) {
        return usage_error(verb,
                           words->count == 0
                               ? "which agents? name them, or say -l LABELS or --where CONDITION"
                               : "either names or -l LABELS and --where CONDITION, not both");
    }
    if (selection_is_given(selection)) {
        int code = selection_check(verb, selection);

        return code == EXIT_DONE ? add_selected(fogctl, selection, ret_agents) : code;
    }
    vec_each (words, it) {
        const char *name = name_of(fogctl, *it);

        if (name == NULL) {
            return EXIT_USAGE;
        }
        if (!has(ret_agents, name)) {
            vec_add(ret_agents, ((struct target){kind_get(KIND_AGENT), name}));
        }
    }
    return EXIT_DONE;
}

void agents_set_schedulable(struct patches *patches, const char *name, bool is_schedulable)
{
    struct arena *arena = &patches->fogctl->arena;
    struct node *object = patches_add(patches, kind_get(KIND_AGENT), name, NULL);
    struct node *spec = node_map(arena);

    node_set(arena, spec, "unschedulable", node_bool(arena, !is_schedulable));
    if (is_schedulable) {
        node_set(arena, spec, "drain", node_null(arena)); /* it is taken back, too */
    }
    node_set(arena, object, "spec", spec);
}
