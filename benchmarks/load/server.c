/* The fake real server: any log-in is right, and a message has no end.
 *
 *   load server [--tls CERTIFICATE KEY] PROTOCOL:TRANSPORT ...
 *
 * It listens on free ports of 127.0.0.1, prints them in that order, and ends with its standard input.
 */
#define _GNU_SOURCE
#include "net.h"
#include "options.h"
#include "pattern.h"
#include "words.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LISTENERS = 16, ACCEPT_AT_ONCE = 64 };

struct listener {
    struct source source;
    const struct protocol *protocol;
    enum transport transport;
};

struct client {
    struct connection c;
    const struct protocol *protocol;
    const struct command *command; /* whose literals are coming */
    const struct command *sasl;    /* that waits for a response */
    char tag[32];
    uint64_t poured;
};

static struct side side;

static const char *offer(const struct client *s)
{
    return s->c.transport == STARTTLS && !s->c.tls ? s->protocol->starttls_offer : "";
}

static void greet(struct connection *c)
{
    struct client *s = (struct client *)c;
    char text[512];
    if (c->transport == STARTTLS && c->tls && !s->protocol->greets_again)
        return;
    snprintf(text, sizeof text, s->protocol->greeting, offer(s));
    net_say(c, text);
}

static void answer(struct client *s, const struct command *command)
{
    char before[320], text[480];
    snprintf(before, sizeof before, command->before, offer(s));
    snprintf(text, sizeof text, "%s%s%s", before, command->result && s->protocol->tagged ? s->tag : "",
             command->result ? command->result : "");
    net_say(&s->c, text);
}

static void act(struct client *s, const struct command *command, bool has_response)
{
    switch (command->act) {
    case SASL:
        if (!has_response) {
            s->sasl = command;
            net_say(&s->c, s->protocol->sasl_prompt);
            return;
        }
        /* fall through */
    case SAY:
        answer(s, command);
        return;
    case LOG_OUT:
        answer(s, command);
        s->c.last_said = true;
        return;
    case START_TLS:
        answer(s, command);
        net_start_tls(&s->c);
        return;
    case POUR:
        answer(s, command);
        s->c.pouring = s->c.bulk = true;
        return;
    }
}

/* Give the octets of a literal that a line ends in, or -1. */
static long literal(struct client *s, const char *line)
{
    const char *brace = strrchr(line, '{');
    char *end;
    if (!s->protocol->literals || !brace)
        return -1;
    long size = strtol(brace + 1, &end, 10);
    bool waits = s->protocol->waits && *end != '+';
    if (end == brace + 1 || size < 0 || strcmp(end + (*end == '+'), "}"))
        return -1;
    if (waits)
        net_say(&s->c, "+ go on\r\n");
    return size;
}

static const struct command *find_command(const struct protocol *protocol, const char *verb, size_t length)
{
    const struct command *command = protocol->commands;
    while (command->verb && (strlen(command->verb) != length || strncasecmp(command->verb, verb, length)))
        command++;
    return command;
}

static void take_line(struct connection *c, char *line)
{
    struct client *s = (struct client *)c;
    const struct command *command = s->command ? s->command : s->sasl;
    const char *rest = "";
    if (!command) {
        const char *verb = line;
        if (s->protocol->tagged) {
            size_t length = strcspn(line, " ");
            snprintf(s->tag, sizeof s->tag, "%.*s ", (int)length, line);
            verb += length + (line[length] == ' ');
        }
        size_t length = strcspn(verb, " ");
        command = find_command(s->protocol, verb, length);
        rest = verb + length;
    }
    long size = literal(s, line);
    if (size >= 0) {
        s->command = command;
        c->raw_left = (uint64_t)size;
        return;
    }
    /* A response is there if it was asked for, was a literal, or stands behind the mechanism. */
    bool has_response = s->sasl || s->command || strchr(rest + (*rest == ' '), ' ');
    s->command = s->sasl = NULL;
    if (command->verb) {
        act(s, command, has_response);
        return;
    }
    net_say(c, s->tag);
    net_say(c, s->protocol->unknown);
}

static void skip_literal(struct connection *c, const char *octets, size_t size)
{
    (void)c, (void)octets, (void)size;
}

static void pour(struct connection *c)
{
    struct client *s = (struct client *)c;
    s->poured += (uint64_t)net_write(c, pattern_at(s->poured), PATTERN_PIECE);
}

static void ended(struct connection *c, enum ending why)
{
    (void)why;
    free(c);
}

static void accept_some(struct source *source, uint32_t events)
{
    struct listener *listener = (struct listener *)source;
    (void)events;
    for (int i = 0; i < ACCEPT_AT_ONCE; i++) {
        int fd = accept4(source->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && (errno == EAGAIN || errno == ECONNABORTED || errno == EINTR))
            return;
        struct client *s = fd < 0 ? NULL : calloc(1, sizeof *s);
        if (!s)
            die("accept");
        s->protocol = listener->protocol;
        net_adopt(&s->c, fd, &side, listener->transport);
    }
}

static void end_with_input(struct source *source, uint32_t events)
{
    char some[64];
    (void)events;
    if (read(source->fd, some, sizeof some) > 0)
        return;
    exit(0);
}

int serve(char **arguments)
{
    static struct listener listeners[LISTENERS];
    static struct source input = { .fd = 0, .ready = end_with_input };
    int count = 0;
    net_begin();
    pattern_begin();
    side = (struct side){ NULL, true, greet, take_line, skip_literal, pour, ended };
    if (*arguments && !strcmp(*arguments, "--tls")) {
        if (!arguments[1] || !arguments[2])
            usage();
        side.tls = net_tls(arguments[1], arguments[2]);
        arguments += 3;
    }
    printf("{\"event\": \"listening\", \"ports\": [");
    for (; *arguments; arguments++, count++) {
        char *transport = strchr(*arguments, ':');
        if (!transport || count == LISTENERS)
            usage();
        *transport++ = 0;
        listeners[count].protocol = read_protocol(*arguments);
        listeners[count].transport = read_transport(transport);
        printf("%s%d", count ? ", " : "", net_listen(&listeners[count].source, accept_some));
    }
    printf("]}\n");
    fflush(stdout);
    net_watch(&input, true);
    while (true)
        net_turn(-1);
}
