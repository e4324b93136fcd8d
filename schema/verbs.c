#include "schema/verbs.h"

#include "schema/base/str.h"
#include "schema/emit.h"

const char *const kind_subresources[] = {"history", "log", "plan", "scale", "status", "why", NULL};

const char *const *kind_verbs(const struct kind *kind, const char *subresource)
{
    static const char *const all[] = {
        "create", "delete", "deletecollection", "get", "list", "patch", "update", "watch", NULL};
    static const char *const derived[] = {"delete", "deletecollection", "get", "list", "watch",
                                          NULL};
    static const char *const record[] = {"get", "list", "watch", NULL};
    static const char *const part[] = {"get", "patch", "update", NULL};
    static const char *const read[] = {"get", NULL};
    static const char *const asked[] = {"create", NULL};

    if (subresource == NULL) {
        return kind->is_record ? record : kind->is_derived || kind->is_event ? derived : all;
    }
    if (str_eq(subresource, "status") && shape_find(kind->shape, "status") != NULL) {
        return kind->is_derived ? read : part;
    }
    if (str_eq(subresource, "scale") && !kind->is_derived &&
        emit_path_field(kind, "spec.replicas") != NULL) {
        return part;
    }
    if (str_eq(subresource, "plan") && kind_has_verb(kind, NULL, "create")) {
        return asked;
    }
    if (str_eq(subresource, "history") || str_eq(subresource, "why") ||
        (str_eq(subresource, "log") && kind->id == KIND_ASSIGNMENT)) {
        return read;
    }
    return NULL;
}

bool kind_has_verb(const struct kind *kind, const char *subresource, const char *verb)
{
    const char *const *verbs = kind_verbs(kind, subresource);

    for (; verbs != NULL && *verbs != NULL; verbs++) {
        if (str_eq(*verbs, verb)) {
            return true;
        }
    }
    return false;
}
