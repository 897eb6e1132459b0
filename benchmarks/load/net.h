/* Connections on one edge-triggered epoll, in clear or with TLS: lines in, octets out.
 *
 * Each descriptor is registered once, for reading and writing.  An event only notes what became possible; work is
 * done afterwards, from two queues: what answers commands first, what moves bulk data after it and a bounded piece
 * each, so that the load generator itself does not make small commands wait behind large transfers.
 *
 * Callbacks never free a connection: they call net_end(), and `ended` is called when nothing uses it any more.
 */
#pragma once
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum transport { CLEAR, TLS, STARTTLS };
enum ending { OPEN, BY_US, BY_PEER, REFUSED, RESET, TLS_FAILED, UNEXPECTED, TOO_LATE, ENDINGS };
extern const char *const ending_names[ENDINGS];

/* Whatever epoll tells about: a connection, a listener, standard input. */
struct source {
    int fd;
    void (*ready)(struct source *, uint32_t events);
};

struct connection;

/* What one side does with its connections. */
struct side {
    SSL_CTX *tls;
    bool accepts;                                                 /* does the server's part of handshakes */
    void (*secured)(struct connection *);                         /* connected and, with TLS, shaken hands */
    void (*line)(struct connection *, char *line);                /* one line, without its end */
    void (*raw)(struct connection *, const char *, size_t);       /* octets while raw_left */
    void (*pour)(struct connection *);                            /* may write more, while pouring */
    void (*ended)(struct connection *, enum ending);              /* closed: free it or use it again */
};

struct connection {
    struct source source;
    const struct side *side;
    struct connection *next; /* in a queue */
    SSL *tls;
    uint64_t raw_left; /* so many octets are no lines */
    enum transport transport;
    enum ending ending;
    bool queued, bulk, connecting, handshaking, can_read, can_write, hung_up;
    bool pouring;   /* writes without end, reads nothing */
    bool last_said; /* end when all is written */
    unsigned in_length, out_from, out_to;
    char in[1024], out[512];
};

void net_begin(void);
void net_watch(struct source *, bool level_triggered);
bool net_turn(int milliseconds); /* wait, then work; tell whether work is left */
void net_adopt(struct connection *, int fd, const struct side *, enum transport);
int net_listen(struct source *, void (*ready)(struct source *, uint32_t));
void net_connect(struct connection *, int port, const struct side *, enum transport);
void net_say(struct connection *, const char *text);
ssize_t net_write(struct connection *, const char *, size_t); /* what the kernel takes now, 0 if nothing */
void net_start_tls(struct connection *);
void net_end(struct connection *, enum ending);
SSL_CTX *net_tls(const char *certificate, const char *key); /* of a client if both are NULL */

uint64_t now(void); /* nanoseconds */
_Noreturn void die(const char *what);
