/* Runs a compiler, unless a build says that the result is there: mlbench-gcc COMPILER ARGUMENT...
 *
 * Asks at the socket that MLBENCH_OBJECTS names (object_server.py has the other side). Whatever goes wrong
 * with that, the compiler runs as if nobody had asked. launcher_twin.py does the same in Python.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

/* Who waits for another one's object waits for two minutes at most (object_store.py). */
enum { MOST_SECONDS = 180, MOST_MESSAGES = 1 << 20, TOO_MUCH = 256 };

static int send_all(int to, const char *data, size_t size) {
    while (size) {
        ssize_t sent = to == 2 ? write(to, data, size) : send(to, data, size, MSG_NOSIGNAL);
        if (sent <= 0) return -1;
        data += sent;
        size -= (size_t)sent;
    }
    return 0;
}

/* Reads a line "WORD NUMBER" and as many bytes; gives the bytes, NULL where there are none to be had. */
static char *receive(int from, char *word, size_t *size) {
    char line[64];
    size_t length = 0;
    unsigned long long count;
    do {
        if (length == sizeof line - 1 || read(from, line + length, 1) != 1) return NULL;
    } while (line[length++] != '\n');
    line[length] = 0;
    if (sscanf(line, "%15s %llu", word, &count) != 2) return NULL;
    char *data = malloc((size_t)count + 1);
    for (*size = 0; data && *size < count;) {
        ssize_t got = read(from, data + *size, (size_t)count - *size);
        if (got <= 0) return NULL;
        *size += (size_t)got;
    }
    return data;
}

static int ask(int server, int argc, char **argv) {
    char cwd[4096], head[32];
    if (!getcwd(cwd, sizeof cwd)) return -1;
    size_t size = strlen(cwd) + 1;
    for (int i = 1; i < argc; i++) size += strlen(argv[i]) + 1;
    char *request = malloc(size), *end = request;
    if (!request) return -1;
    end = memcpy(end, cwd, strlen(cwd) + 1), end += strlen(cwd) + 1;
    for (int i = 1; i < argc; i++) {
        size_t length = strlen(argv[i]) + 1;
        memcpy(end, argv[i], length);
        end += length;
    }
    snprintf(head, sizeof head, "%zu\n", size);
    return send_all(server, head, strlen(head)) || send_all(server, request, size) ? -1 : 0;
}

/* Runs the compiler with further words; its messages are gathered, and told before they are printed. */
static int compile(int server, int argc, char **argv, char *extra, size_t size) {
    size_t more = 0;
    for (size_t i = 0; i < size; i++) more += !extra[i];
    char **command = calloc((size_t)argc + more, sizeof *command);
    int ends[2];
    if (!command || pipe(ends)) return -1;
    memcpy(command, argv + 1, (size_t)(argc - 1) * sizeof *command);
    for (size_t i = 0, place = (size_t)argc - 1; i < size; i += strlen(extra + i) + 1) command[place++] = extra + i;
    pid_t child = fork();
    if (child < 0) return -1;
    if (!child) {
        dup2(ends[1], 2);
        close(ends[0]), close(ends[1]), close(server);
        execvp(command[0], command);
        perror(command[0]);
        _exit(127);
    }
    close(ends[1]);
    size_t length = 0, passed = 0;
    char *messages = malloc(MOST_MESSAGES);
    for (ssize_t got; messages && (got = read(ends[0], messages + length, MOST_MESSAGES - length)) > 0;)
        if ((length += (size_t)got) == MOST_MESSAGES) { /* more than anybody keeps: they are printed as they come */
            send_all(2, messages, length);
            passed += length, length = 0;
        }
    int status;
    while (waitpid(child, &status, 0) < 0) {}
    status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    char head[64], word[16];
    size_t none;
    if (passed && !status) status = TOO_MUCH;
    snprintf(head, sizeof head, "%d %zu\n", status, length);
    if (!send_all(server, head, strlen(head)) && !send_all(server, messages, length)) receive(server, word, &none);
    send_all(2, messages, length);
    exit(status == TOO_MUCH ? 0 : status);
}

int main(int argc, char **argv) {
    const char *name = getenv("MLBENCH_OBJECTS");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (argc < 2 || argv[1][0] == '-') return 0; /* somebody asks for a version */
    if (name && *name && strlen(name) < sizeof address.sun_path) {
        int server = socket(AF_UNIX, SOCK_STREAM, 0);
        struct timeval patience = {.tv_sec = MOST_SECONDS};
        setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        strcpy(address.sun_path, name);
        char word[16];
        size_t size;
        if (server >= 0 && !connect(server, (struct sockaddr *)&address, sizeof address) && !ask(server, argc, argv)) {
            char *data = receive(server, word, &size);
            if (data && !strcmp(word, "done")) {
                send_all(2, data, size);
                return 0;
            }
            if (data && !strcmp(word, "compile")) compile(server, argc, argv, data, size);
        }
        if (server >= 0) close(server);
    }
    execvp(argv[1], argv + 1);
    perror(argv[1]);
    return 127;
}
