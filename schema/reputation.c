#include "schema/reputation.h"

static const struct field esteem_fields[] = {
    {"score", FIELD_INT, AT(struct esteem, score), .max = 100,
     .doc = "expected share of good outcomes, in percent: 50 of a new agent, 95 at most"},
    {"valid", FIELD_INT, AT(struct esteem, valid), .max = INT64_MAX,
     .doc = "results that were taken; with a quorum those that agreed"},
    {"late", FIELD_INT, AT(struct esteem, late), .max = INT64_MAX,
     .doc = "pieces of work given to another because it was silent for too long"},
    {"failed", FIELD_INT, AT(struct esteem, failed), .max = INT64_MAX,
     .doc = "attempts that failed, and results that others did not agree with"},
    {"good", FIELD_INT, AT(struct esteem, good), .max = 20000,
     .doc = "what speaks for it, in thousandths; fades by a twentieth with each outcome"},
    {"bad", FIELD_INT, AT(struct esteem, bad), .max = 20000,
     .doc = "what speaks against it, likewise"},
};

const struct shape esteem_shape = SHAPE("esteem", struct esteem, esteem_fields);

static const struct field reputation_fields[] = {
    {"harvest", FIELD_STRUCT, AT(struct reputation, harvest), .shape = &esteem_shape,
     .flags = FIELD_EXPLICIT, .doc = "with work of HarvestSessions"},
};

const struct shape reputation_shape = SHAPE("reputation", struct reputation, reputation_fields);

static int64_t faded(int64_t weight)
{
    return weight * 19 / 20;
}

void esteem_add(struct esteem *esteem, enum repute outcome)
{
    static const int64_t goods[] = {1000, 500, 0};
    const struct shape *shape = &esteem_shape;

    shape_put(shape, esteem, good, faded(esteem->good) + goods[outcome]);
    shape_put(shape, esteem, bad, faded(esteem->bad) + 1000 - goods[outcome]);
    shape_put(shape, esteem, valid, esteem->valid + (outcome == REPUTE_VALID));
    shape_put(shape, esteem, late, esteem->late + (outcome == REPUTE_LATE));
    shape_put(shape, esteem, failed, esteem->failed + (outcome == REPUTE_FAILED));
    shape_put(shape, esteem, score,
              (esteem->good + 1000) * 100 / (esteem->good + esteem->bad + 2000));
}
