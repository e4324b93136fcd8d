/* Every reason that anybody gives has a remedy: a reason that is added gets one, or this fails. */
#include "schema/remedy.h"

#include "agent/core/work.h"
#include "controller/core/plan.h"
#include "schema/base/str.h"
#include "schema/policy.h"

#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void has_a_remedy(const char *reason)
{
    if (remedy_find(reason) == NULL) {
        print_message("no remedy for \"%s\": schema/remedy.c wants a row\n", reason);
        fail();
    }
}

static void have_remedies(const char *const *reasons)
{
    for (; *reasons != NULL; reasons++) {
        has_a_remedy(*reasons);
    }
}

static void what_a_policy_gives_as_its_reason_has_a_remedy(void **state)
{
    (void)state;
    have_remedies(policy_reason_words);
}

static void what_a_plan_gives_as_its_reason_has_a_remedy(void **state)
{
    (void)state;
    for (int i = 0; i < WHY_COUNT; i++) {
        has_a_remedy(why_to_str((enum why)i));
    }
}

static void what_an_agent_gives_as_its_reason_has_a_remedy(void **state)
{
    (void)state;
    have_remedies(work_outcome_words);
    have_remedies(assignment_phase_words); /* in place of a reason that is not there */
}

/* Reasons that stand in the code itself: the first group of the pattern. */
static size_t have_remedies_in(const char *path, const char *pattern)
{
    static char text[1 << 17];
    FILE *file = fopen(path, "re");
    regmatch_t match[2];
    regex_t regex;
    const char *missing = NULL;
    size_t count = 0;

    assert_non_null(file);
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    (void)fclose(file);
    assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED), 0);
    for (char *at = text; regexec(&regex, at, COUNT_OF(match), match, 0) == 0;
         at += match[1].rm_eo + 1, count++) {
        at[match[1].rm_eo] = '\0';
        missing = remedy_find(at + match[1].rm_so) == NULL ? at + match[1].rm_so : missing;
    }
    regfree(&regex);
    if (missing != NULL) {
        has_a_remedy(missing);
    }
    return count;
}

static void a_reason_in_the_code_has_a_remedy(void **state)
{
    (void)state;
    assert_in_range(have_remedies_in("agent/core/report.c", "PHASE_[A-Z]+,[ \n]*\"([A-Za-z]+)\""),
                    8, 100);
    assert_in_range(
        have_remedies_in("controller/core/agent_state.c", "CONDITION_[A-Z]+,[ \n]*\"([A-Za-z]+)\""),
        5, 100);
    assert_in_range(have_remedies_in("controller/core/chain.c", "[.]reason = \"([A-Za-z]+)\""), 2,
                    100);
}

static void what_holds_work_back_is_not_good_news(void **state)
{
    (void)state;
    for (int i = REASON_NONE + 1; i < REASON_COUNT; i++) {
        assert_int_not_equal(remedy_find(policy_reason_words[i])->kind, REMEDY_NONE);
    }
    for (int i = 0; i < WHY_COUNT; i++) {
        assert_int_not_equal(remedy_find(why_to_str((enum why)i))->kind, REMEDY_NONE);
    }
}

static void a_remedy_is_one_short_sentence_and_stands_once(void **state)
{
    (void)state;
    for (const struct remedy *it = remedies; it->reason != NULL; it++) {
        assert_ptr_equal(remedy_find(it->reason), it);
        assert_true((it->words == NULL) == (it->kind == REMEDY_NONE));
        if (it->words != NULL) {
            assert_in_range(strlen(it->words), 4, 140);
            assert_true(it->words[0] >= 'a' && it->words[0] <= 'z');
            assert_true(it->words[strlen(it->words) - 1] != '.');
        }
    }
}

static void there_are_words_for_what_nobody_knows(void **state)
{
    (void)state;
    assert_null(remedy_find("FromTheFuture"));
    assert_null(remedy_find(NULL));
    assert_string_equal(remedy_words("FromTheFuture"), "look at its message and its logs");
    assert_string_equal(remedy_words("Running"), "wait");
    assert_string_equal(remedy_words("Silent"), "look after the machine and its network");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_policy_gives_as_its_reason_has_a_remedy),
        cmocka_unit_test(what_a_plan_gives_as_its_reason_has_a_remedy),
        cmocka_unit_test(what_an_agent_gives_as_its_reason_has_a_remedy),
        cmocka_unit_test(a_reason_in_the_code_has_a_remedy),
        cmocka_unit_test(what_holds_work_back_is_not_good_news),
        cmocka_unit_test(a_remedy_is_one_short_sentence_and_stands_once),
        cmocka_unit_test(there_are_words_for_what_nobody_knows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
