/* fogctl: declare what a fleet of machines shall run, and see what becomes of it. */
#include "tools/fogctl/fogctl.h"

int main(int argc, char **argv)
{
    return fogctl_run(argc, argv);
}
