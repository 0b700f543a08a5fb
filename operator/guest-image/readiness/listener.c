// SPDX-License-Identifier: Apache-2.0
// The one port of the pod that is not the guest's: the kubelet finds a listener there while the guest is
// ready, and no Service leads to one that is not.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "readiness.h"

// The agent's rules leave it to the pod: see core/guest/network/ruleset.ts.
#define READINESS_PORT 10
#define WAITING_MAX 16

static int listener = -1;

static void open_listener(void) {
  // Both families: the kubelet dials whichever the pod has.
  const struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(READINESS_PORT)};
  const int on = 1;
  listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener, (const struct sockaddr *)&any, sizeof any) == 0 &&
      listen(listener, WAITING_MAX) == 0) {
    return;
  }
  close(listener);
  listener = -1;
}

void set_ready(int is_ready) {
  if (is_ready && listener < 0) open_listener();
  if (is_ready || listener < 0) return;
  close(listener);
  listener = -1;
}

int listener_handle(void) { return listener; }

void greet(void) {
  for (int kubelet; listener >= 0 && (kubelet = accept(listener, NULL, NULL)) >= 0;) close(kubelet);
}
