// SPDX-License-Identifier: Apache-2.0
// The parts of init: each is a file of that name.
#pragma once
#include <sys/stat.h>

#include "../pod/pod.h"

// Tests build with another root to put stand-ins for the programs below it.
#ifndef ROOT
#define ROOT ""
#endif

// How often the fencing deadline is looked at. Tests cannot wait that long.
#ifndef TICK_MILLISECONDS
#define TICK_MILLISECONDS 1000
#endif

// ---- environment.c
// Directories and files that libvirt in session mode wants and the pod does not bring.
void prepare_environment(void);
// Joins the home directory and a name, as runtime_path does.
char *home_path(char *path, const char *name);
// Writes a whole file. What stands there and is no file of ours is not followed and not waited for.
void write_file(const char *path, const char *text);
// ---- capabilities.c
// Puts libvirt's record of what QEMU can do, part of the image, where libvirt looks for it.
void install_capabilities(void);
// What stands at the path; all zeros when nothing does.
struct stat stat_of(const char *path);

// ---- fence.c
// Kills QEMU when the deadline that the agent set has passed.
void enforce_fence(void);
