// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stddef.h>

// Where QEMU connects the guest's first serial port to, and where those who watch it connect to;
// both in the directory that XDG_RUNTIME_DIR names, /data/run by default.
#define SERIAL_SOCKET "serial0.sock"
#define CLIENT_SOCKET "console.sock"

// Opens a UNIX stream socket of that name in the runtime directory, listening or connected, or
// returns -1 with errno set.
int listen_at(const char *name);
int connect_to(const char *name);

// Copies text without terminal control sequences and control characters but tab and the ends of lines.
// Returns how many bytes are left, at most as many as there were. Goes on where the last call ended.
size_t plain_text(char *out, const char *in, size_t bytes);

// Carries the serial port to the log file, stdout and every client, until it is killed.
int serve(void);
// Joins this terminal with the serial port until Ctrl-] or the end of the input.
int attach(void);
