/* The agent's state directory, and what is kept in it:
 *
 *     lock          held (flock) by the one agent that uses the directory
 *     identity.key  the agent's Ed25519 seed; made at the first start, then never written again
 *     state.json    what the core asked to be saved
 *     paused        exists while the machine's owner wants nothing to run
 *     control       the socket of pause, resume, status (agent/io/owner.h)
 *     work/         runs and logs (agent/shim/spec.h)
 *
 * Directory and key belong to the user the agent runs as, with modes 0700 and 0600, and are no
 * symlinks: otherwise the agent refuses to start. */
#pragma once

#include "schema/base/digest.h"
#include "schema/base/err.h"
#include "schema/base/str.h"

#include <sys/stat.h>

enum { INSTANCE_SIZE = 64 };

struct cache {
    char *path; /* owned */
    int dir_fd, work_fd, lock_fd;
    struct blob *saved; /* owned reference: the newest state, to heal the file from */
    struct stat file;   /* of state.json when it was last written or read */
};

/* Opens, making what is missing; ERR_REFUSED when owner, mode or kind are wrong.  Takes no lock. */
int cache_open(struct cache *cache, const char *path, struct err *err);
void cache_fini(struct cache *cache); /* also gives up the lock */

/* ERR_UNAVAILABLE when another agent holds it.  What an earlier agent put in place is safe from
 * then on: it may have ended because a sync failed, and nothing may be built on what a power cut
 * could still take back. */
int cache_lock(struct cache *cache, struct err *err);
/* Which instance of the agent this is: one boot of one machine with one state directory.  A copy of
 * the directory is another one, on this machine or elsewhere. */
void cache_name_instance(const struct cache *cache, const char *boot_id,
                         char text[static INSTANCE_SIZE]);

int cache_get_key(struct cache *cache, uint8_t ret_seed[static KEY_SIZE], struct err *err);

/* ERR_NOT_FOUND at the first start.  The bytes are given. */
int cache_load(struct cache *cache, struct blob **ret_bytes, struct err *err);
/* Durable when it returns 0. */
int cache_save(struct cache *cache, struct blob *bytes, struct err *err);
/* Keeps a state that cannot be read as state.json.broken, for a person to look at. */
void cache_set_aside(struct cache *cache);
/* Was the file edited or deleted since?  Then it is written again; true if so. */
bool cache_heal(struct cache *cache);

bool cache_is_paused(const struct cache *cache);
int cache_set_paused(struct cache *cache, bool paused, struct err *err);
