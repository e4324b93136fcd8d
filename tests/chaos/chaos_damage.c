/* Damage to what is kept.  Of the controller's state a copy is damaged, as a kill left it. Expected
 * of a controller that is started on it:
 *
 *     page, file    it says why it does not start; or it shows all that was there before, with the
 *                   same past or none
 *     wal           the same, or it shows a moment of before: no other past, nothing that never was
 *                   (agents that know more refuse it, which is no matter of this controller)
 *     owner, mode   it says why it does not start
 *
 * Agents are damaged themselves.  With a broken or lost state they start, for what they were told
 * they can be told again; with a key that others could read, or in a folder of somebody else's,
 * they do not. */
#include "tests/chaos/chaos_faults.h"

#include "schema/base/mem.h"
#include "schema/base/parse.h"
#include "schema/base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    START_MS = 30000,
    END_MS = 20000,
    COPY_MS = 20000,
    PAGE_BYTES = 4096,
    STRANGER = 12345, /* a user that nobody is */
    PORT_OFFSET = 60, /* from the ports of the controller itself */
    POLL_US = 10000,
};

static void run(struct world *world, const char *what, const char *from, const char *to)
{
    struct program program;
    bool copies = str_eq(what, "cp");

    program_init(&program, what, -1);
    program_say(&program, copies ? "/bin/cp" : "/bin/rm");
    program_say(&program, copies ? "-a" : "-rf");
    if (copies) {
        program_say(&program, "%s", from);
    }
    program_say(&program, "%s", to);
    if (program_run(&program, COPY_MS) != 0) {
        world_complain(world, "%s %s failed", what, to);
    }
    program_fini(&program);
}

/* --- the controller -----------------------------------------------------------------------------
 */

struct copy {
    struct program program;
    char state[PROGRAM_PATH_SIZE + 16], url[64];
};

static void copy_init(struct world *world, struct copy *copy)
{
    struct program *program = &copy->program;

    (void)snprintf(copy->state, sizeof(copy->state), "%s/damaged", world->dir);
    (void)snprintf(copy->url, sizeof(copy->url), "http://%s:%d", world->host,
                   world->api_port + PORT_OFFSET);
    program_init(program, "damaged", -1);
    (void)snprintf(program->log, sizeof(program->log), "%.400s/damaged.log", world->dir);
    program_say(program, "%s/fog-controller", world->bin);
    program_say(program, "--state");
    program_say(program, "%s", copy->state);
    program_say(program, "--listen");
    program_say(program, "%s:%d", world->host, world->api_port + PORT_OFFSET);
    program_say(program, "--agents-listen");
    program_say(program, "%s:%d", world->host, world->api_port + PORT_OFFSET + 1);
    program_say(program, "--insecure");
}

/* True: it answers.  False: it ended. */
static bool copy_start(struct world *world, struct copy *copy)
{
    int64_t until = chaos_now_ms() + START_MS;

    (void)unlink(copy->program.log);
    if (!program_start(&copy->program)) {
        return false;
    }
    while (program_pid(&copy->program) != 0 && chaos_now_ms() < until) {
        if (world_answers(world, copy->url)) {
            return true;
        }
        (void)usleep(POLL_US);
    }
    if (program_kill(&copy->program)) {
        world_complain(world, "a damaged controller neither starts nor ends");
    }
    return false;
}

static bool says_why(const struct world *world, const struct copy *copy)
{
    char line[4096];
    const char *found = NULL;
    FILE *file = fopen(copy->program.log, "re");

    while (file != NULL && found == NULL && fgets(line, sizeof(line), file) != NULL) {
        found = strstr(line, "not started: ");
    }
    if (found != NULL) {
        world_tell(world, "        %.*s", (int)strcspn(found, "\n"), found);
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return found != NULL;
}

static bool damage_page(struct world *world, const struct copy *copy)
{
    char path[PROGRAM_PATH_SIZE + 64], page[PAGE_BYTES];
    struct stat about;
    int fd;
    bool did = false;

    (void)snprintf(path, sizeof(path), "%s/fog.db", copy->state);
    fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &about) == 0 && about.st_size >= 2 * PAGE_BYTES) {
        int64_t number = rand_between(&world->rand, 1, about.st_size / PAGE_BYTES - 1);

        for (size_t i = 0; i < sizeof(page); i++) {
            page[i] = (char)rand_below(&world->rand, 256);
        }
        did = pwrite(fd, page, sizeof(page), number * PAGE_BYTES) == (ssize_t)sizeof(page);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return did;
}

static bool damage_wal(struct world *world, const struct copy *copy)
{
    char path[PROGRAM_PATH_SIZE + 64];
    struct stat about;

    (void)snprintf(path, sizeof(path), "%s/fog.db-wal", copy->state);
    return stat(path, &about) == 0 && about.st_size > 0 &&
           truncate(path, rand_between(&world->rand, 0, about.st_size - 1)) == 0;
}

static bool damage(struct world *world, const struct copy *copy, const char *word)
{
    char path[PROGRAM_PATH_SIZE + 64];

    (void)snprintf(path, sizeof(path), "%s/fog.db", copy->state);
    return str_eq(word, "page")    ? damage_page(world, copy)
           : str_eq(word, "wal")   ? damage_wal(world, copy)
           : str_eq(word, "file")  ? unlink(path) == 0
           : str_eq(word, "owner") ? chown(copy->state, STRANGER, STRANGER) == 0
                                   : chmod(copy->state, 0755) == 0;
}

static json_t *names_of(struct world *world, const struct copy *copy)
{
    json_t *list = world_get(world, copy->url, "/apis/fog/v1/harvestsessions");
    json_t *names = json_object(), *items = json_object_get(list, "items"), *each;
    size_t i;

    json_array_foreach(items, i, each)
    {
        const json_t *meta = json_object_get(each, "metadata");

        (void)json_object_set(names, json_string_value(json_object_get(meta, "name")),
                              json_object_get(each, "spec"));
    }
    json_decref(list);
    return names;
}

/* Revision → what happened, of the newest there is; NULL: it does not tell. */
static json_t *past_of(struct world *world, const char *url)
{
    json_t *list = world_get(world, url, "/apis/fog/v1/history?limit=1000");
    json_t *past = list == NULL ? NULL : json_object(), *each;
    size_t i;

    json_array_foreach(json_object_get(list, "items"), i, each)
    {
        (void)json_object_set(past, json_string_value(json_object_get(each, "revision")), each);
    }
    json_decref(list);
    return past;
}

struct shown {
    json_t *names, *past; /* owned; NULL: not asked for */
};

/* What it shows undamaged; its journal is moved into its store on the way. */
static void look_at_copy(struct world *world, struct copy *copy, struct shown *ret_shown)
{
    if (!copy_start(world, copy)) {
        world_complain(world, "a controller does not start on a copy of what a kill left");
        return;
    }
    ret_shown->names = names_of(world, copy);
    ret_shown->past = past_of(world, copy->url);
    (void)program_signal(&copy->program, SIGTERM);
    if (!program_await_end(&copy->program, END_MS)) {
        world_complain(world, "a controller on a copy does not end");
        (void)program_kill(&copy->program);
    }
}

/* The past of the one that was not damaged, which goes on meanwhile. */
static void look_at_original(struct world *world, struct shown *ret_shown)
{
    int64_t until = chaos_now_ms() + START_MS;

    while (ret_shown->past == NULL && chaos_now_ms() < until) {
        ret_shown->past = world_answers(world, world->api) ? past_of(world, NULL) : NULL;
        (void)usleep(POLL_US);
    }
}

static int64_t oldest_of(const json_t *past)
{
    int64_t oldest = INT64_MAX, each;
    const char *revision;
    json_t *item;

    json_object_foreach((json_t *)past, revision, item)
    {
        oldest = int_from_str(revision, &each) && each < oldest ? each : oldest;
    }
    return oldest;
}

static void compare_pasts(struct world *world, const char *word, const json_t *before,
                          const json_t *after)
{
    int64_t oldest = oldest_of(before), number;
    const char *revision;
    json_t *item;

    json_object_foreach((json_t *)after, revision, item)
    {
        const json_t *was = json_object_get(before, revision);

        if (int_from_str(revision, &number) && number >= oldest && !json_equal(was, item)) {
            world_complain(world, "damage of its %s: revision %s is %s", word, revision,
                           was == NULL ? "one that never was" : "another now");
            return;
        }
    }
}

static void judge_shown(struct world *world, struct copy *copy, const char *word,
                        const struct shown *before)
{
    json_t *names = names_of(world, copy), *past = past_of(world, copy->url);

    if (before->names != NULL && !json_equal(before->names, names)) {
        world_complain(world,
                       "damage of its %s: it shows %zu sessions as if there were no others; there "
                       "were %zu",
                       word, json_object_size(names), json_object_size(before->names));
    }
    if (before->names != NULL && past != NULL &&
        json_object_size(past) != json_object_size(before->past)) {
        world_complain(world, "damage of its %s: it tells of %zu changes; there were %zu", word,
                       json_object_size(past), json_object_size(before->past));
    }
    compare_pasts(world, word, before->past, past);
    world_tell(world, "        its %s damaged, it shows %zu changes of %zu", word,
               json_object_size(past), json_object_size(before->past));
    json_decref(names);
    json_decref(past);
}

static void judge(struct world *world, struct copy *copy, const char *word,
                  const struct shown *before)
{
    bool serves = copy_start(world, copy);
    int status = copy->program.status;

    if (!serves) {
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 1 || !says_why(world, copy)) {
            world_complain(world, "damage of its %s: no word of why, status %#x", word,
                           (unsigned)status);
        }
        return;
    }
    if (str_eq(word, "owner") || str_eq(word, "mode")) {
        world_complain(world, "damage of its %s: a controller starts nevertheless", word);
    } else {
        judge_shown(world, copy, word, before);
    }
    (void)program_kill(&copy->program);
}

void begin_damage(struct world *world, struct blow *blow)
{
    struct copy copy;
    struct stat about;
    char path[PROGRAM_PATH_SIZE + 64];
    struct shown before = {0};
    const char *word = blow->class->word;

    copy_init(world, &copy);
    run(world, "rm", NULL, copy.state);
    chaos_kills.controller += machine_kill(&world->controller);
    run(world, "cp", world->controller.state, copy.state);
    machine_start(&world->controller);
    (void)snprintf(path, sizeof(path), "%s/fog.db", copy.state);
    if (stat(path, &about) == 0) {
        if (str_eq(word, "wal")) {
            look_at_original(world, &before);
        } else {
            look_at_copy(world, &copy, &before);
        }
        if (damage(world, &copy, word)) {
            blow->fired++;
            judge(world, &copy, word, &before);
        }
    }
    json_decref(before.names);
    json_decref(before.past);
    run(world, "rm", NULL, copy.state);
    program_fini(&copy.program);
}

/* --- agents -------------------------------------------------------------------------------------
 */

static bool spoil_state(struct world *world, const char *path)
{
    struct stat about;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    bool did = fd >= 0 && fstat(fd, &about) == 0 && about.st_size > 2;

    if (did && rand_chance(&world->rand, 500)) {
        did = ftruncate(fd, rand_between(&world->rand, 0, about.st_size - 1)) == 0;
    } else if (did) {
        char byte = (char)rand_below(&world->rand, 32);

        did = pwrite(fd, &byte, 1, rand_between(&world->rand, 0, about.st_size - 2)) == 1;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return did;
}

/* Must not start; is put right by the caller. */
static void expect_refusal(struct world *world, struct machine *machine, const char *word)
{
    machine_start(machine);
    if (!program_await_end(&machine->program, END_MS)) {
        world_complain(world, "%s starts although its %s is wrong", machine->program.name, word);
        (void)machine_kill(machine);
    } else if (!WIFEXITED(machine->program.status) || WEXITSTATUS(machine->program.status) == 0) {
        world_complain(world, "%s: its %s is wrong and it ends with status %#x",
                       machine->program.name, word, (unsigned)machine->program.status);
    }
    machine->program.was_killed = true;
}

void begin_agent_damage(struct world *world, struct blow *blow)
{
    struct machine *machine = world_machine(world, blow->target);
    const char *word = blow->class->word;
    char state[PROGRAM_PATH_SIZE + 32], key[PROGRAM_PATH_SIZE + 32];

    (void)snprintf(state, sizeof(state), "%s/state.json", machine->state);
    (void)snprintf(key, sizeof(key), "%s/identity.key", machine->state);
    chaos_kills.agents += machine_kill(machine);
    if (str_eq(word, "state")) {
        blow->fired += spoil_state(world, state);
    } else if (str_eq(word, "lost")) {
        blow->fired += unlink(state) == 0;
    } else if (str_eq(word, "key") && chmod(key, 0644) == 0) {
        blow->fired++;
        expect_refusal(world, machine, "key");
        (void)chmod(key, 0600);
    } else if (str_eq(word, "owner") && chown(machine->state, STRANGER, STRANGER) == 0) {
        blow->fired++;
        expect_refusal(world, machine, "owner");
        if (chown(machine->state, geteuid(), getegid()) != 0) {
            world_complain(world, "%s cannot be put right", machine->program.name);
        }
    }
    machine_start(machine);
}
