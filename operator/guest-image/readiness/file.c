// SPDX-License-Identifier: Apache-2.0
// The probe as core/guest/readiness-probe.ts writes it; the kubelet shows it as a file and changes it
// when it changes.
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "readiness.h"

// Tests have it elsewhere.
#ifndef PROBE_FILE
#define PROBE_FILE "/metadata/readiness"
#endif
#define FILE_BYTES_MAX 65536

static char known[FILE_BYTES_MAX];

int read_probe(struct probe *probe) {
  static char text[FILE_BYTES_MAX];
  memset(text, 0, sizeof text);
  int file = open(PROBE_FILE, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  // No file: the pod was made before there were probes.
  if (file >= 0 && read(file, text, sizeof text - 1) < 0) say("%s: %m", PROBE_FILE);
  if (file >= 0) close(file);
  if (strcmp(text, known) == 0) return 0;
  memcpy(known, text, sizeof known);
  struct probe new = {.kind = ""};
  int count = sscanf(known, "%7s %d %d %d %d %d %15s %d", new.kind, &new.initial_delay, &new.period,
                     &new.timeout, &new.successes, &new.failures, new.address, &new.port);
  const char *line_end = strchr(known, '\n');
  new.text = line_end == NULL ? "" : line_end + 1;
  *probe = count == 8 && new.period > 0 ? new : (struct probe){.kind = ""};
  if (probe->kind[0] == '\0' && known[0] != '\0') say("%s makes no sense", PROBE_FILE);
  return 1;
}
