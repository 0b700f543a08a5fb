// SPDX-License-Identifier: Apache-2.0
// Power button, watchdog, and the end of the machine.
#include "guest.h"

#include <fcntl.h>
#include <linux/input.h>
#include <linux/watchdog.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <unistd.h>

#define WATCHDOG_SECONDS 5
#define BUTTONS_MAX 16

static int watchdog = -1;

int set_watchdog(int is_on) {
  int seconds = WATCHDOG_SECONDS;
  if (is_on && watchdog < 0) {
    watchdog = open("/dev/watchdog", O_WRONLY | O_CLOEXEC);
    ioctl(watchdog, WDIOC_SETTIMEOUT, &seconds);
  } else if (!is_on && watchdog >= 0) {
    // The magic letter says that the end of feeding is meant.
    if (write(watchdog, "V", 1) < 0) say("error watchdog: %m");
    close(watchdog);
    watchdog = -1;
  }
  return watchdog >= 0;
}

void feed_watchdog(void) {
  if (watchdog >= 0) ioctl(watchdog, WDIOC_KEEPALIVE, 0);
}

static void unmount_shares(void) {
  char *mounts = read_file("/proc/self/mounts", NULL), *rest;
  if (mounts == NULL) return;
  for (char *line = strtok_r(mounts, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
    char directory[256];
    if (sscanf(line, "%*s %255s", directory) != 1) continue;
    if (strncmp(directory, "/mnt/", 5) == 0) umount2(directory, MNT_DETACH);
  }
  free(mounts);
}

void power_down(int signal_number, const char *reason) {
  int command = signal_number == SIGUSR2   ? RB_POWER_OFF
                : signal_number == SIGUSR1 ? RB_HALT_SYSTEM
                                           : RB_AUTOBOOT;
  const char *verb = signal_number == SIGUSR2   ? "poweroff"
                     : signal_number == SIGUSR1 ? "halt"
                                                : "reboot";
  say("%s reason=%s n=%ld t=%.3f", verb, reason, guest.heartbeats, uptime_seconds());
  kill(-1, SIGTERM);
  sleep_ms(150);
  set_watchdog(0);
  sync();
  unmount_shares();
  mount(NULL, "/data", NULL, MS_REMOUNT | MS_RDONLY, NULL);
  umount("/data");
  sync();
  reboot(command);
  for (;;) pause();
}

static struct pollfd buttons[BUTTONS_MAX];
static int button_count;

void open_power_buttons(void) {
  char path[40];
  for (int i = 0; i < BUTTONS_MAX; i++) {
    snprintf(path, sizeof path, "/dev/input/event%d", i);
    int device = open(path, O_RDONLY | O_CLOEXEC);
    if (device < 0) continue;
    buttons[button_count++] = (struct pollfd){.fd = device, .events = POLLIN};
  }
}

static int is_pressed(const struct pollfd *button) {
  struct input_event event;
  if (button->revents == 0 || read(button->fd, &event, sizeof event) != sizeof event) return 0;
  return event.type == EV_KEY && event.code == KEY_POWER && event.value == 1;
}

void *watch_power_buttons(void *unused) {
  while (button_count > 0 && poll(buttons, button_count, -1) > 0) {
    for (int i = 0; i < button_count; i++) {
      if (!is_pressed(&buttons[i])) continue;
      say("event power-button%s", guest.ignores_power_button ? " ignored" : "");
      if (!guest.ignores_power_button) kill(1, SIGUSR2);
    }
  }
  return unused;
}
