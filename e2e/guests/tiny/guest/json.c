// SPDX-License-Identifier: Apache-2.0
#include "guest.h"

#include <ctype.h>
#include <string.h>

static const char *skip_spaces(const char *text) {
  while (isspace((unsigned char)*text)) text++;
  return text;
}

// Copies the string that starts behind an opening quote; escapes lose their backslash.
static void copy_string(const char *text, char *value, size_t size) {
  size_t used = 0;
  for (; *text != '\0' && *text != '"' && used < size - 1; text++) {
    if (*text == '\\' && text[1] != '\0') text++;
    value[used++] = *text;
  }
  value[used] = '\0';
}

int json_string(const char *document, const char *key, char *value, size_t size) {
  char quoted[64];
  snprintf(quoted, sizeof quoted, "\"%s\"", key);
  for (const char *at = document; at != NULL && (at = strstr(at, quoted)) != NULL; at++) {
    const char *text = skip_spaces(at + strlen(quoted));
    if (*text != ':') continue;
    text = skip_spaces(text + 1);
    if (*text != '"') continue;
    copy_string(text + 1, value, size);
    return 1;
  }
  return 0;
}

void print_json_string(FILE *out, const char *text) {
  fputc('"', out);
  for (; *text != '\0'; text++) {
    if (*text == '"' || *text == '\\') fprintf(out, "\\%c", *text);
    else if ((unsigned char)*text < ' ') fprintf(out, "\\u%04x", *text);
    else fputc(*text, out);
  }
  fputc('"', out);
}
