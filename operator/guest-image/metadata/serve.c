// SPDX-License-Identifier: Apache-2.0
// The metadata service, HTTP at 169.254.169.254. It knows no session and no token: whoever reaches it
// is the guest, since nothing but the guest is behind that address in the pod's network namespace.
// Each request is answered by a process of its own, within seconds, a few at a time and not more than so
// many a second: a guest that misuses the service waits for itself alone.
#include "metadata.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define REQUEST_BYTES_MAX 8192
#define REQUEST_SECONDS_MAX 5
#define REQUESTS_PER_SECOND 50
#define REQUESTS_AT_ONCE_MAX 100
#define CONNECTIONS_WAITING_MAX 16
#define CHILDREN_MAX 8

static double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec + now.tv_nsec / 1e9;
}

// A request: the connection, until when it is answered, and what was asked.
struct request {
  int connection;
  double deadline;
  const char *path;
  int is_head;
};

static int wait_for(const struct request *request, short events) {
  int milliseconds = (request->deadline - seconds_now()) * 1000;
  struct pollfd one = {.fd = request->connection, .events = events};
  return milliseconds > 0 && poll(&one, 1, milliseconds) > 0 ? 0 : -1;
}

// ---- what comes in

// Reads to the empty line behind the headers. Returns 0, or -1 when that does not come.
static int read_headers(const struct request *request, char *text) {
  size_t bytes = 0;
  while (bytes < REQUEST_BYTES_MAX - 1 && wait_for(request, POLLIN) == 0) {
    ssize_t got = recv(request->connection, text + bytes, REQUEST_BYTES_MAX - 1 - bytes, 0);
    if (got <= 0) return -1;
    bytes += got;
    text[bytes] = '\0';
    if (strstr(text, "\r\n\r\n") != NULL || strstr(text, "\n\n") != NULL) return 0;
  }
  return -1;
}

// Takes what means nothing out of a path: the query, slashes beside others and at the end.
static void simplify(char *path) {
  char *out = path;
  for (const char *in = path; *in != '\0' && *in != '?' && *in != '#'; in++) {
    if (*in != '/' || out == path || out[-1] != '/') *out++ = *in;
  }
  if (out > path + 1 && out[-1] == '/') out--;
  *out = '\0';
}

// Returns the status of what cannot be answered otherwise, or 0.
static int parse_request(struct request *request, char *text) {
  char *line_end = strpbrk(text, "\r\n");
  *line_end = '\0';
  char *path = strchr(text, ' '), *version = path == NULL ? NULL : strchr(path + 1, ' ');
  if (version == NULL || strncmp(version + 1, "HTTP/1.", 7) != 0 || path[1] != '/') return 400;
  *path++ = *version = '\0';
  request->is_head = strcmp(text, "HEAD") == 0;
  if (!request->is_head && strcmp(text, "GET") != 0) return 405;
  simplify(path);
  request->path = path;
  return 0;
}

// ---- what goes out

static int send_piece(void *context, const char *data, size_t bytes) {
  const struct request *request = context;
  while (bytes > 0) {
    if (wait_for(request, POLLOUT) != 0) return -1;
    ssize_t sent = send(request->connection, data, bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN) return -1;
    data += sent < 0 ? 0 : sent;
    bytes -= sent < 0 ? 0 : sent;
  }
  return 0;
}

static int count_piece(void *context, const char *data, size_t bytes) {
  (void)data;
  *(size_t *)context += bytes;
  return 0;
}

static int send_head(struct request *request, const char *status, const char *type, size_t bytes) {
  char head[512];
  int length = snprintf(head, sizeof head,
                        "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                        "Connection: close\r\n\r\n", status, type, bytes);
  return send_piece(request, head, length);
}

static void refuse(struct request *request, int status) {
  const char *line = status == 400   ? "400 Bad Request"
                     : status == 404 ? "404 Not Found"
                                     : "405 Method Not Allowed\r\nAllow: GET, HEAD";
  const char *body = status == 404 ? "There is no such page.\n" : "Only pages can be got here.\n";
  if (send_head(request, line, "text/plain", strlen(body)) == 0 && !request->is_head) {
    send_piece(request, body, strlen(body));
  }
}

static int is_path(void *wanted, const char *path) {
  return strcmp(wanted, path) == 0;
}

static const struct entry *page_at(const struct recipe *recipe, const char *path) {
  for (int i = 0; i < recipe->entries_count; i++) {
    const struct entry *entry = &recipe->entries[i];
    int is_page = strcmp(entry->type, "-") != 0;
    if (is_page && each_path(entry, is_path, (char *)path) != 0) return entry;
  }
  return NULL;
}

static void answer(const struct recipe *recipe, struct request *request) {
  static char text[REQUEST_BYTES_MAX];
  size_t bytes = 0;
  if (read_headers(request, text) != 0) return;
  int status = parse_request(request, text);
  const struct entry *page = status == 0 ? page_at(recipe, request->path) : NULL;
  if (page == NULL || assemble(recipe, page, count_piece, &bytes) != 0) {
    refuse(request, status == 0 ? 404 : status);
    return;
  }
  if (send_head(request, "200 OK", page->type, bytes) != 0 || request->is_head) return;
  assemble(recipe, page, send_piece, request);
}

// ---- the service

// Waits until one more request may be answered.
static void keep_the_rate(void) {
  static double allowed = REQUESTS_AT_ONCE_MAX, last;
  double now = seconds_now();
  allowed += (now - last) * REQUESTS_PER_SECOND;
  if (allowed > REQUESTS_AT_ONCE_MAX) allowed = REQUESTS_AT_ONCE_MAX;
  last = now;
  if (allowed < 1) usleep(1000000 / REQUESTS_PER_SECOND);
  allowed -= 1;
}

// The address may come to the pod's network later than this program.
static int listen_for_guest(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(80)};
  const char *port = getenv("KILONOVA_METADATA_PORT"), *host = getenv("KILONOVA_METADATA_ADDRESS");
  inet_pton(AF_INET, host == NULL ? "169.254.169.254" : host, &address.sin_addr);
  if (port != NULL) address.sin_port = htons(atoi(port));
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  setsockopt(listener, IPPROTO_IP, IP_FREEBIND, &one, sizeof one);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0) return -1;
  return listen(listener, CONNECTIONS_WAITING_MAX) == 0 ? listener : -1;
}

void serve(const struct recipe *recipe) {
  signal(SIGPIPE, SIG_IGN);
  int listener = listen_for_guest();
  if (listener < 0) perror("the metadata service is off: port 80");
  while (listener < 0) pause();
  for (int children = 0;;) {
    struct request request = {.connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC)};
    if (request.connection < 0) continue;
    keep_the_rate();
    while (children > 0 && waitpid(-1, NULL, children < CHILDREN_MAX ? WNOHANG : 0) > 0) children--;
    pid_t pid = fork();
    if (pid == 0) {
      request.deadline = seconds_now() + REQUEST_SECONDS_MAX;
      answer(recipe, &request);
      _exit(0);
    }
    children += pid > 0;
    close(request.connection);
  }
}
