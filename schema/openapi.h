/* OpenAPI, from the tables of kinds: what their objects consist of, and what can be asked for.
 *
 *     kinds ──▶ openapi_v2(), openapi_v3() ──▶ JSON
 *                    └──▶ openapi_to_proto() ──▶ what older clients of Kubernetes read
 *
 * A document is a tree of schema/tree.h.  Objects are described inline; what all kinds share
 * (metadata, Status, options) are definitions of their own, as clients expect.  What version 2
 * cannot say (a number or a text) it leaves open. */
#pragma once

#include "schema/base/str.h"
#include "schema/kind.h"
#include "schema/routes.h"

enum openapi_version { OPENAPI_V2, OPENAPI_V3 };

struct node *openapi_v2(struct arena *arena);
/* Of one group and version, "apis/fog/v1", "api/v1", or of what is in no group, OPENAPI_SERVER;
 * NULL when there is none. */
struct node *openapi_v3(struct arena *arena, const char *path);
extern const char *const openapi_v3_paths[]; /* NULL-terminated */
/* A document of version 2 as openapi.v2.Document. */
void openapi_to_proto(const struct node *document, struct str *to);

/* Parts, for the files of this room.  Definitions go by their name into the map `to`. */
void openapi_add_kind(struct arena *arena, const struct kind *kind, enum openapi_version version,
                      struct node *to);
void openapi_add_common(struct arena *arena, enum openapi_version version, struct node *to);
void openapi_add_answers(struct arena *arena, enum openapi_version version, struct node *to);
void openapi_add_paths(struct arena *arena, const struct kind *kind, enum openapi_version version,
                       struct node *to);
void openapi_add_route(struct arena *arena, const struct route *route, enum openapi_version version,
                       struct node *to);
/* {"$ref": …} to the definition of that name. */
struct node *openapi_ref(struct arena *arena, enum openapi_version version, const char *name);
struct node *openapi_described_ref(struct arena *arena, enum openapi_version version,
                                   const char *name, const char *doc);
const char *openapi_name(struct arena *arena, const struct kind *kind); /* "fog.v1.Agent" */
struct node *openapi_group_version_kind(struct arena *arena, const char *group, const char *version,
                                        const char *kind);
const char *openapi_version_of(const struct kind *kind); /* "v1" */

#define OPENAPI_SERVER "server" /* the document of what is in no group */

#define OPENAPI_META           "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
#define OPENAPI_LIST_META      "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta"
#define OPENAPI_STATUS         "io.k8s.apimachinery.pkg.apis.meta.v1.Status"
#define OPENAPI_DELETE_OPTIONS "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions"
#define OPENAPI_PLAN           "fog.v1.Plan"
#define OPENAPI_CHANGE_SET     "fog.v1.ChangeSet"
#define OPENAPI_ROLLBACK       "fog.v1.Rollback"
#define OPENAPI_HISTORY        "fog.v1.History"
#define OPENAPI_WHY            "fog.v1.Why"
#define OPENAPI_RECONCILE_LOG  "fog.v1.ReconcileLog"
#define OPENAPI_BLOB           "fog.v1.Blob"
#define OPENAPI_BLOB_LIST      "fog.v1.BlobList"
#define OPENAPI_DOCUMENT       "fog.v1.OpenAPI"
#define OPENAPI_DOCUMENT_LIST  "fog.v1.OpenAPIList"
#define OPENAPI_VERSION_INFO   "io.k8s.apimachinery.pkg.version.Info"
#define OPENAPI_VERSIONS       "io.k8s.apimachinery.pkg.apis.meta.v1.APIVersions"
#define OPENAPI_GROUP          "io.k8s.apimachinery.pkg.apis.meta.v1.APIGroup"
#define OPENAPI_GROUP_LIST     "io.k8s.apimachinery.pkg.apis.meta.v1.APIGroupList"
#define OPENAPI_RESOURCE_LIST  "io.k8s.apimachinery.pkg.apis.meta.v1.APIResourceList"
#define OPENAPI_ACCESS_REVIEW  "io.k8s.api.authorization.v1.SelfSubjectAccessReview"
#define OPENAPI_RULES_REVIEW   "io.k8s.api.authorization.v1.SelfSubjectRulesReview"
#define OPENAPI_SELF_REVIEW    "io.k8s.api.authentication.v1.SelfSubjectReview"
#define OPENAPI_SCALE          "io.k8s.api.autoscaling.v1.Scale"
#define OPENAPI_DURATION       "fog.v1.Duration"
#define OPENAPI_INT_OR_PERCENT "fog.v1.IntOrPercent"
#define OPENAPI_QUANTITY       "fog.v1.Quantity"
#define OPENAPI_CORES          "fog.v1.Cores"
#define OPENAPI_KIND_MARK      "x-kubernetes-group-version-kind"
