#include "tools/fogctl/foreign.h"

#include "schema/base/mem.h"
#include "schema/base/str.h"

struct foreign {
    const char *theirs, *advice;
};

static const char *find(const struct foreign *words, size_t count, const char *word)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq(words[i].theirs, word)) {
            return words[i].advice;
        }
    }
    return NULL;
}

#define NO_SHELL   "Fog opens no shell into a workload: fogctl logs shows what it wrote"
#define NO_NETWORK "Fog makes no networks: a workload uses that of its machine"
#define VERB(name) "did you mean \"fogctl " name "\"?"

const char *foreign_verb(const char *word)
{
    static const struct foreign words[] = {
        {"run", VERB("create")},
        {"new", VERB("create")},
        {"set", VERB("patch")},
        {"plan", VERB("diff")},
        {"list", VERB("get")},
        {"status", VERB("get")},
        {"ls", VERB("get")},
        {"rm", VERB("delete")},
        {"stop", VERB("delete")},
        {"remove", VERB("delete")},
        {"undo", VERB("rollback")},
        {"revert", VERB("rollback")},
        {"log", VERB("logs")},
        {"exec", NO_SHELL},
        {"attach", NO_SHELL},
        {"debug", NO_SHELL},
        {"cp",
         "files go in as artifacts (fogctl blob put) and come out as outputs (fogctl results)"},
        {"port-forward", NO_NETWORK},
        {"expose", NO_NETWORK},
        {"proxy", "the API needs none: fogctl kubeconfig says where it is"},
        {"cluster-info", VERB("version")},
        {"api-versions", VERB("api-resources")},
        {"autoscale", "a session with everyAgent: true has as many replicas as there are agents"},
        {"taint", "fogctl cordon keeps new work away; fogctl label and selectors choose machines"},
        {"kustomize", "fogctl reads plain manifests: kubectl kustomize DIR | fogctl apply -f -"},
    };

    return find(words, COUNT_OF(words), word);
}

#define NO_TIMES "lines of a log carry no time; --tail N takes the last of them"
#define EMPTIES  "fogctl drain ends by itself what runs on every agent; --force ends tasks early"

const char *foreign_option(const char *name)
{
    static const struct foreign words[] = {
        {"since", NO_TIMES},
        {"since-time", NO_TIMES},
        {"timestamps", "lines of a log carry no time; fogctl events has times"},
        {"container", "an assignment is one workload, and has one log"},
        {"grace-period", "how long work may take to end, its session says: spec.grace"},
        {"cascade", "what an object owns goes with it, and a session's work ends"},
        {"record", "--change-cause TEXT says why, for history"},
        {"server-side", "apply is always decided by the controller, field by field"},
        {"kubeconfig", "--config FILE or --server URL says where the controller is"},
        {"recursive", "folders below a folder are not entered; give each of them with -f"},
        {"kustomize", "fogctl reads plain manifests: kubectl kustomize DIR | fogctl apply -f -"},
        {"as", "--user NAME says who writes"},
        {"template", "-o jsonpath=… and -o custom-columns=… are there"},
        {"raw", "curl asks the API as it is: docs/API.md"},
        {"image", "a session runs a command: fogctl create hs NAME -- COMMAND…"},
        {"ignore-daemonsets", EMPTIES},
        {"delete-emptydir-data", EMPTIES},
    };

    return find(words, COUNT_OF(words), name);
}

#define KIND(name, why) "did you mean \"" name "\"? " why

const char *foreign_kind(const char *word)
{
    static const struct foreign words[] = {
        {"node", KIND("agents", "machines are agents")},
        {"nodes", KIND("agents", "machines are agents")},
        {"no", KIND("agents", "machines are agents")},
        {"pod", KIND("assignments", "what runs on a machine is an assignment")},
        {"pods", KIND("assignments", "what runs on a machine is an assignment")},
        {"po", KIND("assignments", "what runs on a machine is an assignment")},
        {"deploy", KIND("harvestsessions", "what shall run is a session")},
        {"deployment", KIND("harvestsessions", "what shall run is a session")},
        {"deployments", KIND("harvestsessions", "what shall run is a session")},
        {"sts", KIND("harvestsessions", "what shall run is a session")},
        {"statefulset", KIND("harvestsessions", "what shall run is a session")},
        {"statefulsets", KIND("harvestsessions", "what shall run is a session")},
        {"ds", KIND("harvestsessions", "one with everyAgent: true runs on every machine")},
        {"daemonset", KIND("harvestsessions", "one with everyAgent: true runs on every machine")},
        {"daemonsets", KIND("harvestsessions", "one with everyAgent: true runs on every machine")},
        {"job", KIND("harvestsessions", "one with tasks ends when they have succeeded")},
        {"jobs", KIND("harvestsessions", "one with tasks ends when they have succeeded")},
        {"ns", "nothing of Fog is in a namespace"},
        {"namespace", "nothing of Fog is in a namespace"},
        {"namespaces", "nothing of Fog is in a namespace"},
    };

    return find(words, COUNT_OF(words), word);
}
