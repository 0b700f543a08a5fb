// SPDX-License-Identifier: Apache-2.0
// The hub of the serial console. QEMU connects to it, so it is there before the guest's first byte.
// What the guest says goes to three places, none of which may hold the guest up:
//   - the log file in the guest's directory, the last one to two MiB over all starts of the guest,
//   - stdout, which is what `kubectl logs` shows, without colours and the like,
//   - every client.
// What stdout or a client does not take in time waits in a buffer of its own; when that is full,
// more is lost to that one alone. What a client says goes to the guest, and waits for it.
// Should this process die, QEMU connects to the next one.
#include "console.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOG_BYTES_MAX (1 << 20)
#define WAITING_BYTES_MAX (1 << 17)
#define CLIENTS_MAX 8
// POSIX promises that a pipe which polls as writable takes this much without blocking.
#define CHUNK_BYTES_MAX 4096

enum {
  SERIAL_LISTENER,
  CLIENT_LISTENER,
  SERIAL,
  STDOUT,
  FIRST_CLIENT,
  SLOTS = FIRST_CLIENT + CLIENTS_MAX,
};

// One slot a file; those not open are -1, which poll passes over.
static struct pollfd slots[SLOTS];
// What waits to be written to the file of that slot.
static struct {
  char data[WAITING_BYTES_MAX];
  size_t bytes;
} waiting[SLOTS];

static int log_file = -1;
static off_t log_bytes;

static void open_log(void) {
  struct stat found = {0};
  log_file = open("console.log", O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (log_file < 0) perror("console.log");
  else fstat(log_file, &found);
  log_bytes = found.st_size;
}

static void write_log(const char *data, size_t bytes) {
  if (log_bytes + (off_t)bytes > LOG_BYTES_MAX) {
    close(log_file);
    rename("console.log", "console.log.1");
    open_log();
  }
  ssize_t written = write(log_file, data, bytes);
  if (written > 0) log_bytes += written;
}

static void open_slot(int slot, int file) {
  slots[slot] = (struct pollfd){.fd = file};
  waiting[slot].bytes = 0;
}

static void close_slot(int slot) {
  close(slots[slot].fd);
  open_slot(slot, -1);
}

static void offer(int slot, const char *data, size_t bytes) {
  if (slots[slot].fd < 0 || bytes > WAITING_BYTES_MAX - waiting[slot].bytes) return;
  memcpy(waiting[slot].data + waiting[slot].bytes, data, bytes);
  waiting[slot].bytes += bytes;
}

// Writes some of what waits for a slot that polled as writable.
static void write_slot(int slot) {
  size_t bytes = waiting[slot].bytes < CHUNK_BYTES_MAX ? waiting[slot].bytes : CHUNK_BYTES_MAX;
  ssize_t written = write(slots[slot].fd, waiting[slot].data, bytes);
  if (written < 0 && errno != EAGAIN) close_slot(slot);
  if (written <= 0) return;
  waiting[slot].bytes -= written;
  memmove(waiting[slot].data, waiting[slot].data + written, waiting[slot].bytes);
}

static int accept_from(int listener) {
  return accept4(slots[listener].fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

// QEMU's newest connection replaces the one before.
static void accept_serial(void) {
  for (int connection; (connection = accept_from(SERIAL_LISTENER)) >= 0;) {
    if (slots[SERIAL].fd >= 0) close_slot(SERIAL);
    open_slot(SERIAL, connection);
  }
}

static int free_client_slot(void) {
  for (int slot = FIRST_CLIENT; slot < SLOTS; slot++) {
    if (slots[slot].fd < 0) return slot;
  }
  return -1;
}

static void accept_clients(void) {
  for (int connection; (connection = accept_from(CLIENT_LISTENER)) >= 0;) {
    int slot = free_client_slot();
    if (slot >= 0) {
      open_slot(slot, connection);
      continue;
    }
    dprintf(connection, "Too many are attached to this console.\r\n");
    close(connection);
  }
}

static void read_serial(void) {
  char data[CHUNK_BYTES_MAX];
  ssize_t bytes = read(slots[SERIAL].fd, data, sizeof data);
  if (bytes <= 0) {
    close_slot(SERIAL);
    return;
  }
  write_log(data, bytes);
  for (int slot = FIRST_CLIENT; slot < SLOTS; slot++) offer(slot, data, bytes);
  offer(STDOUT, data, plain_text(data, data, bytes));
}

// Nothing is read from clients while earlier input waits, but one that left is let go.
static void read_client(int slot) {
  char data[CHUNK_BYTES_MAX];
  int is_guest_busy = waiting[SERIAL].bytes > 0;
  if (is_guest_busy && (slots[slot].revents & POLLHUP) == 0) return;
  ssize_t bytes = is_guest_busy ? 0 : read(slots[slot].fd, data, sizeof data);
  if (bytes <= 0) close_slot(slot);
  else offer(SERIAL, data, bytes);
}

static int wait_for_events(void) {
  for (int slot = 0; slot < SLOTS; slot++) {
    int is_read = slot < STDOUT || (slot >= FIRST_CLIENT && waiting[SERIAL].bytes == 0);
    slots[slot].events = (is_read ? POLLIN : 0) | (waiting[slot].bytes > 0 ? POLLOUT : 0);
  }
  return poll(slots, SLOTS, -1);
}

static void handle_events(void) {
  // Whoever connected before something was said hears it.
  accept_serial();
  accept_clients();
  for (int slot = SERIAL; slot < SLOTS; slot++) {
    if (slots[slot].revents & POLLOUT) write_slot(slot);
  }
  if (slots[STDOUT].revents & POLLERR) close_slot(STDOUT);
  if (slots[SERIAL].revents & (POLLIN | POLLHUP | POLLERR)) read_serial();
  for (int slot = FIRST_CLIENT; slot < SLOTS; slot++) {
    if (slots[slot].revents & (POLLIN | POLLHUP | POLLERR)) read_client(slot);
  }
}

int serve(void) {
  const char *directory = getenv("KILONOVA_GUEST_DIRECTORY");
  int has_directory = chdir(directory == NULL ? "/data/vm" : directory) == 0;
  signal(SIGPIPE, SIG_IGN);
  for (int slot = 0; slot < SLOTS; slot++) open_slot(slot, -1);
  open_slot(SERIAL_LISTENER, listen_at(SERIAL_SOCKET));
  open_slot(CLIENT_LISTENER, listen_at(CLIENT_SOCKET));
  open_slot(STDOUT, STDOUT_FILENO);
  if (slots[SERIAL_LISTENER].fd < 0 || slots[CLIENT_LISTENER].fd < 0) {
    perror("console socket");
    return 1;
  }
  // The agent's own container runs no guest and has no directory for one.
  if (has_directory) open_log();
  for (;;) {
    if (wait_for_events() > 0) handle_events();
  }
}
