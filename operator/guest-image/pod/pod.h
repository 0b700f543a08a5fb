// SPDX-License-Identifier: Apache-2.0
// What the programs of a server pod share: its processes and its libvirtd.
#pragma once
#include <stddef.h>
#include <sys/types.h>

#define PATH_BYTES_MAX 512

// ---- process.c
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
double seconds_now(void);
// Joins the runtime directory and a name into `path` of PATH_BYTES_MAX bytes, and returns `path`.
char *runtime_path(char *path, const char *name);
// Starts a program, named by its path, in a session of its own.
pid_t start_program(char *const argv[]);
// Runs a function in a child; its result is the exit code.
pid_t start_function(int (*function)(void));
// Sends the signal to every QEMU of this user (0 sends none) and returns how many there are.
int signal_qemu(int number);

// ---- libvirt.c
// Each takes seconds: call it in a child. 0, or -1 after saying what went wrong.
int libvirt_warm_up(void);
int libvirt_press_power_button(void);
// Has the guest's agent answer a command, within whole seconds. Returns 0 with its answer in `text`, or -1
// with what went wrong there.
int libvirt_ask_agent(const char *command, int timeout_seconds, char *text, size_t text_bytes);
