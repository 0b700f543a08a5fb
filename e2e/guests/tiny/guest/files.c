// SPDX-License-Identifier: Apache-2.0
#include "guest.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *read_file(const char *path, size_t *bytes) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return NULL;
  size_t used = 0, size = 65536;
  char *content = malloc(size + 1);
  for (ssize_t got; (got = read(file, content + used, size - used)) > 0;) {
    used += got;
    if (used == size) content = realloc(content, (size *= 2) + 1);
  }
  close(file);
  content[used] = '\0';
  if (bytes != NULL) *bytes = used;
  return content;
}

int read_line(const char *path, char *line, size_t size) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return -1;
  ssize_t bytes = read(file, line, size - 1);
  close(file);
  if (bytes < 0) return -1;
  line[bytes] = '\0';
  line[strcspn(line, "\n")] = '\0';
  return 0;
}

long read_number(const char *path, long otherwise) {
  char line[64];
  return read_line(path, line, sizeof line) == 0 ? atol(line) : otherwise;
}

int write_text(const char *path, const char *text) {
  int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return -1;
  ssize_t written = write(file, text, strlen(text));
  int is_synced = fsync(file) == 0;
  close(file);
  // Files of the kernel cannot be synced, those on a disk must be.
  return written < 0 || (!is_synced && strncmp(path, "/data/", 6) == 0) ? -1 : 0;
}

pid_t start_program(char *const argv[], int *output) {
  int ends[2];
  if (output != NULL && pipe2(ends, O_CLOEXEC) != 0) return -1;
  pid_t pid = fork();
  if (pid == 0) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setsid();
    dup2(open("/dev/null", O_RDWR), STDIN_FILENO);
    if (output != NULL) {
      dup2(ends[1], STDOUT_FILENO);
      dup2(ends[1], STDERR_FILENO);
    }
    setenv("PATH", "/sbin:/bin:/usr/sbin:/usr/bin", 1);
    execv(argv[0], argv);
    _exit(127);
  }
  if (output != NULL) {
    close(ends[1]);
    *output = ends[0];
  }
  return pid;
}
