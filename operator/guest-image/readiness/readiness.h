// SPDX-License-Identifier: Apache-2.0
// The parts of the readiness program: each is a file of that name.
#pragma once
#include "../pod/pod.h"

#define REASON_BYTES_MAX 256

// How the user has it found out whether the guest is ready. Times are in seconds.
struct probe {
  char kind[8];
  int initial_delay, period, timeout, successes, failures;
  char address[16];
  int port;
  // What is sent.
  const char *text;
};

// ---- file.c
// Reads what the operator wrote down. Returns 1 when it is another one than at the last call. A pod
// without one, or with one that makes no sense, has a probe of no kind.
int read_probe(struct probe *probe);

// ---- ask.c
// Asks the guest once. Returns 0, or -1 with why it is not ready. May take for ever: the caller sees to it.
int ask(const struct probe *probe, char reason[REASON_BYTES_MAX]);

// ---- listener.c
// Lets the kubelet find a listener, or none.
void set_ready(int is_ready);
// For poll(), -1 while nobody listens.
int listener_handle(void);
// Answers those who look.
void greet(void);
