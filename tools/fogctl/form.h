/* Output forms that a person makes up: -o jsonpath=TEMPLATE and -o custom-columns=NAME:PATH,…,
 * each also from a file (jsonpath-file=, custom-columns-file=). */
#pragma once

#include "tools/fogctl/fogctl.h"
#include "tools/fogctl/jsonpath.h"

enum { FORM_COLUMNS_MAX = 64, FORM_FILE_BYTES_MAX = 65536 };

struct form_column {
    const char *name;
    struct jsonpath *path;
};

struct form {
    struct jsonpath *template; /* NULL: columns */
    struct form_column columns[FORM_COLUMNS_MAX];
    size_t count;
    bool with_events; /* a first column, or a line before */
    bool no_headers;
    struct table table; /* kept, so that watched rows line up */
};

/* Is it one of these?  What follows "jsonpath" is then read by form_read(). */
bool form_is(const char *output);
/* False after having said what is wrong. */
bool form_read(struct fogctl *fogctl, const char *output, struct form *ret_form);
void form_fini(struct form *form);
/* One object, or several as a List; in columns a row each.  False after having said what is wrong.
 */
bool form_print(struct fogctl *fogctl, struct form *form, struct node *const *objects, size_t count,
                bool is_list);
/* One of a stream; `type` is "ADDED" and its like. */
bool form_print_event(struct fogctl *fogctl, struct form *form, const char *type,
                      const struct node *object);
