// SPDX-License-Identifier: Apache-2.0
// The pod is ready while its guest runs: the kubelet finds a listener then on the one port that is not the
// guest's, and no Service leads to a guest that is off.
#include "init.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

// The agent's rules leave it to the pod: see core/guest/network/ruleset.ts.
#define READINESS_PORT 10
#define PROBES_WAITING_MAX 16

static int listener = -1;

static void open_listener(void) {
  // Both families: the kubelet dials whichever the pod has.
  const struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(READINESS_PORT)};
  const int on = 1;
  listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener, (const struct sockaddr *)&any, sizeof any) == 0 &&
      listen(listener, PROBES_WAITING_MAX) == 0) {
    return;
  }
  close(listener);
  listener = -1;
}

void tell_readiness(void) {
  int is_running = signal_qemu(0) > 0;
  if (!is_running && listener >= 0) {
    close(listener);
    listener = -1;
  }
  if (is_running && listener < 0) open_listener();
  for (int probe; listener >= 0 && (probe = accept(listener, NULL, NULL)) >= 0;) close(probe);
}
