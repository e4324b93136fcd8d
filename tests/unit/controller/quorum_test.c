/* Sessions of tasks of which several agents must say the same. */
#include "controller/core/quorum.h"

#include "controller/core/copy.h"
#include "controller/core/progress.h"
#include "controller/core/reconcile.h"
#include "controller/core/tasks.h"
#include "schema/emit.h"
#include "schema/json.h"
#include "schema/limits.h"
#include "schema/wire/wire.h"
#include "tests/support/fleet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define GOOD "blake2b:ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
#define BAD  "blake2b:0000053f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
#define ODD  "blake2b:1111153f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"

#define UID "00000000-0000-0000-0000-000000000000"

static struct fleet fleet;

static int set_up(void **state)
{
    (void)state;
    fleet_init(&fleet);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fleet_fini(&fleet);
    return 0;
}

static void begin(size_t agents)
{
    for (size_t i = 0; i < agents; i++) {
        struct str yaml = STR_EMPTY;

        str_addf(&yaml,
                 "apiVersion: fog/v1\nkind: Agent\nmetadata: {name: edge-%zu}\n"
                 "status: {version: 0.1.0, capacity: {cores: 4, memory: 8Gi, disk: 8Gi}}\n",
                 i);
        fleet_load(&fleet, yaml.data);
        str_fini(&yaml);
    }
    fleet_start(&fleet);
}

static void apply(const char *tasks, const char *command)
{
    struct str yaml = STR_EMPTY;

    str_addf(&yaml,
             "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: work}\nspec:\n"
             "  tasks: %s\n  workload: {command: [%s], resources: {cores: 1}, "
             "outputs: [{path: result}]}\n",
             tasks, command);
    fleet_apply(&fleet, yaml.data);
    str_fini(&yaml);
}

#define TASKS(text) apply(text, "/bin/run")

static const struct tasks_status *tasks(void)
{
    return &harvest_session_of(model_session(&fleet.ctl->model, "work")->object)->status.tasks;
}

static const struct condition *condition(const char *type)
{
    return condition_find(
        &harvest_session_of(model_session(&fleet.ctl->model, "work")->object)->status.conditions,
        type);
}

static const char *holder_of(const char *slot)
{
    return arena_strdup(&fleet.ctl->arena, fleet_agent_of(&fleet, "work", slot));
}

/* What an agent reports of a run that ended well. */
static void says_of(struct assignment_entry *copy, const char *digest)
{
    struct output_status output = {.size = 1};
    struct assignment_status done = {0};

    shape_put(&output_status_shape, &output, path, "result");
    shape_put(&output_status_shape, &output, digest, digest);
    shape_put(&assignment_status_shape, &done, phase, (int)PHASE_SUCCEEDED);
    shape_put(&assignment_status_shape, &done, outputs, ((outputs_t){&output, 1}));
    fleet.ctl->batch = batch_new(fleet.ctl->batch_seq + 1);
    reconcile_report(
        fleet.ctl, copy->agent, copy,
        &(struct wire_report_item){.status = done, .generation = copy->object->meta.generation});
    batch_free(TAKE(fleet.ctl->batch));
    fleet_tick(&fleet);
}

static void says(const char *slot, const char *digest)
{
    says_of(fleet_copy(&fleet, "work", slot), digest);
}

static const struct task_voter *voter(const char *agent)
{
    for (size_t i = 0; i < tasks()->voters.count; i++) {
        if (str_eq(tasks()->voters.items[i].agent, agent)) {
            return &tasks()->voters.items[i];
        }
    }
    return NULL;
}

static const struct esteem *standing_of(const char *agent)
{
    return &model_agent(&fleet.ctl->model, agent)->esteem;
}

/* --- agreement -------------------------------------------------------------------------------- */

/* With a quorum a result counts when others have agreed with it, or have not. */
static void the_reputation_of_agents_follows_their_votes(void **state)
{
    char holders[3][32];

    (void)state;
    begin(3);
    TASKS("{count: 1, quorum: 2}");
    (void)snprintf(holders[0], sizeof(holders[0]), "%s", holder_of("0"));
    says("0", GOOD);
    assert_int_equal(standing_of(holders[0])->valid, 0);
    (void)snprintf(holders[1], sizeof(holders[1]), "%s", holder_of("0"));
    says("0", BAD);
    (void)snprintf(holders[2], sizeof(holders[2]), "%s", holder_of("0"));
    says("0", GOOD);
    assert_string_equal(tasks()->done, "1/1");
    assert_int_equal(standing_of(holders[0])->valid, 1);
    assert_int_equal(standing_of(holders[0])->score, 66);
    assert_int_equal(standing_of(holders[1])->failed, 1);
    assert_int_equal(standing_of(holders[1])->score, 33);
    assert_int_equal(standing_of(holders[2])->valid, 1);
    fleet_restart(&fleet);
    assert_int_equal(standing_of(holders[1])->failed, 1);
}

static void one_result_waits_for_another_agents(void **state)
{
    char first[32];

    (void)state;
    begin(2);
    TASKS("{count: 1, quorum: 2}");
    (void)snprintf(first, sizeof(first), "%s", holder_of("0"));
    says("0", GOOD);
    assert_string_equal(tasks()->done, "0/1");
    assert_int_equal(tasks()->opinions.count, 1);
    assert_string_equal(tasks()->opinions.items[0].agent, first);
    assert_non_null(strstr(condition("Complete")->message,
                           "0 of 1 task has succeeded; task 0 waits for a second opinion"));
    assert_int_equal(fleet.ctl->model.objects[KIND_ASSIGNMENT].count, 1);
    assert_string_not_equal(holder_of("0"), first);
    says("0", GOOD);
    assert_string_equal(tasks()->done, "1/1");
    assert_int_equal(tasks()->opinions.count, 0);
    assert_int_equal(tasks()->results.count, 1);
    assert_string_equal(tasks()->results.items[0].outputs.items[0].digest, GOOD);
    assert_int_equal(voter("edge-0")->valid, 1);
    assert_int_equal(voter("edge-1")->valid, 1);
    assert_string_equal(condition("Complete")->reason, "AllSucceeded");
    assert_int_equal(fleet.ctl->model.objects[KIND_ASSIGNMENT].count, 0);
}

static void who_disagrees_with_two_others_is_wrong(void **state)
{
    char liar[32];

    (void)state;
    begin(3);
    TASKS("{count: 1, quorum: 2}");
    (void)snprintf(liar, sizeof(liar), "%s", holder_of("0"));
    says("0", BAD);
    says("0", GOOD);
    assert_int_equal(tasks()->opinions.count, 2);
    says("0", GOOD);
    assert_string_equal(tasks()->done, "1/1");
    assert_string_equal(tasks()->results.items[0].outputs.items[0].digest, GOOD);
    assert_int_equal(voter(liar)->valid, 0);
    assert_int_equal(voter(liar)->invalid, 1);
    assert_true(fleet_has_event(&fleet, "ResultDisagrees"));
}

static void without_agreement_it_fails_for_good(void **state)
{
    (void)state;
    begin(4);
    TASKS("{count: 1, quorum: 2, retries: 1}");
    says("0", BAD);
    says("0", GOOD);
    assert_string_equal(tasks()->failed_indexes, "");
    says("0", ODD);
    assert_string_equal(tasks()->failed_indexes, "0");
    assert_string_equal(tasks()->failures.items[0].reason, "NoQuorum");
    assert_int_equal(tasks()->ends.count, 1);
    assert_string_equal(tasks()->ends.items[0].reason, "NoQuorum");
    assert_int_equal(tasks()->failures.items[0].attempts, 3);
    assert_int_equal(tasks()->opinions.count, 0);
    assert_int_equal(tasks()->voters.count, 0); /* nobody knows who was wrong */
    assert_int_equal(fleet.ctl->model.objects[KIND_ASSIGNMENT].count, 0);
}

/* It would agree with whoever leaves it out, too. */
static void a_success_that_owes_an_output_is_a_failure(void **state)
{
    (void)state;
    begin(2);
    TASKS("{count: 1, quorum: 2}");
    fleet_report(&fleet, fleet_copy(&fleet, "work", "0"), PHASE_SUCCEEDED, NULL, 0);
    assert_int_equal(tasks()->opinions.count, 0);
    assert_string_equal(assignment_status(fleet_copy(&fleet, "work", "0"))->reason,
                        "OutputMissing");
    assert_int_equal(tasks_failures(fleet_copy(&fleet, "work", "0")), 1);
    fleet_advance(&fleet, RESTART_MAX_MS);
    says("0", GOOD);
    assert_int_equal(tasks()->opinions.count, 1);
    fleet_report(&fleet, fleet_copy(&fleet, "work", "0"), PHASE_SUCCEEDED, NULL, 0);
    assert_int_equal(tasks()->opinions.count, 1);
}

static void failures_and_dissent_use_up_the_same_retries(void **state)
{
    (void)state;
    begin(4);
    TASKS("{count: 1, quorum: 2, retries: 1}");
    fleet_report(&fleet, fleet_copy(&fleet, "work", "0"), PHASE_FAILED, "ExitedNonZero", 1);
    fleet_advance(&fleet, RESTART_MAX_MS);
    says("0", GOOD);
    assert_int_equal(tasks()->opinions.items[0].failures, 1);
    assert_int_equal(tasks_failures(fleet_copy(&fleet, "work", "0")), 1);
    says("0", BAD);
    assert_string_equal(tasks()->failed_indexes, "0");
}

static void nobody_else_is_there_for_a_second_opinion(void **state)
{
    (void)state;
    begin(1);
    TASKS("{count: 1, parallelism: 1, quorum: 2}");
    says("0", GOOD);
    assert_int_equal(fleet.ctl->model.objects[KIND_ASSIGNMENT].count, 0);
    assert_string_equal(fleet_why(&fleet, "work"), "NoAgent");
    assert_non_null(strstr(fleet_message(&fleet, "work"), "waits for a second opinion"));
    fleet_apply(&fleet, "apiVersion: fog/v1\nkind: Agent\nmetadata: {name: late}\n"
                        "status: {version: 0.1.0, capacity: {cores: 4, memory: 8Gi, disk: 8Gi}}\n");
    fleet_connect_new(&fleet);
    fleet_tick(&fleet);
    assert_string_equal(holder_of("0"), "late");
    says("0", GOOD);
    assert_string_equal(tasks()->completed_indexes, "0");
}

static void another_agents_room_is_not_lost_on_who_waits(void **state)
{
    (void)state;
    begin(1);
    TASKS("{count: 2, parallelism: 2, quorum: 2}");
    says("0", GOOD);
    assert_string_equal(holder_of("1"), "edge-0"); /* which may do others meanwhile */
    assert_int_equal(tasks()->active, 2);
}

/* The first two agents have both spoken of task 0; of task 1 only one has. */
static void who_cannot_be_asked_holds_up_nobody_who_can(void **state)
{
    char other[32];

    (void)state;
    begin(2);
    TASKS("{count: 2, parallelism: 1, quorum: 3}");
    says("0", GOOD);
    says("0", GOOD);
    assert_int_equal(tasks()->opinions.count, 2);
    (void)snprintf(other, sizeof(other), "%s", holder_of("1"));
    says("1", GOOD);
    assert_string_not_equal(holder_of("1"), other);
    assert_int_equal(tasks()->active, 1);
    says("1", GOOD);
    assert_int_equal(tasks()->opinions.count, 4);
    assert_string_equal(fleet_why(&fleet, "work"), "NoAgent");
    assert_int_equal(tasks()->active, 1);
}

/* Each may come to four opinions, retries included, and there is room for 160. */
static void tasks_are_begun_for_as_long_as_there_is_room_for_opinions(void **state)
{
    char slot[12];

    (void)state;
    begin(1);
    TASKS("{count: 100, parallelism: 3, retries: 2, quorum: 2}");
    for (int i = 0; i < 40; i++) {
        (void)snprintf(slot, sizeof(slot), "%d", i);
        assert_int_equal(tasks()->active, 3);
        says(slot, GOOD);
    }
    assert_int_equal(fleet.ctl->model.objects[KIND_ASSIGNMENT].count, 0);
    assert_int_equal(tasks()->opinions.count, 40);
    assert_string_equal(fleet_why(&fleet, "work"), "NoAgent");
}

static void those_that_wait_are_named(void **state)
{
    char slot[12];

    (void)state;
    begin(4);
    TASKS("{count: 20, parallelism: 15, quorum: 2}");
    for (int i = 0; i < 15; i++) {
        (void)snprintf(slot, sizeof(slot), "%d", i);
        says(slot, GOOD);
        if (i == 2) {
            assert_string_equal(condition("Complete")->message,
                                "0 of 20 tasks have succeeded; tasks 0, 1 and 2 wait for a second "
                                "opinion");
            assert_string_equal(
                progress_words(&fleet.ctl->arena, model_session(&fleet.ctl->model, "work")),
                "in progress: 0 of 20 done, 15 starting; tasks 0, 1 and 2 wait for a second "
                "opinion");
        }
    }
    assert_string_equal(condition("Complete")->message,
                        "0 of 20 tasks have succeeded; tasks 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 5 "
                        "more wait for a second opinion");
}

static void who_is_cut_short_waits_for_nobody(void **state)
{
    (void)state;
    begin(3);
    TASKS("{count: 3, parallelism: 2, retries: 0, failFast: true, quorum: 2}");
    says("0", GOOD);
    assert_int_equal(tasks()->opinions.count, 1);
    fleet_report(&fleet, fleet_copy(&fleet, "work", "1"), PHASE_FAILED, "ExitedNonZero", 1);
    fleet_obey(&fleet);
    assert_string_equal(condition("Complete")->reason, "FailedFast");
    assert_int_equal(tasks()->opinions.count, 0);
    assert_null(strstr(condition("Complete")->message, "opinion"));
}

/* It cannot be told from one that is slow: the silence of its agent ends the waiting. */
static void who_never_answers_is_not_waited_for(void **state)
{
    char first[32], silent[32];

    (void)state;
    begin(3);
    TASKS("{count: 1, quorum: 2}");
    (void)snprintf(first, sizeof(first), "%s", holder_of("0"));
    says("0", GOOD);
    (void)snprintf(silent, sizeof(silent), "%s", holder_of("0"));
    fleet_disconnect(&fleet, silent);
    fleet_advance(&fleet, 31000); /* replaceAfter */
    dlist_each (&model_session(&fleet.ctl->model, "work")->assignments, struct assignment_entry,
                in_session, it) {
        if (!str_eq(assignment_spec(it)->agent, silent)) {
            assert_string_not_equal(assignment_spec(it)->agent, first);
            says_of(it, GOOD);
            break;
        }
    }
    assert_string_equal(tasks()->done, "1/1");
}

/* --- what stays ------------------------------------------------------------------------------- */

static void opinions_survive_a_start_of_the_controller(void **state)
{
    char first[32];

    (void)state;
    begin(2);
    TASKS("{count: 1, quorum: 2}");
    (void)snprintf(first, sizeof(first), "%s", holder_of("0"));
    says("0", GOOD);
    fleet_restart(&fleet);
    fleet_connect(&fleet, "edge-0");
    fleet_connect(&fleet, "edge-1");
    assert_int_equal(tasks()->opinions.count, 1);
    assert_string_not_equal(holder_of("0"), first);
    says("0", GOOD);
    assert_string_equal(tasks()->done, "1/1");
    fleet_restart(&fleet);
    assert_int_equal(voter(first)->valid, 1);
}

static void another_form_asks_anew(void **state)
{
    (void)state;
    begin(3);
    TASKS("{count: 1, quorum: 2}");
    says("0", GOOD);
    apply("{count: 1, quorum: 2}", "/bin/other");
    assert_int_equal(tasks()->opinions.count, 0);
    fleet_obey(&fleet);
    says("0", GOOD);
    assert_string_equal(tasks()->done, "0/1");
    says("0", GOOD);
    assert_string_equal(tasks()->done, "1/1");
}

static void a_second_word_of_the_same_agent_is_none(void **state)
{
    struct session_entry *session;
    struct assignment_entry *copy;
    struct template_entry *template;
    struct quorum quorum;
    struct plan_input input = {0};

    (void)state;
    begin(2);
    TASKS("{count: 1, quorum: 3}");
    copy = fleet_copy(&fleet, "work", "0");
    session = copy->session;
    template = model_template_find(&fleet.ctl->model, assignment_spec(copy)->template_digest);
    input =
        (struct plan_input){.model = &fleet.ctl->model, .session = session, .template = template};
    quorum_read(&quorum, &fleet.ctl->arena, &input, 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(quorum_hear(&quorum, &fleet.ctl->arena, &input, 0, copy, 0),
                         i == 0 ? QUORUM_WAITS : QUORUM_KNOWN);
        assert_int_equal(quorum.opinion_count, 1);
    }
}

static void of_a_lost_copy_and_its_replacement_both_are_heard(void **state)
{
    struct assignment_entry *first, *second = NULL;

    (void)state;
    begin(2);
    TASKS("{count: 1, quorum: 2}");
    first = fleet_copy(&fleet, "work", "0");
    fleet_disconnect(&fleet, assignment_spec(first)->agent);
    fleet_advance(&fleet, 31000); /* replaceAfter */
    dlist_each (&first->session->assignments, struct assignment_entry, in_session, it) {
        second = it != first ? it : second;
    }
    assert_non_null(second);
    fleet_connect(&fleet, assignment_spec(first)->agent); /* goes on; the other is told to end */
    says_of(second, GOOD);
    assert_int_equal(tasks()->opinions.count, 1);
    says_of(first, GOOD);
    assert_string_equal(tasks()->done, "1/1");
}

/* --- trust ------------------------------------------------------------------------------------ */

/* The one copy that is under way; NULL: none. */
static struct assignment_entry *the_copy(void)
{
    struct assignment_entry *copy = NULL;

    dlist_each (&model_session(&fleet.ctl->model, "work")->assignments, struct assignment_entry,
                in_session, it) {
        copy = it;
    }
    return copy;
}

static bool is_replicated(const struct assignment_entry *copy)
{
    return strmap_find(&copy->object->meta.annotations, REPLICATE_ANNOTATION) != NULL;
}

static void who_agreed_ten_times_is_trusted_and_yet_looked_at(void **state)
{
    size_t copies = 0;

    (void)state;
    begin(2);
    TASKS("{count: 210, parallelism: 1, quorum: 2}");
    for (; the_copy() != NULL && copies < 420; copies++) {
        says_of(the_copy(), GOOD);
    }
    assert_string_equal(tasks()->done, "210/210");
    /* Ten are compared at first, then one in ten, in eleven, in twelve of those that are left. */
    assert_in_range(copies, 210 + 10 + 4, 210 + 10 + 26);
    assert_int_equal(voter("edge-0")->valid, copies - 210);
    assert_int_equal(voter("edge-1")->valid, copies - 210);
    assert_int_equal(quorum_one_in(model_session(&fleet.ctl->model, "work"),
                                   model_agent(&fleet.ctl->model, "edge-1")),
                     copies - 210);
    assert_int_equal(quorum_one_in(model_session(&fleet.ctl->model, "work"),
                                   model_agent(&fleet.ctl->model, "edge-9")),
                     TASK_TRUST_AFTER);
}

static void one_lie_costs_the_trust(void **state)
{
    char liar[32];

    (void)state;
    begin(3);
    TASKS("{count: 200, parallelism: 1, quorum: 2}");
    while (voter(assignment_spec(the_copy())->agent) == NULL ||
           voter(assignment_spec(the_copy())->agent)->valid < TASK_TRUST_AFTER ||
           !is_replicated(the_copy()) || tasks()->opinions.count > 0) {
        says_of(the_copy(), GOOD);
    }
    (void)snprintf(liar, sizeof(liar), "%s", assignment_spec(the_copy())->agent);
    says_of(the_copy(), BAD);
    assert_int_equal(tasks()->opinions.count, 1);
    says_of(the_copy(), GOOD);
    says_of(the_copy(), GOOD);
    assert_int_equal(tasks()->opinions.count, 0);
    assert_int_equal(voter(liar)->valid, 0);
    assert_int_equal(voter(liar)->invalid, 1);
}

/* --- names that are used again ---------------------------------------------------------------- */

static void register_anew(const char *name)
{
    struct str yaml = STR_EMPTY;

    fleet_disconnect(&fleet, name);
    fleet_delete(&fleet, &agent_kind, name);
    str_addf(&yaml,
             "apiVersion: fog/v1\nkind: Agent\nmetadata: {name: %s}\n"
             "status: {version: 0.1.0, capacity: {cores: 4, memory: 8Gi, disk: 8Gi}}\n",
             name);
    fleet_apply(&fleet, yaml.data);
    str_fini(&yaml);
    fleet_connect_new(&fleet);
}

static void who_has_the_name_of_another_inherits_nothing(void **state)
{
    char first[32], second[32];

    (void)state;
    begin(2);
    TASKS("{count: 2, parallelism: 1, quorum: 2}");
    says("0", GOOD);
    says("0", GOOD);
    (void)snprintf(first, sizeof(first), "%s", holder_of("1"));
    says("1", GOOD);
    (void)snprintf(second, sizeof(second), "%s", holder_of("1"));
    assert_int_equal(voter(first)->valid, 1);
    register_anew(first);
    says("1", GOOD);
    assert_string_equal(tasks()->done, "1/2");
    assert_int_equal(tasks()->opinions.count, 1);
    assert_string_equal(tasks()->opinions.items[0].agent, second);
    assert_null(voter(first));
    assert_int_equal(voter(second)->valid, 1);
    assert_string_equal(holder_of("1"), first);
    says("1", GOOD);
    assert_string_equal(tasks()->done, "2/2");
    assert_int_equal(voter(first)->valid, 1);
    assert_int_equal(voter(second)->valid, 2);
}

/* As it was stored before uids were kept: nobody knows which machine it was. */
static void trust_without_a_uid_is_forgotten(void **state)
{
    (void)state;
    fleet_load(&fleet, "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: work}\n"
                       "spec:\n  tasks: {count: 1, quorum: 2}\n"
                       "  workload: {command: [/bin/run], resources: {cores: 1}, "
                       "outputs: [{path: result}]}\n"
                       "status:\n  tasks: {done: 0/1, voters: [{agent: edge-0, valid: 12}, "
                       "{agent: edge-1, valid: 12}]}\n");
    begin(2);
    fleet_tick(&fleet);
    assert_int_equal(quorum_one_in(model_session(&fleet.ctl->model, "work"),
                                   model_agent(&fleet.ctl->model, "edge-0")),
                     TASK_TRUST_AFTER);
    says("0", GOOD);
    assert_string_equal(tasks()->done, "0/1");
    assert_int_equal(tasks()->voters.count, 0);
    says("0", GOOD);
    assert_string_equal(tasks()->done, "1/1");
    assert_int_equal(voter("edge-0")->valid, 1);
}

static void votes_and_opinions_of_nobody_are_forgotten(void **state)
{
    (void)state;
    fleet_load(&fleet, "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: work}\n"
                       "spec:\n  tasks: {count: 1, quorum: 2}\n"
                       "  workload: {command: [/bin/run], resources: {cores: 1}, "
                       "outputs: [{path: result}]}\n"
                       "status:\n  tasks: {done: 0/1, voters: [{agentUid: u, valid: 12}], "
                       "opinions: [{agentUid: u, index: 0}]}\n");
    begin(2);
    fleet_tick(&fleet);
    says("0", GOOD);
    assert_int_equal(tasks()->voters.count, 0);
    assert_int_equal(tasks()->opinions.count, 1);
    assert_string_equal(tasks()->opinions.items[0].result == NULL ? "" : "said", "said");
}

/* --- bounds ----------------------------------------------------------------------------------- */

static void name_agent(char *name, size_t i)
{
    memset(name, 'a', WORK_NAME_BYTES_MAX);
    (void)snprintf(name + WORK_NAME_BYTES_MAX - 4, 5, "%04zu", i);
}

/* As much as there can be of all that a session of tasks says, but for its spec. */
static void a_session_with_a_quorum_stays_as_large_as_an_object_may_be(void **state)
{
    const struct object *session;
    static struct task_opinion opinions[TASK_OPINIONS_MAX];
    static struct task_voter voters[TASK_VOTERS_MAX];
    static char names[TASK_OPINIONS_MAX][WORK_NAME_BYTES_MAX + 1];
    struct quorum quorum = {.of = GOOD,
                            .opinions = opinions,
                            .voters = voters,
                            .opinion_count = TASK_OPINIONS_MAX,
                            .voter_count = TASK_VOTERS_MAX};
    struct object *copy;
    struct str text = STR_EMPTY;

    (void)state;
    begin(1);
    TASKS("{count: 1, quorum: 2}");
    for (size_t i = 0; i < TASK_OPINIONS_MAX; i++) {
        name_agent(names[i], i);
        shape_put(&task_opinion_shape, &opinions[i], index, (int64_t)TASKS_MAX - 1);
        shape_put(&task_opinion_shape, &opinions[i], agent, names[i]);
        shape_put(&task_opinion_shape, &opinions[i], agent_uid, UID);
        shape_put(&task_opinion_shape, &opinions[i], result, ODD);
        shape_put(&task_opinion_shape, &opinions[i], failures, (int64_t)RETRIES_MAX);
    }
    for (size_t i = 0; i < TASK_VOTERS_MAX; i++) {
        shape_put(&task_voter_shape, &voters[i], agent, names[i]);
        shape_put(&task_voter_shape, &voters[i], agent_uid, UID);
        shape_put(&task_voter_shape, &voters[i], valid, (int64_t)TASKS_MAX);
        shape_put(&task_voter_shape, &voters[i], invalid, (int64_t)TASKS_MAX);
    }
    session = model_session(&fleet.ctl->model, "work")->object;
    copy = object_edit(session);
    quorum_state(&quorum, copy, &((struct harvest_session *)copy->body)->status.tasks);
    emit_object_json(copy, EMIT_ALL, JSON_SORTED, &text);
    assert_in_range(text.length + TASK_QUORUM_RESULTS_BYTES_MAX + 2 * TASK_INDEXES_MAX +
                        TASK_ENDS_BYTES_MAX + TASK_FAILURES_MAX * 320,
                    OBJECT_BYTES_MAX / 2, OBJECT_BYTES_MAX);
    object_unref(copy);
    str_fini(&text);
}

#define IN_FLEET(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FLEET(the_reputation_of_agents_follows_their_votes),
        IN_FLEET(one_result_waits_for_another_agents),
        IN_FLEET(who_disagrees_with_two_others_is_wrong),
        IN_FLEET(without_agreement_it_fails_for_good),
        IN_FLEET(a_success_that_owes_an_output_is_a_failure),
        IN_FLEET(failures_and_dissent_use_up_the_same_retries),
        IN_FLEET(nobody_else_is_there_for_a_second_opinion),
        IN_FLEET(another_agents_room_is_not_lost_on_who_waits),
        IN_FLEET(who_cannot_be_asked_holds_up_nobody_who_can),
        IN_FLEET(tasks_are_begun_for_as_long_as_there_is_room_for_opinions),
        IN_FLEET(those_that_wait_are_named),
        IN_FLEET(who_is_cut_short_waits_for_nobody),
        IN_FLEET(who_never_answers_is_not_waited_for),
        IN_FLEET(opinions_survive_a_start_of_the_controller),
        IN_FLEET(another_form_asks_anew),
        IN_FLEET(a_second_word_of_the_same_agent_is_none),
        IN_FLEET(of_a_lost_copy_and_its_replacement_both_are_heard),
        IN_FLEET(who_agreed_ten_times_is_trusted_and_yet_looked_at),
        IN_FLEET(one_lie_costs_the_trust),
        IN_FLEET(who_has_the_name_of_another_inherits_nothing),
        IN_FLEET(trust_without_a_uid_is_forgotten),
        IN_FLEET(votes_and_opinions_of_nobody_are_forgotten),
        IN_FLEET(a_session_with_a_quorum_stays_as_large_as_an_object_may_be),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
