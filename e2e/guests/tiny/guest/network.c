// SPDX-License-Identifier: Apache-2.0
#include "guest.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <net/route.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define FIRST_CARD "eth0"
#define ADDRESS_SECONDS_MAX 6

static struct ifreq request_for(const char *interface) {
  struct ifreq request = {0};
  snprintf(request.ifr_name, IFNAMSIZ, "%s", interface);
  return request;
}

static struct sockaddr_in internet_address(const char *text) {
  struct sockaddr_in address = {.sin_family = AF_INET};
  if (text != NULL) inet_pton(AF_INET, text, &address.sin_addr);
  return address;
}

static void set_up(const char *interface) {
  int handle = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  struct ifreq request = request_for(interface);
  ioctl(handle, SIOCGIFFLAGS, &request);
  request.ifr_flags |= IFF_UP;
  ioctl(handle, SIOCSIFFLAGS, &request);
  close(handle);
}

static void set_address(const char *interface, const char *text, const char *mask) {
  int handle = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  struct ifreq request = request_for(interface);
  struct sockaddr_in address = internet_address(text);
  memcpy(&request.ifr_addr, &address, sizeof address);
  ioctl(handle, SIOCSIFADDR, &request);
  address = internet_address(mask);
  memcpy(&request.ifr_netmask, &address, sizeof address);
  ioctl(handle, SIOCSIFNETMASK, &request);
  close(handle);
}

static void set_gateway(const char *text) {
  int handle = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  struct rtentry route = {.rt_flags = RTF_UP | RTF_GATEWAY};
  struct sockaddr_in any = internet_address(NULL), gateway = internet_address(text);
  memcpy(&route.rt_dst, &any, sizeof any);
  memcpy(&route.rt_genmask, &any, sizeof any);
  memcpy(&route.rt_gateway, &gateway, sizeof gateway);
  ioctl(handle, SIOCADDRT, &route);
  close(handle);
}

void start_dhcp(const char *interface) {
  char hostname[160];
  snprintf(hostname, sizeof hostname, "hostname:%s", guest.hostname);
  set_up(interface);
  start_program((char *[]){"/bin/udhcpc", "-f", "-i", (char *)interface, "-t", "4", "-T", "1",
                           "-A", "5", "-x", hostname, "-s", "/etc/udhcpc.sh", NULL},
                NULL);
}

int find_address(void) {
  struct ifaddrs *list;
  int is_found = 0;
  if (getifaddrs(&list) != 0) return 0;
  for (struct ifaddrs *one = list; one != NULL; one = one->ifa_next) {
    if (one->ifa_addr == NULL || one->ifa_addr->sa_family != AF_INET) continue;
    if ((one->ifa_flags & IFF_LOOPBACK) != 0) continue;
    if (is_found && strcmp(one->ifa_name, FIRST_CARD) != 0) continue;
    struct sockaddr_in *address = (struct sockaddr_in *)one->ifa_addr;
    inet_ntop(AF_INET, &address->sin_addr, guest.address, sizeof guest.address);
    is_found = 1;
  }
  freeifaddrs(list);
  return is_found;
}

// The first netmask of the network data that is not a default route's.
static void find_netmask(char *mask, size_t size) {
  char candidate[80];
  for (char *at = guest.network_data; at != NULL; at++) {
    at = strstr(at, "\"netmask\"");
    if (at == NULL) return;
    if (!json_string(at, "netmask", candidate, sizeof candidate)) return;
    if (strcmp(candidate, "0.0.0.0") == 0) continue;
    snprintf(mask, size, "%s", candidate);
    return;
  }
}

// Splits `address/prefix`, when it is that.
static void take_prefix(char *address, char *mask, size_t size) {
  char *slash = strchr(address, '/');
  if (slash == NULL) return;
  *slash = '\0';
  int bits = atoi(slash + 1);
  struct in_addr value = {htonl(bits > 0 ? ~0u << (32 - bits) : 0)};
  inet_ntop(AF_INET, &value, mask, size);
}

static int has_first_card(void) {
  return access("/sys/class/net/" FIRST_CARD, F_OK) == 0;
}

void start_network(void) {
  char address[80] = "", mask[80] = "255.255.255.0", gateway[80] = "";
  set_up("lo");
  if (!has_first_card()) return;
  if (!json_string(guest.meta_data, "kilonova_ip", address, sizeof address)) {
    json_string(guest.network_data, "ip_address", address, sizeof address);
  }
  if (address[0] == '\0' || strchr(address, ':') != NULL) {
    start_dhcp(FIRST_CARD);
    return;
  }
  find_netmask(mask, sizeof mask);
  take_prefix(address, mask, sizeof mask);
  if (!json_string(guest.meta_data, "kilonova_gw", gateway, sizeof gateway)) {
    json_string(guest.network_data, "gateway", gateway, sizeof gateway);
  }
  set_up(FIRST_CARD);
  set_address(FIRST_CARD, address, mask);
  if (gateway[0] != '\0') set_gateway(gateway);
}

// Without a DHCP server two guests on one wire still find each other: the address is made of the
// card's own.
static void set_link_local_address(void) {
  char card[32], address[32];
  unsigned bytes[6];
  if (read_line("/sys/class/net/" FIRST_CARD "/address", card, sizeof card) != 0) return;
  if (sscanf(card, "%x:%x:%x:%x:%x:%x", bytes, bytes + 1, bytes + 2, bytes + 3, bytes + 4,
             bytes + 5) != 6) {
    return;
  }
  snprintf(address, sizeof address, "169.254.%u.%u", bytes[4] % 254 + 1, bytes[5]);
  set_address(FIRST_CARD, address, "255.255.0.0");
}

void wait_for_address(void) {
  if (!has_first_card()) return;
  for (double end = uptime_seconds() + ADDRESS_SECONDS_MAX; uptime_seconds() < end; sleep_ms(20)) {
    if (find_address()) return;
  }
  set_link_local_address();
  find_address();
}
