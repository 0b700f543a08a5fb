// SPDX-License-Identifier: Apache-2.0
// Values of Secrets. They were written by users: what cannot be meant is refused, with what to do.
#include "metadata.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

// How many bytes the character at `text` has, 0 when it is none of UTF-8.
static int character_bytes(const unsigned char *text, size_t bytes) {
  int length = *text < 0x80 ? 1 : *text < 0xc2 ? 0 : *text < 0xe0 ? 2 : *text < 0xf0 ? 3 : 4;
  if (length == 0 || *text > 0xf4 || (size_t)length > bytes) return 0;
  for (int i = 1; i < length; i++) {
    if ((text[i] & 0xc0) != 0x80) return 0;
  }
  // Overlong forms, surrogates and what is beyond the last character.
  unsigned second = length > 2 ? text[1] : 0x80;
  if ((*text == 0xe0 && second < 0xa0) || (*text == 0xed && second > 0x9f)) return 0;
  if ((*text == 0xf0 && second < 0x90) || (*text == 0xf4 && second > 0x8f)) return 0;
  return length;
}

// Writes the text as the inside of a JSON string; each byte becomes six at most. NULL: not UTF-8.
static char *write_escaped(char *out, const unsigned char *text, size_t bytes) {
  for (size_t i = 0; i < bytes;) {
    int length = character_bytes(text + i, bytes - i);
    if (length == 0) return NULL;
    if (text[i] == '"' || text[i] == '\\') {
      *out++ = '\\';
      *out++ = text[i];
    } else if (text[i] < 0x20 || text[i] == 0x7f) {
      out += sprintf(out, "\\u%04x", text[i]);
    } else {
      memcpy(out, text + i, length);
      out += length;
    }
    i += length;
  }
  return out;
}

static int escape(struct value *value, const char *text, size_t bytes, const char *origin) {
  while (bytes > 0 && strchr(" \t\r\n", text[bytes - 1]) != NULL && text[bytes - 1] != '\0') bytes--;
  if (bytes == 0) return fail("%s is empty: put a public key there", origin);
  if (memmem(text, bytes, "PRIVATE KEY-----", 16) != NULL) {
    return fail("%s is a private key: put the public one there", origin);
  }
  char *escaped = allocate(bytes * 6 + 1);
  char *end = escaped == NULL ? NULL : write_escaped(escaped, (const unsigned char *)text, bytes);
  if (end == NULL) return fail("%s is not text in UTF-8", origin);
  *value = (struct value){.data = escaped, .bytes = end - escaped};
  return 0;
}

int read_secret(struct value *value, const char *path, const char *origin, size_t bytes_max,
                int is_json) {
  size_t bytes;
  char *data = read_file(path, bytes_max, &bytes);
  if (data == NULL && errno == ENOENT) return fail("%s is not there: make it", origin);
  if (data == NULL && errno == EFBIG) {
    return fail("%s has more than %zu bytes: make it smaller", origin, bytes_max);
  }
  if (data == NULL) return fail("%s: %m", origin);
  *value = (struct value){.data = data, .bytes = bytes};
  return is_json ? escape(value, data, bytes, origin) : 0;
}
