// SPDX-License-Identifier: Apache-2.0
// The four calls that init makes to libvirtd, over its remote protocol: a frame is its length,
// program, version, procedure, type, serial and status, each 32 bits in network order, then a body
// in XDR.
#include "init.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum {
  PROGRAM = 0x20008086,
  CONNECT_OPEN = 1,
  CONNECT_GET_CAPABILITIES = 7,
  DOMAIN_SHUTDOWN_FLAGS = 258,
  CONNECT_LIST_ALL_DOMAINS = 273,
  TYPE_REPLY = 1,
  SHUTDOWN_ACPI_POWER_BUTTON = 1,
  SECONDS_MAX = 20,
};

struct header { uint32_t length, program, version, procedure, type, serial, status; };

// The body of the call to be sent, then of the reply to it. Capabilities of big hosts are long.
static struct {
  uint32_t bytes;
  unsigned char data[1 << 20];
} body;

static void put_number(uint32_t number) {
  number = htonl(number);
  memcpy(body.data + body.bytes, &number, sizeof number);
  body.bytes += sizeof number;
}

// Reading nothing would wait for something all the same.
static int read_fully(int connection, void *into, size_t bytes) {
  return bytes == 0 || recv(connection, into, bytes, MSG_WAITALL) == (ssize_t)bytes ? 0 : -1;
}

// Sends a call and waits for its reply. Other frames (keepalive) are passed over.
static int call(int connection, uint32_t procedure) {
  static uint32_t serial;
  struct header header = {htonl(sizeof header + body.bytes), htonl(PROGRAM), htonl(1),
                          htonl(procedure), 0, htonl(++serial), 0};
  if (send(connection, &header, sizeof header, MSG_NOSIGNAL) < 0) return -1;
  if (send(connection, body.data, body.bytes, MSG_NOSIGNAL) < 0) return -1;
  do {
    if (read_fully(connection, &header, sizeof header) != 0) return -1;
    body.bytes = ntohl(header.length) - sizeof header;
    if (body.bytes > sizeof body.data) return -1;
    if (read_fully(connection, body.data, body.bytes) != 0) return -1;
  } while (ntohl(header.program) != PROGRAM || ntohl(header.type) != TYPE_REPLY);
  if (header.status != 0) say("libvirtd refused call %u", procedure);
  return header.status == 0 ? 0 : -1;
}

static int connect_to_libvirtd(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  struct timeval patience = {.tv_sec = SECONDS_MAX};
  char path[PATH_BYTES_MAX];
  snprintf(address.sun_path, sizeof address.sun_path, "%s",
           runtime_path(path, "libvirt/libvirt-sock"));
  int connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  // libvirtd may have been started a moment ago.
  for (double end = seconds_now() + SECONDS_MAX; seconds_now() < end; usleep(10000)) {
    if (connect(connection, (struct sockaddr *)&address, sizeof address) == 0) return connection;
  }
  return -1;
}

// Returns a connection with an open session and an empty body, or -1.
static int open_session(void) {
  static const char uri[] = "qemu:///session";  // 15 letters and a zero: already padded for XDR.
  int connection = connect_to_libvirtd();
  body.bytes = 0;
  put_number(1);  // A URI follows.
  put_number(sizeof uri - 1);
  memcpy(body.data + body.bytes, uri, sizeof uri);
  body.bytes += sizeof uri;
  put_number(0);  // No flags.
  int is_open = connection >= 0 && call(connection, CONNECT_OPEN) == 0;
  if (!is_open) say("no session with libvirtd: %m");
  body.bytes = 0;
  return is_open ? connection : -1;
}

int libvirt_warm_up(void) {
  int connection = open_session();
  return connection < 0 ? -1 : call(connection, CONNECT_GET_CAPABILITIES);
}

// A pod holds one domain: the list of domains is the length 1, the domain and the result, and the
// domain is passed on as it came.
int libvirt_press_power_button(void) {
  int connection = open_session();
  if (connection < 0) return -1;
  put_number(1);  // The domains themselves, not only how many there are.
  put_number(0);  // No filter.
  if (call(connection, CONNECT_LIST_ALL_DOMAINS) != 0) return -1;
  if (body.bytes <= 2 * sizeof(uint32_t)) return 0;  // The guest ended in the meantime.
  body.bytes -= 2 * sizeof(uint32_t);
  memmove(body.data, body.data + sizeof(uint32_t), body.bytes);
  put_number(SHUTDOWN_ACPI_POWER_BUTTON);
  return call(connection, DOMAIN_SHUTDOWN_FLAGS);
}
