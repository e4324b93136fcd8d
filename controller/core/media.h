/* What a client takes for an answer: the Accept header, RFC 9110, 12.5.1. */
#pragma once

/* The list is read in its order, for clients put first what they like best, and the first that can
 * be served is: a Table of "meta.k8s.io/v1" or "meta.k8s.io/v1beta1", which is given, or plain
 * JSON: NULL.  What nobody can serve is plain JSON, too: that is better than nothing. */
const char *media_table(const char *header /* NULL: there is none */);
