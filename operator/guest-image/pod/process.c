// SPDX-License-Identifier: Apache-2.0
// Processes of the pod: starting them, finding QEMU among them.
#include "pod.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void say(const char *format, ...) {
  char line[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  dprintf(STDERR_FILENO, "%s: %s\n", program_invocation_short_name, line);
}

double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec + now.tv_nsec / 1e9;
}

char *runtime_path(char *path, const char *name) {
  snprintf(path, PATH_BYTES_MAX, "%s/%s", getenv("XDG_RUNTIME_DIR"), name);
  return path;
}

// A child starts with no signal blocked, and in a session of its own.
static pid_t start_child(void) {
  pid_t pid = fork();
  if (pid < 0) say("fork: %m");
  if (pid != 0) return pid;
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  setsid();
  return 0;
}

pid_t start_program(char *const argv[]) {
  pid_t pid = start_child();
  if (pid != 0) return pid;
  execv(argv[0], argv);
  say("%s: %m", argv[0]);
  _exit(127);
}

pid_t start_function(int (*function)(void)) {
  pid_t pid = start_child();
  if (pid != 0) return pid;
  _exit(function() == 0 ? 0 : 1);
}

// A process that ended but was not reaped yet keeps its name, and must not count as a guest.
static int is_running_qemu(const char *pid) {
  static const char prefix[] = "qemu-system";
  char path[64], line[256] = "";
  snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  ssize_t bytes = read(file, line, sizeof line - 1);
  close(file);
  const char *name = strchr(line, '('), *end = strrchr(line, ')');
  if (bytes <= 0 || name == NULL || end == NULL) return 0;
  return strncmp(name + 1, prefix, strlen(prefix)) == 0 && strncmp(end, ") Z", 3) != 0;
}

int signal_qemu(int number) {
  DIR *processes = opendir("/proc");
  if (processes == NULL) return 0;
  int count = 0;
  for (struct dirent *entry; (entry = readdir(processes)) != NULL;) {
    int pid = atoi(entry->d_name);
    // Where the pod sees every process of the node, those that may be signalled are our own.
    if (pid > 0 && is_running_qemu(entry->d_name) && kill(pid, number) == 0) count++;
  }
  closedir(processes);
  return count;
}
