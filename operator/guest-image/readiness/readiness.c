// SPDX-License-Identifier: Apache-2.0
// Finds out whether the guest is ready, and has the kubelet know. Without a probe it is while it runs; with
// one, as its thresholds say. It needs no agent, writes to no API, and tells of changes alone.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "readiness.h"

// How often it is looked for the guest and for another probe. Tests cannot wait that long.
#ifndef TICK_MILLISECONDS
#define TICK_MILLISECONDS 1000
#endif

static struct probe probe;
// What is known of the guest that runs now.
static struct {
  int is_known, is_ready, is_told, successes, failures;
  double next_at;
  // Why it is not ready, as the log says.
  char reason[REASON_BYTES_MAX];
} guest;
// The probe that is under way.
static struct {
  pid_t pid;
  int output;
} child;

static int ask_in_child(void) {
  char reason[REASON_BYTES_MAX] = "";
  // Nobody may find a listener that only this child holds.
  set_ready(0);
  alarm(probe.timeout);
  int result = ask(&probe, reason);
  if (result != 0) dprintf(child.output, "%s", reason);
  return result;
}

static void start_probe(double now) {
  int pipe_ends[2];
  guest.next_at = now + probe.period;
  if (pipe2(pipe_ends, O_CLOEXEC) != 0) return;
  child.output = pipe_ends[1];
  child.pid = start_function(ask_in_child);
  close(pipe_ends[1]);
  child.output = pipe_ends[0];
  if (child.pid > 0) return;
  // That says nothing of the guest: the next one is due as ever.
  close(child.output);
  child.pid = 0;
}

static void tell(int is_ready, const char *reason) {
  int is_news = guest.is_ready != is_ready || strcmp(guest.reason, reason) != 0;
  if (guest.is_told && !is_news) return;
  guest.is_told = 1;
  guest.is_ready = is_ready;
  snprintf(guest.reason, sizeof guest.reason, "%s", reason);
  if (is_ready) say("the guest is ready");
  else say("the guest is not ready: %s", reason);
}

static void judge(int is_success, const char *reason) {
  guest.successes = is_success ? guest.successes + 1 : 0;
  guest.failures = is_success ? 0 : guest.failures + 1;
  if (guest.successes >= probe.successes) tell(1, "");
  if (guest.failures >= probe.failures) tell(0, reason);
}

// Waits for the end of the probe under way, which has come or is about to.
static void end_probe(void) {
  char reason[REASON_BYTES_MAX] = "";
  int status;
  ssize_t bytes = read(child.output, reason, sizeof reason - 1);
  if (bytes < 0) reason[0] = '\0';
  close(child.output);
  waitpid(child.pid, &status, 0);
  child.pid = 0;
  // One line of the log, whatever the guest put into it.
  for (char *at = reason; *at != '\0'; at++) {
    if ((unsigned char)*at < ' ' || *at == 127) *at = ' ';
  }
  if (WIFSIGNALED(status)) snprintf(reason, sizeof reason, "no answer within %d s", probe.timeout);
  judge(status == 0, reason);
}

static void forget_probe(void) {
  if (child.pid <= 0) return;
  kill(child.pid, SIGKILL);
  waitpid(child.pid, NULL, 0);
  close(child.output);
  child.pid = 0;
}

static void look(void) {
  double now = seconds_now();
  int is_other = read_probe(&probe);
  int is_running = signal_qemu(0) > 0;
  if (is_other || !is_running) forget_probe();
  if (!is_running) memset(&guest, 0, sizeof guest);
  if (is_running && !guest.is_known) guest.next_at = now + probe.initial_delay;
  else if (is_other) guest.next_at = now;
  if (is_other) guest.successes = guest.failures = guest.is_told = 0;
  guest.is_known = is_running;
  if (probe.kind[0] == '\0') guest.is_ready = is_running;
  else if (is_running && child.pid == 0 && now >= guest.next_at) start_probe(now);
  set_ready(guest.is_ready);
}

int main(void) {
  for (;;) {
    look();
    struct pollfd waits[] = {{.fd = listener_handle(), .events = POLLIN},
                             {.fd = child.pid > 0 ? child.output : -1, .events = POLLIN}};
    poll(waits, 2, TICK_MILLISECONDS);
    greet();
    if (waits[1].revents != 0) end_probe();
  }
}
