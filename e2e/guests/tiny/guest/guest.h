// SPDX-License-Identifier: Apache-2.0
// The test guest's only program: process 1 of a Linux that boots in seconds and tells on its serial
// port and over HTTP what happens to it. Each part below is a file of that name.
#pragma once
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

// What the guest knows of itself. Threads write their own members only.
extern struct guest {
  char hostname[128], uuid[64], boot_id[64], address[64], tpm[80];
  // A random word made at boot: a guest that was started anew has another one.
  char canary[80];
  // Where the config drive was found, and what it held; NULL or `none` without one.
  char config_source[32];
  char *meta_data, *user_data, *network_data;
  // Counts of this boot; of the data disk over all boots, -1 without that disk.
  volatile long heartbeats, disk_counter, boots;
  int is_efi, secure_boot;
  volatile int is_ready, is_hanging, ignores_power_button;
} guest;

// ---- files.c
// The whole file with a zero behind it, to be freed, or NULL. `bytes` may be NULL.
char *read_file(const char *path, size_t *bytes);
// The first line without its end, 0, or -1.
int read_line(const char *path, char *line, size_t size);
long read_number(const char *path, long otherwise);
int write_text(const char *path, const char *text);
// Starts a program without waiting; what it says can be read from `output` unless that is NULL.
pid_t start_program(char *const argv[], int *output);

// ---- clock.c
double uptime_seconds(void);
void sleep_ms(long milliseconds);

// ---- json.c
// The string value of the first such key, wherever it stands in the document; 0 when there is none.
int json_string(const char *document, const char *key, char *value, size_t size);
void print_json_string(FILE *out, const char *text);

// ---- serial.c
// Writes one line `KILONOVA-GUEST ...` to the console.
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
// Answers what is typed on the serial port: a line `/path` as HTTP would, any other with `pong`.
void *serve_serial(void *unused);

// ---- modules.c
// Loads the kernel modules of a stage; the disk builder decides which those are.
void load_modules(const char *stage);

// ---- disks.c
void mount_data_disk(void);
void read_config_drive(void);

// ---- network.c
void start_network(void);
// Waits for an address where there is a network card, and takes a link-local one in the end.
void wait_for_address(void);
void start_dhcp(const char *interface);
// Whether there is an address; it is put into guest.address.
int find_address(void);

// ---- load.c
extern volatile long dirty_mib, dirty_rate_mib, dirty_pages, dirty_errors;
void *dirty_memory(void *unused);
void start_load(long processors, long seconds);

// ---- state.c
long memory_kib(const char *key);
void print_state(FILE *out);

// ---- commands.c
// Runs `/path?query` and prints the answer, which starts with `error` when it failed.
void run_command(char *request, FILE *out);

// ---- http.c
void *serve_http(void *unused);

// ---- power.c
// Returns whether it is on now.
int set_watchdog(int is_on);
void feed_watchdog(void);
void open_power_buttons(void);
void *watch_power_buttons(void *unused);
// Ends the machine as the signal asks: SIGUSR2 off, SIGUSR1 halt, any other reboot.
void power_down(int signal_number, const char *reason) __attribute__((noreturn));

// ---- hotplug.c
// Looks once for processors, network cards, shares and disks that came, went or changed.
void scan_devices(int is_first);
void *watch_devices(void *unused);
void guest_agent_ended(pid_t pid);
