// SPDX-License-Identifier: Apache-2.0
// What libvirt in session mode wants to find, made anew at each start of the pod: the root file
// system is read-only and the runtime directory begins empty.
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *home_path(char *path, const char *name) {
  snprintf(path, PATH_BYTES_MAX, "%s/%s", getenv("HOME"), name);
  return path;
}

static void make_home(void) {
  static const char *const names[] = {
      "", ".config", ".config/libvirt", ".cache", ".cache/libvirt", ".cache/libvirt/qemu",
      ".cache/libvirt/qemu/cache", ".cache/libvirt/qemu/cache/capabilities",
  };
  char path[PATH_BYTES_MAX];
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (mkdir(home_path(path, names[i]), 0700) != 0 && errno != EEXIST) say("%s: %m", path);
  }
}

void write_file(const char *path, const char *text) {
  int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644);
  if (file < 0 || write(file, text, strlen(text)) < 0) say("%s: %m", path);
  close(file);
}

// libvirtd crashes at its start when its user has no name. Every server has a user ID of its own,
// so the image's /etc/passwd and /etc/group are links to these two files.
static void name_the_user(void) {
  char path[PATH_BYTES_MAX], text[PATH_BYTES_MAX * 2];
  snprintf(text, sizeof text, "root:x:0:0::/:/bin/sh\nkilonova:x:%u:%u::%s:/bin/sh\n", getuid(),
           getgid(), getenv("HOME"));
  write_file(runtime_path(path, "passwd"), text);
  snprintf(text, sizeof text, "root:x:0:\nkilonova:x:%u:\n", getgid());
  write_file(runtime_path(path, "group"), text);
}

// In session mode libvirt reads QEMU's settings from the home directory only. A link would not do:
// the runtime directory is mounted so that links in it lead nowhere.
static void copy_qemu_settings(void) {
  char path[PATH_BYTES_MAX], text[4096] = "";
  int file = open(ROOT "/etc/libvirt/qemu.conf", O_RDONLY | O_CLOEXEC);
  if (file < 0 || read(file, text, sizeof text - 1) < 0) say("/etc/libvirt/qemu.conf: %m");
  close(file);
  write_file(home_path(path, ".config/libvirt/qemu.conf"), text);
}

void prepare_environment(void) {
  char path[PATH_BYTES_MAX];
  setenv("XDG_RUNTIME_DIR", "/data/run", 0);
  setenv("HOME", runtime_path(path, "home"), 0);
  make_home();
  copy_qemu_settings();
  name_the_user();
}
