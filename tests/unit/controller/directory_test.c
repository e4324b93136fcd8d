/* The config directory as a source: all of it or nothing, below operators and above agents. */
#include "controller/core/directory.h"
#include "schema/limits.h"
#include "schema/yaml.h"
#include "tests/support/api.h"
#include "tests/support/quick_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define SOURCES   "/apis/fog/v1/sources"
#define CONFLICTS "/apis/fog/v1/conflicts"

static struct api api;
static struct api_agent edge;

static int set_up(void **state)
{
    (void)state;
    edge = (struct api_agent){.name = "edge-1", .key = {1}};
    api_init(&api);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    api_fini(&api);
    return 0;
}

/* --- small language ----------------------------------------------------------------------------
 */

static void tell(const struct directory *directory)
{
    struct ctl_event event = {.type = CTL_DIRECTORY, .directory = directory};

    api_step(&api, &event);
}

/* The directory has one file with this in it; NULL: none at all. */
static void write_file(const char *text)
{
    struct documents documents = {0};
    struct directory directory = {.state = DIRECTORY_READ, .files = text == NULL ? 0 : 1};
    struct directory_document *items;

    problems_init(&directory.problems, &api.arena, "fleet.yaml");
    if (text != NULL) {
        (void)yaml_parse(&api.arena, text, strlen(text), &directory.problems, &documents);
        digest_of(text, strlen(text), &directory.digest);
    }
    items = arena_array(&api.arena, documents.count + 1, sizeof(*items));
    for (size_t i = 0; i < documents.count; i++) {
        items[i] = (struct directory_document){"fleet.yaml", documents.items[i]};
    }
    directory.documents = items;
    directory.count = documents.count;
    tell(&directory);
}

#define POLICY(name, percent)                                                                      \
    "---\napiVersion: fog/v1\nkind: HarvestPolicy\nmetadata: {name: " name "}\n"                   \
    "spec: {battery: {minPercent: " #percent "}}\n"
#define SESSION(name, spec)                                                                        \
    "---\napiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: " name "}\n"                  \
    "spec: {workload: {command: [/bin/work]}, " spec "}\n"
#define SITE(site)                                                                                 \
    "---\napiVersion: fog/v1\nkind: Agent\nmetadata: {name: edge-1, labels: {reported/site: " site \
    "}}\n"

static bool has(const char *target)
{
    return api_call(&api, "GET", target, NULL)->code == 200;
}

static int64_t percent(const char *name)
{
    return api_int(api_get(&api, api_target(&api, POLICIES "/%s", name)),
                   "spec.battery.minPercent");
}

static int64_t replicas(void)
{
    return api_int(api_get(&api, SESSIONS "/work"), "spec.replicas");
}

static void patch(const char *target, const char *text)
{
    api.content_type = "application/merge-patch+json";
    (void)api_expect(&api, 200, "PATCH", target, text);
    api.content_type = NULL;
}

static void apply(const char *target, const char *text)
{
    api.content_type = "application/apply-patch+yaml";
    (void)api_call(&api, "PATCH", api_target(&api, "%s?fieldManager=ann", target), text);
    api.content_type = NULL;
}

static void release(int code, const char *kind, const char *name, const char *fields)
{
    (void)api_expect(
        &api, code, "POST", CHANGESETS "?fieldManager=fogctl",
        api_target(&api,
                   "{'spec': {'changes': [{'verb': 'release', 'kind': '%s',"
                   "'name': '%s'%s%s}]}}",
                   kind, name, fields == NULL ? "" : ", 'fields': ", fields == NULL ? "" : fields));
}

/* How the directory stands: "True InForce: …". */
static void expect_source(const char *expected)
{
    struct node *source = api_get(&api, SOURCES "/directory");

    assert_string_equal(api_target(&api, "%s %s: %s",
                                   api_text(source, "status.conditions[0].status"),
                                   api_text(source, "status.conditions[0].reason"),
                                   api_text(source, "status.conditions[0].message")),
                        expected);
}

/* "harvestsession/work .spec.replicas ann api directory; …" */
static void expect_conflicts(const char *expected)
{
    const struct node *items = api_at(api_get(&api, CONFLICTS), "items");
    struct str text = STR_EMPTY;

    for (size_t i = 0; i < items->list.count; i++) {
        const struct node *spec = node_find(items->list.items[i], "spec");

        str_addf(&text, "%s%s %s %s %s %s", i == 0 ? "" : "; ", node_find_text(spec, "object"),
                 node_find_text(spec, "field"), node_find_text(spec, "owner"),
                 node_find_text(spec, "ownerSource"), node_find_text(spec, "refused"));
    }
    assert_string_equal(text.length == 0 ? "" : text.data, expected);
    str_fini(&text);
}

static const char *condition_message(const char *target)
{
    const struct node *list = api_at(api_get(&api, target), "status.conditions");

    for (size_t i = 0; list != NULL && i < list->list.count; i++) {
        if (str_eq(node_find_text(list->list.items[i], "type"), "Conflict") &&
            str_eq(node_find_text(list->list.items[i], "status"), "True")) {
            return node_find_text(list->list.items[i], "message");
        }
    }
    return "";
}

static size_t events(const char *reason)
{
    const struct node *items = api_at(api_get(&api, EVENTS), "items");
    size_t count = 0;

    for (size_t i = 0; i < items->list.count; i++) {
        count += str_eq(node_find_text(items->list.items[i], "reason"), reason) ? 1 : 0;
    }
    return count;
}

/* --- all or nothing ----------------------------------------------------------------------------
 */

static void what_the_directory_says_comes_to_be(void **state)
{
    (void)state;
    write_file(SESSION("work", "policy: p, replicas: 2") POLICY("p", 40));
    assert_int_equal(percent("p"), 40);
    assert_int_equal(replicas(), 2);
    expect_source("True InForce: 2 objects of 1 file");
    expect_conflicts("");
    assert_string_equal(api_text(api_get(&api, POLICIES "/p"), "metadata.managedFields[0].manager"),
                        "config-directory");
}

static void the_same_again_is_no_change(void **state)
{
    const char *before;

    (void)state;
    write_file(POLICY("p", 40));
    before = api_fingerprint(&api);
    write_file(POLICY("p", 40));
    assert_string_equal(api_fingerprint(&api), before);
}

static void a_mistake_anywhere_leaves_everything_as_it_was(void **state)
{
    (void)state;
    write_file(POLICY("p", 40));
    write_file(POLICY("p", 50) POLICY("q", 200) "---\nkind: [\n");
    assert_int_equal(percent("p"), 40);
    assert_false(has(POLICIES "/q"));
    write_file(POLICY("p", 50) POLICY("q", 200));
    expect_source("False Invalid: fleet.yaml:10:30: error: spec.battery.minPercent: 200 is above "
                  "100");
    assert_int_equal(percent("p"), 40);
    assert_int_equal(events("Invalid"), 2);
    write_file(POLICY("p", 50) POLICY("q", 20));
    assert_int_equal(percent("p"), 50);
    expect_source("True InForce: 2 objects of 1 file");
    assert_null(api_at(api_get(&api, SOURCES "/directory"), "status.problems"));
}

static void every_mistake_is_told_at_its_place(void **state)
{
    struct node *source;

    (void)state;
    write_file(POLICY("p", 200) POLICY("p", 50) "---\napiVersion: fog/v1\nkind: HarvestPolicy\n"
                                                "metadata: {name: Q}\nspecs: {}\n"
                                                "---\napiVersion: fog/v1\nkind: Assignment\n");
    source = api_get(&api, SOURCES "/directory");
    assert_int_equal(api_at(source, "status.problems")->list.count, 4);
    assert_string_equal(api_text(source, "status.problems[1]"),
                        "fleet.yaml:7:1: error: metadata.name: harvestpolicy \"p\" is declared at "
                        "fleet.yaml:2 already");
    assert_false(has(POLICIES "/p"));
}

static void what_is_declared_twice_is_a_mistake(void **state)
{
    (void)state;
    write_file(POLICY("p", 20) POLICY("p", 30));
    expect_source("False Invalid: fleet.yaml:7:1: error: metadata.name: harvestpolicy \"p\" is "
                  "declared at fleet.yaml:2 already");
}

static void what_cannot_be_carried_out_is_tried_again(void **state)
{
    (void)state;
    write_file(POLICY("q", 20) SESSION("work", "policy: p"));
    assert_false(has(POLICIES "/q"));
    expect_source("False Refused: fleet.yaml:10:50: error: spec.policy: there is no HarvestPolicy "
                  "\"p\"");
    (void)api_expect(&api, 201, "POST", POLICIES, "{'metadata': {'name': 'p'}}");
    api_advance(&api, 6000);
    assert_true(has(POLICIES "/q"));
    assert_true(has(SESSIONS "/work"));
    expect_source("True InForce: 2 objects of 1 file");
}

static void a_directory_that_cannot_be_read_says_nothing(void **state)
{
    struct directory directory = {.state = DIRECTORY_MISSING};

    (void)state;
    write_file(POLICY("p", 20));
    problems_init(&directory.problems, &api.arena, "/etc/fog/fleet");
    problem_add(&directory.problems, PROBLEM_ERROR, CAUSE_INVALID, NULL, "", "it is not there");
    tell(&directory);
    assert_true(has(POLICIES "/p"));
    expect_source("False Missing: /etc/fog/fleet: error: it is not there");
    write_file(NULL);
    assert_true(has(POLICIES "/p"));
    assert_string_equal(
        api_text(api_get(&api, SOURCES "/directory"), "status.conditions[0].reason"), "Empty");
    write_file("# nothing any more\n");
    assert_false(has(POLICIES "/p"));
    expect_source("True InForce: 0 objects of 1 file");
}

/* --- below operators ---------------------------------------------------------------------------
 */

static void an_operator_outranks_the_directory(void **state)
{
    (void)state;
    write_file(SESSION("work", "replicas: 2"));
    patch(SESSIONS "/work", "{'spec': {'replicas': 5}}");
    assert_int_equal(replicas(), 5);
    expect_conflicts("harvestsession/work .spec.replicas tester api directory");
    assert_string_equal(condition_message(SESSIONS "/work"),
                        ".spec.replicas belongs to \"tester\" (api), directory is refused");
    assert_int_equal(events("Conflict"), 1);

    write_file(SESSION("work", "replicas: 3, retries: 7"));
    assert_int_equal(replicas(), 5);
    assert_int_equal(api_int(api_get(&api, SESSIONS "/work"), "spec.retries"), 7);
    assert_int_equal(events("Conflict"), 1);
}

static void an_operator_applies_over_the_directory_without_force(void **state)
{
    (void)state;
    write_file(SESSION("work", "replicas: 2"));
    apply(SESSIONS "/work", "{'spec': {'replicas': 4}}");
    assert_int_equal(replicas(), 4);
    expect_conflicts("harvestsession/work .spec.replicas ann api directory");
    apply(SESSIONS "/work", "{'spec': {}}"); /* gives it up again */
    assert_int_equal(replicas(), 2);
    expect_conflicts("");
    assert_string_equal(condition_message(SESSIONS "/work"), "");
}

static void a_directory_that_agrees_is_in_no_conflict(void **state)
{
    (void)state;
    write_file(SESSION("work", "replicas: 2"));
    patch(SESSIONS "/work", "{'spec': {'replicas': 5}}");
    write_file(SESSION("work", "replicas: 5"));
    expect_conflicts("");
    write_file(SESSION("work", "replicas: 2"));
    assert_int_equal(replicas(), 5);
    expect_conflicts("harvestsession/work .spec.replicas tester api directory");
}

static void what_is_released_is_the_directorys_again(void **state)
{
    (void)state;
    write_file(SESSION("work", "replicas: 2, retries: 1"));
    patch(SESSIONS "/work", "{'spec': {'replicas': 5, 'retries': 6}}");
    release(200, "HarvestSession", "work", "['.spec.replicas']");
    assert_int_equal(replicas(), 2);
    assert_int_equal(api_int(api_get(&api, SESSIONS "/work"), "spec.retries"), 6);
    expect_conflicts("harvestsession/work .spec.retries tester api directory");
    release(200, "HarvestSession", "work", NULL);
    assert_int_equal(api_int(api_get(&api, SESSIONS "/work"), "spec.retries"), 1);
    expect_conflicts("");
    release(200, "HarvestSession", "work", NULL);
    release(422, "HarvestSession", "work", "['.spec.replicas']");
    release(404, "HarvestSession", "nothing", NULL);
}

/* --- deleting ----------------------------------------------------------------------------------
 */

static void what_an_operator_deletes_stays_deleted(void **state)
{
    (void)state;
    write_file(POLICY("p", 20) POLICY("q", 20));
    api.user = "ann";
    (void)api_expect(&api, 200, "DELETE", POLICIES "/p", NULL);
    expect_conflicts("harvestpolicy/p (deleted) ann api directory");
    write_file(POLICY("p", 30) POLICY("q", 30));
    assert_false(has(POLICIES "/p"));
    assert_int_equal(percent("q"), 30);

    api_restart(&api);
    write_file(POLICY("p", 30) POLICY("q", 30));
    assert_false(has(POLICIES "/p"));
    expect_conflicts("harvestpolicy/p (deleted) ann api directory");
    release(200, "HarvestPolicy", "p", NULL);
    assert_int_equal(percent("p"), 30);
    expect_conflicts("");
}

static void what_an_operator_makes_anew_lifts_the_tombstone(void **state)
{
    (void)state;
    write_file(SESSION("work", "replicas: 2, retries: 3"));
    (void)api_expect(&api, 200, "DELETE", SESSIONS "/work", NULL);
    apply(SESSIONS "/work", "{'spec': {'replicas': 1, " WORK "}}");
    assert_int_equal(replicas(), 1);
    assert_int_equal(api_int(api_get(&api, SESSIONS "/work"), "spec.retries"), 3);
    expect_conflicts("harvestsession/work .spec.replicas ann api directory");
}

static void write_policies(size_t count)
{
    _cleanup_(str_fini)
    struct str text = STR_EMPTY;

    for (size_t i = 0; i < count; i++) {
        str_addf(&text, "---\napiVersion: fog/v1\nkind: HarvestPolicy\nmetadata: {name: p-%zu}\n",
                 i);
        str_add(&text, "spec: {battery: {minPercent: 20}}\n");
    }
    write_file(text.data);
}

static void delete_policies(size_t from, size_t to)
{
    _cleanup_(str_fini)
    struct str body = STR_EMPTY;

    str_add(&body, "{'spec': {'changes': [");
    for (size_t i = from; i < to; i++) {
        str_addf(&body, "%s{'verb': 'delete', 'kind': 'HarvestPolicy', 'name': 'p-%zu'}",
                 i == from ? "" : ", ", i);
    }
    str_add(&body, "]}}");
    (void)api_expect(&api, 200, "POST", "/apis/fog/v1/changesets", body.data);
}

/* Given as many tombstones as are kept, of files that are gone: one more is at the cost of the
 * oldest, and fields that are refused are told of all the same. */
static void the_oldest_tombstones_are_forgotten(void **state)
{
    (void)state;
    write_policies(TOMBSTONES_MAX);
    delete_policies(0, 1);
    api_advance(&api, 1000);
    delete_policies(1, TOMBSTONES_MAX);
    apply(POLICIES "/q", "{'spec': {'battery': {'minPercent': 40}}}");
    write_file(POLICY("q", 20) POLICY("r", 20));
    assert_int_equal(api.ctl->model.tombstones, TOMBSTONES_MAX);
    assert_int_equal(api.ctl->model.objects[KIND_CONFLICT].count, TOMBSTONES_MAX + 1);
    (void)api_expect(&api, 200, "DELETE", POLICIES "/r", NULL);
    assert_int_equal(api.ctl->model.tombstones, TOMBSTONES_MAX);
    write_policies(2);
    assert_true(has(POLICIES "/p-0"));
    assert_false(has(POLICIES "/p-1"));
}

static void what_the_directory_names_no_more_goes(void **state)
{
    (void)state;
    write_file(POLICY("p", 20) POLICY("q", 20));
    api_restart(&api); /* nothing of before is remembered but who owns what */
    write_file(POLICY("q", 20));
    assert_false(has(POLICIES "/p"));
    assert_true(has(POLICIES "/q"));
    expect_conflicts("");
}

static void what_an_operator_owns_does_not_go_with_its_file(void **state)
{
    struct node *work;

    (void)state;
    write_file(SESSION("work", "replicas: 2, retries: 3") POLICY("p", 20));
    patch(SESSIONS "/work", "{'spec': {'replicas': 5}}");
    write_file(POLICY("p", 20));
    work = api_get(&api, SESSIONS "/work");
    assert_int_equal(replicas(), 5);
    /* Its command has nobody else, and it cannot do without. */
    assert_string_equal(api_text(work, "spec.workload.command[0]"), "/bin/work");
    assert_int_equal(api_at(work, "metadata.managedFields")->list.count, 1);
    expect_conflicts("");
}

static void a_conflict_ends_with_its_file_though_nothing_is_withdrawn(void **state)
{
    (void)state;
    write_file(POLICY("p", 40) POLICY("q", 40));
    patch(POLICIES "/p", "{'spec': {'battery': {'minPercent': 50}}}"); /* all that it declares */
    expect_conflicts("harvestpolicy/p .spec.battery.minPercent tester api directory");
    write_file(POLICY("q", 40));
    expect_conflicts("");
    assert_int_equal(percent("p"), 50);
}

static void what_is_in_use_keeps_the_whole_directory_waiting(void **state)
{
    (void)state;
    write_file(POLICY("p", 20));
    (void)api_expect(&api, 201, "POST", SESSIONS,
                     "{'metadata': {'name': 'work'}, 'spec': {'policy': 'p', " WORK "}}");
    write_file(POLICY("q", 20));
    assert_true(has(POLICIES "/p"));
    assert_false(has(POLICIES "/q"));
    expect_source("False Refused: error: harvestpolicies.fog \"p\" is used by harvestsession "
                  "\"work\"; change or delete that first");
    (void)api_expect(&api, 200, "DELETE", SESSIONS "/work", NULL);
    api_advance(&api, 6000);
    assert_false(has(POLICIES "/p"));
    assert_true(has(POLICIES "/q"));
}

/* --- undo --------------------------------------------------------------------------------------
 */

static void roll_back_to(uint64_t revision, const char *more)
{
    (void)api_expect(
        &api, 200, "POST", ROLLBACKS,
        api_target(&api, "{'spec': {'toRevision': '%llu'%s}}", (unsigned long long)revision, more));
}

static void an_undo_is_not_undone_by_the_directory(void **state)
{
    uint64_t then;

    (void)state;
    write_file(SESSION("work", "replicas: 2"));
    then = api_revision(&api);
    write_file(SESSION("work", "replicas: 4, retries: 9") POLICY("later", 20));
    roll_back_to(then, ", 'prune': true");
    assert_int_equal(replicas(), 2);
    assert_false(has(POLICIES "/later"));

    write_file(SESSION("work", "replicas: 4, retries: 9") POLICY("later", 20));
    api_restart(&api);
    write_file(SESSION("work", "replicas: 4, retries: 9") POLICY("later", 20));
    assert_int_equal(replicas(), 2);
    assert_int_equal(api_int(api_get(&api, SESSIONS "/work"), "spec.retries"), 5);
    assert_false(has(POLICIES "/later"));
    roll_back_to(then, ", 'prune': true");
    assert_int_equal(replicas(), 2);
}

static void what_an_undo_brought_back_does_not_go_with_its_file(void **state)
{
    uint64_t then;

    (void)state;
    write_file(POLICY("p", 20) POLICY("q", 20));
    then = api_revision(&api);
    write_file(POLICY("q", 20));
    assert_false(has(POLICIES "/p"));
    roll_back_to(then, "");
    assert_int_equal(percent("p"), 20);
    write_file(POLICY("q", 30));
    assert_int_equal(percent("p"), 20);
}

/* Between a start and the first look at the directory nobody knows what it will say. */
static void an_undo_before_the_directory_is_read_is_not_undone(void **state)
{
    uint64_t then;

    (void)state;
    (void)api_expect(&api, 201, "POST", SESSIONS,
                     "{'metadata': {'name': 'work'}, 'spec': {'replicas': 1, " WORK "}}");
    then = api_revision(&api);
    patch(SESSIONS "/work", "{'spec': {'retries': 4}}");
    write_file(POLICY("p", 20));
    api_restart(&api);
    roll_back_to(then, ", 'kind': 'HarvestSession'");
    write_file(SESSION("work", "retries: 4"));
    assert_int_equal(api_int(api_get(&api, SESSIONS "/work"), "spec.retries"), 5);
}

/* --- above agents ------------------------------------------------------------------------------
 */

static const char *site(void)
{
    return api_text(api_at(api_get(&api, AGENTS "/edge-1"), "metadata.labels"), "reported/site");
}

static const char *program(void)
{
    return api_text(api_get(&api, SESSIONS "/work"), "spec.workload.command[0]");
}

#define RUNS(program, more)                                                                        \
    "---\napiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: work}\n"                      \
    "spec: {workload: {command: [" program "]}, " more "}\n"

static void an_undone_form_is_not_undone_by_the_directory(void **state)
{
    uint64_t good;

    (void)state;
    write_file(RUNS("/bin/good", "replicas: 1"));
    good = api_revision(&api);
    write_file(POLICY("quiet", 10) RUNS("/bin/bad", "replicas: 3, policy: quiet"));
    roll_back_to(good, ", 'kind': 'HarvestSession', 'name': 'work', 'formOnly': true");
    assert_string_equal(program(), "/bin/good");
    assert_int_equal(replicas(), 3); /* that is not its form */
    write_file(POLICY("quiet", 10) RUNS("/bin/worse", "replicas: 4, policy: quiet"));
    assert_string_equal(program(), "/bin/good");
    assert_string_equal(api_text(api_get(&api, SESSIONS "/work"), "spec.policy"), "");
    assert_int_equal(replicas(), 4);
}

static void a_form_that_was_reverted_is_not_put_back_by_the_directory(void **state)
{
    static const char *const bad =
        RUNS("/bin/bad", "replicas: 1, rollout: {progressDeadline: 10s, healthyAfter: 0s, "
                         "onFailure: revert}");

    (void)state;
    write_file(RUNS("/bin/good", "replicas: 0, rollout: {progressDeadline: 10s, healthyAfter: 0s, "
                                 "onFailure: revert}"));
    write_file(bad);
    api_advance(&api, 11000);
    assert_string_equal(program(), "/bin/good");
    write_file(bad); /* as it was */
    api_advance(&api, 60000);
    assert_string_equal(program(), "/bin/good");
    api_restart(&api);
    write_file(bad);
    api_advance(&api, 60000);
    assert_string_equal(program(), "/bin/good");
    write_file(RUNS("/bin/worse", "replicas: 0")); /* nor by a newer one */
    assert_string_equal(program(), "/bin/good");
    assert_int_equal(replicas(), 0);
    expect_conflicts("harvestsession/work .spec.workload.command fog-controller api directory");
    release(200, "HarvestSession", "work", NULL);
    write_file(RUNS("/bin/mended", "replicas: 0"));
    assert_string_equal(program(), "/bin/mended");
}

static void say_site(const char *text)
{
    struct strpair label = {"site", text};
    struct wire_hello hello;
    struct wire_message welcome;

    edge.link = api_link_up(&api);
    hello = api_hello(&api, &edge);
    hello.labels.items = &label;
    hello.labels.count = 1;
    api_say_hello(&api, &edge, &hello);
    assert_true(api_hear(&api, edge.link, WIRE_WELCOME, &welcome));
}

static void three_sources_rank(void **state)
{
    (void)state;
    say_site("north");
    assert_string_equal(site(), "north");
    write_file(SITE("cellar"));
    assert_string_equal(site(), "cellar");
    expect_conflicts("agent/edge-1 .metadata.labels.reported/site config-directory directory "
                     "discovery");
    patch(AGENTS "/edge-1", "{'metadata': {'labels': {'reported/site': 'attic'}}}");
    assert_string_equal(site(), "attic");
    assert_string_equal(condition_message(AGENTS "/edge-1"),
                        ".metadata.labels.reported/site belongs to \"tester\" (api), discovery is "
                        "refused; .metadata.labels.reported/site belongs to \"tester\" (api), "
                        "directory is refused");
    release(200, "Agent", "edge-1", NULL);
    assert_string_equal(site(), "cellar");
    write_file("# no agents\n");
    assert_string_equal(site(), "north");
    expect_conflicts("");
}

static void an_agent_that_says_more_ends_what_the_directory_was_refused(void **state)
{
    (void)state;
    write_file("apiVersion: fog/v1\nkind: Agent\nmetadata: {name: edge-1, labels: {}}\n");
    (void)api_expect(&api, 200, "PUT", AGENTS "/edge-1", "{'metadata': {'name': 'edge-1'}}");
    expect_conflicts("agent/edge-1 .metadata.labels tester api directory");
    say_site("north"); /* now there are labels, as the directory says */
    assert_string_equal(site(), "north");
    expect_conflicts("");
}

static void what_is_released_an_agent_says_at_once(void **state)
{
    (void)state;
    say_site("north");
    patch(AGENTS "/edge-1", "{'metadata': {'labels': {'reported/site': 'attic'}}}");
    expect_conflicts("agent/edge-1 .metadata.labels.reported/site tester api discovery");
    release(200, "Agent", "edge-1", "['metadata.labels']");
    assert_string_equal(site(), "north");
    expect_conflicts("");
    (void)api_expect(&api, 200, "DELETE", AGENTS "/edge-1", NULL);
    expect_conflicts("");
}

/* --- the objects about it ----------------------------------------------------------------------
 */

static void nobody_writes_conflicts_and_sources(void **state)
{
    (void)state;
    write_file(POLICY("p", 20));
    (void)api_expect(&api, 200, "DELETE", POLICIES "/p", NULL);
    (void)api_expect(&api, 405, "DELETE", SOURCES "/directory", NULL);
    (void)api_expect(&api, 405, "POST", SOURCES, "{'metadata': {'name': 'x'}}");
    (void)api_expect(&api, 405, "DELETE", CONFLICTS, "");
    expect_conflicts("harvestpolicy/p (deleted) alice api directory");
}

static void a_release_can_be_looked_at_first(void **state)
{
    struct node *answer;
    const char *before;

    (void)state;
    write_file(SESSION("work", "replicas: 2"));
    patch(SESSIONS "/work", "{'spec': {'replicas': 5}}");
    before = api_fingerprint(&api);
    answer = api_expect(&api, 200, "POST", CHANGESETS "?dryRun=All",
                        "{'spec': {'changes': [{'verb': 'release', 'kind': 'HarvestSession',"
                        "'name': 'work'}]}}");
    assert_int_equal(api_int(answer, "status.results[0].object.spec.replicas"), 2);
    assert_string_equal(api_fingerprint(&api), before);
}

static void without_a_directory_its_objects_stay(void **state)
{
    struct directory none = {.state = DIRECTORY_NONE};

    (void)state;
    tell(&none);
    assert_false(has(SOURCES "/directory"));
    write_file(POLICY("p", 20));
    api_restart(&api);
    tell(&none);
    assert_true(has(POLICIES "/p"));
    assert_string_equal(
        api_text(api_get(&api, SOURCES "/directory"), "status.conditions[0].reason"),
        "NotConfigured");
}

#define DIGEST(digit)                                                                              \
    "blake2b:" digit "000000000000000000000000000000000000000000000000000000000000000"

static void work_with(const char *digest)
{
    write_file(api_target(&api,
                          "apiVersion: fog/v1\nkind: HarvestSession\nmetadata: {name: work}\nspec: "
                          "{workload: {command: [/bin/work], artifacts: [{path: a b, digest: "
                          "\"%s\"}]}}\n",
                          digest));
}

static void advice_is_one_that_a_shell_understands(void **state)
{
    const struct node *chain;

    (void)state;
    work_with(DIGEST("1"));
    apply(SESSIONS "/work",
          "{'apiVersion': 'fog/v1', 'kind': 'HarvestSession', 'metadata': {'name': 'work'}, 'spec':"
          "{'workload': {'artifacts': [{'path': 'a b', 'digest': '" DIGEST("2") "'}]}}}");
    work_with(DIGEST("3"));
    chain = api_get(&api, api_target(&api, CONFLICTS "/%s/why",
                                     api_text(api_get(&api, CONFLICTS), "items[0].metadata.name")));
    assert_string_equal(api_text(chain, "inTheWay.actions[0]"),
                        "fogctl release harvestsession/work --field "
                        "'.spec.workload.artifacts[path=\"a b\"].digest'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(what_the_directory_says_comes_to_be),
        TEST(the_same_again_is_no_change),
        TEST(a_mistake_anywhere_leaves_everything_as_it_was),
        TEST(every_mistake_is_told_at_its_place),
        TEST(what_is_declared_twice_is_a_mistake),
        TEST(what_cannot_be_carried_out_is_tried_again),
        TEST(a_directory_that_cannot_be_read_says_nothing),
        TEST(an_operator_outranks_the_directory),
        TEST(an_operator_applies_over_the_directory_without_force),
        TEST(a_directory_that_agrees_is_in_no_conflict),
        TEST(what_is_released_is_the_directorys_again),
        TEST(what_an_operator_deletes_stays_deleted),
        TEST(what_an_operator_makes_anew_lifts_the_tombstone),
        TEST(the_oldest_tombstones_are_forgotten),
        TEST(what_the_directory_names_no_more_goes),
        TEST(what_an_operator_owns_does_not_go_with_its_file),
        TEST(a_conflict_ends_with_its_file_though_nothing_is_withdrawn),
        TEST(what_is_in_use_keeps_the_whole_directory_waiting),
        TEST(an_undo_is_not_undone_by_the_directory),
        TEST(what_an_undo_brought_back_does_not_go_with_its_file),
        TEST(an_undo_before_the_directory_is_read_is_not_undone),
        TEST(a_form_that_was_reverted_is_not_put_back_by_the_directory),
        TEST(an_undone_form_is_not_undone_by_the_directory),
        TEST(three_sources_rank),
        TEST(an_agent_that_says_more_ends_what_the_directory_was_refused),
        TEST(what_is_released_an_agent_says_at_once),
        TEST(nobody_writes_conflicts_and_sources),
        TEST(a_release_can_be_looked_at_first),
        TEST(without_a_directory_its_objects_stay),
        TEST(advice_is_one_that_a_shell_understands),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
