#include "tests/support/random_object.h"

#include "tests/sim/generate.h"

struct node *random_object_tree(struct arena *arena, struct rand *rand, const struct kind *kind,
                                const char *name)
{
    static const char *const policies[] = {"policy-0", "policy-1", "policy-2", "policy-3", NULL};
    struct die die;
    struct generator generator = {.arena = arena,
                                  .die = &die,
                                  .present_per_mille = 600,
                                  .references = policies,
                                  .is_moderate = true,
                                  .is_canonical = true,
                                  .is_whole = true};

    die_init(&die, rand_u64(rand));
    return generate_object(&generator, kind, name);
}
