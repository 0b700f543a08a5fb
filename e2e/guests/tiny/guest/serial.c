// SPDX-License-Identifier: Apache-2.0
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

void say(const char *format, ...) {
  char line[2048] = "KILONOVA-GUEST ";
  size_t used = strlen(line);
  va_list arguments;
  va_start(arguments, format);
  used += vsnprintf(line + used, sizeof line - used, format, arguments);
  va_end(arguments);
  if (used > sizeof line - 2) used = sizeof line - 2;
  line[used++] = '\n';
  // One write a line, so that lines of several threads do not mix.
  if (write(STDOUT_FILENO, line, used) < 0) return;
}

static void answer(char *line) {
  if (*line != '/') {
    if (*line != '\0') say("pong %s", line);
    return;
  }
  char *text = NULL;
  size_t bytes = 0;
  FILE *out = open_memstream(&text, &bytes);
  run_command(line, out);
  fclose(out);
  text[strcspn(text, "\n")] = '\0';
  say("answer %s", text);
  free(text);
}

void *serve_serial(void *unused) {
  char typed[1024];
  size_t used = 0;
  struct termios terminal;
  int serial = open("/dev/ttyS0", O_RDONLY | O_NOCTTY | O_CLOEXEC);
  if (serial < 0) return unused;
  if (tcgetattr(serial, &terminal) == 0) {
    terminal.c_lflag |= ICANON | ECHO;
    terminal.c_iflag |= ICRNL;
    tcsetattr(serial, TCSANOW, &terminal);
  }
  for (;;) {
    ssize_t bytes = read(serial, typed + used, sizeof typed - 1 - used);
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes <= 0) return unused;
    used += bytes;
    typed[used] = '\0';
    for (char *end; (end = strchr(typed, '\n')) != NULL;) {
      *end = '\0';
      answer(typed);
      used -= end + 1 - typed;
      memmove(typed, end + 1, used + 1);
    }
    if (used == sizeof typed - 1) used = 0;
  }
}
