// SPDX-License-Identifier: Apache-2.0
// The hub of the serial console. QEMU connects to it, so it is there before the guest's first byte.
// What the guest says goes to three places, none of which may hold the guest up:
//   - the log file in the guest's directory, the last one to two MiB over all starts of the guest,
//   - stdout, which is what `kubectl logs` shows; left out while nobody takes it,
//   - every client; what one does not take in time is lost to that client alone.
// What a client says goes to the guest. Should this process die, QEMU connects to the next one.
#include "console.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOG_BYTES_MAX (1 << 20)
#define CLIENTS_MAX 8
// POSIX promises that a pipe which polls as writable takes this much at once.
#define CHUNK_BYTES_MAX 4096

enum { SERIAL_LISTENER, CLIENT_LISTENER, SERIAL, FIRST_CLIENT, SLOTS = FIRST_CLIENT + CLIENTS_MAX };

// One slot a socket; those not open are -1, which poll passes over.
static struct pollfd slots[SLOTS];
// What clients typed and the guest has not taken yet. While there is any, clients are not read.
static char input[CHUNK_BYTES_MAX];
static size_t input_bytes;

static int log_file = -1;
static off_t log_bytes;

static void open_log(void) {
  struct stat found = {0};
  log_file = open("console.log", O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0640);
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

static void write_stdout(const char *data, size_t bytes) {
  struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
  if (poll(&out, 1, 0) != 1 || out.revents != POLLOUT) return;
  if (write(STDOUT_FILENO, data, bytes) < 0) perror("stdout");
}

static void close_slot(int slot) {
  close(slots[slot].fd);
  slots[slot].fd = -1;
}

static int accept_from(int listener) {
  return accept4(slots[listener].fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

// QEMU's newest connection replaces the one before.
static void accept_serial(void) {
  for (int connection; (connection = accept_from(SERIAL_LISTENER)) >= 0;) {
    if (slots[SERIAL].fd >= 0) close_slot(SERIAL);
    slots[SERIAL] = (struct pollfd){.fd = connection};
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
      slots[slot] = (struct pollfd){.fd = connection};
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
    input_bytes = 0;
    return;
  }
  write_log(data, bytes);
  write_stdout(data, bytes);
  for (int slot = FIRST_CLIENT; slot < SLOTS; slot++) {
    if (slots[slot].fd >= 0) send(slots[slot].fd, data, bytes, MSG_NOSIGNAL);
  }
}

static void write_serial(void) {
  ssize_t bytes = send(slots[SERIAL].fd, input, input_bytes, MSG_NOSIGNAL);
  if (bytes <= 0) return;
  input_bytes -= bytes;
  memmove(input, input + bytes, input_bytes);
}

// Nothing is read while earlier input waits, but a client that left is let go.
static void read_client(int slot) {
  if (input_bytes > 0 && (slots[slot].revents & POLLHUP) == 0) return;
  ssize_t bytes = input_bytes > 0 ? 0 : read(slots[slot].fd, input, sizeof input);
  if (bytes <= 0) close_slot(slot);
  else if (slots[SERIAL].fd >= 0) input_bytes = bytes;
}

static int wait_for_events(void) {
  int clients = input_bytes > 0 ? 0 : POLLIN;
  for (int slot = 0; slot < SLOTS; slot++) {
    slots[slot].events = slot >= FIRST_CLIENT ? clients : POLLIN;
  }
  if (input_bytes > 0) slots[SERIAL].events |= POLLOUT;
  return poll(slots, SLOTS, -1);
}

int serve(void) {
  const char *directory = getenv("KILONOVA_GUEST_DIRECTORY");
  int has_directory = chdir(directory == NULL ? "/data/vm" : directory) == 0;
  for (int slot = 0; slot < SLOTS; slot++) slots[slot].fd = -1;
  slots[SERIAL_LISTENER].fd = listen_at(SERIAL_SOCKET);
  slots[CLIENT_LISTENER].fd = listen_at(CLIENT_SOCKET);
  if (slots[SERIAL_LISTENER].fd < 0 || slots[CLIENT_LISTENER].fd < 0) {
    perror("console socket");
    return 1;
  }
  // The agent's own container runs no guest and has no directory for one.
  if (has_directory) open_log();
  for (;;) {
    if (wait_for_events() <= 0) continue;
    // Whoever connected before something was said hears it.
    accept_serial();
    accept_clients();
    if (slots[SERIAL].revents & (POLLIN | POLLHUP | POLLERR)) read_serial();
    if (slots[SERIAL].fd >= 0 && slots[SERIAL].revents & POLLOUT) write_serial();
    for (int slot = FIRST_CLIENT; slot < SLOTS; slot++) {
      if (slots[slot].revents != 0) read_client(slot);
    }
  }
}
