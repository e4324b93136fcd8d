/* Between the files behind config.h; nobody else includes it. */
#pragma once

#include "agent/io/config.h"

typedef bool take_fn(struct config *config, const char *value); /* false: it cannot be */

bool take_percent(const char *value, int64_t *ret_percent);
bool take_switch(const char *value, bool *ret_on);

/* The owner's rules; each writes into config->owner. */
take_fn take_battery_min, take_never_on_battery, take_max_temperature, take_hours,
    take_exclusive_programs;
/* What asks for nothing. */
void owner_rules_init(struct harvest_policy_spec *spec);

/* One line of a file or one variable; ERR_INVALID with words. */
int config_take(struct config *config, const char *name, size_t name_length, const char *value,
                struct err *err);
/* The lines of `path`.  ERR_NOT_FOUND; ERR_INVALID with problems in `config`. */
int config_read_file(struct config *config, const char *path, struct err *err);
