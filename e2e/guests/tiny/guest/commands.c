// SPDX-License-Identifier: Apache-2.0
// What can be asked of the guest, over HTTP or by typing the path on the serial port.
#include "guest.h"

#include <ctype.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Decodes one value of `key=value&...`: plus signs and percent escapes. Empty when it is not there.
static const char *argument(const char *query, const char *key, char *value, size_t size) {
  size_t used = 0, key_length = strlen(key);
  while (query != NULL && *query != '\0') {
    if (strncmp(query, key, key_length) == 0 && query[key_length] == '=') break;
    query = strchr(query, '&');
    if (query != NULL) query++;
  }
  const char *text = query == NULL || *query == '\0' ? "" : query + key_length + 1;
  for (; *text != '\0' && *text != '&' && used < size - 1; text++) {
    if (*text == '%' && isxdigit((unsigned char)text[1]) && isxdigit((unsigned char)text[2])) {
      const char digits[] = {text[1], text[2], '\0'};
      value[used++] = strtol(digits, NULL, 16);
      text += 2;
    } else {
      value[used++] = *text == '+' ? ' ' : *text;
    }
  }
  value[used] = '\0';
  return value;
}

static long number(const char *query, const char *key) {
  char value[32];
  return atol(argument(query, key, value, sizeof value));
}

static void ok(FILE *out) { fprintf(out, "ok\n"); }

static void show_state(const char *query, FILE *out) {
  (void)query;
  print_state(out);
}

static void dirty(const char *query, FILE *out) {
  dirty_rate_mib = number(query, "rate");
  dirty_pages = 0;
  dirty_mib = number(query, "mb");
  ok(out);
}

static void canary(const char *query, FILE *out) {
  char value[sizeof guest.canary];
  if (*argument(query, "set", value, sizeof value) != '\0') strcpy(guest.canary, value);
  fprintf(out, "%s\n", guest.canary);
}

static void load(const char *query, FILE *out) {
  start_load(number(query, "cpus"), number(query, "sec"));
  ok(out);
}

static void append(const char *query, FILE *out) {
  char path[4096], data[4096];
  argument(query, "data", data, sizeof data);
  int file = open(argument(query, "path", path, sizeof path),
                  O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (file < 0 || write(file, data, strlen(data)) < 0 || fsync(file) != 0) {
    fprintf(out, "error %m\n");
  } else {
    ok(out);
  }
  if (file >= 0) close(file);
}

static void show_file(const char *query, FILE *out) {
  char path[4096];
  size_t bytes;
  char *content = read_file(argument(query, "path", path, sizeof path), &bytes);
  if (content == NULL) fprintf(out, "error %m\n");
  else fwrite(content, 1, bytes, out);
  free(content);
}

static void show(FILE *out, const char *text) { fprintf(out, "%s", text == NULL ? "" : text); }

static void meta_data(const char *query, FILE *out) {
  (void)query;
  show(out, guest.meta_data);
}

static void user_data(const char *query, FILE *out) {
  (void)query;
  show(out, guest.user_data);
}

static void network_data(const char *query, FILE *out) {
  (void)query;
  show(out, guest.network_data);
}

static void shell(const char *query, FILE *out) {
  char line[4096], data[4096];
  int output;
  argument(query, "c", line, sizeof line);
  if (start_program((char *[]){"/bin/sh", "-c", line, NULL}, &output) < 0) return;
  for (ssize_t bytes; (bytes = read(output, data, sizeof data)) > 0;) fwrite(data, 1, bytes, out);
  close(output);
}

static void watchdog(const char *query, FILE *out) {
  fprintf(out, "%s\n", set_watchdog(number(query, "on")) ? "on" : "off");
}

static void hang(const char *query, FILE *out) {
  (void)query;
  guest.is_hanging = 1;
  ok(out);
}

static void ignore_power(const char *query, FILE *out) {
  guest.ignores_power_button = number(query, "on");
  ok(out);
}

static void crash(const char *query, FILE *out) {
  (void)query;
  ok(out);
  fflush(out);
  say("crash asked");
  write_text("/proc/sys/kernel/sysrq", "1");
  write_text("/proc/sysrq-trigger", "c");
}

static void power_off(const char *query, FILE *out) {
  (void)query;
  ok(out);
  fflush(out);
  kill(1, SIGUSR2);
}

static void restart(const char *query, FILE *out) {
  (void)query;
  ok(out);
  fflush(out);
  kill(1, SIGTERM);
}

static const struct command {
  const char *path;
  void (*run)(const char *query, FILE *out);
} commands[] = {
    {"/", show_state},          {"/state", show_state},     {"/dirty", dirty},
    {"/canary", canary},        {"/load", load},            {"/write", append},
    {"/read", show_file},       {"/meta_data", meta_data},  {"/user_data", user_data},
    {"/network_data", network_data},                        {"/sh", shell},
    {"/watchdog", watchdog},    {"/hang", hang},            {"/ignorepower", ignore_power},
    {"/crash", crash},          {"/poweroff", power_off},   {"/reboot", restart},
};

void run_command(char *request, FILE *out) {
  const size_t count = sizeof commands / sizeof *commands;
  char *query = strchr(request, '?');
  if (query != NULL) *query++ = '\0';
  for (size_t i = 0; i < count; i++) {
    if (strcmp(request, commands[i].path) != 0) continue;
    commands[i].run(query, out);
    return;
  }
  fprintf(out, "error no such path; there are");
  for (size_t i = 0; i < count; i++) fprintf(out, " %s", commands[i].path);
  fprintf(out, " /stream\n");
}
