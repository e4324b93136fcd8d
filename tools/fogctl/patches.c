#include "tools/fogctl/patches.h"

#include "schema/json.h"

#include <stdio.h>

enum { PATCH_RETRY_MS = 30000 };

void patches_init(struct fogctl *fogctl, struct writing *writing, struct patches *patches)
{
    *patches = (struct patches){fogctl, writing, node_list(&fogctl->arena), ""};
}

void patches_add_object(struct patches *patches, const char *verb, struct node *object)
{
    struct arena *arena = &patches->fogctl->arena;
    struct node *change = node_map(arena);

    node_set(arena, change, "verb", node_str(arena, verb));
    node_set(arena, change, "object", object);
    node_add(arena, patches->changes, change);
}

struct node *patches_add(struct patches *patches, const struct kind *kind, const char *name,
                         const char *revision)
{
    struct arena *arena = &patches->fogctl->arena;
    struct node *object = node_map(arena), *meta = node_map(arena);

    node_set(arena, meta, "name", node_str(arena, name));
    if (revision != NULL) {
        node_set(arena, meta, "resourceVersion", node_str(arena, revision));
    }
    node_set(arena, object, "apiVersion", node_str(arena, kind->api_version));
    node_set(arena, object, "kind", node_str(arena, kind->name));
    node_set(arena, object, "metadata", meta);
    patches_add_object(patches, "patch", object);
    return object;
}

static const char *compose(const struct patches *patches)
{
    struct arena *arena = &patches->fogctl->arena;
    struct node *root = node_map(arena), *spec = node_map(arena);
    struct str text = STR_EMPTY;
    const char *body;

    node_set(arena, root, "apiVersion", node_str(arena, "fog/v1"));
    node_set(arena, root, "kind", node_str(arena, "ChangeSet"));
    node_set(arena, spec, "changes", patches->changes);
    node_set(arena, root, "spec", spec);
    json_emit(root, JSON_PLAIN, &text);
    body = arena_strndup(arena, text.data, text.length);
    str_fini(&text);
    return body;
}

bool patches_send(struct patches *patches, bool is_dry_run, struct reply *ret_reply)
{
    struct fogctl *fogctl = patches->fogctl;
    struct request request = {
        .method = "POST",
        .path =
            arena_printf(&fogctl->arena, "/apis/fog/v1/changesets%s%s",
                         writing_query(fogctl, patches->writing, is_dry_run), patches->validation),
        .body = compose(patches),
    };

    if (!is_dry_run) {
        request.idempotency_key = fresh_key(fogctl);
        request.retry_ms = PATCH_RETRY_MS;
    }
    return http_call(fogctl, &request, ret_reply);
}

static void print_lines(struct fogctl *fogctl, const struct node *results,
                        const struct patched_words *words, bool is_dry_run)
{
    for (size_t i = 0; i < list_count(results); i++) {
        const struct node *result = results->list.items[i];
        const struct kind *kind = kind_find_word(text_of(result, "kind"));
        bool is_changed = !str_eq(text_of(result, "result"), "unchanged");

        if (kind != NULL) {
            text_put(stdout, kind_title(fogctl, kind, text_of(result, "name")));
        }
        printf(" %s%s%s%s\n", paint(fogctl, is_changed ? "green" : "off"),
               is_changed ? words->changed : words->unchanged, paint(fogctl, "off"),
               is_dry_run ? " (server dry run)" : "");
    }
}

int patches_print(struct patches *patches, const struct reply *reply,
                  const struct patched_words *words)
{
    struct fogctl *fogctl = patches->fogctl;
    bool is_dry_run = writing_is_dry(patches->writing);

    if (!writing_is_lines(patches->writing)) {
        return writing_print(fogctl, patches->writing, node_find(reply->root, "status"));
    }
    print_lines(fogctl, node_find_path(reply->root, "status.results"), words, is_dry_run);
    if (is_dry_run) {
        plan_print(fogctl, node_find_path(reply->root, "status.plan"));
    }
    return EXIT_DONE;
}

int patches_carry_out(struct patches *patches, const struct patched_words *words)
{
    struct reply reply;

    if (!patches_send(patches, writing_is_dry(patches->writing), &reply)) {
        return EXIT_FAILED;
    }
    return reply.code != 200 ? reply_failed(&reply) : patches_print(patches, &reply, words);
}
