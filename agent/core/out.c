/* The step's effects: at once, then the save, then what waited for it. */
#include "agent/core/out.h"

#include "agent/core/model.h"
#include "schema/base/site.h"

#include <assert.h>

void agt_effects_init(struct agt_effects *effects)
{
    *effects = (struct agt_effects){0};
    arena_init(&effects->arena);
}

void agt_effects_clear(struct agt_effects *effects)
{
    vec_each (effects, effect) {
        blob_unref(effect->bytes);
    }
    vec_clear(effects);
    arena_reset(&effects->arena);
}

void agt_effects_fini(struct agt_effects *effects)
{
    agt_effects_clear(effects);
    vec_fini(effects);
    arena_fini(&effects->arena);
}

void out_begin(struct agt *agt, struct agt_effects *effects)
{
    assert(agt->out.effects == NULL);
    assert(agt->out.held.count == 0);
    agt->out.effects = effects;
}

void out_finish(struct agt *agt)
{
    struct agt_effects *effects = agt->out.effects;

    if (saver_may_save(agt)) {
        agt->saver.is_due |= BUGGIFY("saved-again");
        saver_save(agt);
    } else {
        assert(agt->out.held.count == 0);
    }
    vec_each (&agt->out.held, effect) {
        vec_add(effects, *effect);
    }
    vec_clear(&agt->out.held);
    agt->out.effects = NULL;
}

void out_fini(struct out *out)
{
    vec_fini(&out->held);
}

struct agt_effect *out_add(struct agt *agt, enum agt_effect_type type, enum out_when when)
{
    const struct agt_effect effect = {.type = type};

    assert(agt->out.effects != NULL);
    if (when == OUT_WHEN_SAVED) {
        vec_add(&agt->out.held, effect);
        return &agt->out.held.items[agt->out.held.count - 1];
    }
    vec_add(agt->out.effects, effect);
    return &agt->out.effects->items[agt->out.effects->count - 1];
}

struct agt_effect *out_add_run(struct agt *agt, enum agt_effect_type type, enum out_when when,
                               const char *uid, int64_t run)
{
    struct agt_effect *effect = out_add(agt, type, when);

    effect->uid = out_text(agt, uid);
    effect->run = run;
    return effect;
}

void out_send(struct agt *agt, const struct wire_message *message, int priority, enum out_when when)
{
    struct agt_effect *effect = out_add(agt, AGT_SEND, when);

    effect->bytes = wire_encode(message);
    effect->priority = priority;
    agt->counters.sent[message->type]++;
}

const char *out_text(struct agt *agt, const char *text)
{
    return arena_strdup(&agt->out.effects->arena, text);
}
