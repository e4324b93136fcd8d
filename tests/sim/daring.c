/* What goes wrong with a request is not minded: there is a next one. */
#include "tests/sim/daring.h"

#include "tests/sim/http.h"
#include "tests/sim/sim.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { WORLDS_PER_MILLE = 400, WRITES_MAX = 6, PACE_MIN_MS = 500, PACE_MAX_MS = 9000 };

static void on_answered(struct sim *sim, void *who, int code, const struct blob *body)
{
    (void)sim;
    (void)who;
    (void)code;
    (void)body;
}

static void roll_out(struct sim *sim, void *who, uint64_t arg)
{
    static const char *const targets[] = {"serve", "serve", "missing", "fail\",\"300"};
    const struct http_client client = {.answered = on_answered};
    char body[500];
    struct http_request request = {
        .method = "PATCH",
        .target = "/apis/fog/v1/harvestsessions/d-0?fieldManager=daring&force=true",
        .content_type = "application/apply-patch+yaml",
        .user = "daring",
        .body = body};
    struct die die;

    (void)who;
    tape_die(&sim->tape, &die, "daring/%" PRIu64, arg);
    (void)snprintf(
        body, sizeof(body),
        "{\"apiVersion\":\"fog/v1\",\"kind\":\"HarvestSession\",\"metadata\":{\"name\":\"d-0\"},"
        "\"spec\":{\"replicas\":%" PRIu64 ",\"retries\":1,\"grace\":\"1s\",\"rollout\":{"
        "\"maxUnavailable\":%" PRIu64 ",\"progressDeadline\":\"5s\",\"healthyAfter\":\"%" PRIu64
        "ms\",\"onFailure\":\"revert\"},\"workload\":{\"command\":[\"%s\"],\"environment\":{"
        "\"VERSION\":\"%" PRIu64 "\"}}}}",
        1 + die_below(&die, 3), 1 + die_below(&die, 2), die_below(&die, 3) * 400,
        arg == 0 ? "serve" : targets[die_below(&die, COUNT_OF(targets))], arg);
    request.body_size_bytes = strlen(body);
    (void)http_send(sim, &request, &client);
}

void daring_begin(struct sim *sim)
{
    int64_t at_ms = 0;
    uint64_t writes;
    struct die die;

    tape_die(&sim->tape, &die, "daring");
    if (!die_chance(&die, WORLDS_PER_MILLE)) {
        return;
    }
    writes = 2 + die_below(&die, WRITES_MAX - 1);
    for (uint64_t i = 0; i < writes; i++) {
        at_ms += die_between(&die, PACE_MIN_MS, PACE_MAX_MS);
        if (at_ms < sim->faults.chaos_ms) {
            schedule_after(&sim->schedule, at_ms, roll_out, NULL, i);
        }
    }
}
