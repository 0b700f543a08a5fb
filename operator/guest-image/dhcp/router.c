// SPDX-License-Identifier: Apache-2.0
// Tells a guest of its IPv6 network by router advertisements (RFC 4861). They are ICMPv6, for which the pod
// may open no socket; but it owns a tap beside the guest's, between which the agent's rules lead what
// guests ask of routers and what routers say. So whole frames are read and written here.
#include "dhcp.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define ETHERTYPE_IPV6 0x86dd
#define ICMPV6 58
#define SOLICITATION 133
#define ADVERTISEMENT 134
#define HOPS 255
// The longest that the protocol allows: the guest keeps its router while nobody serves here.
#define ROUTER_SECONDS 9000
#define FOR_EVER UINT32_MAX

struct option_link { uint8_t type, length, mac[6]; };
struct option_mtu { uint8_t type, length; uint16_t reserved; uint32_t mtu; };
struct option_prefix {
  uint8_t type, length, prefix_length, flags;
  uint32_t valid, preferred, reserved;
  struct in6_addr prefix;
};

struct message {
  uint8_t type, code;
  uint16_t checksum;
  uint8_t hops, flags;
  uint16_t lifetime;
  uint32_t reachable, retransmission;
  struct option_link link;
  struct option_mtu mtu;
  struct option_prefix prefix;
};

struct frame {
  uint8_t to[6], from[6];
  uint16_t ethertype;
  uint32_t version;
  uint16_t bytes;
  uint8_t next, hops;
  struct in6_addr source, destination;
  struct message message;
} __attribute__((packed));

// The same as the agent gives to the guest's tap: see core/guest/network/private-network.ts.
static const uint8_t router_mac[6] = {0xfe, 0, 0, 0, 0, 1};

int open_router(const struct lease *lease) {
  struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
  if (lease->router[0] == '\0') return -1;
  memcpy(request.ifr_name, lease->router, sizeof request.ifr_name);
  int handle = open(TUN_DEVICE, O_RDWR | O_CLOEXEC | O_NONBLOCK);
  if (handle < 0 || ioctl(handle, TUNSETIFF, &request) == 0) return handle;
  close(handle);
  return -1;
}

// Over the addresses, length and kind of the message, and the message itself. All of it is even.
static uint16_t checksum(const struct frame *frame) {
  uint16_t words[sizeof frame->message / 2 + sizeof frame->source];
  uint32_t sum = sizeof frame->message + ICMPV6;
  memcpy(words, &frame->source, 2 * sizeof frame->source);
  memcpy((uint8_t *)words + 2 * sizeof frame->source, &frame->message, sizeof frame->message);
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) sum += ntohs(words[i]);
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return htons((uint16_t)~sum);
}

void advertise(int handle, const struct lease *lease) {
  struct frame frame = {
      .to = {0x33, 0x33, 0, 0, 0, 1},
      .ethertype = htons(ETHERTYPE_IPV6),
      .version = htonl(6u << 28),
      .bytes = htons(sizeof frame.message),
      .next = ICMPV6,
      .hops = HOPS,
      .message = {
          .type = ADVERTISEMENT,
          .hops = 64,
          .lifetime = htons(ROUTER_SECONDS),
          .link = {.type = 1, .length = 1},
          .mtu = {.type = 5, .length = 1, .mtu = htonl(lease->mtu)},
          // On this link, and for addresses that guests make by themselves.
          .prefix = {.type = 3, .length = 4, .prefix_length = 64, .flags = 0xc0,
                     .valid = FOR_EVER, .preferred = FOR_EVER, .prefix = lease->prefix6},
      },
  };
  memcpy(frame.from, router_mac, sizeof router_mac);
  memcpy(frame.message.link.mac, router_mac, sizeof router_mac);
  inet_pton(AF_INET6, "fe80::1", &frame.source);
  inet_pton(AF_INET6, "ff02::1", &frame.destination);
  frame.message.checksum = checksum(&frame);
  // While the guest's tap is not connected nobody hears it.
  if (write(handle, &frame, sizeof frame) < 0) return;
}

int is_solicited(int handle) {
  uint8_t frame[MESSAGE_BYTES_MAX];
  int is_asked = 0;
  for (ssize_t bytes; (bytes = read(handle, frame, sizeof frame)) > 0;) {
    size_t type_at = offsetof(struct frame, message), next_at = offsetof(struct frame, next);
    is_asked |= (size_t)bytes > type_at && frame[next_at] == ICMPV6 &&
                frame[type_at] == SOLICITATION;
  }
  return is_asked;
}
