/* What the controller says that there is: discovery, as clients of its API read it.  Kinds that
 * this fogctl was not built with are known, too. */
#pragma once

#include "tools/fogctl/fogctl.h"

struct resource {
    const char *name, *singular, *kind; /* "harvestsessions" */
    const char *group, *group_version;  /* "fog", "fog/v1"; "" and "v1" */
    bool is_namespaced;
    const struct node *verbs, *short_names, *categories; /* lists; NULL: none */
    struct node *subresources;                           /* likewise: "status" */
};

struct resources {
    VEC_OF(struct resource);
};

/* In the order of the answers.  False after having said why not. */
bool resources_read(struct fogctl *fogctl, struct resources *ret_resources);
/* As a person types it: plural, singular, short name or kind, also with ".fog" or ".v1.fog". */
const struct resource *resources_find(const struct resources *resources, const char *word);
/* The texts of a list, one after the other; NULL: none. */
const char *texts_joined(struct fogctl *fogctl, const struct node *list, const char *separator);
/* Says that there is none, and what may be meant; returns EXIT_FAILED. */
int resources_missing(struct fogctl *fogctl, const struct resources *resources, const char *word);
