// SPDX-License-Identifier: Apache-2.0
// The DHCP server of a server's pod, and the router that tells its guest of IPv6. It gives each card of the
// guest the one address that the agent wrote down for it in the file `leases` of the runtime directory, and
// goes on while the agent is down. It needs no capability: the pod may use every port.
#include "dhcp.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define SERVER_PORT 67
#define CLIENT_PORT 68
// A device may come a moment after its line.
#define RETRY_MILLISECONDS 500
// A guest that missed its first advertisement, or all of them for hours, has not long to wait.
#ifndef ADVERTISE_SECONDS
#define ADVERTISE_SECONDS 60
#endif

struct card {
  struct lease lease;
  int socket, router;
};

static struct card cards[CARDS_MAX];
static int card_count;

static void say(const char *what, const char *device) {
  fprintf(stderr, "kilonova-dhcp: %s: %s: %s\n", device, what, strerror(errno));
}

static int open_socket(const char *device) {
  const struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(SERVER_PORT)};
  const int on = 1;
  int handle = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  setsockopt(handle, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(handle, SOL_SOCKET, SO_BROADCAST, &on, sizeof on);
  if (setsockopt(handle, SOL_SOCKET, SO_BINDTODEVICE, device, strlen(device) + 1) == 0 &&
      bind(handle, (const struct sockaddr *)&any, sizeof any) == 0) {
    return handle;
  }
  say("cannot listen yet", device);
  close(handle);
  return -1;
}

// Takes over what the file says now.
static void load(const char *path) {
  struct lease leases[CARDS_MAX];
  for (int i = 0; i < card_count; i++) {
    if (cards[i].socket >= 0) close(cards[i].socket);
    if (cards[i].router >= 0) close(cards[i].router);
  }
  card_count = read_leases(path, leases);
  for (int i = 0; i < card_count; i++) cards[i] = (struct card){leases[i], -1, -1};
}

// Returns whether every card is served.
static int open_sockets(void) {
  int is_complete = 1;
  for (int i = 0; i < card_count; i++) {
    if (cards[i].socket < 0) cards[i].socket = open_socket(cards[i].lease.device);
    if (cards[i].socket < 0) is_complete = 0;
    if (cards[i].lease.router[0] == '\0' || cards[i].router >= 0) continue;
    cards[i].router = open_router(&cards[i].lease);
    if (cards[i].router >= 0) advertise(cards[i].router, &cards[i].lease);
    else is_complete = 0;
  }
  return is_complete;
}

static void serve(const struct card *card) {
  unsigned char message[MESSAGE_BYTES_MAX], reply[MESSAGE_BYTES_MAX];
  ssize_t received = recv(card->socket, message, sizeof message, 0);
  if (received <= 0) return;
  size_t bytes = answer(&card->lease, message, received, reply);
  if (bytes == 0) return;
  const struct sockaddr_in to = {
      .sin_family = AF_INET, .sin_port = htons(CLIENT_PORT), .sin_addr = destination_of(reply)};
  if (sendto(card->socket, reply, bytes, 0, (const struct sockaddr *)&to, sizeof to) < 0) {
    say("cannot answer", card->lease.device);
  }
}

// Takes what was noticed out of the queue. Anything at all in the directory is reason to look again.
static int has_news(int watch, const char *name) {
  char events[4096] __attribute__((aligned(8)));
  int is_news = 0;
  ssize_t bytes = read(watch, events, sizeof events);
  for (ssize_t at = 0; at < bytes;) {
    const struct inotify_event *event = (const struct inotify_event *)(events + at);
    if (event->len > 0 && strcmp(event->name, name) == 0) is_news = 1;
    at += sizeof *event + event->len;
  }
  return is_news;
}

// Readable whenever guests are to be told of their router, however busy they keep the server.
static int open_clock(void) {
  const struct timespec period = {.tv_sec = ADVERTISE_SECONDS};
  int clock = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  timerfd_settime(clock, 0, &(struct itimerspec){period, period}, NULL);
  return clock;
}

int main(void) {
  const char *directory = getenv("XDG_RUNTIME_DIR");
  char path[PATH_BYTES_MAX];
  if (directory == NULL) directory = "/data/run";
  snprintf(path, sizeof path, "%s/leases", directory);
  int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (inotify_add_watch(watch, directory, IN_MOVED_TO | IN_CLOSE_WRITE) < 0) {
    say("cannot be watched", directory);
    return 1;
  }
  int clock = open_clock();
  load(path);
  for (;;) {
    int timeout = open_sockets() ? -1 : RETRY_MILLISECONDS;
    struct pollfd waits[2 + 2 * CARDS_MAX] = {
        {.fd = watch, .events = POLLIN}, {.fd = clock, .events = POLLIN}};
    struct pollfd *card_waits = waits + 2;
    for (int i = 0; i < card_count; i++) {
      card_waits[2 * i] = (struct pollfd){.fd = cards[i].socket, .events = POLLIN};
      card_waits[2 * i + 1] = (struct pollfd){.fd = cards[i].router, .events = POLLIN};
    }
    uint64_t periods;
    poll(waits, 2 + 2 * card_count, timeout);
    int is_due = read(clock, &periods, sizeof periods) > 0;
    for (int i = 0; i < card_count; i++) {
      if (card_waits[2 * i].revents != 0) serve(&cards[i]);
      int is_asked = card_waits[2 * i + 1].revents != 0 && is_solicited(cards[i].router);
      if (cards[i].router >= 0 && (is_asked || is_due)) advertise(cards[i].router, &cards[i].lease);
    }
    if (waits[0].revents != 0 && has_news(watch, "leases")) load(path);
  }
}
