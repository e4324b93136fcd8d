/* /openapi/v2 and /openapi/v3: what all kinds and requests look like, for programs.  The documents
 * are those of schema/openapi.h; each is made when it is first asked for, and kept. */
#pragma once

#include "controller/core/request.h"

struct openapi;

struct openapi *openapi_new(void);
void openapi_free(struct openapi *openapi);

/* False: there is no document of that group, and nothing was answered. */
bool openapi_answer(struct ctl *ctl, const struct request *request, enum route_id route);
