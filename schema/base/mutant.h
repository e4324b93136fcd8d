/* Seeded mistakes: does a test that should find them find them?
 *
 * A program built with -DFOG_MUTANTS has all of them in it, and makes the one that was chosen, at
 * the places that ask MUTANT(NAME) of schema/base/site.h.  Every other build has none.  The table
 * says of each in one sentence what is wrong, and which checks of the simulator may be the one to
 * tell; docs/MUTANTS.md is written from it.
 *
 * To add one: a row here, and a MUTANT(NAME) where the mistake is made.  What nobody could ever
 * notice from outside is no mutant. */
#pragma once

#include <stddef.h>

/* X(name, what is wrong, names of checks divided by blanks), in the order of layers. */
/* clang-format off */
#define MUTANTS(X)                                                                                 \
    /* the gate, and what is told */                                                               \
    X(ANSWER_EARLY, "an answer does not wait for what it tells to be durable",                     \
      "acknowledged same-answer exactly-once never-back told")                                     \
    X(SEND_EARLY, "agents are told of assignments that are not durable yet",                       \
      "told authorised liveness never-back")                                                       \
    X(WATCH_EARLY, "watchers are told of changes that are not durable yet",                        \
      "told watch")                                                                                \
    /* requests */                                                                                 \
    X(HALF_A_SET, "of a change set that fails, what went well is kept",                            \
      "refused exactly-once")                                                                      \
    X(DRY_RUN_WRITES, "a dry run is carried out", "dry-run")                                       \
    X(UNDO_FORGETS_FIRST, "undoing a change set leaves its first change in the model",             \
      "told ledger refused current acknowledged rollback identical")                               \
    X(DEMAND_IGNORED, "a plan is carried out although the fleet has changed since",                \
      "precondition")                                                                              \
    X(PRECONDITION_IGNORED, "a write to an outdated version overwrites the newer one",             \
      "precondition")                                                                              \
    X(KEYS_FORGOTTEN, "after a restart idempotency keys are unknown",                              \
      "exactly-once same-answer refused ledger")                                                   \
    X(ROLLBACK_SKIPS, "a rollback leaves out the second object", "rollback")                       \
    X(SELECTION_IGNORED, "a rollback of what has a label takes back all of its kind", "selected")  \
    /* owners of fields */                                                                         \
    X(CONFLICTS_IGNORED, "an apply takes what another manager owns without force", "conflict")     \
    X(FORCE_KEEPS_OWNERS, "who loses a field to force owns it still", "owned")                     \
    X(FORSAKEN_STAYS, "what an apply names no more stays", "owned")                                \
    /* sources */                                                                                  \
    X(RANK_IGNORED, "a lower source takes fields of a higher one", "rank whole")                   \
    X(NO_TOMBSTONES, "what an operator deletes the config directory makes again", "buried")        \
    X(DIRECTORY_IN_PARTS, "of a config directory with mistakes the rest is applied", "whole")      \
    X(EMPTY_IS_MEANT, "an empty config directory withdraws all that it declared", "whole")         \
    /* watches */                                                                                  \
    X(WATCH_REPEATS, "a watch that is resumed tells again what was told last", "watch")            \
    X(WATCH_SKIPS, "a watch leaves out every sixteenth change", "watch")                           \
    X(WATCH_IN_PIECES, "a watch tells the changes of one step at different times", "watch crash")  \
    X(WATCH_MISSES_DELETES, "a watch tells a removal as a change", "watch")                        \
    /* agents and their reports */                                                                 \
    X(EPOCH_UNCHECKED, "messages of an earlier connection count", "liveness never-back silence")   \
    X(EPOCH_NOT_RAISED, "every connection of an agent has the same number",                        \
      "never-back liveness agents silence")                                                        \
    X(INSTANCE_IGNORED, "a second machine with an agent's key takes its place at once",            \
      "exclusive")                                                                                 \
    X(OLD_REPORT_TAKEN, "a report that came before counts again",                                  \
      "never-back liveness silence reputation")                                                    \
    X(GENERATION_UNCHECKED, "what was reported of an earlier form counts for the newest",          \
      "exclusive liveness authorised once-per-run rollout")                                        \
    X(USAGE_FALLS, "a later report may take back what was used", "spent")                          \
    X(STATUS_TAKES_SPEC, "an agent's hello resets what operators said of it",                      \
      "current authorised rollback")                                                               \
    /* placing */                                                                                  \
    X(ONE_REPLICA_LESS, "of three replicas and more one is not started", "liveness gang")          \
    X(PLACE_ON_CORDONED, "work is placed on agents that take none", "authorised")                  \
    X(DRAIN_IGNORED, "work stays on an agent that is drained", "liveness")                         \
    X(DEADLINE_AT_ONCE, "a change is late before its deadline is over", "reverts")                 \
    X(ONE_MACHINE_REVERTS, "one machine on which a form fails is enough to take it back", "reverts")  \
    X(FIRST_IS_GOOD, "of the forms of a session only the first one counts as good", "reverts")     \
    X(DRAIN_AT_ONCE, "a drain takes down more of a session than may be", "drained")                \
    X(SELECTOR_IGNORED, "work is placed where its selector does not allow it",                     \
      "authorised liveness silence")                                                               \
    X(RESULT_COUNTS_TWICE, "a result counts twice for the reputation of its agent", "reputation")  \
    X(ALERT_MISSED, "of several receivers of an alert the first alone is told", "alerts")           \
    X(ALERT_GIVEN_UP, "a notification that was not taken is not sent again", "alerts")             \
    X(ALERT_TWICE, "a notification that was taken is sent again", "alerts")                        \
    X(CLOCK_RUNS_ON, "the time of a session that is as declared is counted on", "metrics")         \
    X(COLUMN_NOT_KEPT, "the fleet's columns do not hear of new readings", "columns")               \
    X(ROOM_TAKEN_TWICE, "two replicas of one plan are given the same room", "capacity")            \
    X(ROOM_NOT_RELEASED, "what a removed assignment used stays taken", "liveness")                 \
    X(ROOM_NOT_OFFERED, "room that becomes free is offered to nobody", "liveness")                 \
    X(LOSS_UNNOTICED, "what ran on an agent that is lost is not placed elsewhere", "liveness")     \
    X(ADOPT_BY_NAME, "a session takes over what its deleted namesake ran",                         \
      "liveness ledger crash authorised gang")                                                     \
    X(POLICY_CHANGE_UNSEEN, "a change of a policy does not reach what runs under it", "liveness")  \
    X(ROLLOUT_NOT_PAUSED, "a rollout goes on although it is paused", "authorised")                 \
    X(DOWN_NOT_COUNTED, "a rollout takes down replicas although enough are down", "rollout")       \
    X(RETRIES_UNBOUNDED, "what fails is tried again for ever", "liveness silence")                 \
    X(TASK_FORGOTTEN, "a task that has ended is not written down before its assignment goes",      \
      "tasks")                                                                                     \
    X(OUTPUTS_FORGOTTEN, "what a task made goes with its assignment", "tasks")                     \
    X(QUORUM_OF_ONE, "the first of several opinions counts as the result of a task", "tasks")      \
    X(TRUST_FOR_NOTHING, "an agent is trusted before its results were compared", "tasks")          \
    X(TASK_TRIED_ONCE_MORE, "a task that failed is tried more often than declared", "tasks")       \
    X(GANG_IN_PARTS, "a gang is placed as far as there is room", "gang silence")                   \
    X(GANG_MENDED, "one of a gang is placed anew, and the others stay", "gang")                    \
    X(GANG_NEVER_AGAIN, "a gang that was taken back is not placed again", "liveness")              \
    X(GANG_KEEPS_TURN, "who waits for a gang is not told that it is complete", "liveness")         \
    X(BURSTS_UNBOUNDED, "more gangs are placed and not yet complete than declared", "gang")        \
    X(PARALLELISM_IGNORED, "more tasks are under way at once than declared", "tasks")              \
    X(BREAKER_STAYS_OPEN, "an agent on which starts failed is never tried again", "liveness")      \
    /* leases, the controller's side */                                                            \
    X(LEASE_TOO_SHORT, "the controller counts leases shorter than it grants them", "exclusive")    \
    X(LEASES_FORGOTTEN, "after a restart leases are not waited for", "exclusive")                  \
    X(LEASE_ENDS_WITH_EXCLUSIVE, "a last lease is not waited for when a session ends to be "       \
      "exclusive", "exclusive")                                                                    \
    X(LEASE_NOT_AWAITED, "what may still run under a lease is given up before its end", "exclusive") \
    X(NAMESAKE_UNSEEN, "what a deleted session of the same name still runs is not waited for",     \
      "exclusive")                                                                                 \
    /* the store */                                                                                \
    X(SYNC_NORMAL, "commits are not synced", "committed acknowledged ledger never-back")           \
    X(UNSYNCED_PAGES_TRUSTED, "a start builds on pages whose sync had failed",                     \
      "committed acknowledged ledger store-opens")                                                 \
    X(ROW_NOT_CHAINED, "every eighth row of the ledger is left out of the chain",                  \
      "ledger store-opens")                                                                        \
    X(DELETED_STAYS_CURRENT, "what is deleted is in force again after a restart",                  \
      "ledger current liveness acknowledged store-opens crash")                                    \
    X(ANSWERS_NOT_STORED, "the answer to an idempotency key is not stored",                        \
      "exactly-once same-answer refused ledger")                                                   \
    X(LOAD_STOPS_EARLY, "a start loads twelve objects and no more",                                \
      "ledger current liveness acknowledged store-opens crash authorised")                         \
    X(FORMS_NOT_KEPT, "old history goes with what an undo goes back to", "kept")                   \
    X(STATUS_OF_ROW_GOES, "old history goes with the status that a newer row was written with",    \
      "kept ledger store-opens")                                                                   \
    X(TEMPLATE_NOT_STORED, "what a template says is lost with the process", "crash liveness tasks") \
    X(ERA_NOT_RAISED, "a restored store goes on in its old era", "era never-back liveness")        \
    X(BLOBS_OF_RESULTS_GO, "stored outputs go, although a task is told to have made them",         \
      "blobs")                                                                                     \
    X(BLOBS_OF_REPORTS_GO, "stored outputs go, although an assignment tells of them", "blobs")     \
    X(BLOB_USE_UNSEEN, "a stored blob goes although somebody was told just now that it is there",  \
      "blobs")                                                                                     \
    X(BLOBS_STAY, "stored blobs that nothing refers to stay for ever", "blobs")                    \
    X(BLOB_QUOTA_IGNORED, "more is stored than the quota allows", "blobs")                         \
    /* the agent */                                                                                \
    X(FORGET_TO_PERSIST, "an agent accepts assignments that it did not write down",                \
      "saved-first")                                                                               \
    X(START_BEFORE_SAVED, "a run begins before its number is written down", "saved-first")         \
    X(RUN_NUMBER_AGAIN, "the number of a run is used a second time", "spawned-once spent")         \
    X(OLD_SET_TAKEN, "an older set of assignments takes the place of a newer one", "never-back")   \
    X(ADOPTS_NOTHING, "an agent that starts starts beside what it had started before",             \
      "truth once-per-run exclusive")                                                              \
    X(REMOVED_RUNS_ON, "what was removed goes on running", "liveness once-per-run exclusive")      \
    X(OLD_FORM_RUNS_ON, "what was changed goes on running in its old form", "liveness")            \
    X(PAUSE_IGNORED, "work is started although the owner has paused the machine",                  \
      "paused authorised liveness")                                                                \
    X(PAUSE_STAYS, "what an owner paused is never resumed", "paused liveness policy")              \
    X(RULES_OF_BEFORE, "other rules of an owner's hold from the next start of the agent on",        \
      "policy liveness")                                                                           \
    X(POLICY_ONLINE_ONLY, "an agent that is cut off judges no policy", "policy liveness paused")   \
    X(SILENCE_ALLOWED, "shims are told that work may run while nobody reads sensors", "policy")    \
    X(LAPSE_IGNORED, "what its shim suspended is never let go on", "liveness policy")              \
    X(HELD_ANEW, "an agent that starts counts anew for how long work was suspended", "policy")     \
    X(HEAT_WAITS, "what is too hot waits for a workload to save its state", "policy")              \
    X(DWELL_IGNORED, "what was too hot goes on as soon as it is cool", "policy")                   \
    X(RESUME_AT_MINIMUM, "a battery that is just above its minimum is charged well", "policy")     \
    X(BLIND_BUT_FOR_HEAT, "nothing but an unknown temperature holds work", "policy")               \
    X(WINDOWS_IN_UTC, "an agent takes the hours of windows to be UTC", "policy liveness")          \
    X(EACH_HAS_THE_WHOLE, "each run may use the processor time that is for all of them together",  \
      "policy liveness")                                                                           \
    X(MEMORY_NOT_SUMMED, "what runs is not ended although it holds too much memory together",      \
      "policy")                                                                                    \
    X(DRIFT_ALWAYS_HEALED, "what was ended from outside is started again, although it is to be "   \
      "reported alone", "drift")                                                                   \
    X(DRIFT_NEVER_HEALED, "limits that somebody else changed stay so", "drift")                    \
    X(DRIFT_FORGOTTEN, "an agent that starts starts what it had left as it was found", "drift")    \
    X(SUCCESS_BEFORE_EXIT, "an agent reports success of what still runs", "truth")                 \
    X(OUTPUTS_NOT_ASKED_AGAIN, "an agent tells of outputs that may be gone by now",                \
      "truth blobs")                                                                               \
    X(REPORT_NOT_REPEATED, "a report that was lost with its connection is not sent again",         \
      "liveness")                                                                                  \
    X(PERIOD_GROWS, "an accounting period grows after it was cut", "periods")                      \
    X(PERIOD_TAKEN_TWICE, "an accounting period that is told again counts again", "periods")       \
    X(USAGE_COUNTED_TWICE, "what the last run used counts for the next one, too", "spent")         \
    X(BACK_OFF_STAYS_SHORT, "what fails is tried again at once, however often it failed",          \
      "back-off")                                                                                  \
    X(LEASE_FROM_ANSWER, "an agent counts a lease from the answer and not from asking",            \
      "leased exclusive")                                                                          \
    X(START_WITHOUT_LEASE, "exclusive work is started before its lease is there",                  \
      "authorised")
/* clang-format on */

#define MUTANT_ENUM_(name, what, checks) MUTANT_##name,
enum mutant { MUTANT_NONE, MUTANTS(MUTANT_ENUM_) MUTANT_COUNT };
#undef MUTANT_ENUM_

struct mutant_row {
    const char *name;
    const char *what;   /* is wrong, as a clause */
    const char *checks; /* that may find it, divided by blanks */
};

extern const struct mutant_row mutant_table[MUTANT_COUNT]; /* that of MUTANT_NONE is empty */

#ifdef FOG_MUTANTS
extern enum mutant mutant_chosen;
#endif
