/* Reasons by class, those that are not of the configuration.  A reason that is added to the table
 * of remedies is of the configuration unless it gets a row here. */
#include "schema/divergence.h"

#include "schema/base/str.h"
#include "schema/remedy.h"

const char *const divergence_words[] = {"Configuration", "Network", "Resources", "Software", NULL};

static const struct {
    const char *reason;
    enum divergence class;
} classes[] = {
    {"AgentAway", DIVERGENCE_NETWORK},
    {"FetchFailed", DIVERGENCE_NETWORK},
    {"Fetching", DIVERGENCE_NETWORK},
    {"LeaseEnded", DIVERGENCE_NETWORK},
    {"NeverConnected", DIVERGENCE_NETWORK},
    {"NotTaken", DIVERGENCE_NETWORK},
    {"Orphaned", DIVERGENCE_NETWORK},
    {"Silent", DIVERGENCE_NETWORK},
    {"Uploading", DIVERGENCE_NETWORK},

    {"ArtifactNoRoom", DIVERGENCE_RESOURCES},
    {"AwaitingLease", DIVERGENCE_RESOURCES},
    {"BatteryLow", DIVERGENCE_RESOURCES},
    {"CannotSave", DIVERGENCE_RESOURCES},
    {"Cooldown", DIVERGENCE_RESOURCES},
    {"Cordoned", DIVERGENCE_RESOURCES},
    {"ExclusiveProgram", DIVERGENCE_RESOURCES},
    {"ForeignCpu", DIVERGENCE_RESOURCES},
    {"GangTimedOut", DIVERGENCE_RESOURCES},
    {"GangWaits", DIVERGENCE_RESOURCES},
    {"HeatWait", DIVERGENCE_RESOURCES},
    {"LeaseRefused", DIVERGENCE_RESOURCES},
    {"Leased", DIVERGENCE_RESOURCES},
    {"MaxDuration", DIVERGENCE_RESOURCES},
    {"MemoryLimit", DIVERGENCE_RESOURCES},
    {"MemoryPressure", DIVERGENCE_RESOURCES},
    {"Metered", DIVERGENCE_RESOURCES},
    {"NoAgent", DIVERGENCE_RESOURCES},
    {"OnBattery", DIVERGENCE_RESOURCES},
    {"OutsideWindow", DIVERGENCE_RESOURCES},
    {"Overheated", DIVERGENCE_RESOURCES},
    {"OwnerPaused", DIVERGENCE_RESOURCES},
    {"PidsLimit", DIVERGENCE_RESOURCES},
    {"StaleSensor", DIVERGENCE_RESOURCES},
    {"Suspended", DIVERGENCE_RESOURCES},
    {"UploadFailed", DIVERGENCE_RESOURCES},
    {"UserActive", DIVERGENCE_RESOURCES},

    {"AlertPending", DIVERGENCE_SOFTWARE},
    {"ArtifactCorrupt", DIVERGENCE_SOFTWARE},
    {"BackOff", DIVERGENCE_SOFTWARE},
    {"BreakerOpen", DIVERGENCE_SOFTWARE},
    {"BreakerProbing", DIVERGENCE_SOFTWARE},
    {"ExitedNonZero", DIVERGENCE_SOFTWARE},
    {"Failed", DIVERGENCE_SOFTWARE},
    {"Failing", DIVERGENCE_SOFTWARE},
    {"Firing", DIVERGENCE_SOFTWARE},
    {"GivenUp", DIVERGENCE_SOFTWARE},
    {"Lost", DIVERGENCE_SOFTWARE},
    {"NoQuorum", DIVERGENCE_SOFTWARE},
    {"OutputMissing", DIVERGENCE_SOFTWARE},
    {"ProgressDeadlineExceeded", DIVERGENCE_SOFTWARE},
    {"RolloutFailed", DIVERGENCE_SOFTWARE},
    {"StartFailed", DIVERGENCE_SOFTWARE},
};

size_t divergence_rows(void)
{
    return COUNT_OF(classes);
}

const char *divergence_reason(size_t row)
{
    return classes[row].reason;
}

enum divergence divergence_of(const char *reason)
{
    const struct remedy *remedy = remedy_find(reason);

    for (size_t i = 0; i < COUNT_OF(classes); i++) {
        if (str_eq(classes[i].reason, reason)) {
            return classes[i].class;
        }
    }
    return remedy == NULL                ? DIVERGENCE_SOFTWARE
           : remedy->kind == REMEDY_NONE ? DIVERGENCE_COUNT
                                         : DIVERGENCE_CONFIGURATION;
}
