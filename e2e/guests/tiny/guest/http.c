// SPDX-License-Identifier: Apache-2.0
// HTTP on port 80, one thread a connection.
#include "guest.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_BYTES_MAX 16384
#define STACK_BYTES 131072

// A connection that a live migration must not break: ten lines a second.
static void stream(int connection) {
  dprintf(connection, "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n");
  for (long line = 0;; line++) {
    if (dprintf(connection, "%ld %.3f %s\n", line, uptime_seconds(), guest.canary) < 0) return;
    sleep_ms(100);
  }
}

static void write_fully(int connection, const char *data, size_t bytes) {
  while (bytes > 0) {
    ssize_t written = write(connection, data, bytes);
    if (written <= 0) return;
    data += written;
    bytes -= written;
  }
}

static void respond(int connection, char *request) {
  char *text = NULL;
  size_t bytes = 0;
  if (strcmp(request, "/crash") == 0) {
    // No one answers after a crash.
    dprintf(connection, "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nok\n");
    sleep_ms(50);
  }
  FILE *out = open_memstream(&text, &bytes);
  run_command(request, out);
  fclose(out);
  dprintf(connection,
          "HTTP/1.0 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
          strncmp(text, "error", 5) == 0 ? "500 Error" : "200 OK",
          text[0] == '{' ? "application/json" : "text/plain", bytes);
  write_fully(connection, text, bytes);
  free(text);
}

static void *serve_connection(void *number) {
  int connection = (int)(long)number, one = 1;
  char text[REQUEST_BYTES_MAX] = "";
  setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  for (size_t used = 0; used < sizeof text - 1 && strstr(text, "\r\n\r\n") == NULL;) {
    ssize_t bytes = read(connection, text + used, sizeof text - 1 - used);
    if (bytes <= 0) break;
    used += bytes;
    text[used] = '\0';
  }
  // "GET /path?query HTTP/1.1": what stands between the first two spaces.
  char *request = strchr(text, ' '), *end = request == NULL ? NULL : strchr(request + 1, ' ');
  if (end != NULL) {
    *end = '\0';
    if (strncmp(request + 1, "/stream", strlen("/stream")) == 0) stream(connection);
    else respond(connection, request + 1);
  }
  shutdown(connection, SHUT_WR);
  close(connection);
  return NULL;
}

void *serve_http(void *unused) {
  int listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
  struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(80)};
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(listener, (struct sockaddr *)&any, sizeof any) != 0 || listen(listener, 64) != 0) {
    say("error listen: %m");
    return unused;
  }
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, STACK_BYTES);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  for (;;) {
    pthread_t thread;
    int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    void *number = (void *)(long)connection;
    if (connection < 0) sleep_ms(10);
    else if (pthread_create(&thread, &attributes, serve_connection, number) != 0) close(connection);
  }
}
