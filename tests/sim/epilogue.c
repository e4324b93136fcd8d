#include "tests/sim/epilogue.h"

void epilogue(struct sim *sim)
{
    (void)sim;
}
