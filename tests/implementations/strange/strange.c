/* Servers as beginners write them in C: each has one fault, or is correct but unusual.
 *
 *     cc -O1 -pthread -o strange strange.c && ./strange KIND PORT
 *
 * The kinds are in the table at the end.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *kind;

static int is(const char *name) { return !strcmp(kind, name); }

static int send_all(int fd, const char *data, size_t size)
{
    while (size) {
        ssize_t sent = send(fd, data, size, is("dies-of-sigpipe") ? 0 : MSG_NOSIGNAL);
        if (sent <= 0)
            return -1;
        data += sent;
        size -= sent;
    }
    return 0;
}

/* An echo server. */
static void echo(int fd)
{
    char buffer[4096];
    ssize_t got;
    for (;;) {
        memset(buffer, 0, sizeof buffer);
        got = recv(fd, buffer, sizeof buffer - 1, 0);
        if (got < 0 && is("leaks-after-reset"))
            return;
        if (got <= 0)
            break;
        if (is("stops-at-nul"))
            got = strlen(buffer);
        if (is("sends-the-buffer"))
            got = sizeof buffer;
        if (is("two-writes") && got > 1) {
            /* The second part waits for the acknowledgement of the first (Nagle). */
            if (send_all(fd, buffer, 1) < 0 || send_all(fd, buffer + 1, got - 1) < 0)
                break;
        } else if (send_all(fd, buffer, got) < 0)
            break;
    }
    if (is("late-fin"))
        usleep(300 * 1000);
    close(fd);
}

/* Echoes lines; RESET resets. Fault: a read is taken for a line, or the line buffer is shared. */
static void lines(int fd)
{
    char own[8192], data[4096];
    static char shared[8192];
    static size_t shared_length;
    size_t own_length = 0;
    char *line = is("shared-line") ? shared : own;
    size_t *length = is("shared-line") ? &shared_length : &own_length;
    ssize_t got;
    while ((got = recv(fd, data, sizeof data, 0)) > 0) {
        if (is("a-read-is-a-line")) {
            if ((got == 6 && !memcmp(data, "RESET\n", 6))
                || (got == 7 && !memcmp(data, "RESET\r\n", 7))) {
                struct linger now = {1, 0};
                setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
                break;
            }
            if (send_all(fd, data, got) < 0)
                break;
            continue;
        }
        for (ssize_t i = 0; i < got; i++) {
            line[(*length)++] = data[i];
            if (data[i] != '\n' && *length < 8192)
                continue;
            if ((*length == 6 && !memcmp(line, "RESET\n", 6))
                || (*length == 7 && !memcmp(line, "RESET\r\n", 7))) {
                struct linger now = {1, 0};
                setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
                *length = 0;
                close(fd);
                return;
            }
            if (send_all(fd, line, *length) < 0)
                got = i;
            *length = 0;
        }
    }
    close(fd);
}

/* Upper case and a token. Fault: the words of a line are joined again by single blanks. */
static void words(int fd)
{
    char line[65536], answer[65536 + 8], *word, *rest;
    size_t length = 0;
    ssize_t got;
    if (send_all(fd, "Hello from the server!\n", 23) < 0)
        goto end;
    while ((got = recv(fd, line + length, sizeof line - 1 - length, 0)) > 0) {
        char *end;
        length += got;
        while ((end = memchr(line, '\n', length)) != NULL) {
            size_t size = 0;
            *end = 0;
            for (word = strtok_r(line, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
                if (size)
                    answer[size++] = ' ';
                while (*word)
                    answer[size++] = *word < 0 ? *word++ : toupper(*word++);
            }
            memcpy(answer + size, "\nQUIT", 5);
            if (send_all(fd, answer, size + 5) < 0)
                goto end;
            length -= end + 1 - line;
            memmove(line, end + 1, length);
        }
    }
    for (size_t i = 0; i < length; i++)
        line[i] = line[i] < 0 ? line[i] : toupper(line[i]);
    if (length && !send_all(fd, line, length))
        send_all(fd, "QUIT", 4);
end:
    close(fd);
}

/* One sentence. Fault: the NUL at the end of the string is sent too. */
static void hello(int fd)
{
    static const char reply[] = "Hello World form the server!";
    char data[4096];
    while (recv(fd, data, sizeof data, 0) > 0)
        if (send_all(fd, reply, sizeof reply) < 0)
            break;
    close(fd);
}

/* Sends a greeting and a farewell, and never reads. */
static void greet(int fd)
{
    if (!send_all(fd, "Hello! I am TCP server\n", 23)) {
        usleep(300 * 1000);
        send_all(fd, "Good bye!\n\n\n", 12);
    }
    close(fd);
}

/* One loop for all clients, without a queue: data that a socket does not accept is lost. */
static void no_queue(int listener)
{
    struct pollfd watched[512] = {{listener, POLLIN, 0}};
    static char data[65536];
    int count = 1;
    for (;;) {
        poll(watched, count, -1);
        for (int i = count - 1; i > 0; i--) {
            ssize_t got;
            if (!watched[i].revents)
                continue;
            got = recv(watched[i].fd, data, sizeof data, 0);
            if (got > 0)
                send(watched[i].fd, data, got, MSG_NOSIGNAL | MSG_DONTWAIT);
            else {
                close(watched[i].fd);
                watched[i] = watched[--count];
            }
        }
        if (watched[0].revents) {
            int fd = accept(listener, NULL, NULL);
            if (fd >= 0)
                watched[count++] = (struct pollfd){fd, POLLIN, 0};
        }
    }
}

/* Datagrams. Fault: a buffer of 512 bytes, no answer to empty datagrams, or a wrong port. */
static void datagrams(int fd)
{
    static char data[65536];
    struct sockaddr_in from;
    int other = socket(AF_INET, SOCK_DGRAM, 0);
    for (;;) {
        socklen_t length = sizeof from;
        size_t room = is("udp-512") ? 512 : sizeof data;
        ssize_t got = recvfrom(fd, data, room, 0, (struct sockaddr *)&from, &length);
        if (got < 0 || (got == 0 && is("udp-no-empty")))
            continue;
        sendto(is("udp-other-port") ? other : fd, data, got, 0, (struct sockaddr *)&from, length);
    }
}

static const struct {
    const char *name;
    void (*serve)(int);
    enum { THREADS, FORKS, IN_TURN, LOOP, UDP } how;
} KINDS[] = {
    {"right", echo, THREADS},            {"stops-at-nul", echo, THREADS},
    {"sends-the-buffer", echo, THREADS}, {"dies-of-sigpipe", echo, THREADS},
    {"leaks-after-reset", echo, THREADS}, {"no-reuseaddr", echo, THREADS},
    {"zombies", echo, FORKS},            {"in-turn", echo, IN_TURN},
    {"two-writes", echo, THREADS},       {"late-fin", echo, THREADS},
    {"backlog-1", echo, FORKS},          {"a-read-is-a-line", lines, FORKS},
    {"shared-line", lines, THREADS},     {"joins-words", words, THREADS},
    {"strlen-plus-1", hello, THREADS},   {"never-reads", greet, THREADS},
    {"no-queue", no_queue, LOOP},        {"udp-512", datagrams, UDP},
    {"udp-no-empty", datagrams, UDP},    {"udp-other-port", datagrams, UDP},
};

static void (*serve)(int);

static void *in_a_thread(void *argument)
{
    serve((int)(intptr_t)argument);
    return NULL;
}

int main(int argc, char **argv)
{
    struct sockaddr_in here = {.sin_family = AF_INET};
    int one = 1, how = -1, listener;
    if (argc != 3)
        return 2;
    kind = argv[1];
    for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++)
        if (is(KINDS[i].name)) {
            how = KINDS[i].how;
            serve = KINDS[i].serve;
        }
    if (how < 0)
        return 2;
    here.sin_port = htons(atoi(argv[2]));
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listener = socket(AF_INET, how == UDP ? SOCK_DGRAM : SOCK_STREAM, 0);
    if (!is("no-reuseaddr") && how != UDP)
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&here, sizeof here)
        || (how != UDP && listen(listener, is("backlog-1") ? 1 : 128))) {
        perror("bind");
        return 1;
    }
    if (how == LOOP || how == UDP)
        serve(listener);
    if (how == FORKS && !is("zombies"))
        signal(SIGCHLD, SIG_IGN);
    for (;;) {
        pthread_t thread;
        int fd = accept(listener, NULL, NULL);
        if (fd < 0)
            continue;
        if (how == IN_TURN)
            serve(fd);
        else if (how == FORKS) {
            if (fork() == 0) {
                close(listener);
                serve(fd);
                _exit(0);
            }
            close(fd);
        } else if (pthread_create(&thread, NULL, in_a_thread, (void *)(intptr_t)fd))
            close(fd);
        else
            pthread_detach(thread);
    }
}
