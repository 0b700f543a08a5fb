// SPDX-License-Identifier: Apache-2.0
// The parts of the DHCP server: each is a file of that name.
#pragma once
#include <net/if.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

#define PATH_BYTES_MAX 512
#define CARDS_MAX 8
#define MESSAGE_BYTES_MAX 1500
#define TUN_DEVICE "/dev/net/tun"

// What one card of the guest is told.
struct lease {
  char device[IFNAMSIZ];
  unsigned char mac[6];
  struct in_addr address, mask, gateway;
  uint16_t mtu;
  char hostname[254];
  // The tap by which it is told of IPv6, and its prefix of 64 bits; empty where there is no IPv6.
  char router[IFNAMSIZ];
  struct in6_addr prefix6;
};

// ---- leases.c
// Reads the agent's file; returns how many leases it holds. A line that makes no sense holds none.
int read_leases(const char *path, struct lease leases[CARDS_MAX]);

// ---- message.c
// Makes the answer to a message of `bytes` bytes. Returns its length, or 0 when there is none.
size_t answer(const struct lease *lease, const unsigned char *message, size_t bytes,
              unsigned char reply[MESSAGE_BYTES_MAX]);
// Where the answer goes: to the client's address if it has one, else to everybody on its wire.
struct in_addr destination_of(const unsigned char reply[MESSAGE_BYTES_MAX]);

// ---- router.c
// Opens the tap of the router; -1 where there is none, or not yet.
int open_router(const struct lease *lease);
// Tells the guest of its network.
void advertise(int handle, const struct lease *lease);
// Takes what came out of the queue; returns whether the guest asked for a router.
int is_solicited(int handle);

// ---- resolver.c
// What the pod's resolver is told: addresses of name servers and, as DHCP writes them, the domains that
// are searched. Returns the number of bytes.
size_t name_servers(unsigned char *into, size_t bytes_max);
size_t search_domains(unsigned char *into, size_t bytes_max);
