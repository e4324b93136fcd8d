/* The workloads of perturbation plans: short scripts of what operators, owners and machines do. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum act_type {
    ACT_ASK,   /* an HTTP request, repeated until it is answered */
    ACT_JOIN,  /* the machine's agent starts for the first time */
    ACT_BLOCK, /* the path to the machine, both ways */
    ACT_UNBLOCK,
    ACT_PAUSE, /* the machine's owner */
    ACT_RESUME,
    ACT_CRASH, /* the controller, or with `machine` its agent */
    ACT_REBOOT,
    ACT_FORGET, /* the controller restarts, and its history begins where it is */
};

struct act {
    int64_t wait_ms; /* since the one before was done */
    enum act_type type;
    int machine;        /* index; -1: the controller */
    const char *method; /* as the three that follow, of ACT_ASK */
    const char *content_type, *target;
    const char *body; /* "@N@" stands for the revision that act N, from 1, was answered with */
};

enum { ACTS_MAX = 16 };

struct script {
    const char *name, *about;
    size_t machines;
    unsigned late;             /* bits: these machines begin with ACT_JOIN */
    int64_t tail_ms;           /* after the last act: until without a fault all is as desired */
    struct act acts[ACTS_MAX]; /* ended by one without a time to wait */
};

extern const struct script scripts[];
extern const size_t script_count;
const struct script *script_find(const char *name); /* NULL: there is none */
