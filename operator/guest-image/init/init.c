// SPDX-License-Identifier: Apache-2.0
// Process 1 of a server's pod. It runs libvirtd, the console, the metadata service and the DHCP server,
// starts them again when they end without touching the guest, reaps, and holds the pod's end back until the
// guest is off.
//
// When the pod is asked to end, the agent shuts the guest down: it sees the file `terminating`, and
// touches `agent-stops` at least every 10 seconds while it is at it. Where no agent does, init
// presses the guest's power button itself. Both files, and `ready` while libvirtd answers, are in
// the runtime directory, where libvirtd keeps its log.
#include "init.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// How long a touch of `agent-stops` counts.
#define AGENT_SECONDS 15
// A guest that ignored the power button, as some do while they boot, gets it again.
#define BUTTON_REPEAT_SECONDS 10
// After the guest's end libvirtd stays so that the agent hears from it how the guest ended.
#define FAREWELL_SECONDS 0.3
#define LOG_BYTES_MAX (1 << 20)
#define BACKOFF_SECONDS_MIN 0.1
#define BACKOFF_SECONDS_MAX 5.0

struct service {
  char *const *argv;
  pid_t pid;
  double start_at, started_at, backoff_seconds;
};

static char *const libvirtd_argv[] = {
    ROOT "/usr/sbin/libvirtd", "--config", ROOT "/etc/libvirt/libvirtd.conf", NULL};
static char *const console_argv[] = {ROOT "/usr/bin/console", "serve", NULL};
static char *const metadata_argv[] = {ROOT "/usr/bin/kilonova-metadata", NULL};
static char *const dhcp_argv[] = {ROOT "/usr/bin/kilonova-dhcp", NULL};
static char *const readiness_argv[] = {ROOT "/usr/bin/kilonova-readiness", NULL};
static struct service services[] = {{.argv = libvirtd_argv},
                                    {.argv = console_argv},
                                    {.argv = metadata_argv},
                                    {.argv = dhcp_argv},
                                    {.argv = readiness_argv}};
static struct service *const libvirtd = &services[0], *const services_end = &services[5];
static pid_t warm_up_pid;

static void touch(const char *name) {
  char path[PATH_BYTES_MAX];
  write_file(runtime_path(path, name), "");
}

static void start_services(void) {
  for (struct service *service = services; service < services_end; service++) {
    if (service->pid > 0 || seconds_now() < service->start_at) continue;
    service->started_at = seconds_now();
    service->pid = start_program(service->argv);
    if (service == libvirtd) warm_up_pid = start_function(libvirt_warm_up);
  }
}

// Plans the next start: soon after a long life, with growing delay after short ones.
static void service_ended(struct service *service, int status) {
  char path[PATH_BYTES_MAX];
  double now = seconds_now(), longer = service->backoff_seconds * 2;
  if (longer == 0 || now - service->started_at > 10) longer = BACKOFF_SECONDS_MIN;
  service->backoff_seconds = longer < BACKOFF_SECONDS_MAX ? longer : BACKOFF_SECONDS_MAX;
  service->start_at = now + service->backoff_seconds;
  service->pid = 0;
  say("%s ended with status 0x%x", service->argv[0], status);
  if (service == libvirtd) unlink(runtime_path(path, "ready"));
  if (service == libvirtd && warm_up_pid > 0) kill(warm_up_pid, SIGKILL);
}

static void reap(void) {
  int status;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
    if (pid == warm_up_pid && status == 0) touch("ready");
    if (pid == warm_up_pid) warm_up_pid = 0;
    for (struct service *service = services; service < services_end; service++) {
      if (pid == service->pid) service_ended(service, status);
    }
  }
}

static void bound_log(void) {
  char path[PATH_BYTES_MAX];
  int is_long = stat_of(runtime_path(path, "libvirtd.log")).st_size > LOG_BYTES_MAX;
  if (is_long && truncate(path, 0) != 0) say("%s: %m", path);
}

static int is_agent_stopping_the_guest(void) {
  char path[PATH_BYTES_MAX];
  return time(NULL) - stat_of(runtime_path(path, "agent-stops")).st_mtime <= AGENT_SECONDS;
}

// How long the agent has to take the shutdown over. It takes a tenth of a second; a pod deleted by
// force is killed after two, and its guest shall have been asked by then.
static double patience_seconds(void) {
  const char *text = getenv("KILONOVA_ACPI_AFTER_SECONDS");
  return text == NULL ? 1 : atof(text);
}

// One look at a pod that is ending: whether it may end now.
static int has_ended(double since) {
  static double guest_seen_at, button_pressed_at;
  double now = seconds_now();
  if (signal_qemu(0) == 0) return now - guest_seen_at > FAREWELL_SECONDS;
  guest_seen_at = now;
  int is_due = button_pressed_at == 0 ? now - since > patience_seconds()
                                      : now - button_pressed_at > BUTTON_REPEAT_SECONDS;
  if (is_due && !is_agent_stopping_the_guest()) {
    button_pressed_at = now;
    say("no agent shuts the guest down: pressing its power button");
    start_function(libvirt_press_power_button);
  }
  return 0;
}

int main(void) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGCHLD);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigprocmask(SIG_SETMASK, &signals, NULL);
  prepare_environment();
  install_capabilities();
  for (double ending_since = 0;;) {
    reap();
    start_services();
    enforce_fence();
    bound_log();
    if (ending_since > 0 && has_ended(ending_since)) return 0;
    int is_busy = ending_since > 0 || libvirtd->pid == 0;
    long milliseconds = is_busy ? 50 : TICK_MILLISECONDS;
    struct timespec tick = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    int number = sigtimedwait(&signals, NULL, &tick);
    if ((number == SIGTERM || number == SIGINT) && ending_since == 0) {
      say("asked to end with %d guest(s) running", signal_qemu(0));
      ending_since = seconds_now();
      touch("terminating");
    }
  }
}
