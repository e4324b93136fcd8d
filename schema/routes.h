/* What the controller answers beside the objects of kinds: each path, its methods, what they take
 * and what they give.  The core finds by this table what it is asked for, access reviews are
 * decided by it, and OpenAPI says what stands here: nothing is answered that is not described. */
#pragma once

#include <stdbool.h>

/* In the order of the table. */
enum route_id {
    ROUTE_CHANGESETS,
    ROUTE_ROLLBACKS,
    ROUTE_PLAN,
    ROUTE_HISTORY,
    ROUTE_RECONCILE_LOG,
    ROUTE_STATE,
    ROUTE_ACCESS_REVIEWS,
    ROUTE_RULES_REVIEWS,
    ROUTE_SELF_REVIEWS,
    ROUTE_VERSIONS,
    ROUTE_CORE,
    ROUTE_GROUPS,
    ROUTE_GROUP,
    ROUTE_FOG,
    ROUTE_VERSION,
    ROUTE_HEALTHZ,
    ROUTE_LIVEZ,
    ROUTE_READYZ,
    ROUTE_METRICS,
    ROUTE_OPENAPI_V2,
    ROUTE_OPENAPI_V3,
    ROUTE_OPENAPI_V3_SERVER,
    ROUTE_OPENAPI_V3_CORE,
    ROUTE_OPENAPI_V3_GROUP,
    ROUTE_BLOBS,
    ROUTE_BLOB,
    ROUTE_BACKUP,
    ROUTE_COUNT
};

/* What an operation takes in its query: which of the parameters of schema/openapi_paths.c. */
enum takes {
    TAKES_SELECTORS = 1 << 0,
    TAKES_WRITE = 1 << 1,
    TAKES_PATCH = 1 << 2,
    TAKES_DELETE = 1 << 3,
    TAKES_WHERE = 1 << 4,
    TAKES_PAST = 1 << 5,
    TAKES_TABLE = 1 << 6,
    TAKES_LIMIT = 1 << 7,
    TAKES_PAGE = 1 << 8,
    TAKES_LOG = 1 << 9,
    TAKES_PLAN = 1 << 10,
    TAKES_WATCH = 1 << 11,
};

/* One request that can be made.  Forms are names of definitions, or media types, which have a "/".
 */
struct operation {
    const char *method; /* "get" */
    const char *id;     /* no other operation has it */
    const char *doc;
    const char *answer; /* its form */
    const char *body;   /* likewise; NULL: none */
    unsigned takes;     /* enum takes */
    int code;           /* when all is well */
};

enum { ROUTE_OPERATIONS_MAX = 3 };

struct route {
    enum route_id id;
    const char *path;     /* "/blobs/v1/{digest}": what is in braces stands for one segment */
    const char *document; /* of OpenAPI 3: "apis/fog/v1" */
    struct operation operations[ROUTE_OPERATIONS_MAX]; /* those with a method */
};

extern const struct route routes[ROUTE_COUNT];

/* Is there such an operation?  Case of the method does not matter; what is read can be asked for
 * with HEAD. */
bool route_has(const struct route *route, const char *method);
/* "changesets", of a path of the group that is named like a resource; NULL: it is none. */
const char *route_resource(const struct route *route);
