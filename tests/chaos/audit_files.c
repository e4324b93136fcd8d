/* Files: what the programs keep is whole, and what they tell holds no secret. */
#include "tests/chaos/audit.h"

#include <glob.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { BUSY_MS = 5000, DIGEST_SIZE = 32, FULL_SIZE = 64, SECRET_LEAST = 8 };

/* --- integrity ---------------------------------------------------------------------------------
 */

/* A copy of one moment, by the one reader that this needs. */
static sqlite3 *copy_store(struct audit *audit)
{
    char path[AUDIT_PATH_SIZE];
    sqlite3 *file = NULL, *copy = NULL;
    sqlite3_backup *backup = NULL;

    (void)snprintf(path, sizeof(path), "%s/controller/fog.db", audit->dir);
    if (sqlite3_open_v2(path, &file, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
        sqlite3_busy_timeout(file, BUSY_MS) == SQLITE_OK &&
        sqlite3_open(":memory:", &copy) == SQLITE_OK) {
        backup = sqlite3_backup_init(copy, "main", file, "main");
    }
    if (backup == NULL || sqlite3_backup_step(backup, -1) != SQLITE_DONE) {
        audit_problem(audit, "integrity", "%s: %s", path,
                      copy == NULL ? sqlite3_errmsg(file) : sqlite3_errmsg(copy));
        (void)sqlite3_backup_finish(backup);
        (void)sqlite3_close(copy);
        (void)sqlite3_close(file);
        return NULL;
    }
    (void)sqlite3_backup_finish(backup);
    (void)sqlite3_close(file);
    return copy;
}

/* Each row of the pragma but "ok" is a complaint. */
static void complain(struct audit *audit, sqlite3 *store, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    int result = sqlite3_prepare_v2(store, sql, -1, &stmt, NULL);

    while (result == SQLITE_OK || result == SQLITE_ROW) {
        const char *text;

        result = sqlite3_step(stmt);
        text = result == SQLITE_ROW ? (const char *)sqlite3_column_text(stmt, 0) : "ok";
        if (text == NULL || strcmp(text, "ok") != 0) {
            audit_problem(audit, "integrity", "%s: %s", sql, text == NULL ? "" : text);
        }
    }
    if (result != SQLITE_DONE) {
        audit_problem(audit, "integrity", "%s: %s", sql, sqlite3_errmsg(store));
    }
    (void)sqlite3_finalize(stmt);
}

/* "blake2b:HEX" of all that follows the first line. */
static void check_state(struct audit *audit, const char *path)
{
    uint8_t full[FULL_SIZE];
    char digest[8 + 2 * DIGEST_SIZE + 1] = "blake2b:";
    size_t length, head = 8 + 2 * DIGEST_SIZE + 1;
    char *text = audit_read(path, &length);
    unsigned size = 0;

    if (text == NULL || length <= head) {
        audit_problem(audit, "integrity", "%s is cut short", path);
        free(text);
        return;
    }
    (void)EVP_Digest(text + head, length - head, full, &size, EVP_blake2b512(), NULL);
    for (size_t i = 0; i < DIGEST_SIZE; i++) {
        (void)snprintf(digest + 8 + 2 * i, 3, "%02x", full[i]);
    }
    if (memcmp(text, digest, head - 1) != 0) {
        audit_problem(audit, "integrity", "%s does not match its digest", path);
    }
    free(text);
}

static void each_file(struct audit *audit, const char *pattern,
                      void (*look)(struct audit *audit, const char *path))
{
    char full[AUDIT_PATH_SIZE];
    glob_t files = {0};

    (void)snprintf(full, sizeof(full), "%s/%s", audit->dir, pattern);
    if (glob(full, 0, NULL, &files) == 0) {
        for (size_t i = 0; i < files.gl_pathc; i++) {
            look(audit, files.gl_pathv[i]);
        }
    }
    globfree(&files);
}

static void check_journal(struct audit *audit, const char *path)
{
    struct stat about;

    if (stat(path, &about) == 0 && about.st_size > AUDIT_JOURNAL_SIZE) {
        audit_problem(audit, "integrity", "%s has grown to %lld bytes", path,
                      (long long)about.st_size);
    }
}

static void add_secret(struct audit *audit, const char *text)
{
    if (strlen(text) >= SECRET_LEAST && audit->secret_count < AUDIT_SECRETS_MAX) {
        audit->secrets[audit->secret_count++] = strdup(text);
    }
}

/* --- secrets -----------------------------------------------------------------------------------
 */

/* A line each. */
static void take_secrets(struct audit *audit, const char *path)
{
    size_t length;
    char *text = audit_read(path, &length), *line = text;

    while (line != NULL && *line != '\0') {
        char *end = line + strcspn(line, "\n");
        bool is_last = *end == '\0';

        *end = '\0';
        add_secret(audit, line);
        line = is_last ? NULL : end + 1;
    }
    free(text);
}

static void take_chain_key(struct audit *audit, sqlite3 *store)
{
    static const char *const queries[] = {
        "SELECT hex(value) FROM meta WHERE name = 'chain_key'",
        "SELECT lower(hex(value)) FROM meta WHERE name = 'chain_key'",
    };

    for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
        sqlite3_stmt *stmt = NULL;

        if (sqlite3_prepare_v2(store, queries[i], -1, &stmt, NULL) == SQLITE_OK &&
            sqlite3_step(stmt) == SQLITE_ROW) {
            add_secret(audit, (const char *)sqlite3_column_text(stmt, 0));
        }
        (void)sqlite3_finalize(stmt);
    }
}

static void look_for_secrets(struct audit *audit, const char *where, const void *bytes,
                             size_t length)
{
    for (size_t i = 0; i < audit->secret_count; i++) {
        if (memmem(bytes, length, audit->secrets[i], strlen(audit->secrets[i])) != NULL) {
            audit_problem(audit, "secret", "%s holds one that begins with \"%.4s\"", where,
                          audit->secrets[i]);
        }
    }
}

static void look_into_store(struct audit *audit, sqlite3 *store)
{
    static const char *const queries[] = {
        "SELECT who || char(10) || manager || char(10) || why FROM ledger",
        "SELECT data FROM body",
        "SELECT data FROM status",
        "SELECT body FROM answer",
    };

    for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
        sqlite3_stmt *stmt = NULL;

        if (sqlite3_prepare_v2(store, queries[i], -1, &stmt, NULL) != SQLITE_OK) {
            audit_problem(audit, "integrity", "%s: %s", queries[i], sqlite3_errmsg(store));
            continue;
        }
        while (sqlite3_step(stmt) == SQLITE_ROW) {
            const void *bytes = sqlite3_column_blob(stmt, 0);

            if (bytes != NULL) {
                look_for_secrets(audit, queries[i], bytes, (size_t)sqlite3_column_bytes(stmt, 0));
            }
        }
        (void)sqlite3_finalize(stmt);
    }
}

static void look_into_log(struct audit *audit, const char *path)
{
    static const char *const alarms[] = {"Assertion", "Sanitizer", "runtime error:"};
    size_t length;
    char *text = audit_read(path, &length);

    if (text == NULL) {
        return;
    }
    look_for_secrets(audit, path, text, length);
    for (size_t i = 0; i < sizeof(alarms) / sizeof(alarms[0]); i++) {
        const char *found = memmem(text, length, alarms[i], strlen(alarms[i]));

        while (found != NULL && found > text && found[-1] != '\n') {
            found--;
        }
        if (found != NULL) {
            audit_problem(audit, "log", "%s: %.*s", path, (int)strcspn(found, "\n"), found);
        }
    }
    free(text);
}

void audit_integrity(struct audit *audit)
{
    sqlite3 *store = copy_store(audit);

    each_file(audit, "*/state.json", check_state);
    each_file(audit, "controller/fog.db-wal", check_journal);
    each_file(audit, "secrets", take_secrets);
    each_file(audit, "*/identity.key", take_secrets);
    if (store != NULL) {
        complain(audit, store, "PRAGMA integrity_check");
        complain(audit, store, "PRAGMA foreign_key_check");
        take_chain_key(audit, store);
        look_into_store(audit, store);
    }
    (void)sqlite3_close(store);
}

void audit_logs(struct audit *audit)
{
    each_file(audit, "*.log", look_into_log);
    each_file(audit, "*.jsonl", look_into_log);
}
