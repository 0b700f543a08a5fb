// SPDX-License-Identifier: Apache-2.0
// The console's UNIX sockets, by name in the runtime directory.
#include "console.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define CLIENTS_WAITING_MAX 64

static struct sockaddr_un address_of(const char *name) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  const char *directory = getenv("XDG_RUNTIME_DIR");
  snprintf(address.sun_path, sizeof address.sun_path, "%s/%s",
           directory == NULL ? "/data/run" : directory, name);
  return address;
}

int listen_at(const char *name) {
  struct sockaddr_un address = address_of(name);
  int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  unlink(address.sun_path);
  umask(0077);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0) return -1;
  return listen(listener, CLIENTS_WAITING_MAX) == 0 ? listener : -1;
}

int connect_to(const char *name) {
  struct sockaddr_un address = address_of(name);
  int connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(connection, (struct sockaddr *)&address, sizeof address) == 0) return connection;
  int error = errno;
  close(connection);
  errno = error;
  return -1;
}
