/* Deletion for verbs that need it done before they go on: replace --force. */
#pragma once

#include "tools/fogctl/fogctl.h"

/* Deletes what these manifests name, if it is there, and waits until it is gone; tells nothing but
 * what goes wrong.  An exit code. */
int delete_documents(struct fogctl *fogctl, const struct documents_read *documents,
                     const char *manager, int64_t timeout_ms);
