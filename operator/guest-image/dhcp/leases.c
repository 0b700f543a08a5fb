// SPDX-License-Identifier: Apache-2.0
#include "dhcp.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

// DEVICE MAC ADDRESS/PREFIX GATEWAY MTU HOSTNAME, and with IPv6 ROUTER-DEVICE IPV6-PREFIX
static int parse(const char *line, struct lease *lease) {
  char address[16], gateway[16], prefix6[40];
  unsigned prefix, mtu;
  unsigned char *mac = lease->mac;
  *lease = (struct lease){0};
  int fields = sscanf(line, "%15s %hhx:%hhx:%hhx:%hhx:%hhx:%hhx %15[0-9.]/%u %15s %u %253s %15s %39s",
                      lease->device, mac, mac + 1, mac + 2, mac + 3, mac + 4, mac + 5, address,
                      &prefix, gateway, &mtu, lease->hostname, lease->router, prefix6);
  if ((fields != 12 && fields != 14) || prefix < 1 || prefix > 32 || mtu > UINT16_MAX) return 0;
  lease->mask.s_addr = htonl(UINT32_MAX << (32 - prefix));
  lease->mtu = mtu;
  if (fields == 14 && inet_pton(AF_INET6, prefix6, &lease->prefix6) != 1) return 0;
  return inet_pton(AF_INET, address, &lease->address) == 1 &&
         inet_pton(AF_INET, gateway, &lease->gateway) == 1;
}

int read_leases(const char *path, struct lease leases[CARDS_MAX]) {
  char line[512];
  int count = 0;
  FILE *file = fopen(path, "re");
  if (file == NULL) return 0;
  while (count < CARDS_MAX && fgets(line, sizeof line, file) != NULL) {
    count += parse(line, &leases[count]);
  }
  fclose(file);
  return count;
}
