// SPDX-License-Identifier: Apache-2.0
// Files, read with a bound and written whole or not at all, and the memory for them.
#include "metadata.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

// A recipe, twice each value, and no more.
static char *allocations[VALUES_MAX * 2 + 2];
static int allocations_count;

char *allocate(size_t bytes) {
  const int allocations_max = sizeof allocations / sizeof *allocations;
  char *memory = allocations_count < allocations_max ? malloc(bytes) : NULL;
  if (memory != NULL) allocations[allocations_count++] = memory;
  return memory;
}

void forget_allocations(void) {
  while (allocations_count > 0) free(allocations[--allocations_count]);
}

static char *read_all(int file, size_t bytes_max, size_t *bytes) {
  struct stat found;
  if (fstat(file, &found) != 0) return NULL;
  if (!S_ISREG(found.st_mode)) return errno = EINVAL, NULL;
  if ((size_t)found.st_size > bytes_max) return errno = EFBIG, NULL;
  char *data = allocate(found.st_size + 1);
  ssize_t got = data == NULL ? -1 : read(file, data, found.st_size);
  if (got < 0) return NULL;
  data[got] = '\0';
  *bytes = got;
  return data;
}

char *read_file(const char *path, size_t bytes_max, size_t *bytes) {
  int file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (file < 0) return NULL;
  char *data = read_all(file, bytes_max, bytes);
  int error = errno;
  close(file);
  errno = error;
  return data;
}

static void new_path(char *into, const char *path) {
  snprintf(into, PATH_BYTES_MAX + 8, "%s.new", path);
}

FILE *open_new(const char *path) {
  char name[PATH_BYTES_MAX + 8];
  new_path(name, path);
  return fopen(name, "we");
}

int publish_file(const char *path) {
  char name[PATH_BYTES_MAX + 8];
  new_path(name, path);
  int file = open(name, O_RDONLY | O_CLOEXEC);
  int result = file < 0 ? -1 : fsync(file);
  close(file);
  if (result != 0 || rename(name, path) != 0) return fail("%s: %m", path);
  return 0;
}
