// SPDX-License-Identifier: Apache-2.0
// libvirt asks QEMU for its abilities, which takes half a second of processor time, and keeps a
// record of the answer. One is part of the image, but libvirt believes it only if the change times
// in it are those of the programs, which are new on every node that unpacks the image: hence the
// record is copied with the times put in. Where it does not fit (with KVM it depends on processor
// and kernel), libvirt sees that and asks QEMU again.
#include "init.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#define RECORDS ROOT "/usr/share/kilonova/capabilities"
#define LIBRARIES ROOT "/usr/lib/x86_64-linux-gnu"

struct stat stat_of(const char *path) {
  struct stat found = {0};
  stat(path, &found);
  return found;
}

static long newer(long time, const char *path) {
  long changed = stat_of(path).st_ctime;
  return changed > time ? changed : time;
}

// What libvirt takes for the time of its own last change: the newest of daemon and drivers.
static long libvirt_changed(void) {
  long drivers = newer(0, LIBRARIES "/libvirt/connection-driver/libvirt_driver_qemu.so");
  drivers = newer(drivers, LIBRARIES "/libvirt/connection-driver/libvirt_driver_secret.so");
  return newer(drivers, ROOT "/usr/sbin/libvirtd");
}

// Writes one line of a record, with this node's time in place of the one from the build.
static void write_line(FILE *out, const char *line) {
  const struct { const char *tag; long time; } times[] = {
      {"  <qemuctime>", stat_of(ROOT "/usr/bin/qemu-system-x86_64").st_ctime},
      {"  <qemumoddirmtime>", stat_of(LIBRARIES "/qemu").st_mtime},
      {"  <selfctime>", libvirt_changed()},
  };
  for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
    if (strncmp(line, times[i].tag, strlen(times[i].tag)) != 0) continue;
    fprintf(out, "%s%ld</%s\n", times[i].tag, times[i].time, times[i].tag + strlen("  <"));
    return;
  }
  fputs(line, out);
}

static void install(const char *name) {
  char from[PATH_BYTES_MAX], to[PATH_BYTES_MAX], line[4096];
  snprintf(from, sizeof from, "%s/%s", RECORDS, name);
  snprintf(line, sizeof line, ".cache/libvirt/qemu/cache/capabilities/%s", name);
  FILE *in = fopen(from, "re"), *out = fopen(home_path(to, line), "we");
  while (in != NULL && out != NULL && fgets(line, sizeof line, in) != NULL) write_line(out, line);
  if (in != NULL) fclose(in);
  if (out != NULL) fclose(out);
}

void install_capabilities(void) {
  DIR *records = opendir(RECORDS);
  if (records == NULL) return;  // The image is being built: this run makes the record.
  for (struct dirent *entry; (entry = readdir(records)) != NULL;) {
    if (entry->d_name[0] != '.') install(entry->d_name);
  }
  closedir(records);
}
