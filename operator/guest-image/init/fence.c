// SPDX-License-Identifier: Apache-2.0
// The fencing deadline of a server whose evacuation may not wait for proof from outside: the file
// `fence` in the runtime directory holds seconds of CLOCK_BOOTTIME and a newline. Only a healthy
// agent moves the deadline on; when it passes, the guest has lost the right to run and is killed.
// 0 disarms. The last number read holds when the file is gone: removing it does not disarm.
#include "init.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static double deadline_seconds;

static void read_deadline(void) {
  char path[PATH_BYTES_MAX], text[32] = "", *end;
  // Whoever is in the pod can put anything at this path: no link or pipe may hold init up.
  int file = open(runtime_path(path, "fence"), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (file < 0) return;
  ssize_t bytes = read(file, text, sizeof text - 1);
  close(file);
  if (bytes <= 0) return;
  double seconds = strtod(text, &end);
  if (end != text && *end == '\n') deadline_seconds = seconds;
}

void enforce_fence(void) {
  struct timespec now;
  read_deadline();
  clock_gettime(CLOCK_BOOTTIME, &now);
  if (deadline_seconds <= 0 || now.tv_sec + now.tv_nsec / 1e9 < deadline_seconds) return;
  if (signal_qemu(SIGKILL) > 0) say("the fencing deadline has passed: killed the guest");
}
