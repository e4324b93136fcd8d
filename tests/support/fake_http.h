/* A server that answers as a test says, one connection after the other, on a port of its own. */
#pragma once

#include "schema/base/str.h"
#include "schema/base/vec.h"

#include <stdio.h>
#include <sys/types.h>

struct fake_answer {
    const char *request; /* what the request line begins with: "GET /version" */
    int code;            /* 0: the connection is closed without an answer */
    const char *body;
    int times; /* it is given; 0: for ever */
};

struct fake_http {
    int listener;
    char address[32]; /* "127.0.0.1:4711" */
    const struct fake_answer *answers;
    size_t count;
    FILE *record;
    struct str requests; /* all that came, one after the other, each with a line "===" behind */
    pid_t server;        /* a process, so that programs under test may fork */
};

/* The answers are borrowed; of those that fit a request the first that is not used up is given, and
 * 404 when there is none.  Read `requests` only after fake_http_stop(). */
void fake_http_start(struct fake_http *http, const struct fake_answer *answers, size_t count);
void fake_http_stop(struct fake_http *http);
void fake_http_fini(struct fake_http *http);
size_t text_count(const char *text, const char *what); /* how often it is found */
