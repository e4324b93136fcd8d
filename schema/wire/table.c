/* The table of messages.  A new one is a struct and a type in wire.h, a list of fields and a row
 * here, and a case on each side.
 *
 * Texts and numbers that come from outside have bounds in their rows, so nothing is stored,
 * compared or answered that is longer than it may be. */
#include "schema/forms.h"
#include "schema/limits.h"
#include "schema/wire/wire.h"

#include <string.h>

static bool form_is_word(const char *text, const char **ret_why)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (*c <= ' ' || *c > '~') {
            *ret_why = "may hold printable ASCII without spaces only";
            return false;
        }
    }
    return true;
}

static bool form_is_signature(const char *text, const char **ret_why)
{
    uint8_t bytes[SIGNATURE_SIZE];

    *ret_why = "is not a signature: 64 bytes in base64";
    return base64_from_str(text, sizeof(bytes), bytes);
}

static bool form_is_nonce(const char *text, const char **ret_why)
{
    uint8_t bytes[WIRE_NONCE_SIZE];

    *ret_why = "is not a nonce: 32 bytes in base64";
    return base64_from_str(text, sizeof(bytes), bytes);
}

/* Rows that many messages share. */
#define ROW_ERA(type, required)                                                                    \
    {                                                                                              \
        "era", FIELD_INT, AT(type, era),                                                           \
            .max = INT64_MAX, .flags = (required),                                                 \
            .doc = "age of the store: raised when it is restored from a backup"                    \
    }
#define ROW_EPOCH(type)                                                                            \
    {                                                                                              \
        "epoch", FIELD_INT, AT(type, epoch), .min = 1, .max = INT64_MAX, .flags = FIELD_REQUIRED,  \
                                             .doc = "number of the connection, from its welcome"   \
    }
#define ROW_SEQ(type, words)                                                                       \
    {                                                                                              \
        "seq", FIELD_REVISION, AT(type, seq), .doc = (words)                                       \
    }
#define ROW_UID(type, words)                                                                       \
    {                                                                                              \
        "uid", FIELD_STR, AT(type, uid), .min = 1, .max = UID_BYTES_MAX, .flags = FIELD_REQUIRED,  \
                                         .check_text = form_is_word, .doc = (words)                \
    }
#define ROW_DIGEST(type, words)                                                                    \
    {                                                                                              \
        "digest", FIELD_STR, AT(type, digest), .check_text = form_is_digest, .doc = (words)        \
    }
#define ROW_WORD(title, type, member, words)                                                       \
    {                                                                                              \
        (title), FIELD_STR, AT(type, member), .max = WIRE_WORD_BYTES_MAX,                          \
                                              .check_text = form_is_word, .doc = (words)           \
    }
#define ROW_LEASE_EPOCH(type)                                                                      \
    {                                                                                              \
        "leaseEpoch", FIELD_INT, AT(type, lease_epoch),                                            \
            .max = INT64_MAX, .doc = "of exclusive work: rises each time the slot is granted anew" \
    }

static const struct field challenge_fields[] = {
    {"versionMin", FIELD_INT, AT(struct wire_challenge, version_min), .min = 1, .max = INT32_MAX,
     .flags = FIELD_REQUIRED, .doc = "oldest version of this protocol that the controller speaks"},
    {"versionMax", FIELD_INT, AT(struct wire_challenge, version_max), .min = 1, .max = INT32_MAX,
     .flags = FIELD_REQUIRED, .doc = "newest version of this protocol that the controller speaks"},
    {"storeId", FIELD_STR, AT(struct wire_challenge, store_id), .min = 1,
     .max = WIRE_WORD_BYTES_MAX, .flags = FIELD_REQUIRED, .check_text = form_is_word,
     .doc = "which store the controller decides from; an agent obeys the first one it met"},
    ROW_ERA(struct wire_challenge, 0),
    {"nonce", FIELD_STR, AT(struct wire_challenge, nonce), .flags = FIELD_REQUIRED,
     .check_text = form_is_nonce, .doc = "32 fresh bytes in base64, which hello signs"},
    {"controller", FIELD_NAME, AT(struct wire_challenge, controller), .flags = FIELD_REQUIRED,
     .doc = "name of the controller"},
};

static const struct field hello_fields[] = {
    {"version", FIELD_INT, AT(struct wire_hello, version), .min = 1, .max = INT32_MAX,
     .flags = FIELD_REQUIRED, .doc = "version of this protocol that the agent chose"},
    {"name", FIELD_NAME, AT(struct wire_hello, name), .flags = FIELD_REQUIRED,
     .doc = "of the agent; its first hello binds it to its key"},
    {"publicKey", FIELD_STR, AT(struct wire_hello, public_key), .flags = FIELD_REQUIRED,
     .check_text = form_is_public_key, .doc = "Ed25519, base64"},
    {"signature", FIELD_STR, AT(struct wire_hello, signature), .flags = FIELD_REQUIRED,
     .check_text = form_is_signature,
     .doc = "Ed25519 over the text described under \"What hello signs\", base64"},
    ROW_WORD("programVersion", struct wire_hello, program_version, "of fog-agent"),
    ROW_WORD("platform", struct wire_hello, platform, "for example linux/amd64"),
    ROW_WORD("bootId", struct wire_hello, boot_id,
             "changes when the machine is booted, or the agent uses another state directory"),
    {"capacity", FIELD_STRUCT, AT(struct wire_hello, capacity), .shape = &resources_shape,
     .doc = "what the machine's owner lets Fog use"},
    {"labels", FIELD_STRMAP, AT(struct wire_hello, labels), .max = LABELS_MAX,
     .flags = FIELD_LABELS, .doc = "self-declared; the controller keeps them under \"reported/\""},
    {"paused", FIELD_BOOL, AT(struct wire_hello, paused),
     .doc = "the machine's owner lets nothing run"},
    ROW_WORD("storeId", struct wire_hello, store_id, "the one it obeys; absent: none yet"),
    ROW_ERA(struct wire_hello, 0),
    {"epoch", FIELD_INT, AT(struct wire_hello, epoch), .max = INT64_MAX,
     .doc = "highest it saw in a welcome"},
    {"revision", FIELD_REVISION, AT(struct wire_hello, revision),
     .doc = "of the last assign that it wrote to its disk"},
    ROW_DIGEST(struct wire_hello, "of the set of assignments on its disk"),
};

static const struct field welcome_fields[] = {
    ROW_EPOCH(struct wire_welcome),
    ROW_ERA(struct wire_welcome, 0),
    {"heartbeat", FIELD_DURATION, AT(struct wire_welcome, heartbeat_ms), .min = 1,
     .max = HEARTBEAT_MAX_MS, .flags = FIELD_REQUIRED,
     .doc = "each side sends one this often, and hangs up after three that did not come"},
    ROW_WORD("agentUid", struct wire_welcome, agent_uid, "uid of the Agent object"),
    {"period", FIELD_INT, AT(struct wire_welcome, period), .max = PERIOD_NUMBER_MAX,
     .doc = "number of the last accounting period of this agent that was taken in"},
    {"blobsPort", FIELD_INT, AT(struct wire_welcome, blobs_port), .max = 65535,
     .doc =
         "of the controller's HTTP listener, where blobs are; on the host that the agent dialled"},
};

static const struct field refuse_fields[] = {
    {"reason", FIELD_STR, AT(struct wire_refuse, reason), .max = WIRE_WORD_BYTES_MAX,
     .flags = FIELD_REQUIRED, .check_text = form_is_reason,
     .doc = "VersionMismatch, NameTaken, BadSignature, ForeignStore, OldEra, OldCopy, InUse, "
            "LeaseHeld, TooManyAgents or BadHello"},
    {"message", FIELD_STR, AT(struct wire_refuse, message), .max = WIRE_TEXT_BYTES_MAX,
     .doc = "what a person can do about it"},
    {"retryAfter", FIELD_DURATION, AT(struct wire_refuse, retry_after_ms),
     .max = INT64_C(24) * 60 * 60 * 1000, .doc = "do not come back before"},
};

static const struct field assignment_fields[] = {
    ROW_UID(struct wire_assignment, "what reports and leases call it"),
    {"name", FIELD_NAME, AT(struct wire_assignment, name), .flags = FIELD_REQUIRED,
     .doc = "of the Assignment object"},
    {"session", FIELD_NAME, AT(struct wire_assignment, session), .flags = FIELD_REQUIRED,
     .doc = "the HarvestSession it is part of"},
    {"sessionUid", FIELD_STR, AT(struct wire_assignment, session_uid), .max = UID_BYTES_MAX,
     .check_text = form_is_word,
     .doc = "uid of that session, for accounting; absent: not accounted for"},
    {"slot", FIELD_NAME, AT(struct wire_assignment, slot), .flags = FIELD_REQUIRED,
     .doc = "which replica of the session it is"},
    {"generation", FIELD_INT, AT(struct wire_assignment, generation), .min = 1, .max = INT64_MAX,
     .flags = FIELD_REQUIRED, .doc = "rises when what shall run changes"},
    ROW_LEASE_EPOCH(struct wire_assignment),
    {"templateDigest", FIELD_STR, AT(struct wire_assignment, template_digest),
     .flags = FIELD_REQUIRED, .check_text = form_is_digest,
     .doc = "two with the same one run the same"},
    {"template", FIELD_STRUCT, AT(struct wire_assignment, template), .shape = &template_shape,
     .flags = FIELD_REQUIRED, .doc = "what shall run, with everything decided"},
};

const struct shape wire_assignment_shape =
    SHAPE("assignment", struct wire_assignment, assignment_fields);

static const struct field assign_fields[] = {
    ROW_ERA(struct wire_assign, 0),
    ROW_EPOCH(struct wire_assign),
    {"revision", FIELD_REVISION, AT(struct wire_assign, revision),
     .doc = "the set as of this revision of the store; the agent drops older ones"},
    {"full", FIELD_BOOL, AT(struct wire_assign, full),
     .doc = "the set is exactly this; otherwise it changes the set that has the digest `base`"},
    {"more", FIELD_BOOL, AT(struct wire_assign, more),
     .doc = "the next assign belongs to this one; the agent acts after the last"},
    {"base", FIELD_STR, AT(struct wire_assign, base), .check_text = form_is_digest,
     .doc = "digest of the set that this changes; the agent answers resync when it has another"},
    ROW_DIGEST(struct wire_assign, "of the set afterwards; on the last message"),
    {"assignments", FIELD_LIST, AT(struct wire_assign, assignments),
     .shape = &wire_assignment_shape, .max = MESSAGE_ASSIGNMENTS_MAX, .doc = "added or changed"},
    {"removed", FIELD_LIST, AT(struct wire_assign, removed), .item = FIELD_STR,
     .max = ASSIGNMENTS_PER_AGENT_MAX, .doc = "uids of those to stop, report and forget"},
};

static const struct field accepted_fields[] = {
    ROW_EPOCH(struct wire_accepted),
    {"revision", FIELD_REVISION, AT(struct wire_accepted, revision),
     .doc = "of the assign that is on the agent's disk"},
    ROW_DIGEST(struct wire_accepted, "of the set on its disk"),
};

static const struct field resync_fields[] = {
    ROW_EPOCH(struct wire_resync),
    ROW_DIGEST(struct wire_resync, "of the set that the agent has; it asks for all of it"),
};

static const struct field change_fields[] = {
    {"number", FIELD_INT, AT(struct wire_change, number), .max = INT64_MAX, .flags = FIELD_REQUIRED,
     .doc = "rises with each of the assignment; each counts once"},
    {"time", FIELD_TIME, AT(struct wire_change, at), .doc = "on the agent's clock"},
    {"outcome", FIELD_STR, AT(struct wire_change, outcome), .max = 63, .flags = FIELD_REQUIRED,
     .check_text = form_is_reason, .doc = "Run, Throttle, Suspend or Evict"},
    {"reason", FIELD_STR, AT(struct wire_change, reason), .max = 63, .check_text = form_is_reason,
     .doc = "why, in one word; None: nothing stands in the way any more"},
    {"message", FIELD_STR, AT(struct wire_change, message), .max = MESSAGE_TEXT_BYTES_MAX,
     .doc = "the same in a sentence, with the reading that caused it"},
};

const struct shape wire_change_shape = SHAPE("change", struct wire_change, change_fields);

static const struct field report_item_fields[] = {
    ROW_UID(struct wire_report_item, "of the assignment"),
    {"generation", FIELD_INT, AT(struct wire_report_item, generation), .max = INT64_MAX,
     .doc = "that the agent acts on; absent: it knows the uid only from a process it found"},
    ROW_LEASE_EPOCH(struct wire_report_item),
    {"status", FIELD_STRUCT, AT(struct wire_report_item, status), .shape = &assignment_status_shape,
     .doc = "as it is kept"},
    {"changes", FIELD_LIST, AT(struct wire_report_item, changes), .shape = &wire_change_shape,
     .max = REPORT_CHANGES_MAX,
     .doc = "changes of what its policy asks for that were not acknowledged yet; they become "
            "events"},
    {"dropped", FIELD_INT, AT(struct wire_report_item, dropped), .max = INT64_MAX,
     .doc = "further changes before these, which were too many to keep"},
};

static const struct shape report_item_shape =
    SHAPE("reportItem", struct wire_report_item, report_item_fields);

static const struct field report_fields[] = {
    ROW_EPOCH(struct wire_report),
    ROW_SEQ(struct wire_report, "rises with each report of an agent, across its restarts"),
    {"paused", FIELD_BOOL, AT(struct wire_report, paused),
     .doc = "the machine's owner lets nothing run"},
    {"items", FIELD_LIST, AT(struct wire_report, items), .shape = &report_item_shape,
     .max = MESSAGE_REPORTS_MAX, .doc = "what changed since the last report that was acknowledged"},
    {"period", FIELD_STRUCT, AT(struct wire_report, period), .shape = &period_shape,
     .doc = "an accounting period that the agent cut; repeated as it is until taken in"},
};

static const struct field reported_fields[] = {
    ROW_EPOCH(struct wire_reported),
    ROW_SEQ(struct wire_reported, "reports up to this one are durable"),
    {"period", FIELD_INT, AT(struct wire_reported, period), .max = PERIOD_NUMBER_MAX,
     .doc = "number of the last accounting period that was taken in, durably; absent: none, or "
            "an older controller"},
};

static const struct field heartbeat_fields[] = {
    ROW_EPOCH(struct wire_heartbeat),
    ROW_SEQ(struct wire_heartbeat, "counts this side's heartbeats of the connection"),
    ROW_DIGEST(struct wire_heartbeat, "of the set: the agent's of the one on its disk, the "
                                      "controller's of the one it should be; absent while an "
                                      "assign is under way"),
    {"interval", FIELD_DURATION, AT(struct wire_heartbeat, interval_ms), .max = HEARTBEAT_MAX_MS,
     .doc =
         "from the controller, when it changed with the size of the fleet: between heartbeats from "
         "now on"},
    {"usage", FIELD_STRUCT, AT(struct wire_heartbeat, usage), .shape = &contribution_shape,
     .doc = "the agent's workloads together; never stored as it comes"},
    {"sensors", FIELD_STRUCT, AT(struct wire_heartbeat, sensors), .shape = &sensors_shape,
     .flags = FIELD_EXPLICIT,
     .doc = "the agent's, now and then and when one has moved; absent: about as before; kept "
            "while it is connected, never stored"},
    {"utcOffset", FIELD_INT, AT(struct wire_heartbeat, utc_offset_minutes), .min = -UTC_OFFSET_MAX,
     .max = UTC_OFFSET_MAX,
     .doc = "with sensors: minutes that the machine's local time is ahead of UTC"},
    {"clock", FIELD_TIME, AT(struct wire_heartbeat, clock),
     .doc = "with sensors: the machine's own clock, UTC; windows open and close by it, right or "
            "wrong; absent: an older agent, taken to have the controller's"},
};

static const struct field lease_fields[] = {
    ROW_UID(struct wire_lease, "of the assignment"),
    ROW_LEASE_EPOCH(struct wire_lease),
};

static const struct shape lease_shape = SHAPE("lease", struct wire_lease, lease_fields);

static const struct field renew_fields[] = {
    ROW_EPOCH(struct wire_renew),
    ROW_SEQ(struct wire_renew, "comes back in renewed; the agent counts leases from its sending"),
    {"leases", FIELD_LIST, AT(struct wire_renew, leases), .shape = &lease_shape,
     .max = ASSIGNMENTS_PER_AGENT_MAX, .doc = "asked for"},
};

static const struct field renewed_fields[] = {
    ROW_ERA(struct wire_renewed, 0),
    ROW_EPOCH(struct wire_renewed),
    ROW_SEQ(struct wire_renewed, "of the renew that it answers"),
    {"leases", FIELD_LIST, AT(struct wire_renewed, leases), .shape = &lease_shape,
     .max = ASSIGNMENTS_PER_AGENT_MAX,
     .doc = "granted for the leaseDuration of their template; the agent stops the others"},
};

static const struct field log_request_fields[] = {
    {"id", FIELD_REVISION, AT(struct wire_log_request, id),
     .doc = "of the stream, chosen by the controller"},
    ROW_UID(struct wire_log_request, "of the assignment"),
    {"tail", FIELD_INT, AT(struct wire_log_request, tail), .min = -1, .max = LOG_TAIL_MAX,
     .doc = "lines from the end; -1: all that is kept"},
    {"follow", FIELD_BOOL, AT(struct wire_log_request, follow),
     .doc = "go on with new lines until cancelled"},
};

static const struct field log_cancel_fields[] = {
    {"id", FIELD_REVISION, AT(struct wire_log_cancel, id), .doc = "of the stream"},
};

static const struct field log_data_fields[] = {
    {"id", FIELD_REVISION, AT(struct wire_log_data, id), .doc = "of the stream"},
    {"data", FIELD_STR, AT(struct wire_log_data, data), .max = LOG_CHUNK_BYTES_MAX,
     .doc = "UTF-8; bytes that are not are replaced"},
    {"dropped", FIELD_INT, AT(struct wire_log_data, dropped), .max = INT64_MAX,
     .doc = "lines lost before this because the link was slow"},
    {"end", FIELD_BOOL, AT(struct wire_log_data, end), .doc = "nothing follows"},
    {"error", FIELD_STR, AT(struct wire_log_data, error), .max = WIRE_TEXT_BYTES_MAX,
     .doc = "why there is nothing"},
};

static const struct field error_fields[] = {
    {"about", FIELD_STR, AT(struct wire_error, about), .max = WIRE_WORD_BYTES_MAX,
     .doc = "type of the message that it answers; absent when that was not readable"},
    {"message", FIELD_STR, AT(struct wire_error, message), .max = WIRE_TEXT_BYTES_MAX,
     .doc = "what was wrong with it"},
};

#define MESSAGE(name)                                                                              \
    static const struct shape name##_shape = SHAPE(#name, struct wire_##name, name##_fields)
MESSAGE(challenge);
MESSAGE(hello);
MESSAGE(welcome);
MESSAGE(refuse);
MESSAGE(assign);
MESSAGE(accepted);
MESSAGE(resync);
MESSAGE(report);
MESSAGE(reported);
MESSAGE(heartbeat);
MESSAGE(renew);
MESSAGE(renewed);
MESSAGE(log_request);
MESSAGE(log_cancel);
MESSAGE(log_data);
MESSAGE(error);
#undef MESSAGE

#define FROM_AGENT      .from_agent = true
#define FROM_CONTROLLER .from_controller = true

/* In order of enum wire_type. */
const struct wire_entry wire_table[WIRE_TYPE_COUNT] = {
    [WIRE_CHALLENGE] = {"challenge", &challenge_shape, FROM_CONTROLLER,
                        .doc =
                            "The first message.  The agent hangs up when it obeys another store, "
                            "when the era is older than one it saw, when it was told another "
                            "controller's name, or when they share no version."},
    [WIRE_HELLO] = {"hello", &hello_shape, FROM_AGENT,
                    .doc = "Says who the agent is, proves it, and says what it has."},
    [WIRE_WELCOME] = {"welcome", &welcome_shape, FROM_CONTROLLER,
                      .doc = "The link is up.  All messages that follow carry its epoch; those of "
                             "another are dropped and counted."},
    [WIRE_REFUSE] = {"refuse", &refuse_shape, FROM_CONTROLLER,
                     .doc = "The link is not wanted; the controller hangs up after it."},
    [WIRE_ASSIGN] = {"assign", &assign_shape, FROM_CONTROLLER,
                     .doc = "What the agent shall run.  It is written to the agent's disk before "
                            "anything of it is started."},
    [WIRE_ACCEPTED] = {"accepted", &accepted_shape, FROM_AGENT,
                       .doc = "The assign is on the agent's disk.  The same assign again is "
                              "answered again, and changes nothing."},
    [WIRE_RESYNC] = {"resync", &resync_shape, FROM_AGENT,
                     .doc = "The set is not the one the controller thinks; it answers with a full "
                            "assign."},
    [WIRE_REPORT] = {"report", &report_shape, FROM_AGENT,
                     .doc = "What became of assignments: the newest of each, at most one report "
                            "unanswered at a time.  What was not acknowledged is sent again."},
    [WIRE_REPORTED] = {"reported", &reported_shape, FROM_CONTROLLER,
                       .doc =
                           "The report is durable; of a removed assignment the agent now forgets "
                           "everything."},
    [WIRE_HEARTBEAT] = {"heartbeat", &heartbeat_shape, FROM_AGENT, FROM_CONTROLLER,
                        .doc = "Each side is alive.  Digests that differ lead to a full compare."},
    [WIRE_RENEW] = {"renew", &renew_shape, FROM_AGENT,
                    .doc = "Asks for the leases of exclusive work, at a third of their length."},
    [WIRE_RENEWED] = {"renewed", &renewed_shape, FROM_CONTROLLER,
                      .doc =
                          "Grants leases.  One that was asked for and is missing is refused: the "
                          "agent stops that work at once."},
    [WIRE_LOG_REQUEST] = {"logRequest", &log_request_shape, FROM_CONTROLLER,
                          .doc = "Asks for lines that a workload wrote."},
    [WIRE_LOG_CANCEL] = {"logCancel", &log_cancel_shape, FROM_CONTROLLER,
                         .doc = "No more of that stream."},
    [WIRE_LOG_DATA] = {"logData", &log_data_shape, FROM_AGENT, .doc = "Lines of a log."},
    [WIRE_ERROR] = {"error", &error_shape, FROM_AGENT, FROM_CONTROLLER,
                    .doc = "Answers a message that is unknown or breaks its table.  After eight of "
                           "those the link is hung up.  An error is never answered."},
};
