// SPDX-License-Identifier: Apache-2.0
// For tests: the first process that a program starts cannot be made, as where the pod has too many.
#pragma once
#include <errno.h>
#include <unistd.h>

static inline pid_t fork_but_once(void) {
  static int is_later;
  errno = EAGAIN;
  return is_later++ ? fork() : -1;
}

#define fork fork_but_once
