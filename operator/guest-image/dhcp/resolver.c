// SPDX-License-Identifier: Apache-2.0
// The kubelet writes the pod's /etc/resolv.conf anew when it changes its mind: it is read each time.
#include "dhcp.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

// Tests build with another file.
#ifndef SETTINGS
#define SETTINGS "/etc/resolv.conf"
#endif
#define LABEL_BYTES_MAX 63

size_t name_servers(unsigned char *into, size_t bytes_max) {
  char line[1024], text[64];
  size_t bytes = 0;
  FILE *file = fopen(SETTINGS, "re");
  if (file == NULL) return 0;
  while (bytes + 4 <= bytes_max && fgets(line, sizeof line, file) != NULL) {
    struct in_addr address;
    if (sscanf(line, "nameserver %63s", text) != 1) continue;
    if (inet_pton(AF_INET, text, &address) != 1) continue;
    memcpy(into + bytes, &address, sizeof address);
    bytes += sizeof address;
  }
  fclose(file);
  return bytes;
}

// A domain as DNS writes it: each label after its length, and an empty one. Source: RFC 3397.
static size_t encode(const char *domain, unsigned char *into, size_t bytes_max) {
  size_t bytes = 0;
  while (*domain != '\0') {
    size_t label = strcspn(domain, ".");
    if (label == 0 || label > LABEL_BYTES_MAX || bytes + label + 2 > bytes_max) return 0;
    into[bytes++] = label;
    memcpy(into + bytes, domain, label);
    bytes += label;
    domain += label;
    if (*domain == '.') domain++;
  }
  if (bytes > 0) into[bytes++] = 0;
  return bytes;
}

size_t search_domains(unsigned char *into, size_t bytes_max) {
  char line[1024];
  size_t bytes = 0;
  FILE *file = fopen(SETTINGS, "re");
  if (file == NULL) return 0;
  while (fgets(line, sizeof line, file) != NULL) {
    if (strncmp(line, "search", strlen("search")) != 0) continue;
    bytes = 0;  // The last such line is the one that counts.
    strtok(line, " \t\n");
    for (char *domain; (domain = strtok(NULL, " \t\n")) != NULL;) {
      bytes += encode(domain, into + bytes, bytes_max - bytes);
    }
  }
  fclose(file);
  return bytes;
}
