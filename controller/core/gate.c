/* Two queues.  `waiting` is in the order of steps, so the numbers in `after` never fall and only
 * its head has to be looked at; `ready` holds what may be performed.  An effect that waits for
 * nothing goes straight to `ready`, past those that wait: it tells nothing about state. */
#include "controller/core/gate.h"

#include "schema/base/site.h"

#include <assert.h>
#include <stdlib.h>

struct queue {
    VEC_OF(struct effect);
    size_t head;
};

struct gate {
    struct queue waiting, ready;
    uint64_t committed, newest;
};

static const char outcome_unknown[] =
    "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\","
    "\"message\":\"the store failed while this was being written: the outcome is unknown, read again\","
    "\"reason\":\"ServiceUnavailable\",\"details\":{\"retryAfterSeconds\":1},\"code\":503}\n";

static void queue_put(struct queue *queue, const struct effect *effect)
{
    vec_add(queue, *effect);
}

static bool queue_take(struct queue *queue, struct effect *ret_effect)
{
    if (queue->head == queue->count) {
        return false;
    }
    *ret_effect = queue->items[queue->head++];
    if (queue->head == queue->count) {
        queue->head = queue->count = 0;
    } else if (queue->head >= 1024 && queue->head * 2 > queue->count) {
        memmove(queue->items, queue->items + queue->head,
                (queue->count - queue->head) * sizeof(queue->items[0]));
        queue->count -= queue->head;
        queue->head = 0;
    }
    return true;
}

static void queue_fini(struct queue *queue)
{
    struct effect effect;

    while (queue_take(queue, &effect)) {
        effect_fini(&effect);
    }
    vec_fini(queue);
}

struct gate *gate_new(void)
{
    return MEM_NEW(struct gate);
}

void gate_free(struct gate *gate)
{
    if (gate == NULL) {
        return;
    }
    queue_fini(&gate->waiting);
    queue_fini(&gate->ready);
    free(gate);
}

static bool is_durable(const struct gate *gate, const struct effect *effect)
{
    return effect->after <= gate->committed ||
           (MUTANT(ANSWER_EARLY) && effect->type == EFFECT_ANSWER) ||
           (MUTANT(SEND_EARLY) && effect->type == EFFECT_SEND) ||
           (MUTANT(WATCH_EARLY) && effect->type == EFFECT_CHUNK);
}

static void release(struct gate *gate)
{
    struct effect effect;

    while (gate->waiting.head < gate->waiting.count &&
           is_durable(gate, &gate->waiting.items[gate->waiting.head])) {
        bool is_there = queue_take(&gate->waiting, &effect);

        assert(is_there);
        queue_put(&gate->ready, &effect);
    }
}

void gate_take(struct gate *gate, struct effects *effects)
{
    assert(effects->batch == NULL);
    vec_each (effects, it) {
        if (it->after == 0) {
            queue_put(&gate->ready, it);
        } else {
            assert(it->after >= gate->newest);
            gate->newest = it->after;
            queue_put(&gate->waiting, it);
        }
    }
    vec_clear(effects);
    release(gate);
}

void gate_committed(struct gate *gate, uint64_t batch_seq)
{
    assert(batch_seq > gate->committed);
    gate->committed = batch_seq;
    release(gate);
}

bool gate_next(struct gate *gate, struct effect *ret_effect)
{
    return queue_take(&gate->ready, ret_effect);
}

void gate_poison(struct gate *gate)
{
    struct effect effect;

    while (queue_take(&gate->waiting, &effect)) {
        struct effect told = {.type = EFFECT_END, .id = effect.id};

        if (effect.type == EFFECT_ANSWER) {
            MARK("a client is told that the outcome is unknown");
            told.type = EFFECT_ANSWER;
            told.bytes = blob_new(outcome_unknown, sizeof(outcome_unknown) - 1);
            told.answer.code = 503;
            told.answer.retry_after_seconds = 1;
        }
        if (effect.type == EFFECT_ANSWER || effect.type == EFFECT_CHUNK ||
            effect.type == EFFECT_END) {
            queue_put(&gate->ready, &told);
        }
        effect_fini(&effect);
    }
    gate->committed = gate->newest = 0; /* the next core counts its batches from 1 again */
}
