/* Load generator and fake real server for POP3, IMAP4 and ManageSieve proxies; loopback only.
 *
 * What is measured is the proxy between the two, so both must cost little: one thread each, an epoll, no allocation
 * a command.
 */
#include "options.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { LIFE = 900 }; /* seconds after which it ends, come what may */

void usage(void)
{
    fputs("usage: load server [--tls CERTIFICATE KEY] PROTOCOL:TRANSPORT ...\n"
          "       load client PORT PROTOCOL TRANSPORT HELD SESSIONS FETCHES ROUND_TRIPS\n"
          "PROTOCOL is imap, pop3 or sieve; TRANSPORT is plain, tls or starttls.\n",
          stderr);
    exit(2);
}

const struct protocol *read_protocol(const char *name)
{
    const struct protocol *protocol = find_protocol(name);
    if (!protocol)
        usage();
    return protocol;
}

enum transport read_transport(const char *name)
{
    if (!strcmp(name, "plain"))
        return CLEAR;
    if (!strcmp(name, "tls"))
        return TLS;
    if (!strcmp(name, "starttls"))
        return STARTTLS;
    usage();
}

unsigned read_number(const char *digits, unsigned most)
{
    char *end;
    errno = 0;
    unsigned long number = strtoul(digits, &end, 10);
    if (errno || *end || end == digits || number > most)
        usage();
    return (unsigned)number;
}

int main(int count, char **arguments)
{
    struct rlimit files;
    signal(SIGPIPE, SIG_IGN);
    alarm(LIFE);
    if (!getrlimit(RLIMIT_NOFILE, &files)) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    if (count > 1 && !strcmp(arguments[1], "server"))
        return serve(arguments + 2);
    if (count > 1 && !strcmp(arguments[1], "client"))
        return generate(arguments + 2);
    usage();
}
