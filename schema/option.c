/* From words, variables and lines to what was given, and from there into a struct. */
#include "schema/option.h"

#include "schema/base/parse.h"
#include "schema/limits.h"

#include <assert.h>
#include <string.h>

static const char blanks[] = " \t\r";

void options_init(struct options *options, const struct option_table *table, struct arena *arena)
{
    *options = (struct options){.table = table, .arena = arena, .verb = table->verbs[0].id};
}

static const struct option *find(const struct option_table *table, const char *name, size_t length)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct option *option = &table->options[i];

        if (strlen(option->name) == length && memcmp(option->name, name, length) == 0) {
            return option;
        }
    }
    return NULL;
}

const struct option *option_find(const struct option_table *table, const char *name)
{
    return find(table, name, strlen(name));
}

static const struct option *find_alias(const struct option_table *table, const char *name,
                                       size_t length)
{
    for (size_t i = 0; i < table->count; i++) {
        const char *alias = table->options[i].alias;

        if (alias != NULL && strlen(alias) == length && memcmp(alias, name, length) == 0) {
            return &table->options[i];
        }
    }
    return NULL;
}

static void add(struct options *options, struct option_given given)
{
    if (given.value[0] == '\0' && given.source == OPTION_BY_VARIABLE) {
        return;
    }
    options->items = arena_grow(options->arena, options->items, options->count, sizeof(given));
    options->items[options->count++] = given;
}

void options_add(struct options *options, const struct option *option, enum option_source source,
                 const char *value)
{
    add(options, (struct option_given){.option = option,
                                       .value = arena_strdup(options->arena, value),
                                       .source = source,
                                       .name = option->name});
}

/* `dashes` as they were written: none in a file. */
static void complain_of_name(const struct options *options, const char *dashes, const char *name,
                             unsigned line, unsigned column, struct problems *problems)
{
    const struct option_table *table = options->table;
    const char **names = arena_array(options->arena, table->count, sizeof(char *));
    const char *closest;

    for (size_t i = 0; i < table->count; i++) {
        names[i] = table->options[i].name;
    }
    closest = words_closest(name, names, table->count);
    if (closest == NULL) {
        problem_add_at(problems, PROBLEM_ERROR, CAUSE_UNKNOWN_FIELD, line, column, "",
                       "unknown option \"%s%.100s\"; see %s --help", dashes, name, table->program);
    } else {
        problem_add_at(problems, PROBLEM_ERROR, CAUSE_UNKNOWN_FIELD, line, column, "",
                       "unknown option \"%s%.100s\", did you mean %s%s?", dashes, name, dashes,
                       closest);
    }
}

/* --- a file -------------------------------------------------------------------------------------
 */

struct span {
    const char *text;
    size_t length;
};

static struct span trimmed(const char *text, size_t length)
{
    while (length > 0 && strchr(blanks, text[0]) != NULL) {
        text++;
        length--;
    }
    while (length > 0 && strchr(blanks, text[length - 1]) != NULL) {
        length--;
    }
    return (struct span){text, length};
}

/* Of two lines the later one counts; it is seldom meant. */
static void warn_of_two_lines(const struct options *options, const struct option *option,
                              unsigned line, unsigned column, struct problems *problems)
{
    const struct option_given *before = options_last(options, option);

    if (before != NULL && before->source == OPTION_BY_FILE && (option->flags & OPTION_ADDS) == 0) {
        problem_add_at(problems, PROBLEM_WARNING, CAUSE_DUPLICATE, line, column, "",
                       "%s: stands in line %u, too; the last one counts", option->name,
                       before->line);
    }
}

static void read_line(struct options *options, const char *line, size_t length, unsigned number,
                      struct problems *problems)
{
    struct span all = trimmed(line, length), name, value;
    const char *equals = memchr(all.text, '=', all.length);
    const struct option *option;
    unsigned column = (unsigned)(all.text - line) + 1;

    if (all.length == 0 || all.text[0] == '#') {
        return;
    }
    if (equals == NULL) {
        problem_add_at(problems, PROBLEM_ERROR, CAUSE_SYNTAX, number, column, "",
                       "\"%.*s\" is not NAME = VALUE", all.length > 100 ? 100 : (int)all.length,
                       all.text);
        return;
    }
    name = trimmed(all.text, (size_t)(equals - all.text));
    value = trimmed(equals + 1, all.length - (size_t)(equals + 1 - all.text));
    option = find(options->table, name.text, name.length);
    if (option == NULL) {
        complain_of_name(options, "", arena_strndup(options->arena, name.text, name.length), number,
                         column, problems);
    } else if ((option->flags & OPTION_OF_CALLER) != 0) {
        problem_add_at(problems, PROBLEM_ERROR, CAUSE_FORBIDDEN, number, column, "",
                       "%s: stands in no file", option->name);
    } else {
        warn_of_two_lines(options, option, number, column, problems);
        add(options,
            (struct option_given){.option = option,
                                  .value = arena_strndup(options->arena, value.text, value.length),
                                  .source = OPTION_BY_FILE,
                                  .name = option->name,
                                  .file = problems->file,
                                  .line = number,
                                  .column = (unsigned)(value.text - line) + 1});
    }
}

static void read_file(struct options *options, const struct option_input *input,
                      struct problems *problems)
{
    const char *line = input->text;
    unsigned number = 0;

    problems->file = arena_strdup(options->arena, input->file);
    while (line != NULL && *line != '\0') {
        size_t length = strcspn(line, "\n");

        read_line(options, line, length, ++number, problems);
        line += line[length] == '\0' ? length : length + 1;
    }
    problems->file = NULL;
}

/* --- the environment ----------------------------------------------------------------------------
 */

static const char *variable_of(char *const *environment, const char *name)
{
    size_t length = strlen(name);

    for (size_t i = 0; environment != NULL && environment[i] != NULL; i++) {
        if (strncmp(environment[i], name, length) == 0 && environment[i][length] == '=') {
            return environment[i] + length + 1;
        }
    }
    return NULL;
}

static void read_variables(struct options *options, const struct option_input *input)
{
    for (size_t i = 0; i < options->table->count; i++) {
        const struct option *option = &options->table->options[i];
        _cleanup_(str_fini)
        struct str name = STR_EMPTY;
        const char *value;

        option_name_variable(options->table, option, &name);
        value = variable_of(input->environment, name.data);
        if (value != NULL) {
            add(options, (struct option_given){.option = option,
                                               .value = arena_strdup(options->arena, value),
                                               .source = OPTION_BY_VARIABLE,
                                               .name = arena_strdup(options->arena, name.data)});
        }
    }
}

static bool is_variable_of(const struct option_table *table, const char *name, size_t length)
{
    for (size_t i = 0; i < table->count; i++) {
        _cleanup_(str_fini)
        struct str ours = STR_EMPTY;

        option_name_variable(table, &table->options[i], &ours);
        if (ours.length == length && memcmp(ours.data, name, length) == 0) {
            return true;
        }
    }
    return false;
}

static void warn_of_variables(const struct options *options, const struct option_input *input,
                              struct problems *problems)
{
    for (size_t i = 0; input->environment != NULL && input->environment[i] != NULL; i++) {
        const char *variable = input->environment[i];
        size_t length = strcspn(variable, "=");

        if (str_starts(variable, options->table->prefix) &&
            !is_variable_of(options->table, variable, length)) {
            problem_add(problems, PROBLEM_WARNING, CAUSE_UNKNOWN_FIELD, NULL, "",
                        "%.*s: no option has this variable; it says nothing",
                        length > 100 ? 100 : (int)length, variable);
        }
    }
}

/* --- words --------------------------------------------------------------------------------------
 */

/* A flag as it stands on a command line: its option, and where its name ends. */
static const struct option *find_flag(const struct option_table *table, const char *word,
                                      size_t *ret_length)
{
    size_t dashes = str_starts(word, "--") ? 2 : 1;
    size_t length = strcspn(word + dashes, "=");
    const struct option *option = dashes == 2 ? find(table, word + dashes, length) : NULL;

    *ret_length = dashes + length;
    if (option == NULL && (dashes == 1) == (length == 1)) {
        option = find_alias(table, word + dashes, length);
    }
    return option;
}

/* Takes one flag, and its value when that is the next word; returns how many words. */
static int read_flag(struct options *options, const struct option_input *input, int at,
                     struct problems *problems, bool *ret_is_unknown)
{
    const char *word = input->words[at];
    size_t length;
    const struct option *option = find_flag(options->table, word, &length);
    bool has_value = word[length] == '=';
    const char *value;
    _cleanup_(str_fini)
    struct str expected = STR_EMPTY;

    if (option == NULL) {
        size_t dashes = strspn(word, "-") < 2 ? 1 : 2;

        complain_of_name(options, dashes == 1 ? "-" : "--",
                         arena_strndup(options->arena, word + dashes, length - dashes), 0, 0,
                         problems);
        *ret_is_unknown = true;
        return 1;
    }
    if (!has_value && option->value != NULL && at + 1 >= input->word_count) {
        option_expects(option, &expected);
        problem_add(problems, PROBLEM_ERROR, CAUSE_REQUIRED, NULL, "", "--%s: needs %s",
                    option->name, expected.data);
        return 1;
    }
    value = has_value ? word + length + 1 : option->value == NULL ? "true" : input->words[at + 1];
    add(options, (struct option_given){.option = option,
                                       .value = arena_strdup(options->arena, value),
                                       .source = OPTION_BY_FLAG,
                                       .name = arena_printf(options->arena, "--%s", option->name)});
    return has_value || option->value == NULL ? 1 : 2;
}

static const struct option_verb *find_verb(const struct option_table *table, const char *words)
{
    for (size_t i = 0; i < table->verb_count; i++) {
        if (str_eq(table->verbs[i].words, words)) {
            return &table->verbs[i];
        }
    }
    return NULL;
}

/* The verb that is known, with more behind it than it takes. */
static bool complain_of_more(const struct options *options, const char *words,
                             struct problems *problems)
{
    for (size_t i = 0; i < options->table->verb_count; i++) {
        const struct option_verb *verb = &options->table->verbs[i];
        size_t length = strlen(verb->words);

        if (length > 0 && str_starts(words, verb->words) && words[length] == ' ') {
            const char *alone =
                options->table->alone == NULL ? "" : options->table->alone(verb->id);

            problem_add(problems, PROBLEM_ERROR, CAUSE_INVALID, NULL, "",
                        "%s takes no further word, and not \"%.100s\"%s%s", verb->words,
                        words + length + 1, alone[0] == '\0' ? "" : ": ", alone);
            return true;
        }
    }
    return false;
}

static void complain_of_verb(const struct options *options, const char *words,
                             struct problems *problems)
{
    _cleanup_(str_fini)
    struct str known = STR_EMPTY;

    for (size_t i = 0; i < options->table->verb_count; i++) {
        const char *verb = options->table->verbs[i].words;

        str_addf(&known, "%s%s", known.length == 0 || verb[0] == '\0' ? "" : ", ", verb);
    }
    problem_add(problems, PROBLEM_ERROR, CAUSE_INVALID, NULL, "",
                "unknown word \"%.100s\": known are %s", words, known.data);
}

/* Words that are no flags name what shall be done, together. */
static void read_words(struct options *options, const struct option_input *input,
                       struct problems *problems)
{
    const struct option_table *table = options->table;
    _cleanup_(str_fini)
    struct str words = STR_EMPTY;
    const struct option_verb *verb;
    bool is_unknown = false; /* then what follows may be its value */
    int taken;

    for (int i = 1; i < input->word_count; i += taken) {
        taken = 1;
        if (str_eq(input->words[i], "--version")) {
            options->verb = table->version;
            return;
        }
        if (input->words[i][0] == '-') {
            taken = read_flag(options, input, i, problems, &is_unknown);
        } else {
            str_addf(&words, "%s%s", words.length == 0 ? "" : " ", input->words[i]);
        }
    }
    verb = find_verb(table, words.data);
    if (verb != NULL) {
        options->verb = verb->id;
    } else if (!is_unknown && !complain_of_more(options, words.data, problems)) {
        complain_of_verb(options, words.data, problems);
    }
}

bool options_ask_for_help(const struct option_table *table, const struct option_input *input)
{
    const struct option_verb *verb;

    for (int i = 1; i < input->word_count; i++) {
        if (str_eq(input->words[i], "--help") || str_eq(input->words[i], "-h")) {
            return true;
        }
    }
    verb = input->word_count == 2 ? find_verb(table, input->words[1]) : NULL;
    return verb != NULL && verb->id == table->help;
}

const char *options_find_file(const struct option_table *table, const struct option_input *input,
                              const char *name)
{
    const struct option *wanted = option_find(table, name);
    const char *file;
    size_t length;
    _cleanup_(str_fini)
    struct str variable = STR_EMPTY;

    assert(wanted != NULL);
    option_name_variable(table, wanted, &variable);
    file = variable_of(input->environment, variable.data);
    file = str_is_empty(file) ? NULL : file;
    for (int i = 1; i < input->word_count; i++) {
        const char *word = input->words[i];
        const struct option *option = word[0] == '-' ? find_flag(table, word, &length) : NULL;

        if (option == NULL) {
            continue;
        }
        if (option == wanted && word[length] == '=') {
            file = word + length + 1;
        } else if (word[length] != '=' && option->value != NULL && ++i < input->word_count &&
                   option == wanted) {
            file = input->words[i];
        }
    }
    return file;
}

void options_read(struct options *options, const struct option_input *input,
                  struct problems *problems)
{
    if (input->text != NULL) {
        read_file(options, input, problems);
    }
    read_variables(options, input);
    warn_of_variables(options, input, problems);
    read_words(options, input, problems);
}

/* --- taking -------------------------------------------------------------------------------------
 */

static void take(const struct options *options, const struct option_given *given, void *config,
                 struct problems *problems)
{
    _cleanup_(str_fini)
    struct str expected = STR_EMPTY;

    if (option_put(given->option, config, options->arena, given->value)) {
        return;
    }
    option_expects(given->option, &expected);
    problems->file = given->file;
    problem_add_at(problems, PROBLEM_ERROR, CAUSE_INVALID, given->line, given->column, "",
                   "%s: \"%.200s\" is not %s", given->name, given->value, expected.data);
    problems->file = NULL;
}

void options_take(const struct options *options, void *config, struct problems *problems)
{
    const struct option_table *table = options->table;

    for (size_t i = 0; i < table->count; i++) {
        const struct option *option = &table->options[i];

        if (option->fallback != NULL) {
            bool taken = option_put(option, config, options->arena, option->fallback);

            assert(taken);
        }
    }
    for (size_t i = 0; i < options->count; i++) {
        take(options, &options->items[i], config, problems);
    }
    problems_sort(problems);
}

/* --- comparing ----------------------------------------------------------------------------------
 */

const struct option_given *options_last(const struct options *options, const struct option *option)
{
    for (size_t i = options->count; i > 0; i--) {
        if (options->items[i - 1].option == option) {
            return &options->items[i - 1];
        }
    }
    return NULL;
}

/* What holds, as one text; NULL: nothing was given and there is no default. */
static const char *text_of(const struct options *options, const struct option *option)
{
    const struct option_given *last = options_last(options, option);
    const char *all = NULL;

    if (last == NULL || (option->flags & OPTION_ADDS) == 0) {
        const char *text = last != NULL ? last->value : option->fallback;

        return text == NULL ? NULL : option_canonical(option, options->arena, text);
    }
    for (size_t i = 0; i < options->count; i++) {
        if (options->items[i].option == option) {
            all = all == NULL ? options->items[i].value
                              : arena_printf(options->arena, "%s,%s", all, options->items[i].value);
        }
    }
    return all;
}

bool options_agree(const struct options *a, const struct options *b, const struct option *option)
{
    const char *left = text_of(a, option), *right = text_of(b, option);

    return left == NULL || right == NULL ? left == right : str_eq(left, right);
}

size_t options_compare(const struct options *before, const struct options *after,
                       struct problems *problems)
{
    size_t changed = 0;

    for (size_t i = 0; i < before->table->count; i++) {
        const struct option *option = &before->table->options[i];
        const struct option_given *now = options_last(after, option);
        const char *was = text_of(before, option), *is = text_of(after, option);

        if (options_agree(before, after, option) || (option->flags & OPTION_OF_CALLER) != 0) {
            continue;
        }
        changed++;
        if ((option->flags & OPTION_RELOADS) == 0) {
            problems->file = now == NULL ? NULL : now->file;
            problem_add_at(problems, PROBLEM_ERROR, CAUSE_FORBIDDEN, now == NULL ? 0 : now->line,
                           now == NULL ? 0 : now->column, "",
                           "%s: was \"%.100s\" and would be \"%.100s\": that needs a restart",
                           option->name, was == NULL ? "" : was, is == NULL ? "" : is);
            problems->file = NULL;
        }
    }
    return changed;
}

void options_name_changes(const struct options *before, const struct options *after, struct str *to)
{
    for (size_t i = 0; i < before->table->count; i++) {
        const struct option *option = &before->table->options[i];

        if (!options_agree(before, after, option) && (option->flags & OPTION_OF_CALLER) == 0) {
            str_addf(to, "%s%s", to->length == 0 ? "" : ", ", option->name);
        }
    }
}
