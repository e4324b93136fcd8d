/* Words that are not known are left out: a shim may be of another version than its agent. */
#include "agent/io/shim_words.h"

#include "agent/shim/fields.h"
#include "schema/base/parse.h"

void shim_status_hear(char *words, struct shim_status *ret_status)
{
    const char *key, *value;

    *ret_status = (struct shim_status){.runs = false};
    while (fields_next(&words, &key, &value)) {
        if (str_eq(key, "state")) {
            ret_status->runs = str_eq(value, "running") || str_eq(value, "ending");
        } else if (str_eq(key, "started")) {
            (void)int_from_str(value, &ret_status->started.ms);
        } else if (str_eq(key, "since")) {
            (void)int_from_str(value, &ret_status->frozen_since.ms);
        } else if (str_eq(key, "limit")) {
            (void)int_from_str(value, &ret_status->cpu_limit);
        } else if (str_eq(key, "lapse")) {
            (void)int_from_str(value, &ret_status->lapse);
        } else if (str_eq(key, "drift")) {
            (void)int_from_str(value, &ret_status->drift);
        }
    }
}

void shim_usage_hear(char *words, struct agt_event *event)
{
    const char *key, *value;

    while (fields_next(&words, &key, &value)) {
        if (str_eq(key, "cpu_ms")) {
            (void)int_from_str(value, &event->usage.cpu_ms);
        } else if (str_eq(key, "wall_ms")) {
            (void)int_from_str(value, &event->usage.wall_ms);
        } else if (str_eq(key, "memory_peak")) {
            (void)int_from_str(value, &event->usage.memory_peak);
        } else if (str_eq(key, "memory")) {
            (void)int_from_str(value, &event->memory);
        }
    }
}
