/* Pages that are made from the tables and never written by hand. */
#pragma once

#include "schema/base/str.h"
#include "schema/kind.h"

void docs_kinds(struct str *to);    /* docs/KINDS.md */
void docs_protocol(struct str *to); /* docs/PROTOCOL.md */
void docs_mutants(struct str *to);  /* docs/MUTANTS.md */
void docs_where(struct str *to);    /* docs/WHERE.md */
void docs_metrics(struct str *to);  /* docs/METRICS.md */

/* Parts that pages share: how each type is written, and a table with a row for each field. */
enum docs_absent { DOCS_ABSENT_IS_DEFAULT, DOCS_ABSENT_IS_ZERO };
void docs_forms(struct str *to);
void docs_table(struct str *to, const struct shape *shape, const char *prefix,
                enum docs_absent absent);
