/* What both sides say: see words.h. */
#include "words.h"
#include <stddef.h>
#include <string.h>

#define IMAP_CAPABILITY "CAPABILITY IMAP4rev1 LITERAL+ IDLE"

static const struct command imap_commands[] = {
    { "NOOP", SAY, "", "OK NOOP completed\r\n" },
    { "LOGIN", SAY, "", "OK [" IMAP_CAPABILITY "] Logged in\r\n" },
    { "AUTHENTICATE", SASL, "", "OK [" IMAP_CAPABILITY "] Logged in\r\n" },
    { "LOGOUT", LOG_OUT, "* BYE Logging out\r\n", "OK LOGOUT completed\r\n" },
    { "FETCH", POUR, "* 1 FETCH (BODY[] {" ENDLESS "}\r\n", NULL },
    { "CAPABILITY", SAY, "* " IMAP_CAPABILITY "%s\r\n", "OK CAPABILITY completed\r\n" },
    { "ID", SAY, "* ID NIL\r\n", "OK ID completed\r\n" },
    { "STARTTLS", START_TLS, "", "OK Begin TLS\r\n" },
    { NULL, SAY, NULL, NULL },
};

static const struct command pop3_commands[] = {
    { "NOOP", SAY, "", "+OK\r\n" },
    { "USER", SAY, "", "+OK\r\n" },
    { "PASS", SAY, "", "+OK Logged in\r\n" },
    { "AUTH", SASL, "", "+OK Logged in\r\n" },
    { "QUIT", LOG_OUT, "", "+OK Logging out\r\n" },
    { "RETR", POUR, "+OK " ENDLESS " octets\r\n", NULL },
    { "CAPA", SAY, "+OK\r\nTOP\r\nUIDL\r\nUSER\r\nSASL PLAIN\r\n%s.\r\n", "" },
    { "STLS", START_TLS, "", "+OK Begin TLS\r\n" },
    { NULL, SAY, NULL, NULL },
};

#define SIEVE_CAPABILITIES                                                                                       \
    "\"IMPLEMENTATION\" \"load\"\r\n\"SASL\" \"PLAIN\"\r\n\"SIEVE\" \"fileinto vacation\"\r\n%s"                  \
    "\"VERSION\" \"1.0\"\r\n"

static const struct command sieve_commands[] = {
    { "NOOP", SAY, "", "OK \"NOOP completed\"\r\n" },
    { "AUTHENTICATE", SASL, "", "OK \"Logged in\"\r\n" },
    { "LOGOUT", LOG_OUT, "", "OK \"Logging out\"\r\n" },
    { "GETSCRIPT", POUR, "{" ENDLESS "}\r\n", NULL },
    { "CAPABILITY", SAY, SIEVE_CAPABILITIES, "OK \"These\"\r\n" },
    { "STARTTLS", START_TLS, "", "OK \"Begin TLS\"\r\n" },
    { NULL, SAY, NULL, NULL },
};

static const struct protocol protocols[] = {
    {
        .name = "imap",
        .tagged = true,
        .literals = true,
        .waits = true,
        .starttls_offer = " STARTTLS",
        .greeting = "* OK [" IMAP_CAPABILITY "%s] ready\r\n",
        .sasl_prompt = "+ \r\n",
        .unknown = "BAD unknown command\r\n",
        .commands = imap_commands,
        .say_starttls = "A STARTTLS\r\n",
        .say_noop = "A NOOP\r\n",
        .say_fetch = "A FETCH 1 BODY[]\r\n",
        .say_log_out = "A LOGOUT\r\n",
        .greeting_ok = "* OK",
        .ok = "A OK",
        .is_final = "A",
    },
    {
        .name = "pop3",
        .starttls_offer = "STLS\r\n",
        .greeting = "+OK ready\r\n",
        .sasl_prompt = "+ \r\n",
        .unknown = "-ERR unknown command\r\n",
        .commands = pop3_commands,
        .say_starttls = "STLS\r\n",
        .say_noop = "NOOP\r\n",
        .say_fetch = "RETR 1\r\n",
        .say_log_out = "QUIT\r\n",
        .greeting_ok = "+OK",
        .ok = "+OK",
        .is_final = "+-",
    },
    {
        .name = "sieve",
        .literals = true,
        .greets_again = true,
        .starttls_offer = "\"STARTTLS\"\r\n",
        .greeting = SIEVE_CAPABILITIES "OK \"ready\"\r\n",
        .sasl_prompt = "\"\"\r\n",
        .unknown = "NO \"unknown command\"\r\n",
        .commands = sieve_commands,
        .say_starttls = "STARTTLS\r\n",
        .say_noop = "NOOP\r\n",
        .say_fetch = "GETSCRIPT \"a\"\r\n",
        .say_log_out = "LOGOUT\r\n",
        .greeting_ok = "OK",
        .ok = "OK",
        .is_final = "ONB", /* OK, NO, BYE: capabilities begin with a quote */
    },
};

const struct protocol *find_protocol(const char *name)
{
    for (size_t i = 0; i < sizeof protocols / sizeof *protocols; i++)
        if (!strcmp(protocols[i].name, name))
            return &protocols[i];
    return NULL;
}
