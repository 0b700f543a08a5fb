// SPDX-License-Identifier: Apache-2.0
// The four ways to ask a guest whether it is ready.
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "readiness.h"

#define EXEC_POLL_MICROSECONDS 100000

static int connect_to(const struct probe *probe, char reason[REASON_BYTES_MAX]) {
  struct sockaddr_in guest = {.sin_family = AF_INET, .sin_port = htons(probe->port)};
  int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (inet_pton(AF_INET, probe->address, &guest.sin_addr) == 1 &&
      connect(connection, (const struct sockaddr *)&guest, sizeof guest) == 0) {
    return connection;
  }
  snprintf(reason, REASON_BYTES_MAX, "port %d: %s", probe->port, strerror(errno));
  close(connection);
  return -1;
}

static int ask_tcp(const struct probe *probe, char reason[REASON_BYTES_MAX]) {
  int connection = connect_to(probe, reason);
  if (connection >= 0) close(connection);
  return connection >= 0 ? 0 : -1;
}

static int ask_http(const struct probe *probe, char reason[REASON_BYTES_MAX]) {
  char line[64] = "";
  int connection = connect_to(probe, reason), status = 0;
  if (connection < 0) return -1;
  send(connection, probe->text, strlen(probe->text), MSG_NOSIGNAL);
  // The status stands in the first few bytes, which may come one by one.
  for (size_t bytes = 0; bytes < sizeof line - 1 && strchr(line, '\n') == NULL;) {
    ssize_t more = recv(connection, line + bytes, sizeof line - 1 - bytes, 0);
    if (more <= 0) break;
    bytes += more;
  }
  close(connection);
  if (sscanf(line, "HTTP/1.%*[01] %3d", &status) == 1 && status >= 200 && status < 400) return 0;
  if (status == 0) snprintf(reason, REASON_BYTES_MAX, "port %d: no answer of HTTP", probe->port);
  else snprintf(reason, REASON_BYTES_MAX, "port %d: HTTP status %d", probe->port, status);
  return -1;
}

// The value of a member of the agent's answer, which is small and flat below "return".
static const char *member(const char *answer, const char *name) {
  const char *at = strstr(answer, name);
  return at == NULL ? "" : at + strlen(name) + strspn(at + strlen(name), " :");
}

static int ask_exec(const struct probe *probe, char reason[REASON_BYTES_MAX]) {
  char answer[4096], command[128];
  long pid;
  int code = -1;
  if (libvirt_ask_agent(probe->text, probe->timeout, answer, sizeof answer) != 0 ||
      sscanf(member(answer, "\"pid\""), "%ld", &pid) != 1) {
    snprintf(reason, REASON_BYTES_MAX, "%.200s", answer);
    return -1;
  }
  snprintf(command, sizeof command,
           "{\"execute\":\"guest-exec-status\",\"arguments\":{\"pid\":%ld}}", pid);
  do {
    usleep(EXEC_POLL_MICROSECONDS);
    if (libvirt_ask_agent(command, probe->timeout, answer, sizeof answer) != 0) {
      snprintf(reason, REASON_BYTES_MAX, "%.200s", answer);
      return -1;
    }
  } while (strncmp(member(answer, "\"exited\""), "true", 4) != 0);
  if (sscanf(member(answer, "\"exitcode\""), "%d", &code) == 1 && code == 0) return 0;
  snprintf(reason, REASON_BYTES_MAX, "the command ended with %d", code);
  return -1;
}

int ask(const struct probe *probe, char reason[REASON_BYTES_MAX]) {
  if (strcmp(probe->kind, "tcp") == 0) return ask_tcp(probe, reason);
  if (strcmp(probe->kind, "http") == 0) return ask_http(probe, reason);
  if (strcmp(probe->kind, "exec") == 0) return ask_exec(probe, reason);
  return libvirt_ask_agent(probe->text, probe->timeout, reason, REASON_BYTES_MAX);
}
