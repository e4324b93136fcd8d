#include "tests/sim/twin.h"

#include "schema/json.h"
#include "schema/kinds/agent.h"
#include "schema/kinds/alert_rule.h"
#include "schema/yaml.h"
#include "tests/sim/check_reverts.h"
#include "tests/sim/checks.h"
#include "tests/sim/declared.h"
#include "tests/sim/judge.h"
#include "tests/sim/machine.h"
#include "tests/sim/operators.h"
#include "tests/sim/shim.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TRIES_MAX = 160, TRY_MS = 500, PACE_MS = 40 };

struct story_row { /* of the ledger, by an operator */
    uint64_t revision;
    size_t write, ordinal; /* the so-manieth of this write, policies and sessions alone */
};

struct story_write {
    char key[24], target[200];
    const char *method, *content_type; /* static */
    char *body;                        /* owned */
    size_t body_size_bytes;
    size_t work_rows; /* of policies and sessions */
};

struct story {
    struct {
        VEC_OF(struct story_write);
    } writes; /* in the order of the ledger */
    struct {
        VEC_OF(struct story_row);
    } rows;
    struct str work, agents; /* declared at the end */
    size_t machine_count;
    struct resources capacity[MACHINES_MAX];
    const char *site[MACHINES_MAX]; /* static */
};

/* --- what was done ---------------------------------------------------------------------------- */

static bool is_declared(const struct kind *kind)
{
    return !kind->is_derived && !kind->is_event;
}

/* Agents write rows of their own, at times of their own, and labels come with those. */
static bool is_work(const struct kind *kind)
{
    return is_declared(kind) && kind != &agent_kind;
}

static struct story_write *write_of(struct story *story, const char *key)
{
    vec_each (&story->writes, it) {
        if (str_eq(it->key, key)) {
            return it;
        }
    }
    return NULL;
}

static struct story_write *add_write(struct story *story, const struct sent *sent)
{
    struct story_write write = {.method = sent->method,
                                .content_type = sent->content_type,
                                .body = mem_strdup(sent->body),
                                .body_size_bytes = sent->body_size_bytes};

    memcpy(write.key, sent->key, sizeof(write.key));
    memcpy(write.target, sent->target, sizeof(write.target));
    vec_add(&story->writes, write);
    return &story->writes.items[story->writes.count - 1];
}

static void add_row(struct sim *sim, struct story *story, const struct checks_row *row)
{
    const struct sent *sent = operators_sent(sim, row->why);
    struct story_write *write = write_of(story, row->why);

    if (row->kind == &alert_rule_kind) {
        return; /* alerts.h: who writes those has no keys, and a rollback may touch them */
    }
    if (sent == NULL) {
        if (row->kind != &agent_kind) {
            sim_fail(sim, "once", "%s \"%s\" has a revision, %" PRIu64 ", that nobody asked for",
                     row->kind->singular, row->name, row->revision);
        }
        return; /* agents write their own objects */
    }
    if (write == NULL) {
        write = add_write(story, sent);
    }
    if (is_work(row->kind)) {
        vec_add(&story->rows,
                ((struct story_row){row->revision, (size_t)(write - story->writes.items),
                                    write->work_rows}));
        write->work_rows++;
    }
}

struct story *story_new(struct sim *sim)
{
    struct story *story = MEM_NEW(struct story);
    struct checks_row row;

    str_init(&story->work);
    str_init(&story->agents);
    for (size_t i = 0; checks_row(sim, i, &row) && !sim->has_failed; i++) {
        if (is_declared(row.kind)) {
            add_row(sim, story, &row);
        }
    }
    for (size_t i = 0; i < sim->machine_count && !machine_is_copy(sim->machines[i]); i++) {
        story->machine_count++;
        story->capacity[i] = sim->machines[i]->options.settings.capacity;
        story->site[i] = sim->machines[i]->labels[0].value;
    }
    declared_print(sim, DECLARED_WORK, &story->work);
    declared_print_agents(sim, &story->agents);
    return story;
}

void story_free(struct story *story)
{
    if (story == NULL) {
        return;
    }
    vec_each (&story->writes, it) {
        free(it->body);
    }
    vec_fini(&story->writes);
    vec_fini(&story->rows);
    str_fini(&story->work);
    str_fini(&story->agents);
    free(story);
}

size_t story_writes(const struct story *story)
{
    return story->writes.count;
}

size_t story_machines(const struct story *story)
{
    return story->machine_count;
}

/* --- doing it again --------------------------------------------------------------------------- */

void twin_furnish(struct sim *twin, const struct story *story)
{
    for (size_t i = 0; i < story->machine_count && i < twin->machine_count; i++) {
        twin->machines[i]->options.settings.capacity = story->capacity[i];
        twin->machines[i]->labels[0].value = story->site[i];
    }
}

/* The revision of the second world that corresponds to one of the first: the last row of a policy
 * or session up to it is there the same row of the same write. */
static uint64_t revision_there(struct sim *twin, const struct story *story, uint64_t revision)
{
    const struct story_row *last = NULL;
    struct checks_row row;
    size_t ordinal = 0;

    vec_each (&story->rows, it) {
        last = it->revision <= revision ? it : last;
    }
    for (size_t i = 0; last != NULL && checks_row(twin, i, &row); i++) {
        if (is_work(row.kind) && str_eq(row.why, story->writes.items[last->write].key) &&
            ordinal++ == last->ordinal) {
            return row.revision;
        }
    }
    return 1;
}

static struct node *read_body(struct arena *arena, const struct story_write *write)
{
    struct problems problems;
    struct documents documents = {0};
    struct node *root = NULL;

    problems_init(&problems, arena, NULL);
    if (write->body_size_bytes > 0 &&
        json_parse(arena, write->body, write->body_size_bytes, JSON_PLAIN, &problems, &root) < 0 &&
        yaml_parse(arena, write->body, write->body_size_bytes, &problems, &documents) == 0) {
        root = documents.items[0];
    }
    return root;
}

/* What names a version names one of the first world; that it was the right one then is known. */
static void translate(struct sim *twin, const struct story *story, struct arena *arena,
                      struct node *root)
{
    static const char *const of_then[] = {"uid", "resourceVersion", "generation",
                                          "creationTimestamp", "managedFields"};
    struct node *meta = node_find(root, "metadata"), *spec = node_find(root, "spec");
    const char *back = node_find_text(spec, "toRevision");

    for (size_t i = 0; meta != NULL && i < COUNT_OF(of_then); i++) {
        (void)node_remove(meta, of_then[i]);
    }
    if (str_eq(node_find_text(root, "kind"), "ChangeSet")) {
        (void)node_remove(spec, "revision");
    } else if (back != NULL) {
        node_set(
            arena, spec, "toRevision",
            node_str(arena, arena_printf(arena, "%" PRIu64,
                                         revision_there(twin, story, strtoull(back, NULL, 10)))));
    }
}

static size_t work_rows_of(struct sim *twin, const char *key)
{
    struct checks_row row;
    size_t count = 0;

    for (size_t i = 0; checks_row(twin, i, &row); i++) {
        count += is_work(row.kind) && str_eq(row.why, key);
    }
    return count;
}

static void play(struct sim *twin, const struct story *story, const struct story_write *write)
{
    _cleanup_(arena_fini)
    struct arena arena = {0};
    _cleanup_(str_fini)
    struct str body = STR_EMPTY;
    struct node *root = read_body(&arena, write);
    bool has_options = str_eq(node_find_text(root, "kind"), "DeleteOptions");
    bool is_yaml = str_eq(write->content_type, "application/yaml");
    struct http_request request = {.method = write->method,
                                   .target = write->target,
                                   .content_type =
                                       is_yaml ? "application/json" : write->content_type,
                                   .accept = "application/json",
                                   .user_agent = "fogctl/0.1",
                                   .user = "twin",
                                   .cause = write->key};
    struct answer_got got = {.code = 0};

    if (root != NULL && !has_options) {
        translate(twin, story, &arena, root);
        json_emit(root, JSON_PLAIN, &body);
    }
    request.body = body.data;
    request.body_size_bytes = body.length;
    for (unsigned i = 0; i < TRIES_MAX && got.code / 100 != 2 && !twin->has_failed; i++) {
        sim_pass(twin, i == 0 ? PACE_MS : TRY_MS); /* a machine comes back after its deletion */
        got = judge_send(twin, &arena, &request);
    }
    if (got.code / 100 != 2 && !twin->has_failed) {
        const char *message = node_find_text(got.root, "message");

        sim_fail(twin, "twin", "%s was carried out with faults, and without is answered %d %s",
                 write->key, got.code, message == NULL ? "" : message);
    }
}

void twin_play(struct sim *twin, const struct story *story)
{
    vec_each (&story->writes, it) {
        if (strstr(it->target, "/assignments/") != NULL) {
            continue; /* their names are drawn */
        }
        if (twin->has_failed) {
            return;
        }
        play(twin, story, it);
        sim_pass(twin, PACE_MS); /* so that its rows are known */
        if (!twin->has_failed && reverts_count(twin) == 0 &&
            work_rows_of(twin, it->key) != it->work_rows) {
            sim_fail(twin, "twin", "%s made %zu revisions with faults, and %zu without", it->key,
                     it->work_rows, work_rows_of(twin, it->key));
        }
    }
}

/* --- what followed ---------------------------------------------------------------------------- */

static size_t first_difference(const char *a, const char *b)
{
    size_t at = 0;

    while (a[at] == b[at] && a[at] != '\0') {
        at++;
    }
    return at > 80 ? at - 80 : 0;
}

/* An agent that said its first word after the revision that somebody went back to was left alone.
 */
static bool goes_back(const struct story *story)
{
    vec_each (&story->writes, it) {
        if (strstr(it->target, "/rollbacks") != NULL) {
            return true;
        }
    }
    return false;
}

static void compare_agents(struct sim *twin, const struct story *story)
{
    _cleanup_(str_fini)
    struct str agents = STR_EMPTY;

    declared_print_agents(twin, &agents);
    for (const char *line = goes_back(story) ? NULL : story->agents.data;
         !twin->has_failed && line != NULL && *line != '\0'; line = strchr(line, '\n') + 1) {
        char text[1200];

        (void)snprintf(text, sizeof(text), "%.*s", (int)strcspn(line, "\n"), line);
        if (strstr(text, "\"name\":\"m-") == NULL || strstr(text, "\"publicKey\"") == NULL) {
            continue; /* a liar made it up; or it was declared, and lost before it ever came */
        }
        if (agents.length == 0 || strstr(agents.data, text) == NULL) {
            sim_fail(twin, "twin", "with faults %.200s is declared, without of all agents %.400s",
                     text, agents.length == 0 ? "" : agents.data);
        }
    }
}

void twin_compare(struct sim *twin, const struct story *story)
{
    _cleanup_(str_fini)
    struct str work = STR_EMPTY;

    if (reverts_count(twin) > 0) {
        return; /* here a form was taken back that did not get so far there */
    }
    declared_print(twin, DECLARED_WORK, &work);
    if (!twin->has_failed && !str_eq(work.data, story->work.data)) {
        size_t at = first_difference(story->work.data, work.data);

        sim_fail(twin, "twin", "with faults …%.200s is declared, without …%.200s",
                 story->work.data + at, work.data + at);
    }
    compare_agents(twin, story);
    check_once(twin);
}

static bool fails_by_itself(const struct shim *shim)
{
    return str_starts(shim->command, "fail") || str_starts(shim->command, "missing");
}

/* An agent that somebody deleted says hello anew, and is let in when its leases are over. */
static bool was_deleted(struct sim *sim, const struct machine *machine)
{
    struct checks_row row;
    size_t hellos = 0;

    for (size_t i = 0; checks_row(sim, i, &row); i++) {
        hellos += row.kind == &agent_kind && str_eq(row.name, machine->options.name) &&
                  str_eq(row.why, "hello");
    }
    return hellos > 1;
}

void check_once(struct sim *sim)
{
    for (size_t i = 0; i < sim->machine_count && !sim->has_failed; i++) {
        const struct machine *machine = sim->machines[i];

        for (size_t k = 0; k < machine->shims.count; k++) {
            const struct shim *shim = machine->shims.items[k];

            for (size_t j = 0; j < k && !fails_by_itself(shim); j++) {
                const struct shim *other = machine->shims.items[j];

                if (str_eq(other->uid, shim->uid) && other->generation == shim->generation &&
                    !other->was_held && (other->lease_ms == 0 || !was_deleted(sim, machine))) {
                    sim_fail(sim, "once",
                             "%s/%s was started twice in the same form, and nothing went wrong",
                             shim->session, shim->slot);
                    return;
                }
            }
        }
    }
}
