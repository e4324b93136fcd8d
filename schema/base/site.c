#include "schema/base/site.h"

#include <stddef.h>

bool (*site_ask)(struct site *site);

/* So that the section is there in every program, even one without a site. */
static struct site none
    __attribute__((section("fog_sites"), used)) = {.name = "", .file = __FILE__, .type = SITE_MARK};
