#include "tests/support/batches.h"

#include <stdio.h>

static struct blob *blob_of(const char *text)
{
    return text == NULL ? NULL : blob_new(text, strlen(text));
}

struct row *batch_add(struct batch *batch, enum row_log log, enum row_verb verb, enum kind_id kind,
                      const char *name, uint64_t revision, const char *body)
{
    char uid[64];

    (void)snprintf(uid, sizeof(uid), "uid-of-%s", name);
    vec_add(&batch->rows, ((struct row){.log = log,
                                        .verb = verb,
                                        .kind = kind_get(kind),
                                        .name = mem_strdup(name),
                                        .uid = mem_strdup(uid),
                                        .revision = revision,
                                        .generation = 1,
                                        .at = {1000000 + (int64_t)revision},
                                        .who = mem_strdup("alice"),
                                        .manager = mem_strdup("fogctl"),
                                        .why = mem_strdup("because"),
                                        .body = blob_of(body)}));
    return &batch->rows.items[batch->rows.count - 1];
}

void batch_add_content(struct batch *batch, const char *body)
{
    struct content content = {.body = blob_of(body)};

    digest_of(body, strlen(body), &content.digest);
    vec_add(&batch->contents, content);
}

void batch_add_answer(struct batch *batch, const char *key, int code, const char *body)
{
    struct answer_row answer = {
        .key = mem_strdup(key), .code = code, .at = {5}, .body = blob_of(body)};

    digest_of(key, strlen(key), &answer.request);
    vec_add(&batch->answers, answer);
}

void batch_forget_answer(struct batch *batch, const char *key)
{
    vec_add(&batch->forgotten_answers, mem_strdup(key));
}
