// SPDX-License-Identifier: Apache-2.0
// The client's side: this terminal becomes the guest's. Every key goes to the guest but Ctrl-],
// which leaves. Without a terminal (a script), the end of the input leaves too. When the console is
// started again, the client connects again. A serial port does not know how large a terminal is: the
// guest finds that out by asking the terminal, as `resize` does.
#include "console.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define DETACH_KEY 0x1d
#define RECONNECT_SECONDS_MAX 10
// A console that closes a connection sooner does not want it.
#define CONNECTION_SECONDS_MIN 1

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

static const char console_ended[] = "The console ended.";
// The other end died without closing the connection, or before it accepted it.
static const char console_lost[] = "The console was lost.";

// Both return why to leave, or NULL to go on.
static const char *read_keys(int console) {
  char keys[512];
  ssize_t bytes = read(STDIN_FILENO, keys, sizeof keys);
  if (bytes <= 0) return "The input ended.";
  char *detach = memchr(keys, DETACH_KEY, bytes);
  if (write_fully(console, keys, detach == NULL ? bytes : detach - keys) != 0) {
    return console_lost;
  }
  return detach == NULL ? NULL : "Detached.";
}

static const char *read_console(int console) {
  char data[4096];
  ssize_t bytes = read(console, data, sizeof data);
  if (bytes <= 0) return bytes == 0 ? console_ended : console_lost;
  return write_fully(STDOUT_FILENO, data, bytes) == 0 ? NULL : "The output ended.";
}

// Joins the terminal with this connection until it has to leave, and returns why.
static const char *stay(int console) {
  const char *reason = NULL;
  while (reason == NULL) {
    struct pollfd both[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                            {.fd = console, .events = POLLIN}};
    if (poll(both, 2, -1) < 0) continue;
    if (both[1].revents != 0) reason = read_console(console);
    if (reason == NULL && both[0].revents != 0) reason = read_keys(console);
  }
  return reason;
}

static int is_to_connect_again(const char *reason, time_t began) {
  int is_unwanted = time(NULL) - began <= CONNECTION_SECONDS_MIN;
  return reason == console_lost || (reason == console_ended && !is_unwanted);
}

// The connection to a console that was started again, or -1. Keys wait meanwhile.
static int connect_again(void) {
  for (int attempt = 0; attempt < RECONNECT_SECONDS_MAX * 10; attempt++) {
    usleep(100000);
    int console = connect_to(CLIENT_SOCKET);
    if (console >= 0) return console;
  }
  return -1;
}

int attach(void) {
  int console = connect_to(CLIENT_SOCKET);
  if (console < 0) {
    perror("no console here (is this a server's pod, and has it started?)");
    return 1;
  }
  signal(SIGPIPE, SIG_IGN);
  take_terminal();
  const char *reason = NULL;
  while (console >= 0) {
    time_t began = time(NULL);
    reason = stay(console);
    close(console);
    console = is_to_connect_again(reason, began) ? connect_again() : -1;
  }
  give_terminal_back(reason);
  return 0;
}
