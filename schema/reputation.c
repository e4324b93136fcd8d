#include "schema/reputation.h"

static const struct field standing_fields[] = {
    {"score", FIELD_INT, AT(struct standing, score), .max = 100,
     .doc = "expected share of good outcomes, in percent: 50 of a new agent, 95 at most"},
    {"valid", FIELD_INT, AT(struct standing, valid), .max = INT64_MAX,
     .doc = "results that were taken; with a quorum those that agreed"},
    {"late", FIELD_INT, AT(struct standing, late), .max = INT64_MAX,
     .doc = "pieces of work given to another because it was silent for too long"},
    {"failed", FIELD_INT, AT(struct standing, failed), .max = INT64_MAX,
     .doc = "attempts that failed, and results that others did not agree with"},
    {"good", FIELD_INT, AT(struct standing, good), .max = 20000,
     .doc = "what speaks for it, in thousandths; fades by a twentieth with each outcome"},
    {"bad", FIELD_INT, AT(struct standing, bad), .max = 20000,
     .doc = "what speaks against it, likewise"},
};

const struct shape standing_shape = SHAPE("standing", struct standing, standing_fields);

static const struct field reputation_fields[] = {
    {"harvest", FIELD_STRUCT, AT(struct reputation, harvest), .shape = &standing_shape,
     .flags = FIELD_EXPLICIT, .doc = "with work of HarvestSessions"},
};

const struct shape reputation_shape = SHAPE("reputation", struct reputation, reputation_fields);

static int64_t faded(int64_t weight)
{
    return weight * 19 / 20;
}

void standing_add(struct standing *standing, enum repute outcome)
{
    static const int64_t goods[] = {1000, 500, 0};
    const struct shape *shape = &standing_shape;

    shape_put(shape, standing, good, faded(standing->good) + goods[outcome]);
    shape_put(shape, standing, bad, faded(standing->bad) + 1000 - goods[outcome]);
    shape_put(shape, standing, valid, standing->valid + (outcome == REPUTE_VALID));
    shape_put(shape, standing, late, standing->late + (outcome == REPUTE_LATE));
    shape_put(shape, standing, failed, standing->failed + (outcome == REPUTE_FAILED));
    shape_put(shape, standing, score,
              (standing->good + 1000) * 100 / (standing->good + standing->bad + 2000));
}
