/* The dashboard: the files of a page, which the build put into the program (controller/dashboard).
 *
 * They are below /ui/, compressed (gzip) and never anything else; a browser that asks for "/" is
 * led there.  What the page does, it does through the API: nothing here knows the model.
 *
 * Nothing but the page's own files may be loaded into it, and no other page may frame it: that is
 * what the head of each answer says (Content-Security-Policy, level 3, W3C). */
#pragma once

#include "controller/io/http.h"

#include <stddef.h>

/* One file; all of it lives as long as the program. */
struct dashboard_file {
    const char *path;         /* below /ui/: "app.js"; "" is the page itself */
    const char *content_type; /* with its charset */
    const char *etag;         /* with its quotes: a digest of the bytes */
    const unsigned char *bytes;
    size_t size_bytes;
};

/* Made by the build; none when the page was left out. */
extern const struct dashboard_file dashboard_files[];
extern const size_t dashboard_file_count;

struct dashboard_answer {
    int code;                 /* 0: not ours, the API answers */
    const char *content_type; /* NULL: no body */
    const char *headers;      /* whole lines, each with its end */
    const char *etag;         /* NULL: none */
    const void *bytes;        /* lives as long as the program */
    size_t size_bytes;
};

/* `accept` and `if_none_match` are NULL when absent. */
struct dashboard_answer dashboard_find(const char *method, const char *target, const char *accept,
                                       const char *if_none_match);
