/* Cores are those we may run on (a container may have fewer than the machine); memory is all there
 * is. */
#include "agent/io/capacity.h"

#include <sched.h>
#include <stdio.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { CORES_ROW, MEMORY_ROW, DISK_ROW }; /* of struct resources */

static int64_t count_cores(void)
{
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof(set), &set) == 0) {
        return CPU_COUNT(&set);
    }
    return sysconf(_SC_NPROCESSORS_ONLN) > 0 ? sysconf(_SC_NPROCESSORS_ONLN) : 1;
}

void machine_measure(struct machine *ret_machine)
{
    ret_machine->cores_milli = count_cores() * 1000;
    ret_machine->memory_bytes = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
}

static int64_t less(int64_t whole, int64_t percent)
{
    return percent > 0 && percent < 100 ? whole / 100 * percent : whole;
}

void capacity_measure(const struct machine *machine, const struct limits_policy *caps, int dir_fd,
                      struct resources *ret_capacity)
{
    struct statvfs disk;
    int64_t bytes = 0;

    if (fstatvfs(dir_fd, &disk) == 0) {
        bytes = (int64_t)disk.f_bavail * (int64_t)disk.f_frsize;
    }
    *ret_capacity = (struct resources){
        .set = 1U << CORES_ROW | 1U << MEMORY_ROW | 1U << DISK_ROW,
        .cores = less(machine->cores_milli, caps->cpu_percent),
        .memory = less(machine->memory_bytes, caps->memory_percent) >> 20 << 20,
        .disk = bytes >> 30 << 30,
    };
}

static int64_t say(int64_t said, int64_t measured, int64_t cap_percent)
{
    return cap_percent > 0 && cap_percent < 100 && measured < said ? measured : said;
}

void capacity_say(const struct resources *said, const struct limits_policy *caps,
                  struct resources *capacity)
{
    if ((said->set >> CORES_ROW & 1U) != 0) {
        capacity->cores = say(said->cores, capacity->cores, caps->cpu_percent);
    }
    if ((said->set >> MEMORY_ROW & 1U) != 0) {
        capacity->memory = say(said->memory, capacity->memory, caps->memory_percent);
    }
    if ((said->set >> DISK_ROW & 1U) != 0) {
        capacity->disk = said->disk;
    }
}

const char *platform_name(void)
{
    static const struct {
        const char *machine, *platform;
    } names[] = {
        {"x86_64", "linux/amd64"}, {"aarch64", "linux/arm64"},   {"armv7l", "linux/arm"},
        {"i686", "linux/386"},     {"riscv64", "linux/riscv64"}, {"s390x", "linux/s390x"},
    };
    struct utsname name;

    for (size_t i = 0; uname(&name) == 0 && i < COUNT_OF(names); i++) {
        if (str_eq(names[i].machine, name.machine)) {
            return names[i].platform;
        }
    }
    return "linux/unknown";
}
