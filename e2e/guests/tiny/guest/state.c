// SPDX-License-Identifier: Apache-2.0
#include "guest.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

long memory_kib(const char *key) {
  char *text = read_file("/proc/meminfo", NULL);
  char *line = text == NULL ? NULL : strstr(text, key);
  long value = line == NULL ? 0 : atol(line + strlen(key) + 1);
  free(text);
  return value;
}

static void print_text(FILE *out, const char *key, const char *value) {
  fprintf(out, ",\"%s\":", key);
  print_json_string(out, value);
}

static int is_of_interest(const char *name) {
  return name[0] != '.' && strncmp(name, "loop", 4) != 0 && strcmp(name, "lo") != 0;
}

// An object of what a directory of /sys holds, with one file of each as value: a number times
// `factor`, or its text when the factor is 0.
static void print_devices(FILE *out, const char *directory, const char *file, int factor) {
  DIR *devices = opendir(directory);
  int count = 0;
  fputc('{', out);
  for (struct dirent *entry; devices != NULL && (entry = readdir(devices)) != NULL;) {
    char path[400], value[128] = "";
    if (!is_of_interest(entry->d_name)) continue;
    snprintf(path, sizeof path, "%s/%s/%s", directory, entry->d_name, file);
    read_line(path, value, sizeof value);
    fprintf(out, "%s\"%s\":", count++ > 0 ? "," : "", entry->d_name);
    if (factor > 0) fprintf(out, "%lld", atoll(value) * factor);
    else print_json_string(out, value);
  }
  fputc('}', out);
  if (devices != NULL) closedir(devices);
}

void print_state(FILE *out) {
  char kernel[128] = "";
  struct timespec now;
  read_line("/proc/sys/kernel/osrelease", kernel, sizeof kernel);
  clock_gettime(CLOCK_REALTIME, &now);
  find_address();
  fprintf(out, "{\"hostname\":");
  print_json_string(out, guest.hostname);
  print_text(out, "uuid", guest.uuid);
  print_text(out, "canary", guest.canary);
  print_text(out, "ip", guest.address);
  print_text(out, "boot_id", guest.boot_id);
  print_text(out, "config", guest.config_source);
  print_text(out, "tpm", guest.tpm);
  print_text(out, "kernel", kernel);
  fprintf(out, ",\"uptime\":%.3f,\"realtime\":%lld.%03ld", uptime_seconds(), (long long)now.tv_sec,
          now.tv_nsec / 1000000);
  fprintf(out, ",\"counter\":%ld,\"disk_counter\":%ld,\"boots\":%ld", guest.heartbeats,
          guest.disk_counter, guest.boots);
  fprintf(out, ",\"cpus\":%ld,\"mem_kb\":%ld,\"mem_free_kb\":%ld", sysconf(_SC_NPROCESSORS_ONLN),
          memory_kib("MemTotal:"), memory_kib("MemAvailable:"));
  fprintf(out, ",\"efi\":%d,\"secure_boot\":%d", guest.is_efi, guest.secure_boot);
  fprintf(out, ",\"dirty\":{\"mb\":%ld,\"rate\":%ld,\"pages\":%ld,\"errors\":%ld}", dirty_mib,
          dirty_rate_mib, dirty_pages, dirty_errors);
  fprintf(out, ",\"disks\":");
  print_devices(out, "/sys/block", "size", 512);
  fprintf(out, ",\"nics\":");
  print_devices(out, "/sys/class/net", "address", 0);
  fprintf(out, ",\"virtiofs\":");
  print_devices(out, "/sys/fs/virtiofs", "tag", 0);
  fprintf(out, "}\n");
}
