/* What the workloads are. */
#include "tests/sim/plan_work.h"

#include "schema/base/mem.h"
#include "schema/base/str.h"

#define SESSIONS "/apis/fog/v1/harvestsessions"
#define POLICIES "/apis/fog/v1/harvestpolicies"
#define AGENTS   "/apis/fog/v1/agents"
#define COPIES   "/apis/fog/v1/assignments"
#define AS       "?fieldManager=operator&force=true"

#define HEAD(kind, name)                                                                           \
    "{\"apiVersion\":\"fog/v1\",\"kind\":\"" kind "\",\"metadata\":{\"name\":\"" name "\"},"
#define SESSION(name, ...)                                                                         \
    HEAD("HarvestSession", name)                                                                   \
    "\"spec\":{\"replaceAfter\":\"5s\",\"grace\":\"1s\"," __VA_ARGS__ "}}"
#define SLOW_SESSION(name, ...)                                                                    \
    HEAD("HarvestSession", name)                                                                   \
    "\"spec\":{\"replaceAfter\":\"5s\",\"grace\":\"8s\"," __VA_ARGS__ "}}"
#define POLICY(name, cpu)                                                                          \
    HEAD("HarvestPolicy", name) "\"spec\":{\"limits\":{\"cpuPercent\":" cpu "}}}"

#define REPLICAS(n) "\"replicas\":" n ","
/* A crash costs a try, and there are plans with several. */
#define TASKS(n)    "\"tasks\":{\"count\":" n ",\"parallelism\":2,\"retries\":20},"
#define EXCLUSIVE   "\"exclusive\":true,\"leaseDuration\":\"5s\","
#define SITE(s)     "\"selector\":{\"matchLabels\":{\"reported/site\":\"" s "\"}},"
#define REVERTS                                                                                    \
    "\"rollout\":{\"progressDeadline\":\"5s\",\"healthyAfter\":\"1s\",\"onFailure\":\"revert\"},"
#define RUNS(command, version)                                                                     \
    "\"workload\":{\"command\":[" command "],\"environment\":{\"VERSION\":\"" version "\"}}"
#define SERVES(version) RUNS("\"serve\"", version)

#define APPLY(wait, path, name, object)                                                            \
    {                                                                                              \
        .wait_ms = wait, .method = "PATCH", .content_type = "application/apply-patch+yaml",        \
        .target = path "/" name AS, .body = object                                                 \
    }
#define RUN(wait, name, ...) APPLY(wait, SESSIONS, name, SESSION(name, __VA_ARGS__))
#define MERGE(wait, path, name, text)                                                              \
    {                                                                                              \
        .wait_ms = wait, .method = "PATCH", .content_type = "application/merge-patch+json",        \
        .target = path "/" name "?fieldManager=operator", .body = text                             \
    }
#define REMOVE(wait, path, name)                                                                   \
    {                                                                                              \
        .wait_ms = wait, .method = "DELETE", .target = path "/" name                               \
    }
#define POST(wait, path, text)                                                                     \
    {                                                                                              \
        .wait_ms = wait, .method = "POST", .content_type = "application/json",                     \
        .target = "/apis/fog/v1/" path AS, .body = text                                            \
    }
#define DO(wait, what, which)                                                                      \
    {                                                                                              \
        .wait_ms = wait, .type = what, .machine = which                                            \
    }

#define CHANGESET(...)                                                                                     \
    "{\"kind\":\"ChangeSet\",\"apiVersion\":\"fog/v1\",\"spec\":{\"force\":true,\"changes\":[" __VA_ARGS__ \
    "]}}"
#define PUT_(object) "{\"verb\":\"apply\",\"object\":" object "}"

const struct script scripts[] = {
    {.name = "first",
     .about = "one replica on the one agent there is",
     .machines = 1,
     .tail_ms = 1500,
     .acts = {RUN(500, "a", SERVES("1"))}},
    {.name = "one",
     .about = "one replica on the one agent there is, made and deleted",
     .machines = 1,
     .tail_ms = 2000,
     .acts = {RUN(500, "a", SERVES("1")), REMOVE(1000, SESSIONS, "a")}},
    {.name = "create",
     .about = "a session of two replicas is made",
     .machines = 2,
     .tail_ms = 4000,
     .acts = {RUN(1000, "a", REPLICAS("2") SERVES("1"))}},
    {.name = "scale-up",
     .about = "one replica becomes three",
     .machines = 3,
     .tail_ms = 5000,
     .acts = {RUN(1000, "a", REPLICAS("1") SERVES("1")),
              MERGE(3000, SESSIONS, "a", "{\"spec\":{\"replicas\":3}}")}},
    {.name = "scale-to-zero",
     .about = "two replicas become none, and one again",
     .machines = 2,
     .tail_ms = 5000,
     .acts = {RUN(1000, "a", REPLICAS("2") SERVES("1")),
              MERGE(3000, SESSIONS, "a", "{\"spec\":{\"replicas\":0}}"),
              MERGE(3000, SESSIONS, "a", "{\"spec\":{\"replicas\":1}}")}},
    {.name = "delete",
     .about = "a session is deleted while it runs",
     .machines = 2,
     .tail_ms = 5000,
     .acts = {RUN(1000, "a", REPLICAS("2") SERVES("1")), REMOVE(3000, SESSIONS, "a")}},
    {.name = "recreate",
     .about = "an exclusive session is deleted and made again at once under its name",
     .machines = 2,
     .tail_ms = 10000,
     .acts = {RUN(1000, "a", REPLICAS("1") EXCLUSIVE SERVES("1")), REMOVE(3000, SESSIONS, "a"),
              RUN(10, "a", REPLICAS("1") EXCLUSIVE SERVES("2"))}},
    {.name = "rollout",
     .about = "a new form reaches three replicas one by one",
     .machines = 3,
     .tail_ms = 9000,
     .acts = {RUN(1000, "a", REPLICAS("3") SERVES("1")),
              RUN(3000, "a", REPLICAS("3") SERVES("2"))}},
    {.name = "revert",
     .about = "a bad form is taken back by itself, once the good one had its time",
     .machines = 2,
     .tail_ms = 30000,
     .acts = {RUN(1000, "a", REPLICAS("2") REVERTS SERVES("1")),
              RUN(40000, "a", REPLICAS("2") REVERTS RUNS("\"missing\"", "2"))}},
    {.name = "tasks",
     .about = "four tasks, two under way at once, end one after the other",
     .machines = 2,
     .tail_ms = 9000,
     .acts = {RUN(1000, "a", TASKS("4") RUNS("\"job\",\"700\"", "1"))}},
    {.name = "tasks-exclusive",
     .about = "the same under leases",
     .machines = 2,
     .tail_ms = 9000,
     .acts = {RUN(1000, "a", EXCLUSIVE TASKS("3") RUNS("\"job\",\"700\"", "1"))}},
    {.name = "tasks-change",
     .about = "tasks get another form while some of them have ended",
     .machines = 2,
     .tail_ms = 9000,
     .acts = {RUN(1000, "a", TASKS("4") RUNS("\"job\",\"700\"", "1")),
              RUN(2500, "a", TASKS("5") RUNS("\"job\",\"500\"", "2"))}},
    {.name = "move",
     .about = "exclusive work goes from one agent to another",
     .machines = 2,
     .tail_ms = 10000,
     .acts = {RUN(1000, "a", EXCLUSIVE SITE("a") SERVES("1")),
              RUN(3000, "a", EXCLUSIVE SITE("b") SERVES("1"))}},
    {.name = "policy",
     .about = "a policy comes, changes, and is let go of",
     .machines = 2,
     .tail_ms = 7000,
     .acts = {APPLY(1000, POLICIES, "p", POLICY("p", "40")),
              RUN(10, "a", REPLICAS("2") "\"policy\":\"p\"," SERVES("1")),
              APPLY(3000, POLICIES, "p", POLICY("p", "70")),
              MERGE(4000, SESSIONS, "a", "{\"spec\":{\"policy\":null}}"),
              REMOVE(10, POLICIES, "p")}},
    {.name = "rollback",
     .about = "a bad change is taken back",
     .machines = 2,
     .tail_ms = 9000,
     .acts = {RUN(1000, "a", REPLICAS("2") SERVES("1")),
              RUN(2500, "a", REPLICAS("1") RUNS("\"missing\"", "2")), RUN(10, "b", SERVES("1")),
              POST(1500, "rollbacks",
                   "{\"kind\":\"Rollback\",\"apiVersion\":\"fog/v1\",\"spec\":{\"toRevision\":"
                   "\"@1@\",\"prune\":true}}")}},
    {.name = "join",
     .about = "an agent joins and takes what no other may",
     .machines = 2,
     .late = 1 << 1,
     .tail_ms = 6000,
     .acts = {RUN(1000, "a", SITE("b") SERVES("1")), DO(2000, ACT_JOIN, 1)}},
    {.name = "drain",
     .about = "an agent takes nothing new, loses what it has, and takes again",
     .machines = 2,
     .tail_ms = 7000,
     .acts = {RUN(1000, "a", REPLICAS("1") SERVES("1")),
              MERGE(2500, AGENTS, "m-0", "{\"spec\":{\"unschedulable\":true}}"),
              MERGE(100, SESSIONS, "a", "{\"spec\":{\"replicas\":3}}"),
              MERGE(3000, AGENTS, "m-0", "{\"spec\":{\"unschedulable\":false}}")}},
    {.name = "agent-deleted",
     .about = "the object of an agent that is there is deleted",
     .machines = 2,
     .tail_ms = 9000,
     .acts = {RUN(1000, "a", REPLICAS("2") SERVES("1")), REMOVE(2500, AGENTS, "m-0")}},
    {.name = "job",
     .about = "work that ends well, on two agents",
     .machines = 2,
     .tail_ms = 6000,
     .acts = {RUN(1000, "a", REPLICAS("2") RUNS("\"job\",\"1500\"", "1"))}},
    {.name = "failing",
     .about = "work that fails is tried again and given up",
     .machines = 2,
     .tail_ms = 12000,
     .acts = {RUN(1000, "a", "\"retries\":2," RUNS("\"fail\",\"300\"", "1"))}},
    {.name = "owner",
     .about = "an owner pauses the machine and lets it go on",
     .machines = 2,
     .tail_ms = 6000,
     .acts = {RUN(1000, "a", REPLICAS("2") SERVES("1")), DO(2500, ACT_PAUSE, 0),
              DO(3000, ACT_RESUME, 0)}},
    {.name = "changeset",
     .about = "several objects change at once, twice",
     .machines = 2,
     .tail_ms = 7000,
     .acts =
         {POST(1000, "changesets",
               CHANGESET(PUT_(POLICY("p", "40")) "," PUT_(SESSION(
                   "a", REPLICAS("2") "\"policy\":\"p\"," SERVES(
                            "1"))) "," PUT_(SESSION("b", SERVES("1"))))),
          POST(3000, "changesets",
               CHANGESET("{\"verb\":\"delete\",\"kind\":\"HarvestSession\",\"name\":\"b\"}," PUT_(
                   SESSION("c", SERVES("1"))) "," PUT_(SESSION("a", REPLICAS("1") SERVES("2")))))}},
    {.name = "restart",
     .about = "the controller is restarted while it is busy",
     .machines = 2,
     .tail_ms = 9000,
     .acts = {RUN(1000, "a", REPLICAS("2") SERVES("1")), RUN(10, "b", SERVES("1")),
              DO(30, ACT_CRASH, -1), RUN(10, "a", REPLICAS("1") SERVES("2"))}},
    {.name = "old-cursor",
     .about = "who watches resumes from before the beginning of history",
     .machines = 2,
     .tail_ms = 12000,
     .acts = {RUN(1000, "a", REPLICAS("2") SERVES("1")), REMOVE(2500, SESSIONS, "a"),
              RUN(10, "b", SERVES("1")), DO(2000, ACT_FORGET, -1),
              RUN(10, "b", REPLICAS("2") SERVES("2"))}},
    {.name = "partition",
     .about = "exclusive work is cut off for longer than its lease",
     .machines = 2,
     .tail_ms = 15000,
     .acts = {RUN(1000, "a", EXCLUSIVE SERVES("1")), DO(3000, ACT_BLOCK, 0),
              DO(14000, ACT_UNBLOCK, 0)}},
    {.name = "every-agent",
     .about = "a session on every agent, another of which joins, and one may not any more",
     .machines = 3,
     .late = 1 << 2,
     .tail_ms = 6000,
     .acts = {RUN(1000, "a", "\"everyAgent\":true," SERVES("1")), DO(2000, ACT_JOIN, 2),
              RUN(2500, "a", "\"everyAgent\":true," SITE("a") SERVES("1"))}},
    {.name = "labels",
     .about = "operators' labels decide where it runs, and change",
     .machines = 2,
     .tail_ms = 7000,
     .acts = {MERGE(1000, AGENTS, "m-0", "{\"metadata\":{\"labels\":{\"tier\":\"gold\"}}}"),
              RUN(10, "a", "\"selector\":{\"matchLabels\":{\"tier\":\"gold\"}}," SERVES("1")),
              MERGE(2500, AGENTS, "m-1", "{\"metadata\":{\"labels\":{\"tier\":\"gold\"}}}"),
              MERGE(10, AGENTS, "m-0", "{\"metadata\":{\"labels\":{\"tier\":null}}}")}},
    {.name = "reboot",
     .about = "a machine loses power and comes back",
     .machines = 2,
     .tail_ms = 10000,
     .acts = {RUN(1000, "a", REPLICAS("2") EXCLUSIVE SERVES("1")), DO(3000, ACT_REBOOT, 0)}},
    {.name = "agent-crash",
     .about = "an agent's process dies over its work, and the work changes meanwhile",
     .machines = 2,
     .tail_ms = 9000,
     .acts = {RUN(1000, "a", REPLICAS("2") SERVES("1")), DO(2500, ACT_CRASH, 0),
              RUN(10, "a", REPLICAS("2") SERVES("2"))}},
    {.name = "stubborn",
     .about = "work that does not listen is changed and ended",
     .machines = 2,
     .tail_ms = 7000,
     .acts = {RUN(1000, "a", RUNS("\"stubborn\"", "1")), RUN(2500, "a", RUNS("\"stubborn\"", "2")),
              REMOVE(3500, SESSIONS, "a")}},
    {.name = "exclusive",
     .about = "work becomes exclusive and ceases to be",
     .machines = 2,
     .tail_ms = 9000,
     .acts = {RUN(1000, "a", REPLICAS("2") SERVES("1")),
              MERGE(2500, SESSIONS, "a",
                    "{\"spec\":{\"exclusive\":true,\"leaseDuration\":\"5s\"}}"),
              MERGE(6000, SESSIONS, "a", "{\"spec\":{\"exclusive\":false}}")}},
    {.name = "room",
     .about = "work waits for the room that another's removal leaves",
     .machines = 2,
     .tail_ms = 7000,
     .acts = {RUN(1000, "a", REPLICAS("2") RUNS("\"serve\"", "1")),
              MERGE(10, SESSIONS, "a",
                    "{\"spec\":{\"workload\":{\"resources\":{\"cores\":\"3\"}}}}"),
              RUN(5000, "b", SITE("a") RUNS("\"serve\"", "1")),
              MERGE(10, SESSIONS,
                    "b", "{\"spec\":{\"workload\":{\"resources\":{\"cores\":\"2\"}}}}"),
              REMOVE(3000, SESSIONS, "a")}},
    {.name = "exclusive-rollout",
     .about = "a new form reaches three exclusive replicas, two at a time",
     .machines = 3,
     .tail_ms = 12000,
     .acts = {RUN(1000, "a",
                  REPLICAS("3") EXCLUSIVE "\"rollout\":{\"maxUnavailable\":2}," SERVES("1")),
              RUN(3000,
                  "a", REPLICAS("3") EXCLUSIVE "\"rollout\":{\"maxUnavailable\":2}," SERVES("2"))}},
    {.name = "slow-move",
     .about = "exclusive work that does not listen, with a grace longer than its lease, moves",
     .machines = 2,
     .tail_ms = 16000,
     .acts = {APPLY(1000, SESSIONS, "a",
                    SLOW_SESSION("a", EXCLUSIVE SITE("a") RUNS("\"stubborn\"", "1"))),
              APPLY(3000, SESSIONS, "a",
                    SLOW_SESSION("a", EXCLUSIVE SITE("b") RUNS("\"stubborn\"", "1")))}},
    {.name = "orphans",
     .about = "work that ends soon when its agent is gone, beside exclusive work",
     .machines = 2,
     .tail_ms = 9000,
     .acts = {RUN(1000, "a", REPLICAS("2") "\"orphanAfter\":\"3s\"," SERVES("1")),
              RUN(10, "b", EXCLUSIVE "\"orphanAfter\":\"2s\"," SERVES("1")),
              DO(2500, ACT_CRASH, 0)}},
    {.name = "paused-rollout",
     .about = "a change is held back, changed again, and let go on",
     .machines = 2,
     .tail_ms = 8000,
     .acts = {RUN(1000, "a", REPLICAS("2") SERVES("1")),
              RUN(2500, "a", REPLICAS("2") "\"rollout\":{\"pause\":true}," SERVES("2")),
              RUN(1000, "a", REPLICAS("2") "\"rollout\":{\"pause\":true}," SERVES("3")),
              MERGE(1000, SESSIONS, "a", "{\"spec\":{\"rollout\":{\"pause\":false}}}")}},
    {.name = "copies-deleted",
     .about = "an operator deletes the assignments, and they are made again",
     .machines = 2,
     .tail_ms = 8000,
     .acts = {RUN(1000, "a", REPLICAS("2") EXCLUSIVE SERVES("1")),
              {.wait_ms = 2500, .method = "DELETE", .target = COPIES}}},
    {.name = "to-and-fro",
     .about = "forms and numbers change faster than anybody follows",
     .machines = 2,
     .tail_ms = 9000,
     .acts = {RUN(1000, "a", REPLICAS("3") SERVES("1")), RUN(60, "a", REPLICAS("1") SERVES("2")),
              RUN(60, "a", REPLICAS("0") SERVES("2")), RUN(60, "a", REPLICAS("2") SERVES("1")),
              RUN(60, "a", REPLICAS("2") EXCLUSIVE SERVES("2")),
              RUN(60, "a", REPLICAS("2") SERVES("1"))}},
    {.name = "every-exclusive",
     .about = "exclusive work on every agent, one of which takes nothing for a while",
     .machines = 2,
     .late = 1 << 1,
     .tail_ms = 8000,
     .acts = {RUN(1000, "a", "\"everyAgent\":true," EXCLUSIVE SERVES("1")), DO(2000, ACT_JOIN, 1),
              MERGE(2500, AGENTS, "m-0", "{\"spec\":{\"unschedulable\":true}}"),
              RUN(10, "a", "\"everyAgent\":true," EXCLUSIVE SERVES("2")),
              MERGE(2500, AGENTS, "m-0", "{\"spec\":{\"unschedulable\":false}}")}},
    {.name = "mended",
     .about = "work that fails is mended while it waits for its next try",
     .machines = 2,
     .tail_ms = 9000,
     .acts = {RUN(1000, "a", REPLICAS("2") RUNS("\"fail\",\"200\"", "1")),
              RUN(4000, "a", REPLICAS("2") SERVES("2"))}},
    {.name = "owner-away",
     .about = "an owner pauses a machine with exclusive work for longer than others wait",
     .machines = 2,
     .tail_ms = 9000,
     .acts = {RUN(1000, "a", REPLICAS("1") EXCLUSIVE SERVES("1")), DO(3000, ACT_PAUSE, 0),
              DO(100, ACT_CRASH, -1), DO(9000, ACT_RESUME, 0)}},
    {.name = "job-changed",
     .about = "a job is changed while it runs, and again when it is done",
     .machines = 2,
     .tail_ms = 8000,
     .acts = {RUN(1000, "a", REPLICAS("2") RUNS("\"job\",\"2000\"", "1")),
              RUN(1500, "a", REPLICAS("2") RUNS("\"job\",\"1000\"", "2")),
              RUN(5000, "a", REPLICAS("1") RUNS("\"job\",\"1000\"", "3"))}},
};

const size_t script_count = COUNT_OF(scripts);

const struct script *script_find(const char *name)
{
    for (size_t i = 0; i < script_count; i++) {
        if (str_eq(scripts[i].name, name)) {
            return &scripts[i];
        }
    }
    return NULL;
}
