/* The load generator: opens clients and does what standard input says, a line a command.
 *
 *   load client PORT PROTOCOL TRANSPORT HELD SESSIONS FETCHES ROUND_TRIPS
 *
 *   run WARM SECONDS   sessions, fetches and round trips; when warm, prints "begin" and waits for a line, so that
 *                      whoever measures can look at its clocks; prints "end" the moment the time is over, and
 *                      stands still until the next line
 *   probe N            N round trips on held sessions, one after the other
 *   quit               or the end of input
 *
 * Answers are JSON objects, a line each.
 */
#include "client.h"
#include "options.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { AT_ONCE = 16, MOST_CLIENTS = 100000, SECOND = 1000000000 };
static const uint64_t SWEEP = SECOND / 2, OPENING = 10ull * SECOND;

static char input[256];
static size_t input_length;
static bool input_ready, running;

static void note_input(struct source *source, uint32_t events)
{
    (void)source, (void)events;
    input_ready = true;
}

static void turn(int milliseconds)
{
    static uint64_t swept;
    uint64_t t = now();
    net_turn(milliseconds);
    if (t - swept < SWEEP)
        return;
    swept = t;
    clients_sweep();
    if (running)
        clients_open(SESSION, MOST_CLIENTS); /* those that an error ended */
}

/* Give the next line of standard input; meanwhile stand still, or look after the clients.  The process ends with it. */
static char *command(bool stand_still)
{
    static char line[sizeof input];
    char *end;
    while (!(end = memchr(input, '\n', input_length))) {
        while (!stand_still && !input_ready)
            turn(200);
        ssize_t n = read(0, input + input_length, sizeof input - input_length);
        if (n <= 0)
            exit(0);
        input_length += (size_t)n;
        input_ready = false;
    }
    size_t size = (size_t)(end - input) + 1;
    memcpy(line, input, size - 1);
    line[size - 1] = 0;
    input_length -= size;
    memmove(input, input + size, input_length);
    return line;
}

static void say_errors(void)
{
    const char *comma = "";
    printf(", \"errors\": {");
    for (int why = OPEN + 1; why < ENDINGS; why++)
        if (seen.errors[why]) {
            printf("%s\"%s\": %llu", comma, ending_names[why], (unsigned long long)seen.errors[why]);
            comma = ", ";
        }
    puts("}}");
    fflush(stdout);
}

/* Log clients in, some at a time, until they are all there or nothing moves any more. */
static void open_all(enum role role, unsigned wanted, const unsigned *there)
{
    uint64_t moved = now();
    unsigned best = 0;
    while (*there < wanted && now() - moved < OPENING) {
        if (seen.logging_in < AT_ONCE)
            clients_open(role, AT_ONCE - seen.logging_in);
        turn(20);
        if (*there > best) {
            best = *there;
            moved = now();
        }
    }
}

static void hold(unsigned wanted)
{
    uint64_t began = now();
    open_all(HOLD, wanted, &seen.resting);
    printf("{\"event\": \"held\", \"held\": %u, \"seconds\": %.4f", seen.resting, (double)(now() - began) / SECOND);
    say_errors();
}

static void turn_for(double seconds)
{
    uint64_t end = now() + (uint64_t)(seconds * SECOND);
    while (now() < end)
        turn(5);
}

static void run(const struct plan *plan, double warm, double seconds)
{
    open_all(FETCH, plan->count[FETCH], &seen.settled);
    open_all(ROUND_TRIP, plan->count[FETCH] + plan->count[ROUND_TRIP], &seen.settled);
    clients_open(SESSION, MOST_CLIENTS);
    running = true;
    turn_for(warm);
    puts("{\"event\": \"begin\"}");
    fflush(stdout);
    command(true);
    clients_record(true);
    turn_for(seconds);
    double took = (double)(now() - seen.since) / SECOND;
    puts("{\"event\": \"stop\"}");
    fflush(stdout);
    command(true);
    clients_record(false);
    printf("{\"event\": \"end\", \"seconds\": %.6f, \"sessions\": %llu, \"round_trips\": %llu, \"octets\": %llu, "
           "\"held\": %u, \"settled\": %u",
           took, (unsigned long long)seen.sessions, (unsigned long long)seen.round_trips,
           (unsigned long long)seen.octets, seen.resting, seen.settled);
    times_print("log_in", &seen.log_in);
    times_print("round_trip", &seen.round_trip);
    say_errors();
}

static void probe(unsigned wanted)
{
    while (seen.probe.count < wanted && seen.resting) {
        clients_probe();
        turn(20);
    }
    printf("{\"event\": \"probed\", \"held\": %u", seen.resting);
    times_print("probe", &seen.probe);
    say_errors();
}

int generate(char **arguments)
{
    static struct source standard_input = { .fd = 0, .ready = note_input };
    struct plan plan;
    for (int i = 0; i < 3 + ROLES; i++)
        if (!arguments[i])
            usage();
    plan.port = (int)read_number(arguments[0], 65535);
    plan.protocol = read_protocol(arguments[1]);
    plan.transport = read_transport(arguments[2]);
    for (int role = 0; role < ROLES; role++)
        plan.count[role] = read_number(arguments[3 + role], MOST_CLIENTS);
    net_begin();
    clients_begin(&plan);
    net_watch(&standard_input, true);
    hold(plan.count[HOLD]);
    while (true) {
        double warm, seconds;
        unsigned wanted;
        char *line = command(false);
        if (sscanf(line, "run %lf %lf", &warm, &seconds) == 2)
            run(&plan, warm, seconds);
        else if (sscanf(line, "probe %u", &wanted) == 1)
            probe(wanted);
        else if (!strcmp(line, "quit"))
            return 0;
        else
            usage();
    }
}
