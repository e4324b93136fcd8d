/* Asking for outputs: the habit of fetch.c, at the other end of a run. */
#include "agent/core/collect.h"

#include "agent/core/model.h"
#include "schema/base/site.h"
#include "schema/limits.h"

#include <stdio.h>

bool collect_is_wanted(const struct work *work)
{
    return work->wanted.template.workload.outputs.count > 0;
}

struct work *collect_find(const struct agt *agt, const struct agt_event *event)
{
    struct work *work = set_find(agt, event->uid);

    return work != NULL && (work->state == WORK_COLLECTING || work->collect.keeps_files) &&
                   work->collect.state == COLLECT_ASKED && work->run.number == event->run
               ? work
               : NULL;
}

void collect_stored(const struct agt *agt, struct work *work)
{
    work->collect.state = COLLECT_NONE;
    work->collect.tries = 0;
    work->collect.keeps_files = true;
    work->collect.stored_epoch = agt->link.epoch;
}

bool collect_is_told(const struct work *work)
{
    return work->collect.keeps_files && work->told.face.phase == PHASE_SUCCEEDED &&
           work->told.acknowledged == work->told.version;
}

bool collect_is_in_doubt(const struct agt *agt, const struct work *work)
{
    return work->state == WORK_DONE && work->collect.keeps_files && link_is_welcomed(agt) &&
           work->collect.stored_epoch != agt->link.epoch && !MUTANT(OUTPUTS_NOT_ASKED_AGAIN);
}

bool collect_failed_for_good(const struct agt_event *event)
{
    int code = event->collected.code;

    return code == ERR_NOT_FOUND || code == ERR_INVALID || code == ERR_LIMIT;
}

void collect_put_off(struct agt *agt, struct work *work, const struct agt_event *event)
{
    struct collect *collect = &work->collect;
    const char *why = event->collected.message;

    MARK("outputs could not be stored");
    collect->state = COLLECT_LATER;
    collect->not_before =
        mono_after(agt->now, agt_back_off(agt, collect->tries++, RESTART_MIN_MS, RESTART_MAX_MS));
    (void)snprintf(collect->message, sizeof(collect->message), "%s", why == NULL ? "" : why);
    for (char *c = collect->message; *c != '\0'; c++) {
        *c = *c < ' ' || *c > '~' ? '?' : *c;
    }
    collect->version++;
}

void collect_keep(struct work *work, const outputs_t *outputs)
{
    struct output_status *copies;

    arena_reset(&work->made_arena);
    copies = arena_array(&work->made_arena, outputs->count, sizeof(copies[0]));
    for (size_t i = 0; i < outputs->count; i++) {
        copies[i] = (struct output_status){
            .path = arena_strdup(&work->made_arena, outputs->items[i].path),
            .digest = arena_strdup(&work->made_arena, outputs->items[i].digest),
            .size = outputs->items[i].size,
        };
    }
    work->made.items = copies;
    work->made.count = outputs->count;
}

static void ask(struct agt *agt, struct work *work)
{
    struct wire_assignment *copy = ARENA_NEW(&agt->out.effects->arena, struct wire_assignment);
    struct agt_effect *effect;

    wire_assignment_copy(&agt->out.effects->arena, &work->wanted, copy);
    work->collect.state = COLLECT_ASKED;
    work->collect.version++;
    effect = out_add_run(agt, AGT_COLLECT, OUT_AT_ONCE, work->wanted.uid, work->run.number);
    effect->fetch.template = &copy->template;
    effect->fetch.port = agt->link.blobs_port;
}

/* What is stored stays stored, and the files stay where they are. */
static void let_go(struct agt *agt, struct work *work)
{
    if (work->collect.state == COLLECT_ASKED) {
        out_add_run(agt, AGT_UNCOLLECT, OUT_AT_ONCE, work->wanted.uid, work->run.number);
    }
    work->collect.state = COLLECT_NONE;
    work->collect.tries = 0;
    work->collect.version++;
}

void collect_settle(struct agt *agt, struct work *work, bool may_go)
{
    struct collect *collect = &work->collect;

    if (!may_go) {
        if (collect->state == COLLECT_ASKED) {
            let_go(agt, work);
        }
    } else if (collect->state == COLLECT_NONE ||
               (collect->state == COLLECT_LATER && mono_is_due(collect->not_before, agt->now))) {
        ask(agt, work);
    }
}

void collect_drop(struct agt *agt, struct work *work)
{
    if (work->collect.state == COLLECT_ASKED) {
        MARK("outputs are not wanted any more");
    }
    let_go(agt, work);
    work->collect.keeps_files = false;
}

void collect_on_welcome(struct agt *agt)
{
    map_each (&agt->set.works, entry) {
        if (work_of(entry)->collect.state == COLLECT_LATER) {
            work_of(entry)->collect.not_before = agt->now;
        }
    }
}

struct mono collect_deadline(const struct work *work)
{
    return work->collect.state == COLLECT_LATER ? work->collect.not_before : MONO_NEVER;
}
