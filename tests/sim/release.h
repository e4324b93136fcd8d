/* What programs of other versions say.  An older one is without what could be done without: it
 * never says some fields, and passes over them when it hears them.  One that is newer than ours
 * speaks a further version of the protocol with those who know it, says more in every message, and
 * saves more; one that is ahead of its time has given up the version that we speak. */
#pragma once

#include "schema/base/str.h"
#include "schema/wire/wire.h"

enum release { RELEASE_OURS, RELEASE_OLDER, RELEASE_NEWER, RELEASE_AHEAD };

extern const char *const release_words[];

struct wire_versions release_speaks(enum release release);
/* What such a program says, or saves, in the place of this, as far as it can be read; given. */
struct blob *release_frame(enum release release, struct blob *bytes);
/* What it makes of what it hears; given. */
struct blob *release_heard(enum release release, struct blob *bytes);
struct blob *release_state(enum release release, struct blob *bytes);
