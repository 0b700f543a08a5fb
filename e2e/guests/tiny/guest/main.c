// SPDX-License-Identifier: Apache-2.0
// The boot sequence, the heartbeat, and what process 1 owes to Linux.
#include "guest.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SECURE_BOOT "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"

struct guest guest = {
    .hostname = "kilonova-tiny",
    .uuid = "-",
    .config_source = "none",
    .tpm = "absent",
    .disk_counter = -1,
    .boots = -1,
    .secure_boot = -1,
};

static void start_thread(void *(*function)(void *)) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, function, NULL) != 0) say("error thread: %m");
}

static void mount_kernel_filesystems(void) {
  mkdir("/proc", 0755);
  mount("proc", "/proc", "proc", 0, "");
  mount("sys", "/sys", "sysfs", 0, "");
  mount("dev", "/dev", "devtmpfs", 0, "mode=0755");
  mount("run", "/run", "tmpfs", 0, "mode=0755");
  mkdir("/run/config", 0755);
  mkdir("/data", 0755);
}

static void open_console(void) {
  int console = open("/dev/console", O_RDWR | O_NOCTTY);
  if (console < 0) return;
  for (int standard = 0; standard <= STDERR_FILENO; standard++) dup2(console, standard);
  if (console > STDERR_FILENO) close(console);
}

static sigset_t block_signals(void) {
  const int numbers[] = {SIGCHLD, SIGINT, SIGTERM, SIGUSR1, SIGUSR2};
  sigset_t signals;
  sigemptyset(&signals);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) sigaddset(&signals, numbers[i]);
  sigprocmask(SIG_BLOCK, &signals, NULL);
  signal(SIGPIPE, SIG_IGN);
  reboot(RB_DISABLE_CAD);
  return signals;
}

static void make_canary(void) {
  unsigned char random[8];
  if (getrandom(random, sizeof random, 0) != sizeof random) return;
  for (size_t i = 0; i < sizeof random; i++) sprintf(guest.canary + 2 * i, "%02x", random[i]);
}

static void look_at_firmware(void) {
  if (access("/sys/firmware/efi", F_OK) == 0) {
    unsigned char value[5];
    load_modules("efi");
    mount("efivarfs", "/sys/firmware/efi/efivars", "efivarfs", MS_RDONLY, "");
    guest.is_efi = 1;
    guest.secure_boot = 0;
    int variable = open(SECURE_BOOT, O_RDONLY | O_CLOEXEC);
    // Four bytes of attributes stand before the value.
    if (variable >= 0 && read(variable, value, sizeof value) == sizeof value) {
      guest.secure_boot = value[4];
    }
    if (variable >= 0) close(variable);
  }
  if (access("/dev/tpm0", F_OK) == 0 &&
      read_line("/sys/class/tpm/tpm0/pcr-sha256/0", guest.tpm, sizeof guest.tpm) != 0) {
    strcpy(guest.tpm, "present");
  }
}

static void *beat(void *unused) {
  struct timespec next;
  clock_gettime(CLOCK_MONOTONIC, &next);
  for (;; next.tv_sec++) {
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
    guest.heartbeats++;
    if (guest.is_hanging) continue;
    say("hb n=%ld t=%.3f disk=%ld cpus=%ld mem_kb=%ld dirty=%ld/%ld", guest.heartbeats,
        uptime_seconds(), guest.disk_counter, sysconf(_SC_NPROCESSORS_ONLN),
        memory_kib("MemTotal:"), dirty_pages, dirty_errors);
    feed_watchdog();
  }
  return unused;
}

static void run_user_data(void) {
  if (guest.user_data == NULL || strncmp(guest.user_data, "#!", 2) != 0) return;
  write_text("/run/user_data", guest.user_data);
  chmod("/run/user_data", 0755);
  start_program((char *[]){"/run/user_data", NULL}, NULL);
}

static void report(double waited_seconds) {
  say("ready %s %s boot_id=%s t=%.3f", guest.hostname, guest.address[0] ? guest.address : "-",
      guest.boot_id, uptime_seconds());
  guest.is_ready = 1;
  say("info uuid=%s config=%s user_data=%zu canary=%s boots=%ld disk=%ld cpus=%ld mem_kb=%ld "
      "efi=%d secure_boot=%d tpm=%s address_wait=%.1f",
      guest.uuid, guest.config_source, guest.user_data == NULL ? 0 : strlen(guest.user_data),
      guest.canary, guest.boots, guest.disk_counter, sysconf(_SC_NPROCESSORS_ONLN),
      memory_kib("MemTotal:"), guest.is_efi, guest.secure_boot, guest.tpm, waited_seconds);
}

static void boot(void) {
  read_line("/proc/sys/kernel/random/boot_id", guest.boot_id, sizeof guest.boot_id);
  load_modules("base");
  make_canary();
  scan_devices(1);
  mount_data_disk();
  read_config_drive();
  sethostname(guest.hostname, strlen(guest.hostname));
  start_network();
  start_thread(serve_http);
  start_thread(dirty_memory);
  start_thread(serve_serial);
  look_at_firmware();
  double waiting_since = uptime_seconds();
  wait_for_address();
  report(uptime_seconds() - waiting_since);
  start_thread(beat);
  load_modules("late");
  open_power_buttons();
  start_thread(watch_power_buttons);
  start_thread(watch_devices);
  say("up t=%.3f", uptime_seconds());
  run_user_data();
}

static const char *reason_of(int signal_number) {
  switch (signal_number) {
    case SIGINT: return "ctrl-alt-del";
    case SIGTERM: return "sigterm";
    case SIGUSR2: return "sigusr2";
    default: return "sigusr1";
  }
}

int main(void) {
  mount_kernel_filesystems();
  open_console();
  sigset_t signals = block_signals();
  boot();
  for (;;) {
    int number = sigwaitinfo(&signals, NULL);
    if (number < 0) continue;
    if (number != SIGCHLD) power_down(number, reason_of(number));
    for (pid_t pid; (pid = waitpid(-1, NULL, WNOHANG)) > 0;) guest_agent_ended(pid);
  }
}
