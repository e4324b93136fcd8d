/* Which document, in which form, and whether the client has it already. */
#include "controller/core/openapi.h"

#include "controller/core/media.h"
#include "schema/base/digest.h"
#include "schema/openapi.h"

enum { TAG_SIZE = 2 + 32 + 1, DOCUMENTS_MAX = 8 };

static const char json_type[] = "application/json";
/* Without the "@" that clients ask with: they cannot read it in an answer. */
static const char proto_type[] = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

struct document {
    const char *path; /* static; NULL: the row is free */
    const char *type; /* one of the two above */
    struct blob *bytes;
    char tag[TAG_SIZE]; /* an ETag: the beginning of its digest, in quotes */
};

struct openapi {
    struct document documents[DOCUMENTS_MAX];
};

struct openapi *openapi_new(void)
{
    return MEM_NEW(struct openapi);
}

void openapi_free(struct openapi *openapi)
{
    for (size_t i = 0; openapi != NULL && i < DOCUMENTS_MAX; i++) {
        blob_unref(openapi->documents[i].bytes);
    }
    free(openapi);
}

/* The version 3 of a group: "apis/fog/v1"; NULL when the target is none. */
static const char *group_of(const struct target *target)
{
    for (const char *const *path = openapi_v3_paths; *path != NULL; path++) {
        char whole[sizeof("/openapi/v3/") + NAME_BYTES_MAX];

        (void)snprintf(whole, sizeof(whole), "/openapi/v3/%s", *path);
        if (target_is(target, whole)) {
            return *path;
        }
    }
    return NULL;
}

static struct document *keep(struct openapi *openapi, const char *path, const char *type)
{
    struct document *document = openapi->documents;

    while (document->path != NULL &&
           (!str_eq(document->path, path) || !str_eq(document->type, type))) {
        document++;
        assert(document < openapi->documents + DOCUMENTS_MAX);
    }
    document->path = path;
    document->type = type;
    return document;
}

static void fill(struct document *document, struct blob *bytes /* taken */)
{
    char text[DIGEST_TEXT_SIZE];
    struct digest digest;

    digest_of(bytes->data, bytes->size_bytes, &digest);
    digest_to_str(&digest, text);
    (void)snprintf(document->tag, TAG_SIZE, "\"%.32s\"", strchr(text, ':') + 1);
    document->bytes = bytes;
}

static struct document *version_2(struct ctl *ctl, const char *type)
{
    struct document *document = keep(ctl->openapi, "v2", type);
    struct str bytes = STR_EMPTY;
    struct node *root;

    if (document->bytes != NULL) {
        return document;
    }
    root = openapi_v2(&ctl->arena);
    if (type == json_type) {
        fill(document, blob_of_node(root));
    } else {
        openapi_to_proto(root, &bytes);
        fill(document, blob_from_str(&bytes));
    }
    str_fini(&bytes);
    return document;
}

static struct document *version_3(struct ctl *ctl, const char *path)
{
    struct document *document = keep(ctl->openapi, path, json_type);

    if (document->bytes == NULL) {
        fill(document, blob_of_node(openapi_v3(&ctl->arena, path)));
    }
    return document;
}

/* Of each group where its document is; the hash in there tells when it became another. */
static struct document *list_of_groups(struct ctl *ctl)
{
    struct document *document = keep(ctl->openapi, "v3", json_type);
    struct arena *arena = &ctl->arena;
    struct node *root = node_map(arena), *paths = node_map(arena);

    for (const char *const *path = openapi_v3_paths; *path != NULL && document->bytes == NULL;
         path++) {
        struct node *one = node_map(arena);
        const char *tag = version_3(ctl, *path)->tag;

        node_set(arena, one, "serverRelativeURL",
                 node_str(arena, arena_printf(arena, "/openapi/v3/%s?hash=%.*s", *path,
                                              (int)strlen(tag) - 2, tag + 1)));
        node_set(arena, paths, *path, one);
    }
    if (document->bytes == NULL) {
        node_set(arena, root, "paths", paths);
        fill(document, blob_of_node(root));
    }
    return document;
}

static const char *type_asked_for(const char *accept)
{
    static const struct media forms[] = {
        {json_type, NULL, NULL, NULL},
        {proto_type, NULL, NULL, NULL},
        {"application/com.github.proto-openapi.spec.v2@v1.0+protobuf", NULL, NULL, NULL}};

    return media_choose(accept, forms, COUNT_OF(forms)) == 0 ? json_type : proto_type;
}

/* NULL: there is no such group. */
static const struct document *document_of(struct ctl *ctl, const struct request *request,
                                          enum route_id route)
{
    const char *group = group_of(&request->target);

    return route == ROUTE_OPENAPI_V2   ? version_2(ctl, type_asked_for(request->http->accept))
           : route == ROUTE_OPENAPI_V3 ? list_of_groups(ctl)
           : group != NULL             ? version_3(ctl, group)
                                       : NULL;
}

/* Immediate: it tells nothing about state. */
bool openapi_answer(struct ctl *ctl, const struct request *request, enum route_id route)
{
    const struct http_request *http = request->http;
    struct effect effect = {.type = EFFECT_ANSWER, .id = request->id};
    const struct document *document = document_of(ctl, request, route);
    bool is_known;

    if (document == NULL) {
        return false;
    }
    is_known = http->if_none_match != NULL && (str_eq(http->if_none_match, "*") ||
                                               strstr(http->if_none_match, document->tag) != NULL);
    effect.answer.code = is_known ? 304 : 200;
    effect.answer.content_type = document->type;
    effect.answer.etag = mem_strdup(document->tag);
    effect.bytes = is_known ? NULL : blob_ref(document->bytes);
    vec_add(ctl->effects, effect);
    return true;
}
