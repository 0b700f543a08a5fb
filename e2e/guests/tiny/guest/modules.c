// SPDX-License-Identifier: Apache-2.0
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DIRECTORY "/lib/modules/"

static void load_module(const char *name) {
  char path[160];
  snprintf(path, sizeof path, DIRECTORY "%s", name);
  int module = open(path, O_RDONLY | O_CLOEXEC);
  // ENODEV: the hardware is not there. EEXIST: an earlier stage brought it.
  int is_loaded = module >= 0 && (syscall(SYS_finit_module, module, "", 0) == 0 ||
                                  errno == EEXIST || errno == ENODEV);
  if (!is_loaded) say("error module %s: %m", name);
  if (module >= 0) close(module);
}

void load_modules(const char *stage) {
  char path[160], *rest;
  snprintf(path, sizeof path, DIRECTORY "%s", stage);
  char *names = read_file(path, NULL);
  if (names == NULL) return;
  for (char *name = strtok_r(names, "\n", &rest); name; name = strtok_r(NULL, "\n", &rest)) {
    load_module(name);
  }
  free(names);
}
