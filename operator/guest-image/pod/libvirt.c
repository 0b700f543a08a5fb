// SPDX-License-Identifier: Apache-2.0
// The few calls that the pod makes to libvirtd, over its remote protocol: a frame is its length,
// program, version, procedure, type, serial and status, each 32 bits in network order, then a body
// in XDR.
#include "pod.h"

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
  QEMU_PROGRAM = 0x20008087,
  DOMAIN_AGENT_COMMAND = 3,
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

// Why libvirtd refused the last call, or did not answer it.
static char refusal[256] = "libvirtd does not answer";

static void put_number(uint32_t number) {
  number = htonl(number);
  memcpy(body.data + body.bytes, &number, sizeof number);
  body.bytes += sizeof number;
}

// Reading nothing would wait for something all the same.
static int read_fully(int connection, void *into, size_t bytes) {
  return bytes == 0 || recv(connection, into, bytes, MSG_WAITALL) == (ssize_t)bytes ? 0 : -1;
}

static int take_number(uint32_t at) {
  uint32_t number = 0;
  if (at + sizeof number <= body.bytes) memcpy(&number, body.data + at, sizeof number);
  return (int)ntohl(number);
}

static void put_text(const char *text) {
  uint32_t bytes = strlen(text), padded = (bytes + 3) / 4 * 4;
  put_number(bytes);
  memset(body.data + body.bytes, 0, padded);
  memcpy(body.data + body.bytes, text, bytes);
  body.bytes += padded;
}

// Copies the text that begins with its length at `at` into `into`, as much of it as there is room for.
static void take_text(uint32_t at, char *into, size_t into_bytes) {
  uint32_t bytes = take_number(at), from = at + sizeof bytes;
  if (from > body.bytes || bytes > body.bytes - from) bytes = 0;
  if (bytes >= into_bytes) bytes = into_bytes - 1;
  memcpy(into, body.data + from, bytes);
  into[bytes] = '\0';
}

// Sends a call and waits for its reply. Other frames (keepalive) are passed over.
static int call(int connection, uint32_t program, uint32_t procedure) {
  static uint32_t serial;
  struct header header = {htonl(sizeof header + body.bytes), htonl(program), htonl(1),
                          htonl(procedure), 0, htonl(++serial), 0};
  snprintf(refusal, sizeof refusal, "libvirtd does not answer");
  if (send(connection, &header, sizeof header, MSG_NOSIGNAL) < 0) return -1;
  if (send(connection, body.data, body.bytes, MSG_NOSIGNAL) < 0) return -1;
  do {
    if (read_fully(connection, &header, sizeof header) != 0) return -1;
    body.bytes = ntohl(header.length) - sizeof header;
    if (body.bytes > sizeof body.data) return -1;
    if (read_fully(connection, body.data, body.bytes) != 0) return -1;
  } while (ntohl(header.program) != program || ntohl(header.type) != TYPE_REPLY);
  // A refusal is a code, a domain, and a message if there is one.
  if (header.status != 0) take_text(3 * sizeof(uint32_t), refusal, sizeof refusal);
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
  int connection = connect_to_libvirtd();
  body.bytes = 0;
  put_number(1);  // A URI follows.
  put_text("qemu:///session");
  put_number(0);  // No flags.
  int is_open = connection >= 0 && call(connection, PROGRAM, CONNECT_OPEN) == 0;
  body.bytes = 0;
  return is_open ? connection : -1;
}

static int complain_unless(int is_done) {
  if (!is_done) say("%s", refusal);
  return is_done ? 0 : -1;
}

// A pod holds one domain: the list of domains is the length 1, the domain and the result. Leaves the
// domain as the body of the next call; an empty body when there is none.
static int put_domain(int connection) {
  put_number(1);  // The domains themselves, not only how many there are.
  put_number(0);  // No filter.
  if (call(connection, PROGRAM, CONNECT_LIST_ALL_DOMAINS) != 0) return -1;
  uint32_t around = 2 * sizeof(uint32_t);
  body.bytes = body.bytes > around ? body.bytes - around : 0;
  memmove(body.data, body.data + sizeof(uint32_t), body.bytes);
  return 0;
}

int libvirt_warm_up(void) {
  int connection = open_session();
  return complain_unless(connection >= 0 &&
                         call(connection, PROGRAM, CONNECT_GET_CAPABILITIES) == 0);
}

int libvirt_press_power_button(void) {
  int connection = open_session();
  if (connection < 0 || put_domain(connection) != 0) return complain_unless(0);
  if (body.bytes == 0) return 0;  // The guest ended in the meantime.
  put_number(SHUTDOWN_ACPI_POWER_BUTTON);
  return complain_unless(call(connection, PROGRAM, DOMAIN_SHUTDOWN_FLAGS) == 0);
}

int libvirt_ask_agent(const char *command, int timeout_seconds, char *text, size_t text_bytes) {
  int connection = open_session(), result = -1;
  if (connection >= 0 && put_domain(connection) == 0 && body.bytes > 0) {
    put_text(command);
    put_number(timeout_seconds);
    put_number(0);  // No flags.
    result = call(connection, QEMU_PROGRAM, DOMAIN_AGENT_COMMAND);
  }
  if (connection >= 0) close(connection);
  if (result != 0) snprintf(text, text_bytes, "%s", refusal);
  // An answer is a text if there is one.
  else take_text(sizeof(uint32_t), text, text_bytes);
  return result;
}
