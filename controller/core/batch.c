#include "controller/core/batch.h"

#include <assert.h>
#include <stdlib.h>

struct batch *batch_new(uint64_t seq)
{
    struct batch *batch = MEM_NEW(struct batch);

    assert(seq > 0);
    batch->seq = seq;
    return batch;
}

static void row_fini(struct row *row)
{
    free(row->name);
    free(row->uid);
    free(row->who);
    free(row->manager);
    free(row->why);
    blob_unref(row->body);
}

void batch_free(struct batch *batch)
{
    if (batch == NULL) {
        return;
    }
    vec_each (&batch->rows, row) {
        row_fini(row);
    }
    vec_each (&batch->contents, content) {
        blob_unref(content->body);
    }
    vec_each (&batch->answers, answer) {
        free(answer->key);
        blob_unref(answer->body);
    }
    vec_each (&batch->forgotten_answers, key) {
        free(*key);
    }
    vec_fini(&batch->rows);
    vec_fini(&batch->contents);
    vec_fini(&batch->answers);
    vec_fini(&batch->forgotten_answers);
    vec_fini(&batch->released_contents);
    free(batch);
}

bool batch_is_empty(const struct batch *batch)
{
    return batch->rows.count == 0 && batch->contents.count == 0 && batch->answers.count == 0 &&
           batch->forgotten_answers.count == 0 && batch->released_contents.count == 0 &&
           !batch->settles_era;
}
