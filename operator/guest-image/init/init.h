// SPDX-License-Identifier: Apache-2.0
// The parts of init: each is a file of that name.
#pragma once
#include <sys/stat.h>
#include <sys/types.h>

// Tests build with another root to put stand-ins for the programs below it.
#ifndef ROOT
#define ROOT ""
#endif

// How often the fencing deadline is looked at. Tests cannot wait that long.
#ifndef TICK_MILLISECONDS
#define TICK_MILLISECONDS 1000
#endif

#define PATH_BYTES_MAX 512

// ---- environment.c
// Directories and files that libvirt in session mode wants and the pod does not bring.
void prepare_environment(void);
// Joins the runtime directory and a name into `path` of PATH_BYTES_MAX bytes, and returns `path`.
char *runtime_path(char *path, const char *name);
// The same with the home directory.
char *home_path(char *path, const char *name);
// Writes a whole file. What stands there and is no file of ours is not followed and not waited for.
void write_file(const char *path, const char *text);
// ---- capabilities.c
// Puts libvirt's record of what QEMU can do, part of the image, where libvirt looks for it.
void install_capabilities(void);
// What stands at the path; all zeros when nothing does.
struct stat stat_of(const char *path);

// ---- libvirt.c
// Both return 0, or -1 after saying what went wrong, and take seconds: call them in a child.
int libvirt_warm_up(void);
int libvirt_press_power_button(void);

// ---- process.c
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
double seconds_now(void);
// Starts a program, named by its path, in a session of its own.
pid_t start_program(char *const argv[]);
// Runs a function in a child; its result is the exit code.
pid_t start_function(int (*function)(void));
// Sends the signal to every QEMU of this user (0 sends none) and returns how many there are.
int signal_qemu(int number);

// ---- fence.c
// Kills QEMU when the deadline that the agent set has passed.
void enforce_fence(void);

// ---- readiness.c
// Lets the kubelet find a listener while a guest runs, and none while it does not.
void tell_readiness(void);
