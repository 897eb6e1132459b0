/* Connections on one edge-triggered epoll: see net.h. */
#define _GNU_SOURCE
#include "net.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 512, PIECES = 4, SCRATCH = 1 << 16, LATER = -1, BROKEN = -2 };

const char *const ending_names[ENDINGS] = { "open",  "by_us",      "by_peer",    "refused",
                                            "reset", "tls_failed", "unexpected", "too_late" };

struct queue {
    struct connection *first, **last;
};

static struct queue quick, bulk;
static int epoll = -1;

uint64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void die(const char *what)
{
    fprintf(stderr, "load: %s (%s)\n", what, errno ? strerror(errno) : "no more is known");
    exit(2);
}

/* --- queues */

static void empty(struct queue *q)
{
    q->first = NULL;
    q->last = &q->first;
}

static void enqueue(struct connection *c)
{
    struct queue *q = c->bulk ? &bulk : &quick;
    if (c->queued)
        return;
    c->queued = true;
    c->next = NULL;
    *q->last = c;
    q->last = &c->next;
}

/* --- octets; each gives a number, 0 for the end, LATER or BROKEN */

static ssize_t tls_result(struct connection *c, int result)
{
    switch (SSL_get_error(c->tls, result)) {
    case SSL_ERROR_WANT_READ:
        c->can_read = false;
        return LATER;
    case SSL_ERROR_WANT_WRITE:
        c->can_write = false;
        return LATER;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    }
    ERR_clear_error();
    return BROKEN;
}

static ssize_t receive(struct connection *c, char *to, size_t room)
{
    if (c->tls) {
        int n = SSL_read(c->tls, to, (int)room);
        return n > 0 ? n : tls_result(c, n);
    }
    ssize_t n = recv(c->source.fd, to, room, 0);
    if (n >= 0) {
        /* A short read has emptied the socket; the next octets bring an event, an end that is there already not. */
        if ((size_t)n < room && !c->hung_up)
            c->can_read = false;
        return n;
    }
    if (errno != EAGAIN && errno != EINTR)
        return BROKEN;
    c->can_read = errno == EINTR;
    return LATER;
}

ssize_t net_write(struct connection *c, const char *octets, size_t size)
{
    ssize_t n;
    if (c->tls) {
        int written = SSL_write(c->tls, octets, (int)size);
        n = written > 0 ? written : tls_result(c, written);
        if (n == 0)
            n = BROKEN;
    } else {
        n = send(c->source.fd, octets, size, MSG_NOSIGNAL);
        if (n < 0) {
            n = errno == EAGAIN || errno == EINTR ? LATER : BROKEN;
            c->can_write = errno == EINTR;
        }
    }
    if (n == BROKEN)
        net_end(c, RESET);
    return n > 0 ? n : 0;
}

void net_say(struct connection *c, const char *text)
{
    size_t size = strlen(text);
    if (c->out_from == c->out_to && !c->handshaking) {
        size_t written = (size_t)net_write(c, text, size);
        text += written;
        size -= written;
    }
    if (size > sizeof c->out - c->out_to) {
        net_end(c, UNEXPECTED); /* a peer that does not read its replies */
        return;
    }
    memcpy(c->out + c->out_to, text, size);
    c->out_to += (unsigned)size;
}

static void flush(struct connection *c)
{
    while (c->out_from < c->out_to && c->can_write && !c->ending) {
        size_t written = (size_t)net_write(c, c->out + c->out_from, c->out_to - c->out_from);
        if (!written)
            return;
        c->out_from += (unsigned)written;
    }
    if (c->out_from == c->out_to)
        c->out_from = c->out_to = 0;
}

/* --- TLS */

SSL_CTX *net_tls(const char *certificate, const char *key)
{
    SSL_CTX *tls = SSL_CTX_new(certificate ? TLS_server_method() : TLS_client_method());
    if (!tls)
        die("no TLS context");
    /* Full handshakes of TLS 1.3 with every proxy: nothing is resumed. */
    SSL_CTX_set_min_proto_version(tls, TLS1_3_VERSION);
    SSL_CTX_set_options(tls, SSL_OP_NO_TICKET | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_read_ahead(tls, 1);
    SSL_CTX_set_default_read_buffer_len(tls, 1 << 16);
    SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
    if (!certificate)
        return tls;
    SSL_CTX_set_num_tickets(tls, 0);
    if (SSL_CTX_use_certificate_chain_file(tls, certificate) != 1 ||
        SSL_CTX_use_PrivateKey_file(tls, key, SSL_FILETYPE_PEM) != 1)
        die("cannot use the certificate");
    return tls;
}

void net_start_tls(struct connection *c)
{
    if (!c->side->tls || !(c->tls = SSL_new(c->side->tls)) || !SSL_set_fd(c->tls, c->source.fd))
        die("cannot make a TLS connection");
    if (c->side->accepts)
        SSL_set_accept_state(c->tls);
    else
        SSL_set_connect_state(c->tls);
    c->handshaking = true;
    c->in_length = 0; /* RFC 9051 6.2.1: what came in clear behind STARTTLS is nothing */
}

static void shake_hands(struct connection *c)
{
    int result = SSL_do_handshake(c->tls);
    if (result == 1) {
        c->handshaking = false;
        c->can_read = true; /* read-ahead may hold more already, and no event tells of that */
        c->side->secured(c);
    } else if (tls_result(c, result) != LATER)
        net_end(c, TLS_FAILED);
}

/* --- work */

static void read_lines(struct connection *c)
{
    char *at = c->in, *end = c->in + c->in_length;
    while (at < end && !c->ending && !c->pouring && !c->last_said) {
        if (c->raw_left) {
            size_t size = (size_t)(end - at) < c->raw_left ? (size_t)(end - at) : c->raw_left;
            c->raw_left -= size;
            c->side->raw(c, at, size);
            at += size;
            continue;
        }
        char *line = at, *newline = memchr(at, '\n', (size_t)(end - at));
        if (!newline)
            break;
        *newline = 0;
        if (newline > at && newline[-1] == '\r')
            newline[-1] = 0;
        at = newline + 1;
        c->side->line(c, line);
        if (c->handshaking)
            return;
    }
    c->in_length = (unsigned)(end - at);
    memmove(c->in, at, c->in_length);
    if (c->in_length == sizeof c->in && !c->pouring)
        net_end(c, UNEXPECTED);
}

static void read_some(struct connection *c)
{
    static char scratch[SCRATCH];
    bool raw = c->raw_left && !c->in_length;
    char *to = raw ? scratch : c->in + c->in_length;
    size_t room = raw ? sizeof scratch : sizeof c->in - c->in_length;
    if (raw && c->raw_left < room)
        room = c->raw_left;
    ssize_t n = receive(c, to, room);
    if (n == LATER)
        return;
    if (n <= 0) {
        net_end(c, n ? RESET : BY_PEER);
        return;
    }
    if (raw) {
        c->raw_left -= (uint64_t)n;
        c->side->raw(c, to, (size_t)n);
        return;
    }
    c->in_length += (unsigned)n;
    read_lines(c);
}

static bool may_read(const struct connection *c)
{
    return c->can_read && !c->pouring && !c->last_said && !c->ending;
}

static bool may_pour(const struct connection *c)
{
    return c->pouring && c->can_write && c->out_from == c->out_to && !c->ending;
}

static void work(struct connection *c)
{
    if (c->connecting && !c->ending) {
        c->connecting = false;
        if (c->transport == TLS)
            net_start_tls(c);
        else
            c->side->secured(c);
    }
    if (c->handshaking && !c->ending)
        shake_hands(c);
    if (!c->handshaking) {
        int turns = c->bulk && !c->tls ? 1 : PIECES; /* a record of TLS is a quarter of SCRATCH */
        flush(c);
        for (int pieces = turns; pieces && may_read(c) && !c->handshaking; pieces--)
            read_some(c);
        if (c->handshaking && !c->ending)
            shake_hands(c); /* a line began it, and the first word may be ours */
        for (int pieces = turns; pieces && may_pour(c); pieces--)
            c->side->pour(c);
        if (c->last_said && c->out_from == c->out_to)
            net_end(c, BY_US);
    }
    c->queued = false; /* not before: net_end() in a callback must not queue it */
    if (!c->ending) {
        if (may_read(c) || may_pour(c))
            enqueue(c);
        return;
    }
    if (c->tls) {
        if (c->ending == BY_US)
            SSL_shutdown(c->tls);
        SSL_free(c->tls);
        ERR_clear_error();
    }
    close(c->source.fd);
    c->source.fd = -1;
    c->side->ended(c, c->ending);
}

static void note(struct source *source, uint32_t events)
{
    struct connection *c = (struct connection *)source;
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        c->can_read = true;
    if (events & EPOLLOUT)
        c->can_write = true;
    if (events & (EPOLLRDHUP | EPOLLHUP))
        c->hung_up = true;
    if (c->connecting && (events & (EPOLLERR | EPOLLHUP)))
        net_end(c, REFUSED);
    enqueue(c);
}

static void work_off(struct queue *q)
{
    struct connection *c = q->first, *next;
    empty(q);
    for (; c; c = next) {
        next = c->next;
        work(c);
    }
}

bool net_turn(int milliseconds)
{
    static struct epoll_event events[EVENTS];
    int n = epoll_wait(epoll, events, EVENTS, quick.first || bulk.first ? 0 : milliseconds);
    for (int i = 0; i < n; i++) {
        struct source *source = events[i].data.ptr;
        source->ready(source, events[i].events);
    }
    work_off(&quick);
    work_off(&bulk);
    return quick.first || bulk.first;
}

void net_end(struct connection *c, enum ending why)
{
    if (!c->ending)
        c->ending = why;
    enqueue(c);
}

/* --- beginnings */

void net_begin(void)
{
    empty(&quick);
    empty(&bulk);
    if ((epoll = epoll_create1(EPOLL_CLOEXEC)) < 0)
        die("epoll_create1");
}

void net_watch(struct source *source, bool level_triggered)
{
    struct epoll_event event = { .data.ptr = source };
    event.events = level_triggered ? EPOLLIN : EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, source->fd, &event))
        die("epoll_ctl");
}

static struct sockaddr_in loopback(int port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

int net_listen(struct source *source, void (*ready)(struct source *, uint32_t))
{
    struct sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    source->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    source->ready = ready;
    if (source->fd < 0 || bind(source->fd, (struct sockaddr *)&address, size) || listen(source->fd, 4096) ||
        getsockname(source->fd, (struct sockaddr *)&address, &size))
        die("listen");
    net_watch(source, true);
    return ntohs(address.sin_port);
}

void net_adopt(struct connection *c, int fd, const struct side *side, enum transport transport)
{
    int one = 1;
    memset(c, 0, offsetof(struct connection, in));
    c->source.fd = fd;
    c->source.ready = note;
    c->side = side;
    c->transport = transport;
    c->connecting = true;
    c->can_write = true;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    net_watch(&c->source, false);
}

void net_connect(struct connection *c, int port, const struct side *side, enum transport transport)
{
    struct sockaddr_in address = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        die("socket");
    if (connect(fd, (struct sockaddr *)&address, sizeof address) && errno != EINPROGRESS) {
        net_adopt(c, fd, side, transport);
        net_end(c, REFUSED);
        return;
    }
    net_adopt(c, fd, side, transport);
}
