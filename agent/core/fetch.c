/* Asking for artifacts, by the same habit as leases: what is missing follows from the state, at
 * every step, so that an event that is lost or late makes it late and never wrong.  Events carry
 * the number of the request they answer; those of an earlier one say nothing. */
#include "agent/core/fetch.h"

#include "agent/core/model.h"
#include "schema/base/site.h"
#include "schema/limits.h"

#include <inttypes.h>
#include <stdio.h>

static bool has_artifacts(const struct work *work)
{
    return work->wanted.template.workload.artifacts.count > 0;
}

static struct work *find_asked(const struct agt *agt, const struct agt_event *event)
{
    struct work *work = set_find(agt, event->uid);

    return work != NULL && work->fetch.state == FETCH_ASKED && work->fetch.number == event->run
               ? work
               : NULL;
}

/* Words of the shell, in printable ASCII as all that may be cut off. */
static void say(struct fetch *fetch, const char *text)
{
    (void)snprintf(fetch->message, sizeof(fetch->message), "%s", text);
    for (char *c = fetch->message; *c != '\0'; c++) {
        *c = *c < ' ' || *c > '~' ? '?' : *c;
    }
    fetch->version++;
}

void fetch_on_progress(struct agt *agt, const struct agt_event *event)
{
    struct work *work = find_asked(agt, event);
    char text[128];

    if (work != NULL && event->progress.total_bytes > 0) {
        (void)snprintf(text, sizeof(text), "%d %% of %" PRId64 " bytes are here",
                       (int)(event->progress.done_bytes * 100 / event->progress.total_bytes),
                       event->progress.total_bytes);
        say(&work->fetch, text);
    }
}

static const char *reason_of(int code)
{
    return code == ERR_NOT_FOUND ? "ArtifactMissing"
           : code == ERR_CORRUPT ? "ArtifactCorrupt"
           : code == ERR_FULL    ? "ArtifactNoRoom"
                                 : "FetchFailed";
}

void fetch_on_fetched(struct agt *agt, const struct agt_event *event)
{
    struct work *work = find_asked(agt, event);
    struct fetch *fetch;

    if (work == NULL) {
        return;
    }
    fetch = &work->fetch;
    fetch->version++;
    if (event->fetched.code == 0) {
        MARK("artifacts are ready");
        fetch->state = FETCH_READY;
        fetch->tries = 0;
        return;
    }
    MARK("artifacts could not be fetched");
    fetch->state = FETCH_LATER;
    fetch->reason = reason_of(event->fetched.code);
    fetch->not_before =
        mono_after(agt->now, agt_back_off(agt, fetch->tries++, RESTART_MIN_MS, FETCH_AGAIN_MAX_MS));
    say(fetch, event->fetched.message == NULL ? "" : event->fetched.message);
}

void fetch_on_welcome(struct agt *agt)
{
    map_each (&agt->set.works, entry) {
        if (work_of(entry)->fetch.state == FETCH_LATER) {
            work_of(entry)->fetch.not_before = agt->now;
        }
    }
}

static void ask(struct agt *agt, struct work *work)
{
    struct fetch *fetch = &work->fetch;
    struct wire_assignment *copy = ARENA_NEW(&agt->out.effects->arena, struct wire_assignment);
    struct agt_effect *effect;

    wire_assignment_copy(&agt->out.effects->arena, &work->wanted, copy);
    fetch->state = FETCH_ASKED;
    fetch->number = ++agt->fetches;
    (void)snprintf(fetch->template_digest, sizeof(fetch->template_digest), "%s",
                   work->wanted.template_digest);
    say(fetch, "its artifacts are being fetched");
    effect = out_add_run(agt, AGT_FETCH, OUT_AT_ONCE, work->wanted.uid, fetch->number);
    effect->fetch.template = &copy->template;
    effect->fetch.port = agt->link.blobs_port;
}

void fetch_drop(struct agt *agt, struct work *work)
{
    struct fetch *fetch = &work->fetch;

    if (fetch->state == FETCH_NONE) {
        return;
    }
    if (fetch->state != FETCH_LATER) {
        MARK("artifacts are not needed any more");
        out_add_run(agt, AGT_UNFETCH, OUT_AT_ONCE, work->wanted.uid, fetch->number);
    }
    fetch->state = FETCH_NONE;
    fetch->version++;
}

/* What failed says nothing about another template. */
static void renew(struct agt *agt, struct work *work)
{
    fetch_drop(agt, work);
    work->fetch.tries = 0;
}

void fetch_settle(struct agt *agt, struct work *work, bool may_begin)
{
    struct fetch *fetch = &work->fetch;

    if (fetch->state != FETCH_NONE &&
        !str_eq(fetch->template_digest, work->wanted.template_digest)) {
        renew(agt, work);
    }
    if (!has_artifacts(work) || fetch->state == FETCH_READY) {
        return;
    }
    if (!may_begin) {
        if (fetch->state == FETCH_ASKED) {
            fetch_drop(agt, work); /* the machine's owner is not to wonder who uses the network */
        }
        return;
    }
    if (fetch->state == FETCH_NONE ||
        (fetch->state == FETCH_LATER && mono_is_due(fetch->not_before, agt->now))) {
        ask(agt, work);
    }
}

bool fetch_allows_start(const struct work *work)
{
    return !has_artifacts(work) ||
           (work->fetch.state == FETCH_READY &&
            str_eq(work->fetch.template_digest, work->wanted.template_digest));
}

void fetch_use_up(struct work *work)
{
    work->fetch.state = FETCH_NONE;
}

struct mono fetch_deadline(const struct work *work)
{
    return work->fetch.state == FETCH_LATER ? work->fetch.not_before : MONO_NEVER;
}
