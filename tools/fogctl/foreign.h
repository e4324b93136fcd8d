/* Words of other tools, above all of kubectl, and what there is instead: advice for those who type
 * them.  Each is a line, or NULL for what is nobody's word. */
#pragma once

const char *foreign_verb(const char *word);
const char *foreign_option(const char *name);
const char *foreign_kind(const char *word);
