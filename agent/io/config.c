/* Reads the options where they stand, and looks at what they mean together. */
#include "agent/io/config.h"

#include "agent/io/config_file.h"
#include "schema/json.h"
#include "schema/limits.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

/* --- defaults that depend on the machine --------------------------------------------------------
 */

static const char *default_state(struct arena *arena)
{
    const char *base = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");

    if (geteuid() == 0 || (base == NULL && home == NULL)) {
        return "/var/lib/fog-agent";
    }
    return base != NULL ? arena_printf(arena, "%s/fog-agent", base)
                        : arena_printf(arena, "%s/.local/state/fog-agent", home);
}

/* The machine's name in the form of names, "" when it has none such. */
static const char *default_name(struct arena *arena)
{
    const struct option *option = option_find(&agent_options, "name");
    struct config config = {.name = ""};
    char name[HOST_NAME_MAX + 1];

    if (gethostname(name, sizeof(name)) < 0) {
        return "";
    }
    name[HOST_NAME_MAX] = '\0';
    for (char *c = name; *c != '\0'; c++) {
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
    }
    return option_put(option, &config, arena, name) ? config.name : "";
}

/* --- what follows from what was given -----------------------------------------------------------
 */

static int check_controller(struct config *config, struct err *err)
{
    int result = link_address_from_str(config->controller_url, &config->controller, err);

    if (result < 0) {
        return err_prefix(err, result, "--controller");
    }
    if (!config->controller.is_loopback && !config->is_insecure && config->verb != VERB_DOCTOR) {
        return err_set(err, ERR_REFUSED,
                       "--controller: \"%s\" is not on this machine and the link is not encrypted "
                       "yet: for a test network, add --insecure",
                       config->controller_url);
    }
    return 0;
}

static bool is_about_running(const struct config *config)
{
    return config->verb == VERB_RUN || config->verb == VERB_CHECK || config->verb == VERB_SHOW;
}

static int settle(struct config *config, struct err *err)
{
    int result;

    config->owner_policy = config->has_owner_policy ? &config->owner : NULL;
    config->state = config->state != NULL ? config->state : default_state(&config->arena);
    config->name = config->name != NULL ? config->name : default_name(&config->arena);
    if (!is_about_running(config) && config->verb != VERB_DOCTOR) {
        return 0;
    }
    result = check_controller(config, err);
    if (result == 0 && is_about_running(config) && config->name[0] == '\0') {
        result = err_set(err, ERR_INVALID, "the machine's name does not serve: give --name");
    }
    if (result < 0) {
        problem_add(&config->problems, PROBLEM_ERROR, CAUSE_INVALID, NULL, "", "%s", err->text);
    }
    return result;
}

static void begin(struct config *config)
{
    *config = (struct config){.file = ""};
    arena_init(&config->arena);
    problems_init(&config->problems, &config->arena, NULL);
    options_init(&config->options, &agent_options, &config->arena);
    config_owner_init(&config->owner);
}

/* --- parsing ------------------------------------------------------------------------------------
 */

/* One that is named must be there. */
static int find_file(struct config *config, struct option_input *input, struct str *text)
{
    const char *named = options_find_file(&agent_options, input, "config");
    const char *path = named != NULL ? named : CONFIG_FILE;
    struct err err = ERR_NONE;
    int result = config_file_read(path, text, &err);

    if (result == ERR_NOT_FOUND && named == NULL) {
        return 0;
    }
    config->file = input->file = arena_strdup(&config->arena, path);
    if (result < 0) {
        config->is_unread = true;
        config->problems.file = config->file;
        problem_add(&config->problems, PROBLEM_ERROR, CAUSE_INVALID, NULL, "", "%s", err.text);
        config->problems.file = NULL;
        return result;
    }
    input->text = text->data;
    return 0;
}

/* All that is wrong stands in the file. */
static bool is_file_alone(const struct problems *problems)
{
    for (size_t i = 0; i < problems->count; i++) {
        if (problems->items[i].severity == PROBLEM_ERROR && problems->items[i].file == NULL) {
            return false;
        }
    }
    return true;
}

static int judge(struct config *config, int file_result, struct err *err)
{
    _cleanup_(str_fini)
    struct str summary = STR_EMPTY;

    if (config->problems.errors == 0) {
        return 0;
    }
    options_sum_up(&config->problems, &summary);
    if (!is_about_running(config) && is_file_alone(&config->problems)) {
        config->file_trouble = arena_strdup(&config->arena, summary.data);
        return 0;
    }
    return err_set(err, file_result < 0 ? file_result : ERR_INVALID, "%s", summary.data);
}

int config_parse(struct config *config, int argc, char **argv, struct err *err)
{
    struct option_input input = {.word_count = argc, .words = argv, .environment = environ};
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    int result;

    begin(config);
    config->word_count = argc;
    config->words = argv;
    if (options_ask_for_help(&agent_options, &input)) { /* also when the file is broken */
        config->verb = VERB_HELP;
        return 0;
    }
    result = find_file(config, &input, &text);
    options_read(&config->options, &input, &config->problems);
    config->verb = (enum verb)config->options.verb;
    if (config->verb == VERB_HELP || config->verb == VERB_VERSION) {
        return 0;
    }
    options_take(&config->options, config, &config->problems);
    result = judge(config, result, err);
    return result < 0 ? result : settle(config, err);
}

int config_read_again(const struct config *now, struct config *config)
{
    struct err unsaid = ERR_NONE; /* the problems say it */
    bool is_right = config_parse(config, now->word_count, now->words, &unsaid) == 0;
    size_t changed = is_right || !config->is_unread
                         ? options_compare(&now->options, &config->options, &config->problems)
                         : 0;

    return config->problems.errors > 0 ? ERR_INVALID : (int)changed;
}

void config_fini(struct config *config)
{
    arena_fini(&config->arena);
}

/* --- from one process to another ----------------------------------------------------------------
 */

void config_tell(const struct config *config, struct str *to)
{
    struct arena arena;
    struct node *root, *list;

    arena_init(&arena);
    root = node_map(&arena);
    list = node_list(&arena);
    for (size_t i = 0; i < config->options.count; i++) {
        const struct option_given *given = &config->options.items[i];
        struct node *pair = node_map(&arena);

        node_set(&arena, pair, "name", node_str(&arena, given->option->name));
        node_set(&arena, pair, "value", node_str(&arena, given->value));
        node_add(&arena, list, pair);
    }
    node_set(&arena, root, "file", node_str(&arena, config->file));
    node_set(&arena, root, "options", list);
    json_emit(root, JSON_PLAIN, to);
    arena_fini(&arena);
}

/* What it does not know is of another version, and cannot be judged by this one. */
static int take_told(struct config *config, const struct node *told, struct err *err)
{
    const struct node *list = node_find(told, "options");
    const char *file = node_find_text(told, "file");

    if (file == NULL || list == NULL || list->type != NODE_LIST) {
        return err_set(err, ERR_INVALID, "the agent answers with something else than options");
    }
    config->file = arena_strdup(&config->arena, file);
    for (size_t i = 0; i < list->list.count; i++) {
        const char *name = node_find_text(list->list.items[i], "name");
        const char *value = node_find_text(list->list.items[i], "value");
        const struct option *option = name == NULL ? NULL : option_find(&agent_options, name);

        if (option == NULL || value == NULL) {
            return err_set(err, ERR_INVALID, "the agent has options that this program lacks");
        }
        if ((option->flags & OPTION_OF_CALLER) == 0) {
            options_add(&config->options, option, OPTION_BY_FILE, value);
        }
    }
    return 0;
}

static void take_flags_again(struct config *config, const struct options *from)
{
    for (size_t i = 0; i < from->count; i++) {
        const struct option_given *given = &from->items[i];

        if (given->source == OPTION_BY_FLAG) {
            options_add(&config->options, given->option, OPTION_BY_FLAG, given->value);
        }
    }
}

static int adopt(struct config *config, const struct config *before, const struct node *told,
                 struct err *err)
{
    int result = take_told(config, told, err);

    if (result < 0) {
        return result;
    }
    take_flags_again(config, &before->options);
    options_take(&config->options, config, &config->problems);
    result = judge(config, 0, err);
    return result < 0 ? result : settle(config, err);
}

int config_adopt(struct config *config, const char *json, size_t size_bytes, struct err *err)
{
    struct config before = *config;
    struct arena arena;
    struct problems problems;
    struct node *told;
    int result;

    arena_init(&arena);
    problems_init(&problems, &arena, NULL);
    begin(config);
    config->verb = before.verb;
    if (json_parse(&arena, json, size_bytes, JSON_PLAIN, &problems, &told) < 0) {
        result = err_set(err, ERR_INVALID, "the agent answers with something else than options");
    } else {
        result = adopt(config, &before, told, err);
    }
    if (result < 0) {
        config_fini(config);
        *config = before;
    } else {
        config_fini(&before);
    }
    arena_fini(&arena);
    return result;
}
