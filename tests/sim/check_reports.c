#include "tests/sim/check_reports.h"

#include "controller/core/batch.h"
#include "schema/base/map.h"
#include "tests/sim/reference.h"
#include "tests/sim/sim.h"

#include <inttypes.h>
#include <stdlib.h>

struct said {
    uint64_t seq;
    struct digest form;
};

struct story { /* of an assignment */
    struct {
        VEC_OF(struct said);
    } all;
    uint64_t stored; /* what is stored was not said before this report */
};

struct reports {
    struct map stories; /* uid → struct story, owned */
};

struct reports *reports_new(void)
{
    struct reports *reports = MEM_NEW(struct reports);

    map_init(&reports->stories);
    return reports;
}

void reports_free(struct reports *reports)
{
    map_each (&reports->stories, it) {
        struct story *story = it->value;

        vec_fini(&story->all);
        free(story);
    }
    map_fini(&reports->stories);
    free(reports);
}

/* Programs of other versions leave out the times. */
static struct digest form_of(const struct sim *sim, const struct node *status)
{
    static const char *const texts[] = {"phase", "reason", "startTime", "endTime"};
    size_t count = sim->faults.is_on[FAULT_UPGRADE] ? 2 : COUNT_OF(texts);
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;
    struct digest form;

    str_addf(&text, "%" PRId64 " %" PRId64, ref_int(status, "restarts", 0),
             ref_int(status, "exitCode", 0));
    for (size_t i = 0; i < count; i++) {
        str_addf(&text, " %s", ref_text(status, texts[i]));
    }
    digest_of(text.data, text.length, &form);
    return form;
}

void reports_said(struct sim *sim, uint64_t seq, const struct node *item)
{
    const char *uid = ref_text(item, "uid");
    struct story *story = map_find(&sim->reports->stories, uid);
    struct said said = {.seq = seq, .form = form_of(sim, node_find(item, "status"))};

    if (story == NULL) {
        story = MEM_NEW(struct story);
        (void)map_put(&sim->reports->stories, uid, story);
    }
    vec_add(&story->all, said);
}

void check_reported(struct sim *sim, const struct row *row, const struct node *status)
{
    struct story *story = map_find(&sim->reports->stories, row->uid);
    struct digest form = form_of(sim, status);
    bool was_said = false;

    for (size_t i = 0; story != NULL && i < story->all.count; i++) {
        if (digest_eq(&story->all.items[i].form, &form)) {
            was_said = true;
            if (story->all.items[i].seq >= story->stored) {
                story->stored = story->all.items[i].seq;
                return;
            }
        }
    }
    if (was_said && !faults_blur_agents(sim)) {
        sim_fail(sim, "never-back",
                 "%s: %s is stored, which was said before report %" PRIu64 " and not since",
                 row->name, ref_text(status, "phase"), story->stored);
    }
}
