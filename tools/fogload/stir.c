/* What makes a quiet fleet move: owners who pause and resume their machines, which changes what
 * agents and assignments are, and readings, which are no change of anything.  Who is next is the
 * same in every run, and spread over the fleet. */
#include "tools/fogload/fogload.h"

#include <signal.h>

/* A prime: all agents have their turn, none twice before, unless their number is a multiple. */
enum { STRIDE = 7919 };

static volatile sig_atomic_t is_wanted;

static void on_signal(int number)
{
    (void)number;
    is_wanted = !is_wanted;
}

void stir_begin(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

    (void)sigaction(SIGUSR1, &action, NULL);
}

static struct load_agent *agent_at(struct load *load, int64_t turn)
{
    return &load->agents[(size_t)turn * STRIDE % load->agent_count];
}

static void change_owner(struct load_agent *agent)
{
    agent->is_paused = !agent->is_paused;
    load_happen(agent, &(struct agt_event){.type = AGT_OWNER, .owner_paused = agent->is_paused});
}

/* Its next heartbeat tells them. */
static void change_readings(struct load_agent *agent, int64_t turn)
{
    struct mono now = now_mono();
    struct readings readings = {
        .of = {[SENSOR_BATTERY] = {READING_KNOWN, turn * 37 % 101, now},
               [SENSOR_CHARGING] = {READING_KNOWN, turn % 2, now},
               [SENSOR_TEMPERATURE] = {READING_KNOWN, (30 + turn * 11 % 50) * 1000, now},
               [SENSOR_LOAD] = {READING_KNOWN, turn * 700 % 8000, now}}};
    struct agt_event event = {.type = AGT_READINGS};

    event.readings.now = &readings;
    load_happen(agent, &event);
}

/* A fleet that rests is as it was before it moved. */
static void turn_over(struct load *load)
{
    struct stir *stir = &load->stir;

    stir->is_on = !stir->is_on;
    stir->since = now_mono();
    stir->owners_done = stir->readings_done = 0;
    for (size_t i = 0; !stir->is_on && i < load->agent_count; i++) {
        if (load->agents[i].is_paused) {
            change_owner(&load->agents[i]);
        }
    }
}

void stir_turn(struct load *load)
{
    struct stir *stir = &load->stir;
    int64_t owners, readings, passed_ms;

    if (stir->is_on != (is_wanted != 0)) {
        turn_over(load);
    }
    if (!stir->is_on) {
        return;
    }
    passed_ms = mono_since(stir->since, now_mono());
    owners = passed_ms * stir->owners / 1000;
    readings = passed_ms * stir->readings / 1000;
    while (stir->owners_done < owners) {
        change_owner(agent_at(load, stir->owners_done++));
    }
    while (stir->readings_done < readings) {
        change_readings(agent_at(load, stir->readings_done), stir->readings_done);
        stir->readings_done++;
    }
}
