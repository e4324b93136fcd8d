/* Both ends of the word, so that they cannot part. */
#include "agent/shim/checkpoint.h"

#include "agent/shim/fields.h"
#include "schema/base/parse.h"

#include <signal.h>
#include <stdio.h>

/* Same order as enum checkpoint_signal. */
static const int signal_numbers[] = {SIGUSR1, SIGUSR2};

void checkpoint_say(const struct checkpoint *checkpoint, char line[static SHIM_LINE_BYTES_MAX])
{
    if (checkpoint->grace_ms <= 0) {
        (void)snprintf(line, SHIM_LINE_BYTES_MAX, "suspend\n");
        return;
    }
    (void)snprintf(line, SHIM_LINE_BYTES_MAX, "suspend signal=%s grace_ms=%lld\n",
                   checkpoint_signal_words[checkpoint->signal], (long long)checkpoint->grace_ms);
}

static bool take_signal(const char *word, int *ret_signal)
{
    for (int i = 0; checkpoint_signal_words[i] != NULL; i++) {
        if (str_eq(checkpoint_signal_words[i], word)) {
            *ret_signal = i;
            return true;
        }
    }
    return false;
}

void checkpoint_hear(char *words, struct checkpoint *ret_checkpoint)
{
    struct checkpoint heard = {.grace_ms = 0};
    const char *key, *value;
    bool has_signal = false;

    while (fields_next(&words, &key, &value)) {
        if (str_eq(key, "signal")) {
            has_signal = take_signal(value, &heard.signal);
        } else if (str_eq(key, "grace_ms") && !int_from_str(value, &heard.grace_ms)) {
            heard.grace_ms = 0;
        }
    }
    if (!has_signal || heard.grace_ms < 0) {
        heard.grace_ms = 0;
    } else if (heard.grace_ms > CHECKPOINT_GRACE_MAX_MS) {
        heard.grace_ms = CHECKPOINT_GRACE_MAX_MS;
    }
    *ret_checkpoint = heard;
}

int checkpoint_signal_number(const struct checkpoint *checkpoint)
{
    return signal_numbers[checkpoint->signal];
}
