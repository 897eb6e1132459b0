/* What both sides say, protocol by protocol: all that the load generator knows of POP3, IMAP4 and ManageSieve. */
#pragma once
#include <stdbool.h>

enum act { SAY, SASL, LOG_OUT, START_TLS, POUR };

/* A command that the server knows. */
struct command {
    const char *verb;
    enum act act;
    const char *before; /* said before the result; %s stands for what offers STARTTLS */
    const char *result; /* with the tag before it, if the protocol has tags */
};

struct protocol {
    const char *name;
    bool tagged;
    bool literals;      /* lines may end in {n} or {n+} */
    bool waits;         /* ... and {n} waits to be told to go on */
    bool greets_again;  /* RFC 5804 2.2: capabilities come again behind STARTTLS */
    const char *starttls_offer;
    const char *greeting; /* %s as above */
    const char *sasl_prompt;
    const char *unknown;
    const struct command *commands; /* up to one without a verb */

    /* What a client says, and how it knows an answer. */
    const char *say_starttls, *say_noop, *say_fetch, *say_log_out;
    const char *greeting_ok, *ok;
    const char *is_final; /* a line that begins with none of these words is not the last one */
};

/* Octets of a fetched message; no run fetches so many. */
#define ENDLESS "1099511627776"

const struct protocol *find_protocol(const char *name);
