/* Sources other than the API: the config directory, and what agents say of themselves.
 *
 * They rank api > directory > discovery (schema/apply.h).  What the directory says is decided as
 * one change set, all of it or nothing; until a new one is in force the one before it holds.  When
 * something changes an object that a source speaks of, what the source says is laid over it again
 * in the same step, so that who is refused what is always as it is now.
 *
 * The directory forgets no object by mistake: what it owned and names no more goes, unless another
 * source owns something of it, and only when the directory as a whole can be read and says
 * something. */
#pragma once

#include "controller/core/core.h"
#include "controller/core/directory.h"
#include "controller/core/write.h"

#define DIRECTORY_SOURCE  "directory"        /* the name of its Source object */
#define DIRECTORY_MANAGER "config-directory" /* who owns fields for it */

struct directory_object {
    const struct kind *kind;
    const char *name, *file;
    struct node *root;   /* as written, with positions */
    struct node *config; /* as bound, in canonical form */
};

/* A set that is fine as far as it can be told without anything else. */
struct directory_set {
    struct arena arena; /* owned: everything below */
    struct map by_key;  /* "HarvestSession/render" → struct directory_object */
    struct directory_object **objects;
    size_t count, files;
    char digest[DIGEST_TEXT_SIZE];
};

/* Adds what is wrong to `problems`; then it is NULL. */
struct directory_set *directory_set_new(const struct directory *directory,
                                        struct problems *problems);
void directory_set_free(struct directory_set *set);

/* What the directory says of an object; NULL: nothing that is in force. */
const struct directory_object *sources_directory(const struct ctl *ctl, const struct kind *kind,
                                                 const char *name);
/* May it say something, now or when it is read for the first time since the start? */
bool sources_may_name(const struct ctl *ctl, const struct kind *kind, const char *name);

/* What of it is in force; NULL: it was not read since the start. */
const struct directory_set *sources_set(const struct ctl *ctl);
/* Is this one of its objects, or named by it? */
bool sources_directory_cares(const struct ctl *ctl, const struct object *object);

/* The paths that sources below the API own or say of an object; before the first look at the
 * directory since the start also whatever it may yet say. */
struct fieldset sources_claims(struct ctl *ctl, const struct kind *kind, const char *name,
                               const struct node *live);

/* Everything the sources below this one say of an object, laid over it (`live` NULL: it is not
 * there): bound, in canonical form; NULL when they say nothing and there was nothing. */
struct node *sources_overlay(struct ctl *ctl, const struct kind *kind, const char *name,
                             struct node *live, enum source below);

/* What became of the directory, as its Source object tells; inside a transaction. */
struct source_report {
    bool is_applied;
    const char *reason, *message;
    const struct directory_set *set; /* in force; NULL: as told before */
    const char *const *problems;
    size_t problem_count;
};
void sources_tell(struct ctl *ctl, const struct source_report *report);
/* "fleet.yaml:7:19: error: spec.x: …" of each error, at most `room`; returns how many. */
size_t sources_lines(struct ctl *ctl, const struct problems *problems, const char **to,
                     size_t room);

/* Verbs of write.h.  write_release(): an operator gives fields, or a deleted object, back to the
 * lower sources.  write_withdraw(): the directory names an object no more. */
bool write_release(struct ctl *ctl, struct write_request *request);
bool write_withdraw(struct ctl *ctl, struct write_request *request);
