/* docs/PROTOCOL.md: how a link lives, and one chapter for each message, from its row. */
#include "schema/docs.h"
#include "schema/limits.h"
#include "schema/wire/wire.h"

static void add_life(struct str *to)
{
    str_add(to, "## The life of a link\n\n"
                "```\n"
                "agent                          controller\n"
                "  |  (WebSocket opens)              |\n"
                "  |  <---------------- challenge    |  nonce, store id, era, name\n"
                "  |  hello -------------------->    |  name, key, signature, what it has\n"
                "  |  <------------------ welcome    |  epoch, heartbeat; or refuse and hang-up\n"
                "  |  <------------------- assign    |  everything, or the difference\n"
                "  |  accepted ----------------->    |  it is on the agent's disk\n"
                "  |  report ------------------->    |  what became of it\n"
                "  |  <----------------- reported    |  the report is durable\n"
                "  |  <-- heartbeat, heartbeat -->   |  each way, with the digest of the set\n"
                "  |  renew / <---------- renewed    |  leases of exclusive work\n"
                "  |  <- logRequest / logData -->    |  on demand\n"
                "```\n\n");
    str_addf(to,
             "The agent dials; the WebSocket's subprotocol is `%s`.  A message is one text message "
             "that\nholds a JSON object with a `type` and the fields of that type.  An absent "
             "field is zero, empty or\nfalse; a field that a version does not know is ignored.  "
             "This page describes version %d.\n\n",
             WIRE_SUBPROTOCOL, WIRE_VERSION);
}

static void add_rules(struct str *to)
{
    str_addf(to,
             "## Rules\n\n"
             "1. A message of more than %d bytes, an assignment of more than %d, an unknown type, "
             "a message\n   of the other side's and one that breaks its table are answered by "
             "`error` and counted.  After\n   %d in one connection the link is hung up.\n"
             "2. An agent obeys one store, the first that welcomed it, and of it no era older than "
             "the newest it\n   saw.  Epochs rise from connection to connection within an era.  "
             "The agent keeps the highest of\n   both on its disk.  When its epoch is not the "
             "next one, somebody else was connected in its name: it\n   reports everything anew.\n"
             "3. A message of another epoch or era, an assign of an older revision, and an "
             "assignment of a lower\n   generation or lease epoch are dropped and counted, not "
             "answered.\n"
             "4. The agent writes an assign to its disk, then sends `accepted`, then starts what "
             "is new.  What did\n   not change is not touched.\n"
             "5. A lease counts from the sending of the `renew` that was granted.  It is asked for "
             "again at a third\n   of its length; work stops when it is refused or has run out.\n"
             "6. Either side hangs up after %d heartbeats that did not come.  The agent dials "
             "again after %d ms,\n   then twice as long each time up to %d ms, always between "
             "half of it and all of it.\n"
             "7. The same message again is answered again and changes nothing.\n\n",
             MESSAGE_BYTES_MAX, ASSIGNMENT_BYTES_MAX, BAD_MESSAGES_MAX, HEARTBEATS_MISSED_MAX,
             RECONNECT_MIN_MS, RECONNECT_MAX_MS);
}

/* The texts themselves are made by wire.c; a sample of each keeps this page true. */
static void add_signed_text(struct str *to)
{
    static const char nonce[] = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    struct strpair label = {.key = "site", .value = "north"};
    const struct wire_challenge challenge = {
        .nonce = nonce, .store_id = "f00d", .era = 2, .controller = "fog"};
    struct wire_hello hello = {.version = 1,
                               .name = "edge-1",
                               .public_key = "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=",
                               .program_version = "0.1.0",
                               .platform = "linux/amd64",
                               .boot_id = "b007",
                               .capacity = {.cores = 4000, .memory = 1 << 30},
                               .labels = {.items = &label, .count = 1},
                               .store_id = "f00d",
                               .era = 2,
                               .epoch = 6,
                               .revision = 120};

    str_add(to, "## What hello signs\n\n"
                "These lines, each ended by a newline; texts as JSON strings, `label` and `is` "
                "once for each label in\norder of their keys, `cores` in thousandths, memory and "
                "disk in bytes:\n\n```\n");
    wire_hello_signed_text(&challenge, &hello, to);
    str_add(to, "```\n\n");
}

static void add_digests(struct str *to)
{
    str_add(to, "## Digests\n\n"
                "A digest is the first 256 bits of BLAKE2b-512, written `blake2b:` and 64 hex "
                "digits.  That of an\nassignment is taken of its uid, generation, lease epoch and "
                "template digest, each followed by a\nnewline.  That of a set is the sum of its "
                "members' digests as four little-endian 64-bit lanes, each\nmodulo 2^64; of an "
                "empty set it is zero.\n\n");
}

static void add_message(struct str *to, const struct wire_entry *entry)
{
    const char *direction = "agent to controller";

    if (entry->from_controller) {
        direction = entry->from_agent ? "both ways" : "controller to agent";
    }
    str_addf(to, "\n### %s\n\n*%s.*  %s\n\n", entry->name, direction, entry->doc);
    docs_table(to, entry->shape, "", DOCS_ABSENT_IS_ZERO);
}

void docs_protocol(struct str *to)
{
    str_add(to, "# The agent link\n\n"
                "Generated from the table of messages in `schema/wire/` by `gendocs protocol`; a "
                "test compares.\n\n");
    add_life(to);
    add_rules(to);
    add_signed_text(to);
    add_digests(to);
    str_add(to, "## Messages\n\n");
    docs_forms(to);
    for (size_t i = 0; i < WIRE_TYPE_COUNT; i++) {
        add_message(to, &wire_table[i]);
    }
}
