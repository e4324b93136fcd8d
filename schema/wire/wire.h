/* The agent link: one table of messages, one codec for both sides.
 *
 * A message is one WebSocket text message: a JSON object {"type": NAME, …fields}.  Each message is
 * a shape (schema/kind.h), so it is bound, checked and documented by its table; docs/PROTOCOL.md is
 * generated from it.  Subprotocol: "fog.agent.v1".
 *
 * The life of a link:
 *
 *     agent                          controller
 *       |  (WebSocket opens)              |
 *       |  <---------------- challenge    |  nonce, store id, era, name
 *       |  hello -------------------->    |  name, key, signature over all of it, what it has
 *       |  <------------------ welcome    |  connection epoch, heartbeat; or refuse, and hang-up
 *       |  <------------------- assign    |  everything, or the difference to what the agent has
 *       |  accepted ----------------->    |  after it was written to the agent's disk
 *       |  report ------------------->    |  what became of it
 *       |  <----------------- reported    |  once the report is durable
 *       |  <-- heartbeat, heartbeat -->   |  each way, with the digest of the set
 *       |  renew / <---------- renewed    |  leases of exclusive work
 *       |  <- logRequest / logData -->    |  on demand
 */
#pragma once

#include "schema/base/digest.h"
#include "schema/base/err.h"
#include "schema/base/str.h"
#include "schema/kinds/agent.h"
#include "schema/kinds/assignment.h"
#include "schema/problem.h"
#include "schema/readings.h"

enum { WIRE_VERSION = 1, WIRE_VERSION_MIN = 1, WIRE_NONCE_SIZE = 32 };
#define WIRE_SUBPROTOCOL "fog.agent.v1"

enum wire_type {
    WIRE_CHALLENGE,   /* controller → agent */
    WIRE_HELLO,       /* agent → controller */
    WIRE_WELCOME,     /* c → a */
    WIRE_REFUSE,      /* c → a, then it hangs up */
    WIRE_ASSIGN,      /* c → a */
    WIRE_ACCEPTED,    /* a → c */
    WIRE_RESYNC,      /* a → c: send everything, my digest differs */
    WIRE_REPORT,      /* a → c */
    WIRE_REPORTED,    /* c → a: durable up to this sequence number */
    WIRE_HEARTBEAT,   /* both ways */
    WIRE_RENEW,       /* a → c */
    WIRE_RENEWED,     /* c → a */
    WIRE_LOG_REQUEST, /* c → a */
    WIRE_LOG_CANCEL,  /* c → a */
    WIRE_LOG_DATA,    /* a → c */
    WIRE_ERROR,       /* both ways: the answer to a message that was invalid or unknown */
    WIRE_TYPE_COUNT,
};

/* What a program is willing to speak.  Zeroes: all that it knows.  A narrower range lets an upgrade
 * be taken back, or tried out against what is to come. */
struct wire_versions {
    int64_t min, max;
};

static inline struct wire_versions wire_versions_of(struct wire_versions chosen)
{
    return (struct wire_versions){chosen.min == 0 ? WIRE_VERSION_MIN : chosen.min,
                                  chosen.max == 0 ? WIRE_VERSION : chosen.max};
}

struct wire_challenge {
    uint64_t set;
    int64_t version_min, version_max;
    const char *store_id;
    int64_t era;
    const char *nonce;      /* base64 of 32 bytes */
    const char *controller; /* its name */
};

struct wire_hello {
    uint64_t set;
    int64_t version;
    const char *name;
    const char *public_key; /* base64 */
    const char *signature;  /* base64, over wire_hello_signed_text() */
    const char *program_version, *platform, *boot_id;
    struct resources capacity;
    struct strmap labels; /* self-declared; kept under "reported/" */
    bool paused;
    const char *store_id; /* the one it last obeyed; "" none */
    int64_t era, epoch;   /* highest seen */
    uint64_t revision;    /* of the last assign it accepted */
    const char *digest;   /* of the set it has */
};

struct wire_welcome {
    uint64_t set;
    int64_t epoch; /* of this connection; rises for an agent with each of its connections */
    int64_t era;
    int64_t heartbeat_ms;
    const char *agent_uid;
    int64_t period;     /* number of the last accounting period of this agent that was taken in */
    int64_t blobs_port; /* of its HTTP listener, on the host that the agent dialled; 0: not said */
};

struct wire_refuse {
    uint64_t set;
    const char *reason;  /* CamelCase: VersionMismatch, NameTaken, BadSignature, ForeignStore,
                            OldEra, OldCopy, InUse, LeaseHeld, TooManyAgents, BadHello */
    const char *message; /* what to do */
    int64_t retry_after_ms;
};

struct wire_assignment { /* one resolved piece of work */
    uint64_t set;
    const char *uid, *name, *session, *slot;
    const char *session_uid; /* NULL: not said, by an older controller */
    int64_t generation;
    int64_t lease_epoch;
    const char *template_digest; /* "templateDigest" */
    struct template template;
};

struct wire_assign {
    uint64_t set;
    int64_t era, epoch;
    uint64_t revision;  /* the state as of this revision */
    bool full;          /* replaces the set; otherwise changes it */
    bool more;          /* the next message belongs to it: act after the last */
    const char *base;   /* digest of the set this changes, when not full */
    const char *digest; /* of the set afterwards (on the last message) */
    LIST_OF(struct wire_assignment) assignments; /* added or changed */
    LIST_OF(const char *) removed;               /* uids */
};

struct wire_accepted {
    uint64_t set;
    int64_t epoch;
    uint64_t revision;
    const char *digest;
};

struct wire_resync {
    uint64_t set;
    int64_t epoch;
    const char *digest; /* what it has */
};

struct wire_change { /* of what the policy asks for */
    uint64_t set;
    int64_t number; /* rises with each of an assignment, across restarts of its agent */
    struct wall at; /* on the agent's clock */
    const char *outcome, *reason; /* policy_outcome_words, policy_reason_words */
    const char *message;
};

struct wire_report_item {
    uint64_t set;
    const char *uid;
    int64_t generation; /* that it acts on */
    int64_t lease_epoch;
    struct assignment_status status;     /* observedGeneration = generation */
    LIST_OF(struct wire_change) changes; /* that were not acknowledged yet, the oldest first */
    int64_t dropped;                     /* before them: nobody will hear of these */
};

struct wire_report {
    uint64_t set;
    int64_t epoch;
    uint64_t seq; /* rises with each report of this agent, across its restarts */
    bool paused;
    LIST_OF(struct wire_report_item) items;
    struct period period; /* that was cut and not taken in yet; number 0: none */
};

struct wire_reported {
    uint64_t set;
    int64_t epoch;
    uint64_t seq;
    int64_t period; /* as in welcome, durably */
};

struct wire_heartbeat {
    uint64_t set;
    int64_t epoch;
    uint64_t seq;
    const char *digest; /* a → c: of the set it has; c → a: of the set it should have, or "" while
                           an assign is under way */
    struct contribution
        usage; /* a → c: totals over its workloads; bounded memory, never stored as it comes */
    /* a → c: sometimes; absent: as told before on this connection */
    struct sensors sensors;
    int64_t utc_offset_minutes; /* with `sensors`: of its local time */
    struct wall clock;          /* with `sensors`: its own, UTC; 0: it is too old to tell */
    int64_t interval_ms;        /* c → a: between heartbeats from now on; 0: as before */
};

struct wire_lease {
    uint64_t set;
    const char *uid;
    int64_t lease_epoch;
};

struct wire_renew {
    uint64_t set;
    int64_t epoch;
    uint64_t seq; /* comes back, so that the agent counts from sending */
    LIST_OF(struct wire_lease) leases;
};

struct wire_renewed {
    uint64_t set;
    int64_t era, epoch;
    uint64_t seq;
    LIST_OF(struct wire_lease) leases; /* granted; those missing are refused: stop that work */
};

struct wire_log_request {
    uint64_t set;
    uint64_t id;     /* of the stream */
    const char *uid; /* of the assignment */
    int64_t tail;    /* lines from the end; negative: all */
    bool follow;
};

struct wire_log_cancel {
    uint64_t set;
    uint64_t id;
};

struct wire_log_data {
    uint64_t set;
    uint64_t id;
    const char *data; /* UTF-8; invalid bytes replaced */
    int64_t dropped;  /* lines lost before this because the link was slow */
    bool end;
    const char *error; /* why there is nothing; ends the stream */
};

struct wire_error {
    uint64_t set;
    const char *about; /* type of the message it answers; "" when that was not readable */
    const char *message;
};

struct wire_message {
    enum wire_type type;
    union {
        struct wire_challenge challenge;
        struct wire_hello hello;
        struct wire_welcome welcome;
        struct wire_refuse refuse;
        struct wire_assign assign;
        struct wire_accepted accepted;
        struct wire_resync resync;
        struct wire_report report;
        struct wire_reported reported;
        struct wire_heartbeat heartbeat;
        struct wire_renew renew;
        struct wire_renewed renewed;
        struct wire_log_request log_request;
        struct wire_log_cancel log_cancel;
        struct wire_log_data log_data;
        struct wire_error error;
    };
};

struct wire_entry { /* a row of the table */
    const char *name;
    const struct shape *shape;
    bool from_agent, from_controller;
    const char *doc;
};

/* In order of enum wire_type. */
extern const struct wire_entry wire_table[WIRE_TYPE_COUNT];

/* The form of one assignment, as an agent also saves it. */
extern const struct shape wire_assignment_shape;
extern const struct shape wire_change_shape;

/* Encodes from a message whose `set` bits need not be filled in: every field is written unless it
 * is its type's zero. */
struct blob *wire_encode(const struct wire_message *message);

/* Decodes what the other side sent; texts live in the arena, absent ones are NULL, and no default
 * is applied.  Fields that the table does not know are ignored: the version handshake settles what
 * both understand.  ERR_INVALID, or ERR_LIMIT, with the reason in `err` when it is no message,
 * unknown, of the wrong direction, or breaks its table. */
int wire_decode(struct arena *arena, const char *bytes, size_t size_bytes, bool from_agent,
                struct wire_message *ret_message, struct err *err);

/* The type that a refused message claims, for the answer to it; "" when that is not readable.  In
 * the arena. */
const char *wire_peek_type(struct arena *arena, const char *bytes, size_t size_bytes);

/* Marks as present every field that is not its type's zero, in what is below too, so that emit
 * writes it; bits that are set stay set.  Lists of structs are copied to the arena first: the ones
 * given stay as they are. */
void wire_mark_present(struct arena *arena, const struct shape *shape, void *of);

/* The name of a template whose `set` bits need not be filled in: that of what is sent for it. */
void wire_template_digest(const struct template *resolved, char ret_text[static DIGEST_TEXT_SIZE]);

/* A deep copy that lives in the arena. */
void wire_assignment_copy(struct arena *arena, const struct wire_assignment *from,
                          struct wire_assignment *to);

/* The text that hello signs: every field of challenge and hello that matters, each on a line of its
 * own. */
void wire_hello_signed_text(const struct wire_challenge *challenge, const struct wire_hello *hello,
                            struct str *to);

/* The digest of one assignment for the digest of the set: over uid, generation, lease epoch,
 * template digest. */
void wire_assignment_digest(const char *uid, int64_t generation, int64_t lease_epoch,
                            const char *template_digest, struct digest *ret_digest);
