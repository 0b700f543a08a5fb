// SPDX-License-Identifier: Apache-2.0
// The guest's serial console. `console serve` runs beside libvirtd in the server's pod; `console`
// is for people: kubectl exec -it POD -- console.
#include "console.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv) {
  if (argc == 1) return attach();
  if (argc == 2 && strcmp(argv[1], "serve") == 0) return serve();
  fprintf(stderr, "usage: console        joins this terminal with the serial console\n"
                  "       console serve  carries the serial port to log and clients\n");
  return 2;
}
