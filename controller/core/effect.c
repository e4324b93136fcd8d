#include "controller/core/effect.h"

#include <stdlib.h>

void effects_init(struct effects *effects)
{
    *effects = (struct effects){0};
}

void effect_fini(struct effect *effect)
{
    blob_unref(effect->bytes);
    switch (effect->type) {
    case EFFECT_ANSWER:
        free(effect->answer.warning);
        free(effect->answer.etag);
        break;
    case EFFECT_HANGUP:
        free(effect->reason);
        break;
    case EFFECT_READ:
        read_query_fini(&effect->read);
        break;
    case EFFECT_NOTIFY:
        free(effect->notify.rule);
        free(effect->notify.id);
        free(effect->notify.to);
        free(effect->notify.url);
        break;
    case EFFECT_CHUNK:
    case EFFECT_END:
    case EFFECT_SEND:
        break;
    }
    *effect = (struct effect){0};
}

void effects_fini(struct effects *effects)
{
    vec_each (effects, it) {
        effect_fini(it);
    }
    vec_fini(effects);
    batch_free(effects->batch);
    effects->batch = NULL;
}
