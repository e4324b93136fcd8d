#include "tools/fogctl/shapes.h"

#define WRITTEN                                                                                    \
    "the object as it is then, or a List of them; -o changeset: a ChangeSet whose status has "     \
    "revision, results {kind, name, result, object}, warnings, and of a dry run the plan"

/* In the order of verbs.c. */
static const struct {
    const char *verb, *shape;
} shapes[] = {
    {"diff", "a ChangeSet whose status has revision, results {kind, name, result, before, object}, "
             "warnings and the plan {summary, changes, pending, policy, cut}"},
    {"apply", WRITTEN},
    {"edit", WRITTEN},
    {"create", WRITTEN},
    {"replace", WRITTEN},
    {"patch", "the object as it is then"},
    {"get", "the object, or a List; with -w one object after the other, or with "
            "--output-watch-events {type, object}"},
    {"top",
     "{server, revision, controller, agents {count, away, converged, suspended, …, items}, "
     "sessions {count, converged, diverged, items}, work, happened}; of agents or sessions a "
     "List of them as they are now"},
    {"why", "{converged, chain [{object, is, since, reason, message, remedy}], inTheWay}; of "
            "several objects a List of these"},
    {"describe", "{object, assignments, events} of one object, or a List of these"},
    {"wait", "the objects as they are then, those that are there; lines go to standard error"},
    {"results", "{session, tasks [{index, state, agent, exitCode, reason, outputs}], …}"},
    {"logs", "a line each: {assignment, line}"},
    {"events", "a List of events"},
    {"history",
     "a List of changes, the newest first: {revision, time, who, why, kind, name, verb, changes}"},
    {"rollback", WRITTEN "; it asks nobody, so --yes or --dry-run is needed"},
    {"delete", WRITTEN "; of what is gone its kind and name"},
    {"cordon", WRITTEN},
    {"drain", WRITTEN "; after it is drained, unless --no-wait is given"},
    {"uncordon", WRITTEN},
    {"scale", WRITTEN},
    {"rollout", "status: the session at the end; history: a List of changes, with --revision the "
                "form; else " WRITTEN},
    {"label", WRITTEN},
    {"annotate", WRITTEN},
    {"release", WRITTEN},
    {"reconcile", "a ReconcileLog whose items are steps"},
    {"state", "dump: a line for the revision, and a line for each object"},
    {"backup", "{file, store, era, revision, bytes, digest}"},
    {"blob", "list: the BlobList; put, get -O and delete: {digest, file} of each, a line for each"},
    {"explain", "the schema, as OpenAPI has it"},
    {"api-resources", "an APIResourceList, with group and groupVersion of each resource"},
    {"auth", "can-i: {allowed, reason}; can-i --list: {resourceRules, nonResourceRules}; whoami: "
             "{userInfo}"},
    {"config", "view and what changes: the file; get-contexts: a List of {name, server, user}; "
               "current-context: {currentContext}"},
    {"kubeconfig", "a Config of kubectl"},
    {"completion", "none: a script"},
    {"version", "{fogctl, controller, store}"},
};

const char *shape_of(const struct verb *verb)
{
    for (size_t i = 0; i < COUNT_OF(shapes); i++) {
        if (str_eq(shapes[i].verb, verb->name)) {
            return shapes[i].shape;
        }
    }
    return NULL;
}
