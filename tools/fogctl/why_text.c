#include "tools/fogctl/why_text.h"

enum { FIRST_COLUMNS = 3 };

static const char *const columns[FIRST_COLUMNS] = {"object", "is", "reason"};

bool why_is_clear(const struct node *answer)
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
        return why_is_clear(answer) ? "is in progress, and nothing is in the way"
                                    : "is in progress, and partly held back";
    }
    return why_is_clear(answer) ? "is as declared" : "is as declared, and held back";
}

static void put_headline(struct fogctl *fogctl, FILE *to, const char *title,
                         const struct node *answer)
{
    const struct node *converged = node_find(answer, "converged");
    bool is_converged = converged != NULL && converged->type == NODE_BOOL && converged->boolean;
    const char *color = why_is_clear(answer) ? "green" : is_converged ? "yellow" : "red";

    fprintf(to, "%s %s%s%s\n", text_shown(fogctl, title), paint(fogctl, color),
            headline(answer, is_converged), paint(fogctl, "off"));
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

static void put_link(struct fogctl *fogctl, FILE *to, const struct node *link, const size_t *widths)
{
    static const char *const colors[FIRST_COLUMNS] = {"bold", "off", "yellow"};
    const char *age = age_since(fogctl, node_find_text(link, "since"));
    const char *progress = text_of(link, "progress");
    const char *reputation = text_of(link, "reputation");

    fprintf(to, " ");
    for (size_t i = 0; i < FIRST_COLUMNS; i++) {
        const char *text = text_shown(fogctl, text_of(link, columns[i]));
        bool is_last = i == FIRST_COLUMNS - 1 && age[0] == '\0';

        fprintf(to, " %s%s%s%*s", paint(fogctl, colors[i]), text, paint(fogctl, "off"),
                is_last ? 0 : (int)(widths[i] - text_width(text)) + 1, "");
    }
    fprintf(to, "%s%s\n", age[0] == '\0' ? "" : " for ", age);
    if (message_of(link)[0] != '\0') {
        fprintf(to, "      %s\n", text_shown(fogctl, message_of(link)));
    }
    if (progress[0] != '\0' && !str_eq(progress, message_of(link))) {
        fprintf(to, "      %s\n", text_shown(fogctl, progress));
    }
    if (reputation[0] != '\0') {
        fprintf(to, "      %s\n", text_shown(fogctl, reputation));
    }
}

static void put_chain(struct fogctl *fogctl, FILE *to, const struct node *chain)
{
    size_t widths[FIRST_COLUMNS] = {0};

    for (size_t i = 0; i < list_count(chain) * FIRST_COLUMNS; i++) {
        size_t column = i % FIRST_COLUMNS;
        size_t width = text_width(
            text_shown(fogctl, text_of(chain->list.items[i / FIRST_COLUMNS], columns[column])));

        widths[column] = width > widths[column] ? width : widths[column];
    }
    for (size_t i = 0; i < list_count(chain); i++) {
        put_link(fogctl, to, chain->list.items[i], widths);
    }
}

void why_put(struct fogctl *fogctl, FILE *to, const char *title, const struct node *answer)
{
    const struct node *in_the_way = node_find(answer, "inTheWay");
    const char *age = age_since(fogctl, node_find_text(in_the_way, "since"));
    const char *remedy = text_of(answer, "remedy");
    const struct node *actions = node_find(in_the_way, "actions");

    put_headline(fogctl, to, title, answer);
    put_chain(fogctl, to, node_find(answer, "chain"));
    if (in_the_way != NULL) {
        const char *class = text_shown(fogctl, text_of(in_the_way, "class"));

        fprintf(to, "  in the way: %s of %s%s%s%s%s%s\n",
                text_shown(fogctl, text_of(in_the_way, "reason")),
                text_shown(fogctl, text_of(in_the_way, "object")), age[0] == '\0' ? "" : ", for ",
                age, class[0] == '\0' ? "" : " (", class, class[0] == '\0' ? "" : ")");
    }
    if (remedy[0] != '\0') {
        fprintf(to, "  what would help: %s\n", text_shown(fogctl, remedy));
    }
    for (size_t i = 0; i < list_count(actions); i++) {
        fprintf(to, "      %s\n", text_shown(fogctl, node_text(actions->list.items[i])));
    }
}
