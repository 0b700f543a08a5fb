// SPDX-License-Identifier: Apache-2.0
// The client's side: this terminal becomes the guest's. Every key goes to the guest but Ctrl-],
// which leaves. Without a terminal (a script), the end of the input leaves too.
#include "console.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#define DETACH_KEY 0x1d

static struct termios terminal_before;
static int is_terminal;

static void take_terminal(void) {
  is_terminal = tcgetattr(STDIN_FILENO, &terminal_before) == 0;
  if (!is_terminal) return;
  struct termios raw = terminal_before;
  cfmakeraw(&raw);
  tcsetattr(STDIN_FILENO, TCSANOW, &raw);
  fprintf(stderr, "Attached to the serial console. Ctrl-] detaches.\r\n");
}

static void give_terminal_back(const char *reason) {
  if (!is_terminal) return;
  tcsetattr(STDIN_FILENO, TCSANOW, &terminal_before);
  fprintf(stderr, "\n%s\n", reason);
}

static int write_fully(int file, const char *data, size_t bytes) {
  while (bytes > 0) {
    ssize_t written = write(file, data, bytes);
    if (written <= 0) return -1;
    data += written;
    bytes -= written;
  }
  return 0;
}

// Both return why to leave, or NULL to go on.
static const char *read_keys(int console) {
  char keys[512];
  ssize_t bytes = read(STDIN_FILENO, keys, sizeof keys);
  if (bytes <= 0) return "The input ended.";
  char *detach = memchr(keys, DETACH_KEY, bytes);
  if (write_fully(console, keys, detach == NULL ? bytes : detach - keys) != 0) {
    return "The console ended.";
  }
  return detach == NULL ? NULL : "Detached.";
}

static const char *read_console(int console) {
  char data[4096];
  ssize_t bytes = read(console, data, sizeof data);
  if (bytes <= 0) return "The console ended.";
  return write_fully(STDOUT_FILENO, data, bytes) == 0 ? NULL : "The output ended.";
}

int attach(void) {
  int console = connect_to(CLIENT_SOCKET);
  if (console < 0) {
    perror("no console here (is this a server's pod, and has it started?)");
    return 1;
  }
  take_terminal();
  const char *reason = NULL;
  while (reason == NULL) {
    struct pollfd both[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                            {.fd = console, .events = POLLIN}};
    if (poll(both, 2, -1) < 0) continue;
    if (both[1].revents != 0) reason = read_console(console);
    if (reason == NULL && both[0].revents != 0) reason = read_keys(console);
  }
  give_terminal_back(reason);
  return 0;
}
