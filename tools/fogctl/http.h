/* What requests and streams share of libcurl; verbs need tools/fogctl/fogctl.h only. */
#pragma once

#include "tools/fogctl/fogctl.h"

#include <curl/curl.h>

/* Address, headers and body; the headers are the caller's to free after use. */
void http_prepare(struct fogctl *fogctl, CURL *curl, const struct request *request,
                  struct curl_slist **ret_headers);
/* Keeps what a line of the head warns of; other lines are passed over. */
void header_add_warning(const char *line, size_t length, struct str *to);
