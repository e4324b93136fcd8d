/* Waiting in tests: on a condition, with a deadline, never for a time. */
#pragma once

#include <time.h>

enum { AWAIT_STEP_US = 2000, AWAIT_STEPS_MAX = 15000 };

/* Fails the test when the condition does not come true within half a minute. */
#define AWAIT(condition)                                                                           \
    do {                                                                                           \
        int steps_ = 0;                                                                            \
        while (!(condition)) {                                                                     \
            if (steps_++ == AWAIT_STEPS_MAX) {                                                     \
                fail_msg("never came true: %s", #condition);                                       \
            }                                                                                      \
            (void)nanosleep(&(struct timespec){.tv_nsec = AWAIT_STEP_US * 1000}, NULL);            \
        }                                                                                          \
    } while (0)
