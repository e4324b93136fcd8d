#include "schema/routes.h"

#include "schema/base/mem.h"
#include "schema/base/str.h"
#include "schema/openapi.h"

#include <string.h>
#include <strings.h>

#define FOG            "apis/fog/v1"
#define AUTHORIZATION  "apis/authorization.k8s.io/v1"
#define AUTHENTICATION "apis/authentication.k8s.io/v1"

static const char text[] = "text/plain";
static const char bytes[] = "application/octet-stream";

#define HEALTH(name)                                                                               \
    "/" name, OPENAPI_SERVER,                                                                      \
    {                                                                                              \
        {"get", "get_" name, "ok, without waiting for anything", text, NULL, 0, 200},              \
    }

#define DOCUMENT(name)                                                                             \
    {                                                                                              \
        "get", name, "what objects consist of and what can be asked for, of one group",            \
            OPENAPI_DOCUMENT, NULL, 0, 200                                                         \
    }

const struct route routes[ROUTE_COUNT] = {
    {ROUTE_CHANGESETS,
     "/apis/fog/v1/changesets",
     FOG,
     {{"post", "createChangeSet", "changes several objects, all or nothing", OPENAPI_CHANGE_SET,
       OPENAPI_CHANGE_SET, TAKES_WRITE, 200}}},
    {ROUTE_ROLLBACKS,
     "/apis/fog/v1/rollbacks",
     FOG,
     {{"post", "createRollback", "makes objects what they were at a revision", OPENAPI_CHANGE_SET,
       OPENAPI_ROLLBACK, TAKES_WRITE, 200}}},
    {ROUTE_PLAN,
     "/apis/fog/v1/plan",
     FOG,
     {{"post", "createPlan", "tells what a change set, or a manifest, would do", OPENAPI_PLAN,
       "application/json", TAKES_PLAN, 200}}},
    {ROUTE_HISTORY,
     "/apis/fog/v1/history",
     FOG,
     {{"get", "getHistory", "changes of the whole fleet, the newest first", OPENAPI_HISTORY, NULL,
       TAKES_LIMIT | TAKES_PAST, 200}}},
    {ROUTE_RECONCILE_LOG,
     "/apis/fog/v1/reconcilelog",
     FOG,
     {{"get", "getReconcileLog", "what was decided last, and why", OPENAPI_RECONCILE_LOG, NULL,
       TAKES_LIMIT, 200}}},
    {ROUTE_STATE,
     "/apis/fog/v1/state",
     FOG,
     {{"get", "getState", "all objects as they are stored, one JSON document per line",
       "application/json", NULL, TAKES_PAST, 200}}},
    {ROUTE_ACCESS_REVIEWS,
     "/" AUTHORIZATION "/selfsubjectaccessreviews",
     AUTHORIZATION,
     {{"post", "createSelfSubjectAccessReview", "may this be done?", OPENAPI_ACCESS_REVIEW,
       OPENAPI_ACCESS_REVIEW, 0, 201}}},
    {ROUTE_RULES_REVIEWS,
     "/" AUTHORIZATION "/selfsubjectrulesreviews",
     AUTHORIZATION,
     {{"post", "createSelfSubjectRulesReview", "what may be done?", OPENAPI_RULES_REVIEW,
       OPENAPI_RULES_REVIEW, 0, 201}}},
    {ROUTE_SELF_REVIEWS,
     "/" AUTHENTICATION "/selfsubjectreviews",
     AUTHENTICATION,
     {{"post", "createSelfSubjectReview", "as whom?", OPENAPI_SELF_REVIEW, OPENAPI_SELF_REVIEW, 0,
       201}}},
    {ROUTE_VERSIONS,
     "/api",
     OPENAPI_SERVER,
     {{"get", "getCoreVersions", "the versions of the group without a name", OPENAPI_VERSIONS, NULL,
       0, 200}}},
    {ROUTE_CORE,
     "/api/v1",
     "api/v1",
     {{"get", "getCoreResources", "the resources of this group", OPENAPI_RESOURCE_LIST, NULL, 0,
       200}}},
    {ROUTE_GROUPS,
     "/apis",
     OPENAPI_SERVER,
     {{"get", "getGroups", "the groups", OPENAPI_GROUP_LIST, NULL, 0, 200}}},
    {ROUTE_GROUP,
     "/apis/fog",
     OPENAPI_SERVER,
     {{"get", "getFogGroup", "the versions of this group", OPENAPI_GROUP, NULL, 0, 200}}},
    {ROUTE_FOG,
     "/apis/fog/v1",
     FOG,
     {{"get", "getFogResources", "the resources of this group", OPENAPI_RESOURCE_LIST, NULL, 0,
       200}}},
    {ROUTE_VERSION,
     "/version",
     OPENAPI_SERVER,
     {{"get", "getVersion", "which controller this is, and which store it has",
       OPENAPI_VERSION_INFO, NULL, 0, 200}}},
    {ROUTE_HEALTHZ, HEALTH("healthz")},
    {ROUTE_LIVEZ, HEALTH("livez")},
    {ROUTE_READYZ, HEALTH("readyz")},
    {ROUTE_METRICS,
     "/metrics",
     OPENAPI_SERVER,
     {{"get", "getMetrics", "all metrics, in the text format of Prometheus", text, NULL, 0, 200}}},
    {ROUTE_OPENAPI_V2,
     "/openapi/v2",
     OPENAPI_SERVER,
     {{"get", "getOpenAPIV2", "what objects consist of and what can be asked for", OPENAPI_DOCUMENT,
       NULL, 0, 200}}},
    {ROUTE_OPENAPI_V3,
     "/openapi/v3",
     OPENAPI_SERVER,
     {{"get", "getOpenAPIV3", "where the documents of version 3 are", OPENAPI_DOCUMENT_LIST, NULL,
       0, 200}}},
    {ROUTE_OPENAPI_V3_SERVER,
     "/openapi/v3/" OPENAPI_SERVER,
     OPENAPI_SERVER,
     {DOCUMENT("getOpenAPIV3Server")}},
    {ROUTE_OPENAPI_V3_CORE,
     "/openapi/v3/api/{version}",
     OPENAPI_SERVER,
     {DOCUMENT("getOpenAPIV3Core")}},
    {ROUTE_OPENAPI_V3_GROUP,
     "/openapi/v3/apis/{group}/{version}",
     OPENAPI_SERVER,
     {DOCUMENT("getOpenAPIV3Group")}},
    {ROUTE_BLOBS,
     "/blobs/v1",
     OPENAPI_SERVER,
     {{"get", "listBlob", "the files that are kept, by digest", OPENAPI_BLOB_LIST, NULL, TAKES_PAGE,
       200}}},
    {ROUTE_BLOB,
     "/blobs/v1/{digest}",
     OPENAPI_SERVER,
     {{"get", "readBlob", "the file, or a range of it", bytes, NULL, 0, 200},
      {"put", "replaceBlob", "keeps a file, which must have this digest", OPENAPI_BLOB, bytes, 0,
       201},
      {"delete", "deleteBlob", "removes a file that no object refers to", OPENAPI_STATUS, NULL, 0,
       200}}},
    {ROUTE_BACKUP,
     "/backup/v1",
     OPENAPI_SERVER,
     {{"get", "getBackup", "a copy of the whole store, and a line with its digest", bytes, NULL, 0,
       200}}},
};

bool route_has(const struct route *route, const char *method)
{
    bool has_head = route->id != ROUTE_BACKUP; /* its length is known only once it is made */

    for (size_t i = 0; i < ROUTE_OPERATIONS_MAX; i++) {
        const char *own = route->operations[i].method;

        if (own != NULL && (strcasecmp(own, method) == 0 ||
                            (has_head && str_eq(own, "get") && strcasecmp("head", method) == 0))) {
            return true;
        }
    }
    return false;
}

const char *route_resource(const struct route *route)
{
    static const char prefix[] = "/" FOG "/";

    return str_starts(route->path, prefix) ? route->path + strlen(prefix) : NULL;
}
