#include "tools/fogctl/form.h"

#include "tools/fogctl/context.h"

#include <stdio.h>
#include <string.h>

static const char *after(const char *output, const char *word)
{
    return str_starts(output, word) && output[strlen(word)] == '=' ? output + strlen(word) + 1
                                                                   : NULL;
}

bool form_is(const char *output)
{
    return output != NULL &&
           (str_starts(output, "jsonpath") || str_starts(output, "custom-columns"));
}

/* --- reading ---------------------------------------------------------------------------------- */

static bool read_file(struct fogctl *fogctl, const char *path, const char **ret_text)
{
    struct err err = ERR_NONE;
    size_t size = 0;

    *ret_text = file_read(&fogctl->arena, path, FORM_FILE_BYTES_MAX, &size, &err);
    if (*ret_text == NULL) {
        (void)fail(NULL, "%s", err.text);
    }
    return *ret_text != NULL;
}

static bool read_template(struct fogctl *fogctl, const char *text, struct form *form)
{
    struct err err;

    if (text[0] == '\0') { /* more likely a variable that is not set than nothing that is wanted */
        (void)fail("as in -o jsonpath='{.items[*].metadata.name}'",
                   "-o jsonpath: the template is empty");
        return false;
    }
    form->template = jsonpath_parse(&fogctl->arena, text, &err);
    if (form->template == NULL) {
        (void)fail("as in -o jsonpath='{.items[*].metadata.name}'", "-o jsonpath: %s", err.text);
    }
    return form->template != NULL;
}

static bool add_column(struct fogctl *fogctl, struct form *form, const char *name, const char *path)
{
    struct form_column *column = &form->columns[form->count];
    struct err err;

    if (form->count == FORM_COLUMNS_MAX) {
        (void)fail(NULL, "-o custom-columns: more than %d columns", FORM_COLUMNS_MAX);
        return false;
    }
    column->name = name;
    column->path = jsonpath_parse_path(&fogctl->arena, path, &err);
    if (column->path == NULL) {
        (void)fail(NULL, "-o custom-columns: %s: %s", name, err.text);
        return false;
    }
    form->count++;
    return true;
}

/* Up to a comma that stands in no brackets and no quotes. */
static size_t column_length(const char *text)
{
    size_t length = 0, depth = 0;
    char quote = '\0';

    for (; text[length] != '\0' && (text[length] != ',' || depth > 0 || quote != '\0'); length++) {
        char c = text[length];

        if (quote != '\0') {
            quote = c == quote ? '\0' : quote;
        } else if (c == '\'' || c == '"') {
            quote = c;
        } else {
            depth += c == '[';
            depth -= c == ']' && depth > 0;
        }
    }
    return length;
}

static bool read_columns(struct fogctl *fogctl, const char *text, struct form *form)
{
    do {
        size_t length = column_length(text);
        const char *one = arena_strndup(&fogctl->arena, text, length);
        const char *colon = strchr(one, ':');

        if (colon == NULL || colon == one || colon[1] == '\0') {
            (void)fail("as in -o custom-columns=NAME:.metadata.name,AGENT:.spec.agent",
                       "-o custom-columns: \"%s\" is not NAME:PATH", one);
            return false;
        }
        if (!add_column(fogctl, form, arena_strndup(&fogctl->arena, one, (size_t)(colon - one)),
                        colon + 1)) {
            return false;
        }
        text += length + (text[length] == ',');
    } while (*text != '\0');
    return true;
}

static const char *next_word(struct fogctl *fogctl, const char **line)
{
    size_t length;

    *line += strspn(*line, " \t");
    length = strcspn(*line, " \t\r\n");
    *line += length;
    return length == 0 ? NULL : arena_strndup(&fogctl->arena, *line - length, length);
}

/* A line of names, and below it a line of paths. */
static bool read_lines(struct fogctl *fogctl, const char *text, struct form *form)
{
    const char *names = text, *paths = strchr(text, '\n');
    const char *name, *path;

    paths = paths == NULL ? "" : paths + 1;
    do {
        name = next_word(fogctl, &names);
        path = next_word(fogctl, &paths);
        if ((name == NULL) != (path == NULL) || (name == NULL && form->count == 0)) {
            (void)fail("a line of names, and below it a line of as many paths",
                       "-o custom-columns-file: names and paths do not match");
            return false;
        }
        if (name != NULL && !add_column(fogctl, form, name, path)) {
            return false;
        }
    } while (name != NULL);
    return true;
}

bool form_read(struct fogctl *fogctl, const char *output, struct form *ret_form)
{
    const char *text;

    *ret_form = (struct form){0};
    if ((text = after(output, "jsonpath")) != NULL) {
        return read_template(fogctl, text, ret_form);
    }
    if ((text = after(output, "jsonpath-file")) != NULL) {
        return read_file(fogctl, text, &text) && read_template(fogctl, text, ret_form);
    }
    if ((text = after(output, "custom-columns")) != NULL) {
        return read_columns(fogctl, text, ret_form);
    }
    if ((text = after(output, "custom-columns-file")) != NULL) {
        return read_file(fogctl, text, &text) && read_lines(fogctl, text, ret_form);
    }
    (void)fail("forms: jsonpath=TEMPLATE, jsonpath-file=FILE, custom-columns=NAME:PATH,…, "
               "custom-columns-file=FILE",
               "there is no output form \"%s\"", output);
    return false;
}

void form_fini(struct form *form)
{
    table_fini(&form->table);
}

/* --- printing --------------------------------------------------------------------------------- */

static bool passed(const struct err *err)
{
    (void)fail(NULL, "-o: %s", err->text);
    return false;
}

static bool print_template(struct fogctl *fogctl, const struct form *form, const struct node *root)
{
    struct str text = STR_EMPTY;
    struct err err;
    bool is_fine = jsonpath_run(form->template, &fogctl->arena, root, &text, &err) == 0;

    if (!is_fine) {
        (void)passed(&err);
    } else if (fogctl->is_terminal) {
        text_put_lines(stdout, text.data);
    } else {
        (void)fwrite(text.data, 1, text.length, stdout);
    }
    str_fini(&text);
    return is_fine;
}

/* "a,b"; "<none>" for what is not there. */
static const char *cell_of(struct fogctl *fogctl, const struct form_column *column,
                           const struct node *object, struct err *err)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    struct found found;

    if (jsonpath_find(column->path, &fogctl->arena, object, &found, err) < 0) {
        return NULL;
    }
    for (size_t i = 0; i < found.count; i++) {
        str_add(&text, i > 0 ? "," : "");
        jsonpath_value(found.items[i], &text);
    }
    return found.count == 0 ? "<none>" : arena_strdup(&fogctl->arena, text.data);
}

static bool add_row(struct fogctl *fogctl, struct form *form, const char *type,
                    const struct node *object)
{
    if (form->with_events) {
        vec_add(&form->table.cells, type);
    }
    for (size_t i = 0; i < form->count; i++) {
        struct err err;
        const char *cell = cell_of(fogctl, &form->columns[i], object, &err);

        if (cell == NULL) {
            return passed(&err);
        }
        vec_add(&form->table.cells, cell);
    }
    return true;
}

static bool print_columns(struct fogctl *fogctl, struct form *form, struct node *const *objects,
                          size_t count)
{
    table_init(&form->table, form->count + form->with_events);
    if (form->with_events) {
        vec_add(&form->table.cells, "EVENT");
        form->table.widths[0] = strlen("MODIFIED");
    }
    for (size_t i = 0; i < form->count; i++) {
        vec_add(&form->table.cells, form->columns[i].name);
    }
    for (size_t i = 0; i < count; i++) {
        if (!add_row(fogctl, form, "ADDED", objects[i])) {
            return false;
        }
    }
    table_print(&form->table, form->no_headers ? 1 : 0);
    vec_clear(&form->table.cells);
    return true;
}

bool form_print(struct fogctl *fogctl, struct form *form, struct node *const *objects, size_t count,
                bool is_list)
{
    struct arena *arena = &fogctl->arena;
    struct node *root, *items;

    if (form->template == NULL) {
        return print_columns(fogctl, form, objects, count);
    }
    if (!is_list && count == 1) {
        return print_template(fogctl, form, objects[0]);
    }
    root = node_map(arena);
    items = node_list(arena);
    for (size_t i = 0; i < count; i++) {
        node_add(arena, items, objects[i]);
    }
    node_set(arena, root, "apiVersion", node_str(arena, "v1"));
    node_set(arena, root, "kind", node_str(arena, "List"));
    node_set(arena, root, "items", items);
    return print_template(fogctl, form, root);
}

bool form_print_event(struct fogctl *fogctl, struct form *form, const char *type,
                      const struct node *object)
{
    bool is_fine;

    if (form->template != NULL) {
        if (form->with_events) {
            printf("%-10s ", type);
        }
        return print_template(fogctl, form, object);
    }
    is_fine = add_row(fogctl, form, type, object);
    if (is_fine) {
        table_print(&form->table, 0);
    }
    vec_clear(&form->table.cells);
    return is_fine;
}
