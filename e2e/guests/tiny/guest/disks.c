// SPDX-License-Identifier: Apache-2.0
// The guest's own data disk, and the config drive that a cloud hands to it.
#include "guest.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <strings.h>
#include <sys/mount.h>
#include <unistd.h>

#define SECTORS_BYTES 2048
// A CD drive on AHCI is found some time after its driver was loaded.
#define CD_SECONDS_MAX 0.6

struct filesystem {
  char device[300], type[16], label[40];
};

static void take(struct filesystem *found, const char *type, const void *label, size_t bytes) {
  strcpy(found->type, type);
  memcpy(found->label, label, bytes);
  found->label[bytes] = '\0';
  for (size_t end = strlen(found->label); end > 0 && found->label[end - 1] == ' '; end--) {
    found->label[end - 1] = '\0';
  }
}

// Recognises FAT, ext4 and ISO 9660 by what stands in fixed places of them.
static int identify(struct filesystem *found) {
  unsigned char data[SECTORS_BYTES];
  int device = open(found->device, O_RDONLY | O_CLOEXEC);
  if (device < 0) return 0;
  found->type[0] = '\0';
  if (pread(device, data, sizeof data, 0) == sizeof data) {
    int has_boot_signature = data[510] == 0x55 && data[511] == 0xaa;
    if (has_boot_signature && memcmp(data + 82, "FAT32", 5) == 0) {
      take(found, "vfat", data + 71, 11);
    } else if (has_boot_signature && memcmp(data + 54, "FAT", 3) == 0) {
      take(found, "vfat", data + 43, 11);
    } else if (data[1024 + 56] == 0x53 && data[1024 + 57] == 0xef) {
      take(found, "ext4", data + 1024 + 120, 16);
    } else if (pread(device, data, sizeof data, 0x8000) == sizeof data &&
               memcmp(data + 1, "CD001", 5) == 0) {
      take(found, "iso9660", data + 40, 32);
    }
  }
  close(device);
  return found->type[0] != '\0';
}

static int find_filesystem(const char *label, struct filesystem *found) {
  DIR *devices = opendir("/sys/class/block");
  if (devices == NULL) return 0;
  int is_found = 0;
  for (struct dirent *entry; !is_found && (entry = readdir(devices)) != NULL;) {
    const char *name = entry->d_name;
    if (name[0] == '.' || strncmp(name, "loop", 4) == 0 || strncmp(name, "ram", 3) == 0) continue;
    snprintf(found->device, sizeof found->device, "/dev/%s", name);
    is_found = identify(found) && strcasecmp(found->label, label) == 0;
  }
  closedir(devices);
  return is_found;
}

static int find_config_drive(struct filesystem *drive) {
  if (find_filesystem("config-2", drive)) return 1;
  load_modules("ahci");
  for (double end = uptime_seconds() + CD_SECONDS_MAX; uptime_seconds() < end; sleep_ms(20)) {
    if (find_filesystem("config-2", drive)) return 1;
  }
  return 0;
}

void read_config_drive(void) {
  struct filesystem drive;
  if (!find_config_drive(&drive)) return;
  load_modules(drive.type);
  if (mount(drive.device, "/run/config", drive.type, MS_RDONLY, "") != 0) {
    say("error mount config drive %s %s: %m", drive.device, drive.type);
    return;
  }
  snprintf(guest.config_source, sizeof guest.config_source, "%.20s:%.8s",
           drive.device + strlen("/dev/"), drive.type);
  guest.meta_data = read_file("/run/config/openstack/latest/meta_data.json", NULL);
  guest.user_data = read_file("/run/config/openstack/latest/user_data", NULL);
  guest.network_data = read_file("/run/config/openstack/latest/network_data.json", NULL);
  umount("/run/config");
  if (!json_string(guest.meta_data, "hostname", guest.hostname, sizeof guest.hostname)) {
    json_string(guest.meta_data, "name", guest.hostname, sizeof guest.hostname);
  }
  json_string(guest.meta_data, "uuid", guest.uuid, sizeof guest.uuid);
}

// Counts on the disk, each count synced: it shows what survives a stop, a kill or a freeze. It has
// a thread of its own because writing stands still while the file system is frozen.
static void *count_on_disk(void *unused) {
  char text[32];
  for (;; sleep_ms(1000)) {
    snprintf(text, sizeof text, "%ld\n", guest.disk_counter + 1);
    if (write_text("/data/counter.new", text) != 0) continue;
    if (rename("/data/counter.new", "/data/counter") == 0) guest.disk_counter++;
  }
  return unused;
}

void mount_data_disk(void) {
  struct filesystem disk;
  char text[32];
  pthread_t thread;
  if (!find_filesystem("KILODATA", &disk)) {
    say("error no file system KILODATA");
    return;
  }
  if (mount(disk.device, "/data", disk.type, MS_NOATIME, "") != 0) {
    say("error mount %s: %m", disk.device);
    return;
  }
  guest.boots = read_number("/data/boots", 0) + 1;
  guest.disk_counter = read_number("/data/counter", 0);
  snprintf(text, sizeof text, "%ld\n", guest.boots);
  if (write_text("/data/boots", text) != 0) say("error write /data/boots: %m");
  pthread_create(&thread, NULL, count_on_disk, NULL);
}
