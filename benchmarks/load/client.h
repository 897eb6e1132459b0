/* The clients: what each does from connecting to its end. */
#pragma once
#include "net.h"
#include "times.h"
#include "words.h"

/* What a client does behind its log-in: rest, log out and come again, fetch without end, NOOP after NOOP. */
enum role { HOLD, SESSION, FETCH, ROUND_TRIP, ROLES };

struct plan {
    int port;
    const struct protocol *protocol;
    enum transport transport;
    unsigned count[ROLES];
};

/* What happened; counted while recording. */
struct seen {
    bool recording;
    uint64_t since, sessions, round_trips, octets;
    uint64_t errors[ENDINGS]; /* from the beginning, recording or not */
    unsigned logging_in, resting, settled; /* now: before log-in; held; fetching or in round trips */
    struct times log_in, round_trip, probe;
};
extern struct seen seen;

void clients_begin(const struct plan *);
unsigned clients_open(enum role, unsigned most); /* start some that are closed; tell how many */
void clients_sweep(void);                        /* end who waits too long */
bool clients_probe(void);                        /* one NOOP on a held session, if none is under way */
void clients_record(bool);
