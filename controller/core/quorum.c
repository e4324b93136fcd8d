/* Who said what about which task, and who is believed: controller/core/quorum.h. */
#include "controller/core/quorum.h"

#include "controller/core/copy.h"
#include "controller/core/outputs.h"
#include "controller/core/replica.h"
#include "schema/base/digest.h"
#include "schema/base/site.h"
#include "schema/limits.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { WAITING_SHOWN_MAX = 10 }; /* tasks that are named to a person */

static const struct tasks_status *status_of(const struct plan_input *input)
{
    return &harvest_session_of(input->session->object)->status.tasks;
}

/* It is the agent of that name, or there is none now.  A status that somebody wrote may say less.
 */
static bool is_known(const struct plan_input *input, const char *name, const char *uid)
{
    const struct agent_entry *agent = str_is_empty(name) ? NULL : model_agent(input->model, name);

    return !str_is_empty(name) && !str_is_empty(uid) &&
           (agent == NULL || str_eq(agent->object->meta.uid, uid));
}

void quorum_read(struct quorum *quorum, struct arena *arena, const struct plan_input *input,
                 size_t record_bytes)
{
    const struct tasks_status *status = status_of(input);
    bool is_same = input->template == NULL || str_eq(status->opinions_of, input->template->text);

    *quorum = (struct quorum){.of = input->template == NULL ? status->opinions_of
                                                            : input->template->text};
    /* What came before there was a quorum may take more room than is left beside all of them. */
    quorum->opinion_max = record_bytes > harvest_session_record_max(session_spec(input->session))
                              ? TASK_OPINIONS_BESIDE
                              : TASK_OPINIONS_MAX;
    quorum->opinions = arena_array(arena, TASK_OPINIONS_MAX, sizeof(struct task_opinion));
    quorum->voters = arena_array(arena, TASK_VOTERS_MAX, sizeof(struct task_voter));
    if (!harvest_session_has_quorum(session_spec(input->session))) {
        quorum->of = NULL;
        return;
    }
    assert(status->opinions.count <= TASK_OPINIONS_MAX);
    assert(status->voters.count <= TASK_VOTERS_MAX);
    for (size_t i = 0; i < status->opinions.count && is_same; i++) {
        const struct task_opinion *it = &status->opinions.items[i];

        if (is_known(input, it->agent, it->agent_uid)) {
            quorum->opinions[quorum->opinion_count++] = *it;
        }
    }
    for (size_t i = 0; i < status->voters.count; i++) {
        const struct task_voter *it = &status->voters.items[i];

        if (is_known(input, it->agent, it->agent_uid)) {
            quorum->voters[quorum->voter_count++] = *it;
        }
    }
}

/* --- opinions --------------------------------------------------------------------------------- */

/* Of paths and digests, in the order in which they are declared. */
static const char *result_of(struct arena *arena, const struct plan_input *input,
                             const struct assignment_entry *copy)
{
    struct str text = STR_EMPTY;
    struct digest digest;
    char words[DIGEST_TEXT_SIZE];
    outputs_t outputs;

    outputs_declared(arena, &assignment_status(copy)->outputs, &input->template->template->workload,
                     &outputs);
    for (size_t i = 0; i < outputs.count; i++) {
        str_addf(&text, "%zu %s %s\n", strlen(outputs.items[i].path), outputs.items[i].path,
                 outputs.items[i].digest);
    }
    digest_of(str_is_empty(text.data) ? "" : text.data, text.length, &digest);
    str_fini(&text);
    digest_to_str(&digest, words);
    return arena_strdup(arena, words);
}

static bool is_about(const struct task_opinion *opinion, size_t index)
{
    return opinion->index == (int64_t)index;
}

static size_t agreeing(const struct quorum *quorum, size_t index, const char *result)
{
    size_t count = 0;

    for (size_t i = 0; i < quorum->opinion_count; i++) {
        count +=
            is_about(&quorum->opinions[i], index) && str_eq(quorum->opinions[i].result, result);
    }
    return count;
}

bool quorum_has(const struct quorum *quorum, size_t index, const char *agent)
{
    for (size_t i = 0; i < quorum->opinion_count; i++) {
        if (is_about(&quorum->opinions[i], index) && str_eq(quorum->opinions[i].agent, agent)) {
            return true;
        }
    }
    return false;
}

unsigned quorum_opinions(const struct quorum *quorum, size_t index)
{
    unsigned count = 0;

    for (size_t i = 0; i < quorum->opinion_count; i++) {
        count += is_about(&quorum->opinions[i], index);
    }
    return count;
}

unsigned quorum_dissents(const struct quorum *quorum, size_t index)
{
    size_t largest = 0;

    for (size_t i = 0; i < quorum->opinion_count; i++) {
        size_t same = is_about(&quorum->opinions[i], index)
                          ? agreeing(quorum, index, quorum->opinions[i].result)
                          : 0;

        largest = same > largest ? same : largest;
    }
    return quorum_opinions(quorum, index) - (unsigned)largest;
}

unsigned quorum_failures(const struct quorum *quorum, size_t index)
{
    int64_t failures = 0;

    for (size_t i = 0; i < quorum->opinion_count; i++) {
        const struct task_opinion *it = &quorum->opinions[i];

        failures = is_about(it, index) && it->failures > failures ? it->failures : failures;
    }
    return (unsigned)failures;
}

void quorum_forget(struct quorum *quorum, size_t index)
{
    size_t kept = 0;

    for (size_t i = 0; i < quorum->opinion_count; i++) {
        if (!is_about(&quorum->opinions[i], index)) {
            quorum->opinions[kept++] = quorum->opinions[i];
        }
    }
    quorum->opinion_count = kept;
}

/* Only changes of parallelism, retries or the quorum get there: the last task begins anew. */
static void make_room(struct quorum *quorum, size_t index)
{
    int64_t last = -1;

    for (size_t i = 0; i < quorum->opinion_count; i++) {
        int64_t other = quorum->opinions[i].index;

        last = other > last && other != (int64_t)index ? other : last;
    }
    quorum_forget(quorum, last < 0 ? index : (size_t)last);
}

static void note(struct quorum *quorum, size_t index, const struct assignment_entry *copy,
                 const char *result, unsigned failures)
{
    const struct shape *shape = &task_opinion_shape;
    struct task_opinion opinion = {.set = 0};

    if (quorum->opinion_count >= quorum->opinion_max) {
        make_room(quorum, index);
    }
    shape_put(shape, &opinion, index, (int64_t)index);
    shape_put(shape, &opinion, agent, assignment_spec(copy)->agent);
    if (copy->agent != NULL) {
        shape_put(shape, &opinion, agent_uid, copy->agent->object->meta.uid);
    }
    shape_put(shape, &opinion, result, result);
    shape_put(shape, &opinion, failures, (int64_t)failures);
    quorum->opinions[quorum->opinion_count++] = opinion;
}

/* --- trust ------------------------------------------------------------------------------------ */

/* As of what is stored: what this plan finds out counts from the next one on. */
static int64_t valid_of(const struct session_entry *session, const struct agent_entry *agent)
{
    const struct tasks_status *status = &harvest_session_of(session->object)->status.tasks;

    for (size_t i = 0; agent != NULL && i < status->voters.count; i++) {
        const struct task_voter *it = &status->voters.items[i];

        if (str_eq(it->agent, agent->object->meta.name) &&
            str_eq(it->agent_uid, agent->object->meta.uid)) {
            return it->valid;
        }
    }
    return 0;
}

uint64_t quorum_one_in(const struct session_entry *session, const struct agent_entry *agent)
{
    int64_t valid = valid_of(session, agent);

    return (uint64_t)(valid < TASK_TRUST_AFTER ? TASK_TRUST_AFTER : valid);
}

/* It becomes the first; the one that was compared least lately makes way for a new one. */
static void count_vote(struct quorum *quorum, const struct task_opinion *of, bool is_valid)
{
    const struct shape *shape = &task_voter_shape;
    struct task_voter voter = {.set = 0};
    size_t at = 0;

    while (at < quorum->voter_count && !str_eq(quorum->voters[at].agent, of->agent)) {
        at++;
    }
    if (at < quorum->voter_count) {
        bool is_same = str_eq(quorum->voters[at].agent_uid, of->agent_uid);

        voter = is_same ? quorum->voters[at] : voter;
    } else if (quorum->voter_count < TASK_VOTERS_MAX) {
        quorum->voter_count++;
    } else {
        at--;
    }
    shape_put(shape, &voter, agent, of->agent);
    if (!str_is_empty(of->agent_uid)) {
        shape_put(shape, &voter, agent_uid, of->agent_uid);
    }
    shape_put(shape, &voter, valid, is_valid ? voter.valid + 1 : 0);
    shape_put(shape, &voter, invalid, voter.invalid + !is_valid);
    memmove(&quorum->voters[1], &quorum->voters[0], at * sizeof(struct task_voter));
    quorum->voters[0] = voter;
}

static void add_vote(struct quorum *quorum, struct arena *arena, const char *agent, bool is_valid)
{
    quorum->votes = arena_grow(arena, quorum->votes, quorum->vote_count, sizeof(quorum->votes[0]));
    quorum->votes[quorum->vote_count++] = (struct quorum_vote){agent, is_valid};
}

static void settle_votes(struct quorum *quorum, struct arena *arena, size_t index,
                         const char *result)
{
    for (size_t i = 0; i < quorum->opinion_count; i++) {
        const struct task_opinion *it = &quorum->opinions[i];
        bool is_valid = str_eq(it->result, result);

        if (!is_about(it, index)) {
            continue;
        }
        count_vote(quorum, it, is_valid);
        add_vote(quorum, arena, it->agent, is_valid);
        if (!is_valid && quorum->dissents++ == 0) {
            MARK("an agent disagrees with the quorum");
            quorum->first_dissent = arena_printf(
                arena, "what %s made of task %zu is not what others made of it", it->agent, index);
        }
    }
}

enum quorum_verdict quorum_hear(struct quorum *quorum, struct arena *arena,
                                const struct plan_input *input, size_t index,
                                const struct assignment_entry *copy, unsigned failures)
{
    const struct tasks_spec *spec = &session_spec(input->session)->tasks;
    const char *agent = assignment_spec(copy)->agent;
    const char *result = result_of(arena, input, copy);
    unsigned before = quorum_failures(quorum, index);

    if (quorum_has(quorum, index, agent)) {
        return QUORUM_KNOWN;
    }
    if (quorum_opinions(quorum, index) == 0 &&
        (valid_of(input->session, copy->agent) >= TASK_TRUST_AFTER || MUTANT(TRUST_FOR_NOTHING)) &&
        strmap_find(&copy->object->meta.annotations, REPLICATE_ANNOTATION) == NULL) {
        MARK("the result of a trusted agent suffices");
        add_vote(quorum, arena, agent, true);
        return QUORUM_MET;
    }
    note(quorum, index, copy, result, failures);
    if (agreeing(quorum, index, result) >= (size_t)spec->quorum || MUTANT(QUORUM_OF_ONE)) {
        MARK("a quorum is met");
        settle_votes(quorum, arena, index, result);
        quorum_forget(quorum, index);
        return QUORUM_MET;
    }
    failures = failures > before ? failures : before;
    if (quorum_dissents(quorum, index) + failures > spec->retry_max) {
        MARK("a quorum is missed");
        return QUORUM_MISSED;
    }
    MARK("a task waits for another opinion");
    return QUORUM_WAITS;
}

/* --- asking others ---------------------------------------------------------------------------- */

struct undecided { /* a task about which agents have said something */
    const struct quorum *quorum;
    size_t index;
};

static bool has_opinion(const void *context, const char *agent)
{
    const struct undecided *undecided = context;

    return quorum_has(undecided->quorum, undecided->index, agent);
}

static bool find_undecided(const struct quorum *quorum, const char *slot,
                           struct undecided *ret_undecided)
{
    int64_t index = 0;

    if (quorum == NULL || !slot_number(slot, &index)) {
        return false;
    }
    *ret_undecided = (struct undecided){quorum, (size_t)index};
    return quorum_opinions(quorum, (size_t)index) > 0;
}

struct agent_entry *quorum_pick(const struct quorum *quorum, const char *slot,
                                struct candidates *candidates, const struct agent_entry *avoid)
{
    struct undecided undecided;
    struct agent_entry *agent;

    if (!find_undecided(quorum, slot, &undecided)) {
        return place_pick(candidates, avoid);
    }
    (void)place_bar(candidates, has_opinion, &undecided);
    agent = place_pick(candidates, avoid);
    (void)place_bar(candidates, NULL, NULL);
    return agent;
}

/* True when there is nobody else to look for. */
static bool note_askable(const struct quorum *quorum, const char *agent, struct indexes *askable)
{
    bool is_done = true;

    for (size_t i = 0; i < quorum->opinion_count; i++) {
        size_t index = (size_t)quorum->opinions[i].index;

        if (indexes_has(askable, index)) {
            continue;
        }
        if (quorum_has(quorum, index, agent)) {
            is_done = false;
        } else {
            indexes_add(askable, index);
        }
    }
    return is_done;
}

void quorum_askable(const struct quorum *quorum, const struct plan_input *input,
                    struct indexes *ret_askable)
{
    const struct map *agents = &input->model->objects[KIND_AGENT];

    input->counters->agents_examined += agents->count;
    map_each (agents, it) {
        const struct agent_entry *agent = it->value;

        if (place_could_take(input->session, agent) &&
            note_askable(quorum, agent->object->meta.name, ret_askable)) {
            return;
        }
    }
}

size_t quorum_room(const struct quorum *quorum, const struct plan_input *input)
{
    const struct tasks_spec *spec = &session_spec(input->session)->tasks;

    return quorum->opinion_max / (size_t)(spec->quorum + spec->retry_max);
}

const char *quorum_wait_words(struct arena *arena, const struct quorum *quorum, const char *slot)
{
    struct undecided undecided;

    if (!find_undecided(quorum, slot, &undecided)) {
        return NULL;
    }
    MARK("nobody else is there for a second opinion");
    return arena_printf(arena,
                        "task %s waits for a second opinion: no agent can take it that has not "
                        "given its own",
                        slot);
}

static bool is_first_of_its_task(const struct task_opinion *opinions, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (opinions[i].index == opinions[at].index) {
            return false;
        }
    }
    return true;
}

static int compare_indexes(const void *a, const void *b)
{
    const int64_t *first = a, *second = b;

    return *first < *second ? -1 : *first > *second;
}

const char *quorum_words(struct arena *arena, const struct task_opinion *opinions,
                         size_t opinion_count)
{
    int64_t *waiting = arena_array(arena, opinion_count + 1, sizeof(int64_t));
    size_t count = 0, shown;
    const char *names = "";

    for (size_t i = 0; i < opinion_count; i++) {
        if (is_first_of_its_task(opinions, i)) {
            waiting[count++] = opinions[i].index;
        }
    }
    qsort(waiting, count, sizeof(int64_t), compare_indexes);
    shown = count > WAITING_SHOWN_MAX ? WAITING_SHOWN_MAX : count;
    for (size_t i = 0; i < shown; i++) {
        const char *between = i == 0 ? "" : i + 1 < count ? ", " : " and ";

        names = arena_printf(arena, "%s%s%" PRId64, names, between, waiting[i]);
    }
    if (count > shown) {
        names = arena_printf(arena, "%s and %zu more", names, count - shown);
    }
    return count == 0   ? NULL
           : count == 1 ? arena_printf(arena, "task %s waits for a second opinion", names)
                        : arena_printf(arena, "tasks %s wait for a second opinion", names);
}

unsigned quorum_failures_of(const struct quorum *quorum, const char *slot)
{
    struct undecided undecided;

    return find_undecided(quorum, slot, &undecided) ? quorum_failures(quorum, undecided.index) : 0;
}

/* --- the status ------------------------------------------------------------------------------- */

static bool is_same_opinion(const struct task_opinion *a, const struct task_opinion *b)
{
    return a->index == b->index && a->failures == b->failures && str_eq(a->agent, b->agent) &&
           str_eq(a->agent_uid, b->agent_uid) && str_eq(a->result, b->result);
}

bool quorum_is_stated(const struct quorum *quorum, const struct tasks_status *status)
{
    bool is_same = status->opinions.count == quorum->opinion_count &&
                   status->voters.count == quorum->voter_count &&
                   (quorum->opinion_count == 0 || str_eq(status->opinions_of, quorum->of));

    for (size_t i = 0; is_same && i < quorum->opinion_count; i++) {
        is_same = is_same_opinion(&status->opinions.items[i], &quorum->opinions[i]);
    }
    for (size_t i = 0; is_same && i < quorum->voter_count; i++) {
        const struct task_voter *a = &status->voters.items[i], *b = &quorum->voters[i];

        is_same = a->valid == b->valid && a->invalid == b->invalid && str_eq(a->agent, b->agent) &&
                  str_eq(a->agent_uid, b->agent_uid);
    }
    return is_same;
}

static void put_opinions(const struct quorum *quorum, struct object *session,
                         struct tasks_status *to)
{
    to->opinions.count = quorum->opinion_count;
    to->opinions.items =
        arena_array(&session->arena, quorum->opinion_count, sizeof(struct task_opinion));
    for (size_t i = 0; i < quorum->opinion_count; i++) {
        to->opinions.items[i] = quorum->opinions[i];
        to->opinions.items[i].agent = object_strdup(session, quorum->opinions[i].agent);
        to->opinions.items[i].agent_uid = object_strdup(session, quorum->opinions[i].agent_uid);
        to->opinions.items[i].result = object_strdup(session, quorum->opinions[i].result);
    }
    shape_mark(&tasks_status_shape, to, &to->opinions);
    shape_put(&tasks_status_shape, to, opinions_of, object_strdup(session, quorum->of));
}

void quorum_state(const struct quorum *quorum, struct object *session, struct tasks_status *to)
{
    shape_remove(&tasks_status_shape, to, &to->opinions_of);
    shape_remove(&tasks_status_shape, to, &to->opinions);
    shape_remove(&tasks_status_shape, to, &to->voters);
    if (quorum->opinion_count > 0) {
        put_opinions(quorum, session, to);
    }
    if (quorum->voter_count == 0) {
        return;
    }
    to->voters.count = quorum->voter_count;
    to->voters.items = arena_array(&session->arena, quorum->voter_count, sizeof(struct task_voter));
    for (size_t i = 0; i < quorum->voter_count; i++) {
        to->voters.items[i] = quorum->voters[i];
        to->voters.items[i].agent = object_strdup(session, quorum->voters[i].agent);
        to->voters.items[i].agent_uid = object_strdup(session, quorum->voters[i].agent_uid);
    }
    shape_mark(&tasks_status_shape, to, &to->voters);
}
