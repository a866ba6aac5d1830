/* Correct servers in C, written for the suite to judge: one process, poll(2), no threads.
 *
 *     cc -O2 -o services services.c && ./services PROFILE PORT
 *
 * Profiles: echo, half-open, reset, quit, hello, discard.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENTS = 1000, PIECE = 65536, FULL = 1 << 20 };

struct client {
    int fd;
    char *out;          /* data to be sent */
    size_t length, sent, room;
    unsigned long long received;
    char line[8192];    /* an unfinished line */
    size_t line_length;
    int ended;          /* the client's FIN was received */
};

static struct client *clients[CLIENTS];
static int count;
static const char *profile;

static void say(struct client *c, const char *data, size_t size)
{
    if (c->sent == c->length)
        c->sent = c->length = 0;
    if (c->length + size > c->room) {
        memmove(c->out, c->out + c->sent, c->length - c->sent);
        c->length -= c->sent;
        c->sent = 0;
        while (c->length + size > c->room)
            c->room = c->room ? c->room * 2 : PIECE;
        c->out = realloc(c->out, c->room);
        if (!c->out)
            abort();
    }
    memcpy(c->out + c->length, data, size);
    c->length += size;
}

static void let_go(int index, int by_reset)
{
    struct client *c = clients[index];
    if (by_reset) {
        struct linger now = {1, 0};
        setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    }
    close(c->fd);
    free(c->out);
    free(c);
    clients[index] = clients[--count];
}

/* Echoes lines; RESET resets the connection. Returns whether it did. */
static int take_lines(struct client *c, const char *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (c->line_length < sizeof c->line)
            c->line[c->line_length++] = data[i];
        if (data[i] == '\n') {
            size_t length = c->line_length - 1;
            if (length && c->line[length - 1] == '\r')
                length--;
            if (length == 5 && !memcmp(c->line, "RESET", 5))
                return 1;
            say(c, c->line, c->line_length);
            c->line_length = 0;
        } else if (c->line_length == sizeof c->line) {
            /* Longer than any command, so it can be echoed in parts. */
            say(c, c->line, c->line_length - 8);
            memmove(c->line, c->line + c->line_length - 8, 8);
            c->line_length = 8;
        }
    }
    return 0;
}

static int take(struct client *c, char *data, size_t size)
{
    c->received += size;
    if (!strcmp(profile, "echo"))
        say(c, data, size);
    else if (!strcmp(profile, "reset"))
        return take_lines(c, data, size);
    else if (!strcmp(profile, "hello"))
        say(c, "Hello World form the server!", 28);
    else if (!strcmp(profile, "quit")) {
        for (size_t i = 0; i < size; i++)
            if (data[i] >= 'a' && data[i] <= 'z')
                data[i] -= 32;
        say(c, data, size);
        say(c, "QUIT", 4);
    }
    return 0;
}

static void take_eof(struct client *c)
{
    char text[64];
    c->ended = 1;
    if (!strcmp(profile, "half-open"))
        say(c, text, snprintf(text, sizeof text, "received %llu bytes\n", c->received));
    if (!strcmp(profile, "reset"))
        say(c, c->line, c->line_length);
}

/* Returns 0 while the client stays, 1 when it is gone, 2 when it is to be reset. */
static int serve(struct client *c, short events)
{
    static char data[PIECE];
    if (events & (POLLIN | POLLHUP | POLLERR) && !c->ended) {
        ssize_t got = recv(c->fd, data, sizeof data, 0);
        if (got < 0 && errno != EAGAIN && errno != EINTR)
            return 1;
        if (got == 0)
            take_eof(c);
        if (got > 0 && take(c, data, got))
            return 2;
    }
    if (c->sent < c->length) {
        ssize_t sent = send(c->fd, c->out + c->sent, c->length - c->sent, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN && errno != EINTR)
            return 1;
        if (sent > 0)
            c->sent += sent;
    }
    return c->ended && c->sent == c->length;
}

static void welcome(int listener)
{
    int one = 1, fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return;
    if (count == CLIENTS) {
        close(fd);
        return;
    }
    struct client *c = calloc(1, sizeof *c);
    if (!c)
        abort();
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    c->fd = fd;
    clients[count++] = c;
    if (!strcmp(profile, "quit"))
        say(c, "Hello from the server!\n", 23);
}

int main(int argc, char **argv)
{
    struct sockaddr_in here = {.sin_family = AF_INET};
    int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (argc != 3)
        return 2;
    profile = argv[1];
    here.sin_port = htons(atoi(argv[2]));
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&here, sizeof here) || listen(listener, 128)) {
        perror("services");
        return 1;
    }
    fcntl(listener, F_SETFL, O_NONBLOCK);
    for (;;) {
        struct pollfd watched[CLIENTS + 1];
        int before = count;
        for (int i = 0; i < before; i++) {
            struct client *c = clients[i];
            /* Do not read from a client that does not read. */
            short wants = !c->ended && c->length - c->sent < FULL ? POLLIN : 0;
            watched[i] = (struct pollfd){c->fd, wants | (c->sent < c->length ? POLLOUT : 0), 0};
        }
        watched[before] = (struct pollfd){listener, POLLIN, 0};
        if (poll(watched, before + 1, -1) < 0)
            continue;
        for (int i = before - 1; i >= 0; i--) {
            if (watched[i].revents) {
                int over = serve(clients[i], watched[i].revents);
                if (over)
                    let_go(i, over == 2);
            }
        }
        if (watched[before].revents)
            welcome(listener);
    }
}
