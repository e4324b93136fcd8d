/* The ledger: a copy of the store's file in memory, its hash chain by our own arithmetic, its rows.
 *
 * The chain is as controller/io/store/store.h describes it: each link is the BLAKE2b-256 MAC, under
 * the key in `meta`, of the link before and the row's fields, each behind its length in eight
 * bytes, lowest first; numbers are eight bytes, too. */
#include "tests/chaos/check.h"

#include <inttypes.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINK_SIZE = 32, FULL_SIZE = 64 };

/* A reader copies: pages are taken in one step, and so all of one moment. */
void ledger_open(struct check *check)
{
    char path[4096];
    sqlite3 *file = NULL;
    sqlite3_backup *backup;

    (void)snprintf(path, sizeof(path), "%s/controller/fog.db", check->dir);
    if (sqlite3_open_v2(path, &file, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK ||
        sqlite3_busy_timeout(file, 5000) != SQLITE_OK ||
        sqlite3_open(":memory:", &check->db) != SQLITE_OK) {
        cannot("%s: %s", path, sqlite3_errmsg(file));
    }
    backup = sqlite3_backup_init(check->db, "main", file, "main");
    if (backup == NULL || sqlite3_backup_step(backup, -1) != SQLITE_DONE) {
        cannot("%s: %s", path, sqlite3_errmsg(check->db));
    }
    (void)sqlite3_backup_finish(backup);
    (void)sqlite3_close(file);
}

static sqlite3_stmt *prepare(struct check *check, const char *sql)
{
    sqlite3_stmt *stmt;

    if (sqlite3_prepare_v2(check->db, sql, -1, &stmt, NULL) != SQLITE_OK) {
        cannot("the store: %s", sqlite3_errmsg(check->db));
    }
    return stmt;
}

/* --- the chain ---------------------------------------------------------------------------------
 */

static void mac(const uint8_t *key, const void *bytes, size_t size, uint8_t *ret_mac)
{
    EVP_MAC *algorithm = EVP_MAC_fetch(NULL, "BLAKE2BMAC", NULL);
    EVP_MAC_CTX *context = EVP_MAC_CTX_new(algorithm);
    size_t mac_size = LINK_SIZE, length;
    const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &mac_size),
                                     OSSL_PARAM_construct_end()};

    if (EVP_MAC_init(context, key, LINK_SIZE, parameters) != 1 ||
        EVP_MAC_update(context, bytes, size) != 1 ||
        EVP_MAC_final(context, ret_mac, &length, LINK_SIZE) != 1) {
        cannot("libcrypto has no keyed BLAKE2b");
    }
    EVP_MAC_CTX_free(context);
    EVP_MAC_free(algorithm);
}

struct bytes {
    uint8_t *data;
    size_t length, size;
};

static void put(struct bytes *to, const void *data, size_t length)
{
    if (to->size < to->length + length) {
        to->size = 2 * (to->length + length);
        to->data = realloc(to->data, to->size);
        if (to->data == NULL) {
            cannot("no memory");
        }
    }
    if (length > 0) {
        memcpy(to->data + to->length, data, length);
    }
    to->length += length;
}

static void put_u64(struct bytes *to, uint64_t value)
{
    for (int i = 0; i < 8; i++) {
        uint8_t byte = (uint8_t)(value >> (8 * i));

        put(to, &byte, 1);
    }
}

/* One column as the chain has it: its length, then its bytes; whole numbers in eight. */
static void put_column(struct bytes *to, sqlite3_stmt *stmt, int column)
{
    if (sqlite3_column_type(stmt, column) == SQLITE_INTEGER) {
        put_u64(to, 8);
        put_u64(to, (uint64_t)sqlite3_column_int64(stmt, column));
    } else {
        const void *data = sqlite3_column_blob(stmt, column);
        size_t length = (size_t)sqlite3_column_bytes(stmt, column);

        put_u64(to, length);
        put(to, data, length);
    }
}

static bool is_blob(sqlite3_stmt *stmt, int column, const uint8_t *bytes)
{
    return sqlite3_column_bytes(stmt, column) == LINK_SIZE &&
           memcmp(sqlite3_column_blob(stmt, column), bytes, LINK_SIZE) == 0;
}

static void check_body(struct check *check, sqlite3_stmt *stmt, const uint8_t *key)
{
    const void *data = sqlite3_column_blob(stmt, 14);
    size_t length = (size_t)sqlite3_column_bytes(stmt, 14);
    uint8_t full[FULL_SIZE], keyed[LINK_SIZE];
    unsigned got = 0;

    if (data == NULL) {
        return; /* a deletion, or erased */
    }
    (void)EVP_Digest(data, length, full, &got, EVP_blake2b512(), NULL);
    mac(key, data, length, keyed);
    if (!is_blob(stmt, 13, full) || !is_blob(stmt, 11, keyed)) {
        violation(check, "chain", "revision %lld: the body is not the one that was written",
                  sqlite3_column_int64(stmt, 1));
    }
}

static void read_meta(struct check *check, const char *name, void *ret_bytes, size_t size)
{
    sqlite3_stmt *stmt = prepare(check, "SELECT value FROM meta WHERE name = ?");

    (void)sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
    if (sqlite3_step(stmt) != SQLITE_ROW) {
        cannot("the store has no \"%s\"", name);
    }
    if (sqlite3_column_type(stmt, 0) == SQLITE_INTEGER && size == sizeof(int64_t)) {
        memcpy(ret_bytes, &(int64_t){sqlite3_column_int64(stmt, 0)}, size);
    } else if ((size_t)sqlite3_column_bytes(stmt, 0) == size) {
        memcpy(ret_bytes, sqlite3_column_blob(stmt, 0), size);
    } else {
        cannot("the store's \"%s\" has another size", name);
    }
    (void)sqlite3_finalize(stmt);
}

void ledger_check_chain(struct check *check)
{
    sqlite3_stmt *stmt = prepare(
        check, "SELECT l.seq, l.revision, l.at, l.verb, l.kind, l.name, l.uid, l.generation, l.who,"
               " l.manager, l.why, l.body_mac, l.link, b.digest, b.data FROM ledger l LEFT JOIN"
               " body b ON b.id = l.body WHERE l.revision > (SELECT value FROM meta WHERE name ="
               " 'compacted_revision') ORDER BY l.revision");
    uint8_t key[LINK_SIZE], link[LINK_SIZE];
    int64_t seq, revision, at = INT64_MIN;
    struct bytes bytes = {0};

    read_meta(check, "chain_key", key, sizeof(key));
    read_meta(check, "compacted_link", link, sizeof(link));
    read_meta(check, "compacted_seq", &seq, sizeof(seq));
    read_meta(check, "compacted_revision", &revision, sizeof(revision));
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        revision = sqlite3_column_int64(stmt, 1);
        if (sqlite3_column_int64(stmt, 0) != ++seq || sqlite3_column_int64(stmt, 2) < at) {
            violation(check, "chain", "revision %" PRId64 ": a gap before it, or time goes back",
                      revision);
            seq = sqlite3_column_int64(stmt, 0);
        }
        at = sqlite3_column_int64(stmt, 2);
        check_body(check, stmt, key);
        bytes.length = 0;
        put_u64(&bytes, LINK_SIZE);
        put(&bytes, link, LINK_SIZE);
        for (int i = 0; i <= 11; i++) {
            put_column(&bytes, stmt, i);
        }
        mac(key, bytes.data, bytes.length, link);
        if (!is_blob(stmt, 12, link)) {
            violation(check, "chain", "revision %" PRId64 ": its hash does not follow", revision);
            memcpy(link, sqlite3_column_blob(stmt, 12), LINK_SIZE);
        }
    }
    (void)sqlite3_finalize(stmt);
    free(bytes.data);
}

/* --- rows --------------------------------------------------------------------------------------
 */

static char *text_column(sqlite3_stmt *stmt, int column)
{
    return copy_text((const char *)sqlite3_column_text(stmt, column));
}

/* What later questions need of bodies. */
static void take_body(struct check *check, struct row *row, const json_t *body)
{
    const json_t *metadata = json_object_get(body, "metadata");
    const json_t *spec = json_object_get(body, "spec");

    row->value = copy_text(text_of(json_object_get(metadata, "annotations"), "chaos/value"));
    hash_json(spec, row->spec);
    row->has_label = strcmp(text_of(json_object_get(metadata, "labels"), "chaos"), "yes") == 0;
    if (strcmp(row->kind, "HarvestSession") == 0 && body != NULL) {
        bool is = json_is_true(json_object_get(spec, "exclusive")) &&
                  !json_is_false(json_object_get(check->exclusive, row->uid));

        (void)json_object_set_new(check->exclusive, row->uid, json_boolean(is));
    }
    if (strcmp(row->kind, "Assignment") == 0 && body != NULL) {
        (void)json_object_set_new(
            check->work, row->uid,
            json_pack("[s, s]", text_of(spec, "sessionUid"), text_of(spec, "slot")));
    }
}

/* `before`: the object's row before, NULL for the first. */
static void check_life(struct check *check, const struct row *row, const struct row *before)
{
    bool was_there = before != NULL && before->verb != VERB_DELETE;
    bool is_new = json_object_get(check->uids, row->uid) == NULL;

    if ((row->verb == VERB_CREATE) == was_there || (row->verb == VERB_CREATE) != is_new ||
        (was_there && strcmp(before->uid, row->uid) != 0)) {
        violation(check, "life", "revision %" PRIu64 " %s %s with uid %s, which %s", row->revision,
                  row->verb == VERB_CREATE   ? "makes"
                  : row->verb == VERB_UPDATE ? "changes"
                                             : "deletes",
                  row->object, row->uid, was_there ? before->uid : "is not there");
    }
    (void)json_object_set_new(check->uids, row->uid, json_true());
}

static void take_row(struct check *check, sqlite3_stmt *stmt)
{
    struct row row = {.revision = (uint64_t)sqlite3_column_int64(stmt, 0),
                      .verb = (enum row_verb)sqlite3_column_int(stmt, 1),
                      .kind = text_column(stmt, 2),
                      .name = text_column(stmt, 3),
                      .uid = text_column(stmt, 4),
                      .who = text_column(stmt, 5),
                      .why = text_column(stmt, 6),
                      .next = UINT64_MAX,
                      .next_index = SIZE_MAX};
    const char *text = (const char *)sqlite3_column_text(stmt, 7);
    json_t *body = text == NULL ? NULL : json_loads(text, 0, NULL), *before;
    char object[512];

    (void)snprintf(object, sizeof(object), "%s/%s", row.kind, row.name);
    row.object = copy_text(object);
    take_body(check, &row, body);
    json_decref(body);
    before = json_object_get(check->newest, object);
    check_life(check, &row, before == NULL ? NULL : &check->rows[json_integer_value(before)]);
    if (before != NULL) {
        check->rows[json_integer_value(before)].next = row.revision;
        check->rows[json_integer_value(before)].next_index = check->row_count;
    } else {
        (void)json_object_set_new(check->first, object, json_integer((json_int_t)check->row_count));
    }
    (void)json_object_set_new(check->newest, object, json_integer((json_int_t)check->row_count));
    check->rows = grow(check->rows, check->row_count, sizeof(row));
    check->rows[check->row_count++] = row;
}

void ledger_read(struct check *check)
{
    sqlite3_stmt *stmt = prepare(
        check,
        "SELECT l.revision, l.verb, l.kind, l.name, l.uid, l.who, l.why, b.data FROM ledger l"
        " LEFT JOIN body b ON b.id = l.body ORDER BY l.revision");

    check->first = json_object();
    check->newest = json_object();
    check->uids = json_object();
    check->exclusive = json_object();
    check->work = json_object();
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        take_row(check, stmt);
    }
    (void)sqlite3_finalize(stmt);
}

const struct row *ledger_at(const struct check *check, const char *object, uint64_t revision)
{
    const json_t *first = json_object_get(check->first, object);
    const struct row *found = NULL;

    for (size_t i = first == NULL ? SIZE_MAX : (size_t)json_integer_value(first); i != SIZE_MAX;
         i = check->rows[i].next_index) {
        if (check->rows[i].revision > revision) {
            break;
        }
        found = &check->rows[i];
    }
    return found == NULL || found->verb == VERB_DELETE ? NULL : found;
}

const struct row *ledger_row(const struct check *check, uint64_t revision)
{
    size_t low = 0, high = check->row_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (check->rows[middle].revision < revision) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < check->row_count && check->rows[low].revision == revision ? &check->rows[low]
                                                                           : NULL;
}

bool ledger_is_version(const struct row *row, const json_t *told)
{
    return strcmp(row->value, text_of(told, "value")) == 0 &&
           strcmp(row->uid, text_of(told, "uid")) == 0 &&
           strcmp(row->spec, text_of(told, "spec")) == 0;
}

bool ledger_is_operators(const struct row *row)
{
    return strncmp(row->name, "chaos-", 6) == 0 &&
           (strcmp(row->kind, "HarvestSession") == 0 || strcmp(row->kind, "HarvestPolicy") == 0);
}

json_t *ledger_body(struct check *check, uint64_t revision)
{
    sqlite3_stmt *stmt = prepare(check, "SELECT b.data FROM ledger l JOIN body b ON b.id = l.body "
                                        "WHERE l.revision = ?");
    json_t *body = NULL;

    (void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)revision);
    if (sqlite3_step(stmt) == SQLITE_ROW && sqlite3_column_text(stmt, 0) != NULL) {
        body = json_loads((const char *)sqlite3_column_text(stmt, 0), 0, NULL);
    }
    (void)sqlite3_finalize(stmt);
    return body;
}
