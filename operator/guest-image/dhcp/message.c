// SPDX-License-Identifier: Apache-2.0
// One message and its answer. Source: RFC 2131, RFC 2132.
#include "dhcp.h"

#include <arpa/inet.h>
#include <string.h>

// What a guest asks again for after half of this time; nothing else ever takes its address.
#define LEASE_SECONDS 86400

enum { REQUEST = 1, REPLY = 2 };
enum { DISCOVER = 1, OFFER, ASK, DECLINE, ACKNOWLEDGE, REFUSE, RELEASE, INFORM };
enum {
  SUBNET_MASK = 1,
  ROUTER = 3,
  NAME_SERVERS = 6,
  HOST_NAME = 12,
  INTERFACE_MTU = 26,
  BROADCAST_ADDRESS = 28,
  REQUESTED_ADDRESS = 50,
  LEASE_TIME = 51,
  MESSAGE_TYPE = 53,
  SERVER_IDENTIFIER = 54,
  SEARCH_DOMAINS = 119,
  END = 255,
};

// The fixed part, as it is on the wire.
struct __attribute__((packed)) header {
  uint8_t operation, hardware_type, hardware_bytes, hops;
  uint32_t transaction;
  uint16_t seconds, flags;
  struct in_addr client, yours, server, relay;
  unsigned char hardware[16];
  char server_name[64], file[128];
  unsigned char cookie[4];
};

static const unsigned char cookie[4] = {99, 130, 83, 99};

// The value of an option of four bytes, or of one byte; 0 when it is not there.
static uint32_t option(const unsigned char *message, size_t bytes, int code) {
  for (size_t at = sizeof(struct header); at + 1 < bytes && message[at] != END;) {
    if (message[at] == 0) {
      at++;
      continue;
    }
    size_t length = message[at + 1];
    const unsigned char *value = message + at + 2;
    if (at + 2 + length > bytes) return 0;
    if (message[at] == code && length == 1) return *value;
    if (message[at] == code && length == 4) {
      uint32_t number;
      memcpy(&number, value, sizeof number);
      return number;
    }
    at += 2 + length;
  }
  return 0;
}

static unsigned char *put(unsigned char *end, int code, const void *value, size_t length) {
  *end++ = code;
  *end++ = length;
  memcpy(end, value, length);
  return end + length;
}

static unsigned char *put_number(unsigned char *end, int code, uint32_t number) {
  number = htonl(number);
  return put(end, code, &number, sizeof number);
}

// Who answers, where the network has no gateway that is the pod's: the address that nobody routes.
static struct in_addr server_of(const struct lease *lease) {
  const struct in_addr own = {htonl(0xa9fea9fe)};  // 169.254.169.254
  return lease->gateway.s_addr == 0 ? own : lease->gateway;
}

// What the guest has to know of its network, whether it asked for that or not.
static unsigned char *put_settings(unsigned char *end, const struct lease *lease) {
  unsigned char list[255];
  uint16_t mtu = htons(lease->mtu);
  struct in_addr broadcast = {lease->address.s_addr | ~lease->mask.s_addr};
  end = put(end, SUBNET_MASK, &lease->mask, sizeof lease->mask);
  if (lease->gateway.s_addr != 0) end = put(end, ROUTER, &lease->gateway, sizeof lease->gateway);
  end = put(end, BROADCAST_ADDRESS, &broadcast, sizeof broadcast);
  end = put(end, INTERFACE_MTU, &mtu, sizeof mtu);
  end = put(end, HOST_NAME, lease->hostname, strlen(lease->hostname));
  size_t bytes = name_servers(list, 3 * sizeof(struct in_addr));
  if (bytes > 0) end = put(end, NAME_SERVERS, list, bytes);
  bytes = search_domains(list, sizeof list);
  return bytes > 0 ? put(end, SEARCH_DOMAINS, list, bytes) : end;
}

// What kind of answer a message gets; 0 for none.
static int answer_type(const struct lease *lease, const struct header *header, const void *message,
                       size_t bytes) {
  uint32_t server = option(message, bytes, SERVER_IDENTIFIER);
  uint32_t wanted = option(message, bytes, REQUESTED_ADDRESS);
  if (wanted == 0) wanted = header->client.s_addr;
  switch (option(message, bytes, MESSAGE_TYPE)) {
    case DISCOVER: return OFFER;
    case INFORM: return ACKNOWLEDGE;
    case ASK:
      // The guest took another server's offer.
      if (server != 0 && server != server_of(lease).s_addr) return 0;
      return wanted == lease->address.s_addr ? ACKNOWLEDGE : REFUSE;
    default: return 0;
  }
}

size_t answer(const struct lease *lease, const unsigned char *message, size_t bytes,
              unsigned char reply[MESSAGE_BYTES_MAX]) {
  struct header header;
  if (bytes < sizeof header) return 0;
  memcpy(&header, message, sizeof header);
  if (header.operation != REQUEST || memcmp(header.cookie, cookie, sizeof cookie) != 0) return 0;
  if (memcmp(header.hardware, lease->mac, sizeof lease->mac) != 0) return 0;
  int type = answer_type(lease, &header, message, bytes);
  if (type == 0) return 0;
  int is_inform = option(message, bytes, MESSAGE_TYPE) == INFORM;
  header.operation = REPLY;
  header.hops = 0;
  header.seconds = 0;
  header.yours.s_addr = type == REFUSE || is_inform ? 0 : lease->address.s_addr;
  header.server.s_addr = 0;
  if (type == REFUSE) header.client.s_addr = 0;
  memset(header.server_name, 0, sizeof header.server_name);
  memset(header.file, 0, sizeof header.file);
  memset(reply, 0, MESSAGE_BYTES_MAX);
  memcpy(reply, &header, sizeof header);
  unsigned char *end = reply + sizeof header, kind = type;
  end = put(end, MESSAGE_TYPE, &kind, sizeof kind);
  struct in_addr server = server_of(lease);
  end = put(end, SERVER_IDENTIFIER, &server, sizeof server);
  if (type != REFUSE && !is_inform) end = put_number(end, LEASE_TIME, LEASE_SECONDS);
  if (type != REFUSE) end = put_settings(end, lease);
  *end++ = END;
  return end - reply;
}

struct in_addr destination_of(const unsigned char reply[MESSAGE_BYTES_MAX]) {
  struct header header;
  memcpy(&header, reply, sizeof header);
  struct in_addr everybody = {INADDR_BROADCAST};
  return header.client.s_addr == 0 ? everybody : header.client;
}
