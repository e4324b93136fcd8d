/* The gate: what tells of state waits until it is durable, in the order of steps; what does not
 * goes past. */
#include "controller/core/gate.h"

#include "schema/base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static struct gate *gate;

static int set_up(void **state)
{
    (void)state;
    gate = gate_new();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    gate_free(gate);
    return 0;
}

static void take(enum effect_type type, uint64_t id, uint64_t after)
{
    struct effects effects;
    struct effect effect = {.type = type, .id = id, .after = after};

    effects_init(&effects);
    if (type == EFFECT_ANSWER || type == EFFECT_CHUNK) {
        effect.bytes = blob_new("x", 1);
    }
    if (type == EFFECT_ANSWER) {
        effect.answer.code = 200;
        effect.answer.warning = mem_strdup("299 - \"w\"");
    }
    if (type == EFFECT_HANGUP) {
        effect.reason = mem_strdup("bye");
    }
    if (type == EFFECT_READ) {
        effect.read.name = mem_strdup("n");
    }
    vec_add(&effects, effect);
    gate_take(gate, &effects);
    effects_fini(&effects);
}

/* The ids that may be performed now, in order. */
static void expect(const char *ids)
{
    struct effect effect;
    struct str text = STR_EMPTY;

    while (gate_next(gate, &effect)) {
        str_addf(&text, "%s%llu", text.length > 0 ? " " : "", (unsigned long long)effect.id);
        effect_fini(&effect);
    }
    assert_string_equal(text.data, ids);
    str_fini(&text);
}

static void an_effect_waits_for_its_batch(void **state)
{
    (void)state;
    take(EFFECT_ANSWER, 1, 1);
    expect("");
    gate_committed(gate, 1);
    expect("1");
    expect("");
}

static void a_commit_releases_all_before_it_in_order(void **state)
{
    (void)state;
    take(EFFECT_ANSWER, 1, 1);
    take(EFFECT_SEND, 2, 1);
    take(EFFECT_CHUNK, 3, 2);
    take(EFFECT_END, 4, 3);
    take(EFFECT_READ, 5, 4);
    gate_committed(gate, 3);
    expect("1 2 3 4");
    gate_committed(gate, 4);
    expect("5");
}

static void what_is_durable_already_does_not_wait(void **state)
{
    (void)state;
    take(EFFECT_ANSWER, 1, 2);
    gate_committed(gate, 2);
    take(EFFECT_ANSWER, 2, 2);
    expect("1 2");
}

static void what_tells_nothing_goes_past_the_others(void **state)
{
    (void)state;
    take(EFFECT_ANSWER, 1, 1);
    take(EFFECT_HANGUP, 2, 0);
    take(EFFECT_SEND, 3, 0);
    expect("2 3");
    gate_committed(gate, 1);
    expect("1");
}

static void a_read_waits_behind_an_earlier_write(void **state)
{
    (void)state;
    take(EFFECT_ANSWER, 1, 1);
    take(EFFECT_ANSWER, 2, 1); /* of a step without a batch of its own */
    expect("");
    gate_committed(gate, 1);
    expect("1 2");
}

static void many_effects_keep_their_order(void **state)
{
    struct effect effect;
    uint64_t next = 1;

    (void)state;
    for (uint64_t i = 1; i <= 5000; i++) {
        take(EFFECT_END, i, i);
        if (i % 3 == 0) {
            gate_committed(gate, i);
        }
        if (i % 7 == 0 && gate_next(gate, &effect)) {
            assert_int_equal(effect.id, next++);
            effect_fini(&effect);
        }
    }
    gate_committed(gate, 5000);
    while (gate_next(gate, &effect)) {
        assert_int_equal(effect.id, next++);
        effect_fini(&effect);
    }
    assert_int_equal(next, 5001);
}

static void a_failed_commit_makes_outcomes_unknown(void **state)
{
    struct effect effect;

    (void)state;
    take(EFFECT_ANSWER, 1, 1);
    gate_committed(gate, 1);
    take(EFFECT_ANSWER, 2, 2);
    take(EFFECT_CHUNK, 3, 2);
    take(EFFECT_END, 4, 2);
    take(EFFECT_SEND, 5, 2);
    take(EFFECT_READ, 6, 3);
    gate_poison(gate);

    assert_true(gate_next(gate, &effect)); /* this one is durable */
    assert_int_equal(effect.id, 1);
    assert_int_equal(effect.answer.code, 200);
    effect_fini(&effect);
    assert_true(gate_next(gate, &effect));
    assert_int_equal(effect.id, 2);
    assert_int_equal(effect.type, EFFECT_ANSWER);
    assert_int_equal(effect.answer.code, 503);
    assert_int_equal(effect.answer.retry_after_seconds, 1);
    assert_null(effect.answer.warning);
    assert_non_null(strstr(effect.bytes->data, "the outcome is unknown"));
    assert_non_null(strstr(effect.bytes->data, "\"reason\":\"ServiceUnavailable\""));
    effect_fini(&effect);
    assert_true(gate_next(gate, &effect));
    assert_int_equal(effect.id, 3);
    assert_int_equal(effect.type, EFFECT_END); /* of the stream */
    effect_fini(&effect);
    expect("4");               /* agents and readers are told nothing */
    take(EFFECT_ANSWER, 7, 1); /* the next core counts from 1 again */
    expect("");
    gate_committed(gate, 1);
    expect("7");
}

static void a_stream_that_never_began_is_answered(void **state)
{
    struct effects effects;
    struct effect effect = {.type = EFFECT_ANSWER, .id = 1, .after = 1};

    (void)state;
    effects_init(&effects);
    effect.answer.code = 200;
    effect.answer.is_stream = true;
    vec_add(&effects, effect);
    gate_take(gate, &effects);
    effects_fini(&effects);
    take(EFFECT_CHUNK, 1, 1);
    gate_poison(gate);
    assert_true(gate_next(gate, &effect));
    assert_int_equal(effect.answer.code, 503);
    assert_false(effect.answer.is_stream);
    effect_fini(&effect);
}

static void what_waits_when_the_gate_goes_is_freed(void **state)
{
    (void)state;
    take(EFFECT_ANSWER, 1, 1);
    take(EFFECT_CHUNK, 2, 2);
    take(EFFECT_READ, 3, 2);
    take(EFFECT_HANGUP, 4, 0);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_effect_waits_for_its_batch),
        CASE(a_commit_releases_all_before_it_in_order),
        CASE(what_is_durable_already_does_not_wait),
        CASE(what_tells_nothing_goes_past_the_others),
        CASE(a_read_waits_behind_an_earlier_write),
        CASE(many_effects_keep_their_order),
        CASE(a_failed_commit_makes_outcomes_unknown),
        CASE(a_stream_that_never_began_is_answered),
        CASE(what_waits_when_the_gate_goes_is_freed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
