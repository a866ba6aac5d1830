// Servers as beginners write them in C++: one loop with poll(2), and pre-forked processes.
//
//     c++ -O1 -o strange strange.cc && ./strange KIND PORT
//
// KIND: asks-all-the-time, always-asks-to-write, prefork (which is correct).
#include <arpa/inet.h>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <map>
#include <netinet/in.h>
#include <poll.h>
#include <string>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

static std::string kind;

class Echo {
public:
    explicit Echo(int listener) : listener(listener) {}

    void run()
    {
        for (;;) {
            std::vector<pollfd> watched{{listener, POLLIN, 0}};
            for (auto &[fd, queue] : queues) {
                short wants = queue.size() < 1 << 20 && !ended[fd] ? POLLIN : 0;
                if (!queue.empty() || kind == "always-asks-to-write")
                    wants |= POLLOUT;
                watched.push_back({fd, wants, 0});
            }
            poll(watched.data(), watched.size(), kind == "asks-all-the-time" ? 0 : -1);
            for (auto &one : watched)
                if (one.revents && one.fd != listener && !talk(one.fd, one.revents)) {
                    close(one.fd);
                    queues.erase(one.fd);
                    ended.erase(one.fd);
                }
            if (watched[0].revents)
                welcome();
        }
    }

private:
    int listener;
    std::map<int, std::string> queues;
    std::map<int, bool> ended;

    void welcome()
    {
        int fd = accept(listener, nullptr, nullptr);
        if (fd >= 0) {
            fcntl(fd, F_SETFL, O_NONBLOCK);
            queues[fd];
        }
    }

    // Whether the client stays.
    bool talk(int fd, short events)
    {
        std::string &queue = queues[fd];
        char data[16384];
        if (events & (POLLIN | POLLHUP | POLLERR) && !ended[fd]) {
            ssize_t got = recv(fd, data, sizeof data, 0);
            if (got < 0 && errno != EAGAIN)
                return false;
            if (got == 0)
                ended[fd] = true;
            if (got > 0)
                queue.append(data, got);
        }
        if (!queue.empty()) {
            ssize_t sent = send(fd, queue.data(), queue.size(), MSG_NOSIGNAL);
            if (sent < 0 && errno != EAGAIN)
                return false;
            if (sent > 0)
                queue.erase(0, sent);
        }
        return !(ended[fd] && queue.empty());
    }
};

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    kind = argv[1];
    int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_port = htons(std::atoi(argv[2]));
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, reinterpret_cast<sockaddr *>(&here), sizeof here) || listen(listener, 64))
        return 1;
    // Several processes wait for the same clients: accept must not block the process that is late.
    fcntl(listener, F_SETFL, O_NONBLOCK);
    if (kind == "prefork") {
        pid_t parent = getpid();
        for (int i = 0; i < 3; i++)
            if (fork() == 0) {
                prctl(PR_SET_PDEATHSIG, SIGTERM);
                if (getppid() != parent)
                    return 1;
                break;
            }
    }
    Echo(listener).run();
}
