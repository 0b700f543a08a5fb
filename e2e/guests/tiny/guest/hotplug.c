// SPDX-License-Identifier: Apache-2.0
// Devices that come, go and change, found by looking: there is no udev here.
#include "guest.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#define DEVICES_MAX 64
#define NAME_BYTES 64

struct device {
  char name[NAME_BYTES], value[NAME_BYTES];
  int is_seen;
};

// A directory of /sys with a member for each device, and the file of it whose value is reported.
struct class {
  const char *word, *directory, *file;
  int (*is_one)(const char *name);
  void (*came)(struct device *device, const char *path, int is_first);
  void (*went)(struct device *device);
  // Whether `event` lines tell that it came or changed; a share has lines of its own.
  int has_events;
  struct device devices[DEVICES_MAX];
};

static int is_processor(const char *name) {
  return strncmp(name, "cpu", 3) == 0 && isdigit((unsigned char)name[3]);
}

static int is_network_card(const char *name) { return strcmp(name, "lo") != 0; }

static int is_disk(const char *name) { return strncmp(name, "loop", 4) != 0; }

static int is_any(const char *name) { return *name != '\0'; }

static void set_online(struct device *processor, const char *path, int is_first) {
  (void)is_first;
  if (processor->value[0] != '0') return;
  write_text(path, "1");
  read_line(path, processor->value, sizeof processor->value);
}

static void configure(struct device *card, const char *path, int is_first) {
  (void)path;
  // The first card is configured by the boot sequence, which knows of static addresses.
  if (!is_first) start_dhcp(card->name);
}

static void mount_share(struct device *share, const char *path, int is_first) {
  (void)path;
  (void)is_first;
  char directory[80];
  snprintf(directory, sizeof directory, "/mnt/%.60s", share->value);
  mkdir("/mnt", 0755);
  mkdir(directory, 0755);
  int failed = mount(share->value, directory, "virtiofs", 0, "") != 0;
  say("%s virtiofs %s at %s%s%s", failed ? "error" : "mounted", share->value, directory,
      failed ? ": " : "", failed ? strerror(errno) : "");
}

static void unmount_share(struct device *share) {
  char directory[80];
  snprintf(directory, sizeof directory, "/mnt/%.60s", share->value);
  umount2(directory, MNT_DETACH);
}

static struct class classes[] = {
    {.word = "cpu",
     .directory = "/sys/devices/system/cpu",
     .file = "online",
     .is_one = is_processor,
     .came = set_online,
     .has_events = 1},
    {.word = "nic",
     .directory = "/sys/class/net",
     .file = "address",
     .is_one = is_network_card,
     .came = configure,
     .has_events = 1},
    {.word = "virtiofs",
     .directory = "/sys/fs/virtiofs",
     .file = "tag",
     .is_one = is_any,
     .came = mount_share,
     .went = unmount_share},
    {.word = "disk",
     .directory = "/sys/block",
     .file = "size",
     .is_one = is_disk,
     .has_events = 1},
};

// The device of that name, or a free place for it.
static struct device *place_of(struct class *class, const char *name) {
  struct device *free_place = NULL;
  for (int i = 0; i < DEVICES_MAX; i++) {
    struct device *device = &class->devices[i];
    if (strcmp(device->name, name) == 0) return device;
    if (device->name[0] == '\0' && free_place == NULL) free_place = device;
  }
  return free_place;
}

static void look_at(struct class *class, const char *name, int is_first) {
  char path[400], value[NAME_BYTES] = "";
  struct device *device = place_of(class, name);
  if (device == NULL) return;
  int is_new = device->name[0] == '\0';
  snprintf(path, sizeof path, "%s/%s/%s", class->directory, name, class->file);
  read_line(path, value, sizeof value);
  device->is_seen = 1;
  if (!is_new && strcmp(device->value, value) == 0) return;
  snprintf(device->name, sizeof device->name, "%s", name);
  snprintf(device->value, sizeof device->value, "%s", value);
  if (is_new && class->came != NULL) class->came(device, path, is_first);
  if (is_first || !class->has_events) return;
  say("event %s %s %s %s", class->word, is_new ? "add" : "change", name, device->value);
}

static void forget(struct class *class, struct device *device) {
  if (class->went != NULL) class->went(device);
  say("event %s remove %s %s", class->word, device->name, device->value);
  device->name[0] = '\0';
}

static void scan_class(struct class *class, int is_first) {
  DIR *directory = opendir(class->directory);
  for (int i = 0; i < DEVICES_MAX; i++) class->devices[i].is_seen = 0;
  for (struct dirent *entry; directory != NULL && (entry = readdir(directory)) != NULL;) {
    const char *name = entry->d_name;
    if (name[0] == '.' || strlen(name) >= NAME_BYTES || !class->is_one(name)) continue;
    look_at(class, name, is_first);
  }
  if (directory != NULL) closedir(directory);
  for (int i = 0; i < DEVICES_MAX; i++) {
    struct device *device = &class->devices[i];
    if (device->name[0] != '\0' && !device->is_seen) forget(class, device);
  }
}

void scan_devices(int is_first) {
  static long memory_before;
  for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) scan_class(&classes[i], is_first);
  long memory = memory_kib("MemTotal:");
  if (memory_before != 0 && memory != memory_before) say("event memory %ld", memory);
  memory_before = memory;
}

// ---- the QEMU guest agent, started when its port is there

#define AGENT_PORTS "/sys/class/virtio-ports"

static volatile pid_t agent;

void guest_agent_ended(pid_t pid) {
  if (pid == agent) agent = 0;
}

static void start_agent(const char *port) {
  static char path[80];
  snprintf(path, sizeof path, "/dev/%.60s", port);
  agent = start_program((char *[]){"/usr/sbin/qemu-ga", "-m", "virtio-serial", "-p", path, "-t",
                                   "/run", "-f", "/run/qga.pid", "-l", "/run/qga.log", NULL},
                        NULL);
  say("agent %s pid=%d", path, agent);
}

static void look_for_agent_port(void) {
  DIR *ports = opendir(AGENT_PORTS);
  for (struct dirent *entry; ports != NULL && agent == 0 && (entry = readdir(ports)) != NULL;) {
    char path[400], name[64];
    snprintf(path, sizeof path, AGENT_PORTS "/%s/name", entry->d_name);
    if (entry->d_name[0] == '.' || read_line(path, name, sizeof name) != 0) continue;
    if (strcmp(name, "org.qemu.guest_agent.0") == 0) start_agent(entry->d_name);
  }
  if (ports != NULL) closedir(ports);
}

void *watch_devices(void *unused) {
  for (;; sleep_ms(300)) {
    scan_devices(0);
    if (agent == 0) look_for_agent_port();
  }
  return unused;
}
