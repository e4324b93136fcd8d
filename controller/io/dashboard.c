#include "controller/io/dashboard.h"

#include "schema/base/str.h"

#include <string.h>

#define PREFIX "/ui/"
#define SAFE_HEADERS                                                                               \
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "           \
    "img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "                    \
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'\r\n"         \
    "Cross-Origin-Opener-Policy: same-origin\r\n"                                                  \
    "Cross-Origin-Resource-Policy: same-origin\r\n"                                                \
    "Referrer-Policy: no-referrer\r\n"

static const char left_out[] =
    "This fog-controller was built without its dashboard.\n"
    "\"make deps\" gets what the page is built with; \"make\" then builds it in.\n"
    "Until then \"fogctl top\" shows the fleet in a shell.  The API is there all the same:\n"
    "fogctl, kubectl and /apis/fog/v1.\n";

static struct dashboard_answer say(int code, const char *headers, const char *text)
{
    return (struct dashboard_answer){.code = code,
                                     .content_type = "text/plain; charset=utf-8",
                                     .headers = headers,
                                     .bytes = text,
                                     .size_bytes = strlen(text)};
}

static const struct dashboard_file *find_file(const char *path, size_t length)
{
    for (size_t i = 0; i < dashboard_file_count; i++) {
        if (strncmp(dashboard_files[i].path, path, length) == 0 &&
            dashboard_files[i].path[length] == '\0') {
            return &dashboard_files[i];
        }
    }
    return NULL;
}

static struct dashboard_answer give(const struct dashboard_file *file, const char *if_none_match)
{
    bool is_known = if_none_match != NULL &&
                    (str_eq(if_none_match, "*") || strstr(if_none_match, file->etag) != NULL);

    return (struct dashboard_answer){
        .code = is_known ? 304 : 200,
        .content_type = file->content_type,
        .headers = "Content-Encoding: gzip\r\n" SAFE_HEADERS,
        .etag = file->etag,
        .bytes = file->bytes,
        .size_bytes = is_known ? 0 : file->size_bytes,
    };
}

struct dashboard_answer dashboard_find(const char *method, const char *target, const char *accept,
                                       const char *if_none_match)
{
    size_t length = strcspn(target, "?");
    const struct dashboard_file *file;

    if ((length == 1 && target[0] == '/' && accept != NULL && strstr(accept, "text/html")) ||
        (length == 3 && strncmp(target, PREFIX, 3) == 0)) {
        return say(307, "Location: " PREFIX "\r\n", "the dashboard is at " PREFIX "\n");
    }
    if (!str_starts(target, PREFIX)) {
        return (struct dashboard_answer){0};
    }
    if (!str_eq(method, "GET") && !str_eq(method, "HEAD")) {
        return say(405, "Allow: GET, HEAD\r\n", "the dashboard is only read\n");
    }
    if (dashboard_file_count == 0) {
        return say(404, SAFE_HEADERS, left_out);
    }
    file = find_file(target + strlen(PREFIX), length - strlen(PREFIX));
    return file == NULL ? say(404, SAFE_HEADERS, "the dashboard has no such file\n")
                        : give(file, if_none_match);
}
