/* Forms of text that several kinds share.  Each fits field.check_text: false leaves in `ret_why`
 * the end of a sentence that begins with the text. */
#pragma once

#include <stdbool.h>

/* Names and labels as in Kubernetes: name_is_valid() and its kin are in schema/bind.h. */

bool form_is_digest(const char *text, const char **ret_why);      /* "blake2b:" and 64 hex digits */
bool form_is_public_key(const char *text, const char **ret_why);  /* base64 of 32 bytes */
bool form_is_path(const char *text, const char **ret_why);        /* relative, stays inside */
bool form_is_clock(const char *text, const char **ret_why);       /* "HH:MM", 00:00 to 23:59 */
bool form_is_clock_end(const char *text, const char **ret_why);   /* … to 24:00 */
bool form_is_environment(const char *text, const char **ret_why); /* the name of a variable */
bool form_is_reason(const char *text, const char **ret_why);      /* CamelCase, for programs */
bool form_is_event_type(const char *text, const char **ret_why);  /* "Normal" or "Warning" */
bool form_is_url(const char *text, const char **ret_why);         /* http or https, of a host */
bool form_is_indexes(const char *text, const char **ret_why);     /* "0-57,60" */

/* What all texts of a form match, as a regular expression (ECMA 262): for those who check without
 * us.  NULL: none is known.  The form may ask for more. */
const char *form_pattern(bool (*form)(const char *text, const char **ret_why));
