/* The clients: see client.h. */
#define _GNU_SOURCE
#include "client.h"
#include "pattern.h"
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { USERS = 10000, CHECK_ONE_IN = 16 };
static const uint64_t PATIENCE = 20000000000u; /* nanoseconds for any answer */

enum stage { CLOSED, GREETING, ASKED_FOR_TLS, NAMED, LOGGING_IN, RESTING, WAITING, FETCHING, LOGGING_OUT, LOGGED_OUT };

struct client {
    struct connection c;
    enum role role;
    enum stage stage;
    uint64_t began, asked, position;
    unsigned user, pieces;
};

struct seen seen;
static struct plan plan;
static struct side side;
static struct client *clients;
static unsigned count;
static struct client *probed;

static void say(struct client *s, enum stage stage, const char *text)
{
    s->stage = stage;
    s->asked = now();
    net_say(&s->c, text);
}

static void log_in(struct client *s)
{
    char text[256], response[96];
    switch (plan.protocol->name[0]) {
    case 'i':
        snprintf(text, sizeof text, "A LOGIN user%05u secret\r\n", s->user);
        break;
    case 'p':
        snprintf(text, sizeof text, "USER user%05u\r\n", s->user);
        say(s, NAMED, text);
        return;
    default: { /* RFC 4616 2: two NULs, which %c writes */
        unsigned char octets[64];
        int size = snprintf((char *)octets, sizeof octets, "%cuser%05u%csecret", 0, s->user, 0);
        EVP_EncodeBlock((unsigned char *)response, octets, size);
        snprintf(text, sizeof text, "AUTHENTICATE \"PLAIN\" \"%s\"\r\n", response);
    }
    }
    say(s, LOGGING_IN, text);
}

static void start(struct client *s)
{
    static uint32_t users;
    s->user = (users += 7919) % USERS;
    s->stage = GREETING;
    s->began = s->asked = now();
    s->position = 0;
    seen.logging_in++;
    net_connect(&s->c, plan.port, &side, plan.transport);
}

static void logged_in(struct client *s)
{
    seen.logging_in--;
    if (seen.recording && s->began >= seen.since)
        times_add(&seen.log_in, now() - s->began);
    switch (s->role) {
    case HOLD:
        s->stage = RESTING;
        seen.resting++;
        return;
    case SESSION:
        say(s, LOGGING_OUT, plan.protocol->say_log_out);
        return;
    case FETCH:
        seen.settled++;
        s->c.bulk = true;
        say(s, FETCHING, plan.protocol->say_fetch);
        return;
    default:
        seen.settled++;
        say(s, WAITING, plan.protocol->say_noop);
    }
}

static void came_back(struct client *s)
{
    uint64_t t = now();
    if (s == probed) {
        times_add(&seen.probe, t - s->asked);
        s->stage = RESTING;
        probed = NULL;
        return;
    }
    if (seen.recording && s->asked >= seen.since) {
        times_add(&seen.round_trip, t - s->asked);
        seen.round_trips++;
    }
    say(s, WAITING, plan.protocol->say_noop);
}

static void greeted(struct client *s)
{
    if (plan.transport == STARTTLS && !s->c.tls)
        say(s, ASKED_FOR_TLS, plan.protocol->say_starttls);
    else
        log_in(s);
}

static void secured(struct connection *c)
{
    struct client *s = (struct client *)c;
    if (plan.transport == STARTTLS && c->tls && !plan.protocol->greets_again)
        log_in(s);
}

static bool begins(const char *line, const char *word)
{
    return !strncmp(line, word, strlen(word));
}

static void take_line(struct connection *c, char *line)
{
    struct client *s = (struct client *)c;
    const struct protocol *protocol = plan.protocol;
    if (s->stage == FETCHING) {
        c->raw_left = UINT64_MAX;
        return;
    }
    if (s->stage == GREETING) {
        if (begins(line, protocol->greeting_ok))
            greeted(s);
        else if (*line != '"')
            net_end(c, UNEXPECTED);
        return;
    }
    if (!*line || !strchr(protocol->is_final, *line))
        return;
    if (!begins(line, protocol->ok)) {
        net_end(c, UNEXPECTED);
        return;
    }
    switch (s->stage) {
    case ASKED_FOR_TLS:
        s->stage = GREETING;
        net_start_tls(c);
        return;
    case NAMED:
        say(s, LOGGING_IN, "PASS secret\r\n");
        return;
    case LOGGING_IN:
        logged_in(s);
        return;
    case WAITING:
        came_back(s);
        return;
    case LOGGING_OUT:
        s->stage = LOGGED_OUT;
        return;
    default:
        net_end(c, UNEXPECTED);
    }
}

static void take_octets(struct connection *c, const char *octets, size_t size)
{
    struct client *s = (struct client *)c;
    if (++s->pieces % CHECK_ONE_IN == 0 && !pattern_is(octets, size, s->position)) {
        net_end(c, UNEXPECTED);
        return;
    }
    s->position += size;
    seen.octets += seen.recording ? size : 0;
}

static void ended(struct connection *c, enum ending why)
{
    struct client *s = (struct client *)c;
    enum stage stage = s->stage;
    s->stage = CLOSED;
    if (stage == LOGGED_OUT && why == BY_PEER) {
        seen.sessions += seen.recording;
        start(s);
        return;
    }
    seen.errors[why]++;
    if (stage < RESTING)
        seen.logging_in--;
    else if (s->role == HOLD)
        seen.resting--;
    else if (s->role == FETCH || s->role == ROUND_TRIP)
        seen.settled--;
    if (s == probed)
        probed = NULL;
}

void clients_begin(const struct plan *wanted)
{
    plan = *wanted;
    side = (struct side){ net_tls(NULL, NULL), false, secured, take_line, take_octets, NULL, ended };
    pattern_begin();
    for (int role = 0; role < ROLES; role++)
        count += plan.count[role];
    clients = calloc(count ? count : 1, sizeof *clients);
    if (!clients)
        die("no memory for clients");
    struct client *s = clients;
    for (int role = 0; role < ROLES; role++)
        for (unsigned i = 0; i < plan.count[role]; i++)
            (s++)->role = (enum role)role;
}

unsigned clients_open(enum role role, unsigned most)
{
    unsigned opened = 0;
    for (unsigned i = 0; i < count && opened < most; i++)
        if (clients[i].role == role && clients[i].stage == CLOSED) {
            start(&clients[i]);
            opened++;
        }
    return opened;
}

void clients_sweep(void)
{
    uint64_t t = now();
    for (unsigned i = 0; i < count; i++) {
        struct client *s = &clients[i];
        if (s->stage != CLOSED && s->stage != RESTING && s->stage != FETCHING && t > s->asked + PATIENCE)
            net_end(&s->c, TOO_LATE);
    }
}

bool clients_probe(void)
{
    if (probed || !seen.resting)
        return false;
    do
        probed = &clients[(unsigned)random() % count];
    while (probed->role != HOLD || probed->stage != RESTING);
    say(probed, WAITING, plan.protocol->say_noop);
    return true;
}

void clients_record(bool recording)
{
    seen.recording = recording;
    if (!recording)
        return;
    seen.since = now();
    seen.sessions = seen.round_trips = seen.octets = 0;
    seen.log_in.count = seen.round_trip.count = 0;
}
