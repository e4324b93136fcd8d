/* Who owns what of an object, in words: a line for each manager, and below it its fields. */
#include "schema/fieldset.h"
#include "tools/fogctl/fogctl.h"

#include <stdio.h>

/* "ann (an operator) applied": the source first of all, for that is what ranks. */
static const char *source_words(const char *source)
{
    return str_eq(source, "directory")   ? "the config directory"
           : str_eq(source, "discovery") ? "what the agent says"
                                         : "an operator";
}

static void print_paths(struct fogctl *fogctl, const struct node *fields)
{
    struct fieldset paths;

    if (!fieldset_from_node(&fogctl->arena, fields, &paths)) {
        return;
    }
    for (size_t i = 0; i < paths.count; i++) {
        const struct field_path *path = &paths.paths[i];
        const struct fieldset rest = {paths.paths + i + 1, paths.count - i - 1};

        if (!fieldset_reaches(&rest, path->key, path->length)) { /* and not an item of these */
            printf("    %s\n", text_shown(fogctl, field_path_to_text(&fogctl->arena, path)));
        }
    }
}

void print_fields_owned(struct fogctl *fogctl, const struct node *entries)
{
    if (list_count(entries) == 0) {
        return;
    }
    puts("Fields:");
    for (size_t i = 0; i < entries->list.count; i++) {
        const struct node *entry = entries->list.items[i];
        const char *age = age_since(fogctl, node_find_text(entry, "time"));

        printf("  %s (%s) %s%s%s%s\n", text_shown(fogctl, text_of(entry, "manager")),
               source_words(node_find_text(entry, "source")),
               str_eq(node_find_text(entry, "operation"), "Apply") ? "applied" : "changed",
               age[0] == '\0' ? "" : " ", age, age[0] == '\0' ? ":" : " ago:");
        print_paths(fogctl, node_find(entry, "fieldsV1"));
    }
}
