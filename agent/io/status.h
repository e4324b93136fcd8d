/* `fog-agent status` for people: what the agent says of itself (agt_describe(), JSON), as tables.
 */
#pragma once

#include "schema/base/err.h"
#include "schema/base/str.h"

/* ERR_INVALID when `json` is not what an agent says. */
int status_tell(const char *json, size_t size_bytes, struct str *to, struct err *err);
