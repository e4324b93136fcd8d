/* Which control groups serve: machines of version 2, of version 1, of both, containers, and what
 * they say when they do not. */
#include "agent/shim/cgroup_choose.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define NAME "fog-agent.0123"

static const char v2_mounts[] =
    "22 1 254:1 / / rw,relatime - ext4 /dev/vda1 rw\n"
    "30 22 0:26 / /sys/fs/cgroup rw,nosuid,nodev shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";
static const char v2_own[] = "0::/system.slice/fog-agent.service\n";

static const char v1_mounts[] =
    "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
    "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:10 - cgroup cgroup rw,cpu,cpuacct\n"
    "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
    "36 31 0:33 / /sys/fs/cgroup/devices rw,relatime - cgroup cgroup rw,devices\n"
    "37 31 0:34 / /sys/fs/cgroup/freezer rw,relatime - cgroup cgroup rw,freezer\n"
    "39 31 0:36 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids\n"
    "40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd\n";
static const char unified_mount[] =
    "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";
static const char v1_own[] = "9:name=systemd:/user.slice\n8:pids:/user.slice\n6:freezer:/\n"
                             "5:devices:/user.slice\n4:memory:/user.slice/x\n2:cpu,cpuacct:/\n";

/* --- the language of these tests ----------------------------------------------------------------
 */

static struct cgroup_facts facts;
static struct cgroup_site site;

/* What a trial on a machine without flaws would have found. */
static void try_all(unsigned v2_controllers)
{
    for (size_t i = 0; i < facts.count; i++) {
        struct cgroup_hierarchy *it = &facts.items[i];

        if (it->is_v2) {
            it->controllers = v2_controllers;
        }
        for (size_t j = 0; j < CGROUP_FILE_COUNT; j++) {
            if (cgroup_files[j].keeper == (it->is_v2 ? KEEPER_V2 : KEEPER_V1) &&
                ((it->controllers >> j & 1U) != 0 || cgroup_files[j].controller[0] == '\0')) {
                it->files |= 1U << j;
            }
        }
    }
}

static unsigned v2_controllers(const char *words)
{
    return cgroup_controllers_from_str(words, ' ', true);
}

static void keeps(enum cgroup_limit limit, enum cgroup_keeper keeper, const char *parent)
{
    assert_int_equal(site.ways[limit].keeper, keeper);
    assert_string_equal(site.ways[limit].parent, parent);
    assert_string_equal(site.ways[limit].reason, "");
}

static void leaves(enum cgroup_limit limit, const char *reason)
{
    assert_int_equal(site.ways[limit].keeper, KEEPER_SHIM);
    assert_string_equal(site.ways[limit].parent, "");
    assert_string_equal(site.ways[limit].reason, reason);
}

/* --- kinds of machines --------------------------------------------------------------------------
 */

static void a_machine_of_version_2(void **state)
{
    static const char parent[] = "/sys/fs/cgroup/system.slice/fog-agent.service/" NAME;

    (void)state;
    cgroup_facts_parse(v2_mounts, v2_own, "", NAME, &facts);
    assert_int_equal(facts.count, 1);
    assert_string_equal(facts.items[0].folder, "/sys/fs/cgroup/system.slice/fog-agent.service");
    try_all(v2_controllers("cpuset cpu io memory pids\n"));
    cgroup_choose(&facts, &site);
    for (int i = 0; i < CGROUP_LIMIT_COUNT; i++) {
        keeps((enum cgroup_limit)i, KEEPER_V2, parent);
    }
}

static void a_machine_of_version_1(void **state)
{
    (void)state;
    cgroup_facts_parse(v1_mounts, v1_own, "", NAME, &facts);
    assert_int_equal(facts.count, 4);
    try_all(0);
    cgroup_choose(&facts, &site);
    keeps(CGROUP_CPU, KEEPER_V1, "/sys/fs/cgroup/cpu,cpuacct/" NAME);
    keeps(CGROUP_USAGE, KEEPER_V1, "/sys/fs/cgroup/cpu,cpuacct/" NAME);
    keeps(CGROUP_SUSPEND, KEEPER_V1, "/sys/fs/cgroup/freezer/" NAME);
    keeps(CGROUP_MEMORY, KEEPER_V1, "/sys/fs/cgroup/memory/user.slice/x/" NAME);
    keeps(CGROUP_PIDS, KEEPER_V1, "/sys/fs/cgroup/pids/user.slice/" NAME);
}

static void a_machine_of_both(void **state)
{
    _cleanup_(str_fini)
    struct str mounts = STR_EMPTY, own = STR_EMPTY;

    (void)state;
    str_addf(&mounts, "%s%s", v1_mounts, unified_mount);
    str_addf(&own, "%s0::/init.scope\n", v1_own);
    cgroup_facts_parse(mounts.data, own.data, "", NAME, &facts);
    try_all(v2_controllers("hugetlb\n"));
    cgroup_choose(&facts, &site);
    keeps(CGROUP_CPU, KEEPER_V1, "/sys/fs/cgroup/cpu,cpuacct/" NAME);
    keeps(CGROUP_SUSPEND, KEEPER_V2, "/sys/fs/cgroup/unified/init.scope/" NAME);
    keeps(CGROUP_USAGE, KEEPER_V2, "/sys/fs/cgroup/unified/init.scope/" NAME);
    keeps(CGROUP_MEMORY, KEEPER_V1, "/sys/fs/cgroup/memory/user.slice/x/" NAME);
}

/* Docker's, without a namespace of its own for groups: what it sees is its own group's folder. */
static void a_container_that_sees_its_own_group_only(void **state)
{
    (void)state;
    cgroup_facts_parse("90 80 0:29 /docker/abc /sys/fs/cgroup/cpu ro,nosuid - cgroup cpu rw,cpu\n"
                       "91 80 0:34 /docker/abc /sys/fs/cgroup/freezer rw - cgroup c rw,freezer\n"
                       "92 80 0:36 /docker/other /sys/fs/cgroup/pids rw - cgroup c rw,pids\n",
                       "3:cpu:/docker/abc\n2:freezer:/docker/abc/deep\n1:pids:/docker/abc\n", "",
                       NAME, &facts);
    try_all(0);
    cgroup_choose(&facts, &site);
    leaves(CGROUP_CPU, "/sys/fs/cgroup/cpu is read-only");
    keeps(CGROUP_SUSPEND, KEEPER_V1, "/sys/fs/cgroup/freezer/deep/" NAME);
    leaves(CGROUP_PIDS, "the group cannot be seen in /sys/fs/cgroup/pids");
    leaves(CGROUP_MEMORY, "no cgroup with the controller \"memory\" is mounted");
}

static void a_group_outside_of_the_namespace_is_not_seen(void **state)
{
    (void)state;
    cgroup_facts_parse(v2_mounts, "0::/../../user.slice\n", "", NAME, &facts);
    try_all(v2_controllers("cpu"));
    cgroup_choose(&facts, &site);
    leaves(CGROUP_SUSPEND, "the group cannot be seen in /sys/fs/cgroup");
}

static void a_machine_without_groups(void **state)
{
    (void)state;
    cgroup_facts_parse("22 1 254:1 / / rw,relatime - ext4 /dev/vda1 rw\n", "", "", NAME, &facts);
    assert_int_equal(facts.count, 0);
    cgroup_choose(&facts, &site);
    leaves(CGROUP_CPU, "no cgroup with the controller \"cpu\" is mounted");
    leaves(CGROUP_SUSPEND, "no cgroup with the controller \"freezer\" is mounted");
}

/* --- version 2's controllers --------------------------------------------------------------------
 */

static void what_the_group_was_not_given_is_said(void **state)
{
    (void)state;
    cgroup_facts_parse(v2_mounts, v2_own, "", NAME, &facts);
    try_all(v2_controllers("memory pids"));
    cgroup_choose(&facts, &site);
    leaves(CGROUP_CPU, "/sys/fs/cgroup/system.slice/fog-agent.service does not have the controller "
                       "\"cpu\"");
    assert_int_equal(site.ways[CGROUP_MEMORY].keeper, KEEPER_V2);
    assert_int_equal(site.ways[CGROUP_SUSPEND].keeper, KEEPER_V2);
}

static void what_holds_controllers_back_is_said(void **state)
{
    (void)state;
    cgroup_facts_parse(v2_mounts, v2_own, "", NAME, &facts);
    try_all(0);
    facts.items[0].controllers = v2_controllers("cpu memory pids");
    cgroup_say(facts.items[0].held, "it has other processes in it");
    cgroup_choose(&facts, &site);
    leaves(CGROUP_CPU, "it has other processes in it");
    leaves(CGROUP_MEMORY, "it has other processes in it");
    assert_int_equal(site.ways[CGROUP_SUSPEND].keeper, KEEPER_V2);
}

static void an_old_kernel_lacks_files(void **state)
{
    (void)state;
    cgroup_facts_parse(v2_mounts, v2_own, "", NAME, &facts);
    try_all(v2_controllers("cpu memory pids"));
    facts.items[0].files &= ~(1U << 2); /* cgroup.freeze */
    cgroup_choose(&facts, &site);
    leaves(CGROUP_SUSPEND, "groups here have no cgroup.freeze");
    assert_int_equal(site.ways[CGROUP_CPU].keeper, KEEPER_V2);
}

static void an_agent_that_made_room_finds_its_place_again(void **state)
{
    (void)state;
    cgroup_facts_parse(v2_mounts, "0::/system.slice/fog-agent.service/" NAME ".self\n", "", NAME,
                       &facts);
    assert_string_equal(facts.items[0].parent,
                        "/sys/fs/cgroup/system.slice/fog-agent.service/" NAME);
    cgroup_facts_parse(v2_mounts, "0::/a/fog-agent.4567.self\n", "", NAME, &facts);
    assert_string_equal(facts.items[0].folder, "/sys/fs/cgroup/a/fog-agent.4567.self");
}

/* --- odd texts ----------------------------------------------------------------------------------
 */

static void a_group_may_be_given(void **state)
{
    (void)state;
    cgroup_facts_parse(v2_mounts, v2_own, "/machines/fog", NAME, &facts);
    assert_string_equal(facts.items[0].folder, "/sys/fs/cgroup/machines/fog");
    cgroup_facts_parse(v2_mounts, v2_own, "/sys/fs/cgroup/machines", NAME, &facts);
    assert_string_equal(facts.items[0].folder, "/sys/fs/cgroup/machines");
    cgroup_facts_parse(v2_mounts, v2_own, "/sys/fs/cgroup/../etc", NAME, &facts);
    assert_string_equal(facts.items[0].trouble, "the group cannot be seen in /sys/fs/cgroup");
}

static void blanks_and_second_mounts_are_understood(void **state)
{
    (void)state;
    cgroup_facts_parse("30 22 0:26 / /mnt/a\\040b rw - cgroup2 cgroup2 ro\n"
                       "31 22 0:26 / /mnt/second rw - cgroup2 cgroup2 rw\n"
                       "32 22 0:26 / /mnt/third rw - cgroup2 cgroup2 rw\n",
                       "0::/\n", "", NAME, &facts);
    assert_int_equal(facts.count, 1);
    assert_string_equal(facts.items[0].parent, "/mnt/second/" NAME);
    cgroup_facts_parse("30 22 0:26 / /mnt/a\\040b rw - cgroup2 cgroup2 rw\n", "0::/x y\n", "", NAME,
                       &facts);
    assert_string_equal(facts.items[0].folder, "/mnt/a b/x y");
}

static void nonsense_is_passed_over(void **state)
{
    _cleanup_(str_fini)
    struct str longest = STR_EMPTY;

    (void)state;
    cgroup_facts_parse("\n - \n- cgroup2 x\n30 - cgroup2 cgroup2 rw\n1 2 3 4 5 6 - cgroup2\n",
                       "::\n", "", NAME, &facts);
    assert_int_equal(facts.count, 0);
    cgroup_facts_parse(v2_mounts, "0:\nno colons\n::\n0:::/\n", "", NAME, &facts);
    str_add(&longest, "0::/");
    for (int i = 0; i < 2000; i++) {
        str_add_char(&longest, 'x');
    }
    cgroup_facts_parse(v2_mounts, longest.data, "", NAME, &facts);
    assert_true(facts.items[0].trouble[0] != '\0');
    str_clear(&longest);
    str_add(&longest, "0::/");
    for (int i = 0; i < 1010; i++) {
        str_add_char(&longest, 'x');
    }
    cgroup_facts_parse(v2_mounts, longest.data, "", NAME, &facts);
    assert_true(str_starts(facts.items[0].trouble, "the path of the group in "));
}

static void ways_are_told_in_words(void **state)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    (void)state;
    cgroup_facts_parse(v1_mounts, v1_own, "", NAME, &facts);
    try_all(0);
    facts.items[0].files = 0;
    cgroup_choose(&facts, &site);
    cgroup_way_to_str(&site, CGROUP_SUSPEND, &text);
    assert_string_equal(text.data, "cgroup v1, in /sys/fs/cgroup/freezer/" NAME);
    str_clear(&text);
    cgroup_way_to_str(&site, CGROUP_CPU, &text);
    assert_string_equal(text.data, "by stopping and continuing its processes ten times a second: "
                                   "groups here have no cpu.cfs_quota_us");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_machine_of_version_2),
        cmocka_unit_test(a_machine_of_version_1),
        cmocka_unit_test(a_machine_of_both),
        cmocka_unit_test(a_container_that_sees_its_own_group_only),
        cmocka_unit_test(a_group_outside_of_the_namespace_is_not_seen),
        cmocka_unit_test(a_machine_without_groups),
        cmocka_unit_test(what_the_group_was_not_given_is_said),
        cmocka_unit_test(what_holds_controllers_back_is_said),
        cmocka_unit_test(an_old_kernel_lacks_files),
        cmocka_unit_test(an_agent_that_made_room_finds_its_place_again),
        cmocka_unit_test(a_group_may_be_given),
        cmocka_unit_test(blanks_and_second_mounts_are_understood),
        cmocka_unit_test(nonsense_is_passed_over),
        cmocka_unit_test(ways_are_told_in_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
