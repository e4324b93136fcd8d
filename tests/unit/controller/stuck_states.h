/* The states of stuck_test.c: what brings each about, and what why has to say of it.  Included
 * there alone, behind the world that they happen in. */
#pragma once

/* --- what happens ----------------------------------------------------------------------------- */

static void report(enum assignment_phase phase, const char *reason, int64_t failures)
{
    fleet_report(&fleet, fleet_copy(&fleet, "work", "0"), phase, reason, failures);
}

static void battery_falls(void)
{
    agents_work();
    feel(SENSOR_BATTERY, 12);
}

static void battery_is_low(void)
{
    feel(SENSOR_BATTERY, 12);
    create("harvestsessions", "{\"metadata\":{\"name\":\"work\"},\"spec\":{\"policy\":\"p\","
                              "\"workload\":{\"command\":[\"/bin/run\"]}}}");
}

static void is_unplugged(void)
{
    agents_work();
    patch("harvestpolicies", "p", "{\"spec\":{\"battery\":{\"requireCharging\":true}}}");
    feel(SENSOR_CHARGING, 0);
}

static void gets_hot(void)
{
    agents_work();
    feel(SENSOR_TEMPERATURE, 60000);
}

static void is_used(void)
{
    agents_work();
    feel(SENSOR_IDLE, 0);
}

static void has_others_work(void)
{
    agents_work();
    feel(SENSOR_FOREIGN_CPU, 80000);
}

static void runs_out_of_memory(void)
{
    agents_work();
    feel(SENSOR_MEMORY_PRESSURE, 50000);
}

static void goes_on_a_phone(void)
{
    agents_work();
    feel(SENSOR_METERED, 1);
}

static void goes_blind(void)
{
    agents_work();
    edge()->readings.of[SENSOR_BATTERY] = (struct reading){.state = READING_UNKNOWN};
    agents_work();
}

static void window_closes(void) /* it is midnight */
{
    agents_work();
    patch("harvestpolicies", "p",
          "{\"spec\":{\"windows\":[{\"from\":\"08:00\",\"to\":\"18:00\"}]}}");
    agents_work();
}

static void owner_pauses(void)
{
    agents_work();
    set_paused(true);
    agents_work();
}

static void start_fails(void)
{
    report(PHASE_FAILED, "StartFailed", 1);
}

static void ends_badly(void)
{
    agents_work();
    report(PHASE_FAILED, "ExitedNonZero", 1);
}

static void takes_too_much(void)
{
    agents_work();
    report(PHASE_FAILED, "MemoryLimit", 1);
}

/* Its agent starts it again and again, as long as the controller lets it. */
static void is_tried(const char *reason)
{
    agents_work();
    for (int i = 0; i < 4 && !str_eq(fleet_why(&fleet, "work"), "GivenUp"); i++) {
        report(PHASE_STARTING, reason, i + 1);
    }
    if (str_eq(fleet_why(&fleet, "work"), "GivenUp")) {
        report(PHASE_STOPPED, "Removed", 0);
    }
}

static void is_tried_in_vain(void)
{
    is_tried("BackOff");
}

static void is_tried_with_too_little_memory(void)
{
    is_tried("MemoryLimit");
}

static void is_tried_in_a_rollout(void)
{
    agents_work();
    patch("harvestsessions", "work", "{\"spec\":{\"workload\":{\"command\":[\"/bin/bad\"]}}}");
    is_tried_in_vain();
}

static void fails_again_and_again(void)
{
    for (int i = 0; i < 4 && !str_eq(fleet_why(&fleet, "work"), "GivenUp"); i++) {
        report(PHASE_FAILED, "ExitedNonZero", i + 1);
        fleet_advance(&fleet, 3600 * 1000);
    }
}

static void artifact_is_missing(void)
{
    report(PHASE_STARTING, "ArtifactMissing", 0);
}

static void pauses_a_rollout(void)
{
    agents_work();
    patch("harvestsessions", "work",
          "{\"spec\":{\"workload\":{\"command\":[\"/bin/new\"]},\"rollout\":{\"pause\":true}}}");
}

static void rolls_out_what_does_not_run(void)
{
    patch("harvestsessions", "work",
          "{\"spec\":{\"replicas\":1,\"workload\":{\"command\":[\"/bin/bad\"]}}}");
    fleet_advance(&fleet, 60 * 1000);
}

static void agent_goes(void)
{
    agents_work();
    fleet_disconnect(&fleet, "edge-1");
}

static void agent_of_a_lease_goes(void)
{
    agents_work();
    fleet_disconnect(&fleet, "edge-1");
    fleet_advance(&fleet, 10 * 1000);
}

static void is_drained(void)
{
    agents_work();
    patch("agents", "edge-1", "{\"spec\":{\"drain\":\"gently\"}}");
}

static void is_ended_by_somebody(void)
{
    agents_work();
    report(PHASE_STARTING, "Drifted", 0);
}

static void is_deleted_and_held(void)
{
    agents_work();
    request("DELETE", "/apis/fog/v1/harvestsessions/work", NULL, "");
}

static void directory_says(const char *text)
{
    struct arena arena = {0};
    struct documents documents = {0};
    struct directory directory = {.state = DIRECTORY_READ, .files = 1};
    struct directory_document items[4];
    struct ctl_event event = {.type = CTL_DIRECTORY, .directory = &directory};

    problems_init(&directory.problems, &arena, "fleet.yaml");
    (void)yaml_parse(&arena, text, strlen(text), &directory.problems, &documents);
    digest_of(text, strlen(text), &directory.digest);
    for (size_t i = 0; i < documents.count && i < COUNT_OF(items); i++) {
        items[i] = (struct directory_document){"fleet.yaml", documents.items[i]};
    }
    directory.documents = items;
    directory.count = documents.count;
    fleet_event(&fleet, &event);
    fleet_tick(&fleet);
    arena_fini(&arena);
}

static void directory_has_a_mistake(void)
{
    directory_says("apiVersion: fog/v1\nkind: HarvestPolicy\nmetadata: {name: q}\n"
                   "spec: {battery: {minPercent: 300}}\n");
}

static void directory_is_mended(void)
{
    directory_says("apiVersion: fog/v1\nkind: HarvestPolicy\nmetadata: {name: q}\n"
                   "spec: {battery: {minPercent: 30}}\n");
}

static void directory_is_outranked(void)
{
    patch("harvestpolicies", "p", "{\"spec\":{\"limits\":{\"cpuPercent\":11}}}");
    directory_says("apiVersion: fog/v1\nkind: HarvestPolicy\nmetadata: {name: p}\n"
                   "spec: {limits: {cpuPercent: 22}}\n");
}

static void directory_is_undone(void)
{
    directory_is_mended();
    request("DELETE", "/apis/fog/v1/harvestpolicies/q", NULL, "");
    directory_says("apiVersion: fog/v1\nkind: HarvestPolicy\nmetadata: {name: q}\n"
                   "spec: {battery: {minPercent: 31}}\n");
}

static void disk_is(bool is_full)
{
    struct ctl_event event = {.type = CTL_STORE_SPACE, .store_is_full = is_full};

    fleet_event(&fleet, &event);
    fleet_tick(&fleet);
}

static void disk_fills_up(void)
{
    agents_work();
    disk_is(true);
}

static void disk_gets_room(void)
{
    disk_is(false);
}

static void store_was_restored(void)
{
    fleet_restore(&fleet);
    fleet_connect(&fleet, "edge-1");
    report(PHASE_STARTING, "AwaitingLease", 0);
}

static void rule_fires(void)
{
    fleet_advance(&fleet, 60 * 1000);
}

static void gang_does_not_run(void)
{
    report(PHASE_RUNNING, NULL, 0); /* and the other does not */
    fleet_advance(&fleet, 30 * 1000);
}

/* --- the table -------------------------------------------------------------------------------- */

#define S         "harvestsession/work"
#define OLD_FORM  "{\"spec\":{\"workload\":{\"command\":[\"/bin/run\"]}}}"
#define NEW_FORM  "{\"spec\":{\"workload\":{\"command\":[\"/bin/mended\"]}}}"
#define SET(what) "fogctl patch " S " -p '{\"spec\":" what "}'"

static const struct stuck table[] = {
    {"no agent has ever connected", WORK, NULL, S, "NoAgent", "on a machine: fog-agent --name NAME",
     NULL, NULL},
    {"no agent has the labels", AGENT WORK_OF("", "selector: {matchLabels: {site: west}}, ", ""),
     NULL, S, "NoAgent", "fogctl label agent/edge-1 site=west --overwrite", NULL, NULL},
    {"no agent reports the labels",
     AGENT WORK_OF("", "selector: {matchLabels: {reported/site: west}}, ", ""), NULL, S, "NoAgent",
     "on edge-1: fog-agent --name edge-1 --label site=west", NULL, NULL},
    {"no agent meets the requirements",
     AGENT WORK_OF("", "requirements: [{field: capacity.cores, op: '>=', value: 64}], ", ""), NULL,
     S, "NoAgent", SET("{\"requirements\":null}"), NULL, NULL},
    {"of no agent the condition holds", AGENT WORK_OF("", "where: capacity.cores >= 64, ", ""),
     NULL, S, "NoAgent", SET("{\"where\":null}"), NULL, NULL},
    {"the only agent is cordoned", AGENT_OF("", "unschedulable: true", "") WORK, NULL, S, "NoAgent",
     "fogctl uncordon edge-1", NULL, NULL},
    {"the only agent is being drained", AGENT_OF("", "drain: gently", "") WORK, NULL, S, "NoAgent",
     "fogctl uncordon edge-1", NULL, NULL},
    {"the only agent is not there", AGENT_OF(", annotations: {test/away: 'true'}", "", "") WORK,
     NULL, S, "NoAgent", "on edge-1: fog-agent --name edge-1", NULL, NULL},
    {"the only agent is paused by its owner", AGENT_OF("", "", ", paused: true") WORK, NULL, S,
     "NoAgent", "on edge-1: fog-agent resume", NULL, NULL},
    {"its policy would hold it everywhere", AGENT POLICY, battery_is_low, S, "NoAgent",
     "on edge-1: until sensors.battery >= 50", NULL, NULL},
    {"starts failed on the only agent",
     AGENT_OF(", annotations: {test/breaker: open}", "", "") WORK, NULL, S, "NoAgent", "wait 1m",
     NULL, NULL},
    {"no agent has the cores", AGENT WORK_OF("", "", ", resources: {cores: 16}"), NULL, S,
     "NoAgent", SET("{\"workload\":{\"resources\":{\"cores\":\"8\"}}}"), NULL, NULL},
    {"no agent has the memory", AGENT WORK_OF("", "", ", resources: {memory: 2Gi}"), NULL, S,
     "NoAgent", SET("{\"workload\":{\"resources\":{\"memory\":\"1Gi\"}}}"), NULL, NULL},
    {"no agent has the room on disk", AGENT WORK_OF("", "", ", resources: {disk: 16Gi}"), NULL, S,
     "NoAgent", SET("{\"workload\":{\"resources\":{\"disk\":\"8Gi\"}}}"), NULL, NULL},
    {"its policy is missing", AGENT WORK_OF("", "policy: gone, ", ""), NULL, S, "PolicyMissing",
     SET("{\"policy\":null}"), NULL, NULL},

    {"the battery is low", AGENT POLICY HELD, battery_falls, S, "BatteryLow",
     "on edge-1: until sensors.battery >= 50", NULL, NULL},
    {"the machine was unplugged", AGENT POLICY HELD, is_unplugged, S, "OnBattery",
     "on edge-1: until sensors.charging", NULL, NULL},
    {"the machine is too hot", AGENT POLICY HELD, gets_hot, S, "Overheated",
     "on edge-1: until sensors.temperature <= 42", NULL, NULL},
    {"somebody uses the machine", AGENT POLICY HELD, is_used, S, "UserActive",
     "on edge-1: until sensors.idle >= 1m", NULL, NULL},
    {"other programs use the machine", AGENT POLICY HELD, has_others_work, S, "ForeignCpu",
     "on edge-1: until sensors.foreignCpu < 25", NULL, NULL},
    {"the machine lacks memory", AGENT POLICY HELD, runs_out_of_memory, S, "MemoryPressure",
     "on edge-1: until sensors.memoryPressure < 10", NULL, NULL},
    {"the connection is paid by volume", AGENT POLICY HELD, goes_on_a_phone, S, "Metered",
     "on edge-1: until !sensors.metered", NULL, NULL},
    {"a sensor tells nothing", AGENT POLICY HELD, goes_blind, S, "StaleSensor",
     "fogctl patch harvestpolicy/p -p '{\"spec\":{\"unknown\":\"ignore\"}}'", NULL, NULL},
    {"the window is closed", AGENT POLICY HELD, window_closes, S, "OutsideWindow",
     "fogctl patch harvestpolicy/p -p '{\"spec\":{\"windows\":null}}'", NULL, NULL},
    {"the owner paused the machine", AGENT WORK, owner_pauses, S, "OwnerPaused",
     "on edge-1: fog-agent resume", NULL, NULL},

    {"the command does not start", AGENT WORK, start_fails, S, "StartFailed", "fogctl edit " S,
     NEW_FORM, NULL},
    {"the workload failed and is not to be tried again", AGENT WORK_OF("", "", ", restart: never"),
     ends_badly, S, "Failed", "fogctl edit " S, NEW_FORM, NULL},
    {"the workload was given up", AGENT WORK_OF("", "retries: 1, ", ""), fails_again_and_again, S,
     "GivenUp", "fogctl edit " S, NEW_FORM, NULL},
    {"the workload needs more memory than it may have",
     AGENT WORK_OF("", "", ", restart: never, resources: {memory: 64Mi}"), takes_too_much, "copy",
     "MemoryLimit", SET("{\"workload\":{\"resources\":{\"memory\":\"128Mi\"}}}"), NEW_FORM, NULL},
    {"tasks failed for good",
     AGENT WORK_OF("", "tasks: {count: 1, retries: 0}, ", ", restart: never"), ends_badly, S,
     "GivenUp", "fogctl replace -f FILE --force # " S ", mended",
     "{\"metadata\":{\"name\":\"work\"},\"spec\":{\"tasks\":{\"count\":1},"
     "\"workload\":{\"command\":[\"/bin/mended\"],\"restart\":\"never\"}}}",
     NULL},
    {"the workload fails again and again", AGENT WORK, is_tried_in_vain, S, "Failing",
     "fogctl logs " S, NEW_FORM, NULL},
    {"what its agent tried again and again was given up", AGENT WORK_OF("", "retries: 2, ", ""),
     is_tried_in_vain, S, "GivenUp", "fogctl edit " S, NEW_FORM, NULL},
    {"a rollout was given up",
     AGENT WORK_OF("", "retries: 2, rollout: {progressDeadline: 10s}, ", ""), is_tried_in_a_rollout,
     S, "GivenUp", "fogctl rollout undo " S, NEW_FORM, NULL},
    {"each try needs more memory than it may have",
     AGENT WORK_OF("", "", ", resources: {memory: 64Mi}"), is_tried_with_too_little_memory, S,
     "MemoryLimit", SET("{\"workload\":{\"resources\":{\"memory\":\"128Mi\"}}}"), NEW_FORM, NULL},
    {"what needs more memory than it may have was given up",
     AGENT WORK_OF("", "retries: 2, ", ", resources: {memory: 64Mi}"),
     is_tried_with_too_little_memory, S, "GivenUp",
     SET("{\"workload\":{\"resources\":{\"memory\":\"128Mi\"}}}"), NEW_FORM, NULL},
    {"an artifact is missing",
     AGENT WORK_OF("", "",
                   ", artifacts: [{path: in, digest: "
                   "'blake2b:0000000000000000000000000000000000000000000000000000000000000000'}]"),
     artifact_is_missing, S, "ArtifactMissing",
     "fogctl blob put FILE # "
     "blake2b:0000000000000000000000000000000000000000000000000000000000000000, as in",
     NULL, NULL},
    {"a rollout is paused", AGENT WORK, pauses_a_rollout, S, "RolloutPaused",
     "fogctl rollout resume " S, NULL, NULL},
    {"a rollout makes no progress",
     AGENT WORK_OF("", "replicas: 0, rollout: {progressDeadline: 10s}, ", ""),
     rolls_out_what_does_not_run, S, "ProgressDeadlineExceeded", "fogctl edit " S, NEW_FORM, NULL},
    {"the agent is gone", AGENT WORK, agent_goes, S, "AgentAway",
     "on edge-1: fog-agent --name edge-1", NULL, NULL},
    {"the agent says nothing", AGENT WORK, agent_goes, "agent/edge-1", "Silent",
     "on edge-1: fog-agent --name edge-1", NULL, NULL},
    {"a lease has not ended", AGENT WORK_OF("", "exclusive: true, replaceAfter: 5s, ", ""),
     agent_of_a_lease_goes, S, "Silent", "on edge-1: fog-agent --name edge-1", NULL, NULL},
    {"leases of before a restore may be held", AGENT WORK_OF("", "exclusive: true, ", ""),
     store_was_restored, S, "Leased", "wait 1h5s", NULL, NULL},
    {"a drain finds no other place", AGENT WORK, is_drained, "agent/edge-1", "NoAgent",
     "fogctl uncordon edge-1", NULL, NULL},
    {"starts failed on an agent", AGENT_OF(", annotations: {test/breaker: open}", "", "") WORK,
     NULL, "agent/edge-1", "BreakerOpen", "wait 1m", NULL, NULL},
    {"somebody ended it on the machine", AGENT WORK_OF("", "drift: report, ", ""),
     is_ended_by_somebody, S, "Drifted", SET("{\"drift\":\"heal\"}"), NULL, NULL},
    {"a gang has not room for all",
     AGENT WORK_OF("", "replicas: 2, gang: {deadline: 30s}, ", ", resources: {cores: 5}"), NULL, S,
     "NoAgent", SET("{\"workload\":{\"resources\":{\"cores\":\"4\"}}}"), NULL, NULL},
    {"a gang did not run in time", AGENT WORK_OF("", "replicas: 2, gang: {deadline: 30s}, ", ""),
     gang_does_not_run, S, "GangTimedOut", SET("{\"gang\":{\"deadline\":\"1m\"}}"), NULL, NULL},
    {"a finalizer holds what was deleted", AGENT WORK_OF(", finalizers: [fog/hold]", "", ""),
     is_deleted_and_held, S, "FinalizerWaits",
     "fogctl patch " S " -p '{\"metadata\":{\"finalizers\":null}}'", NULL, NULL},
    {"the config directory has a mistake", POLICY, directory_has_a_mistake, "source/directory",
     "Invalid", "fogctl describe source/directory", NULL, directory_is_mended},
    {"an operator's field outranks the config directory", POLICY, directory_is_outranked,
     "conflict", "Outranked", "fogctl release harvestpolicy/p --field .spec.limits.cpuPercent",
     NULL, NULL},
    {"an operator deleted what the config directory declares", POLICY, directory_is_undone,
     "conflict", "Outranked", "fogctl release harvestpolicy/q", NULL, NULL},
    {"the controller's disk is full", AGENT WORK, disk_fills_up, S, "StoreFull", NULL, NULL,
     disk_gets_room},
    {"an alert is firing",
     "---\napiVersion: fog/v1\nkind: AlertRule\nmetadata: {name: few}\nspec:\n"
     "  expr: fog_objects.agents < 1\n  for: 0s\n",
     rule_fires, "alertrule/few", "Firing", "fogctl edit alertrule/few",
     "{\"spec\":{\"expr\":\"fog_objects.agents < 0\",\"cooldown\":\"0s\"}}", NULL},
};
