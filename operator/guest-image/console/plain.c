// SPDX-License-Identifier: Apache-2.0
// Text without what is meant for a terminal: colours, the movements of firmware and boot loaders, window
// titles. A log keeps lines; whoever reads it later has another terminal, or none. Source: ECMA-48.
#include "console.h"

static enum {
  TEXT,
  // After ESC, and after characters that only say which kind of sequence it is.
  ESCAPE,
  INTERMEDIATE,
  // ESC [ and what follows up to a letter.
  CONTROL,
  // ESC ] and others, up to BEL or ESC \.
  STRING,
  STRING_ESCAPE,
} state;

static int is_between(unsigned char character, unsigned char first, unsigned char last) {
  return character >= first && character <= last;
}

static int after_escape(unsigned char character) {
  if (character == '[') return CONTROL;
  if (character == ']' || character == 'P' || character == 'X') return STRING;
  if (character == '^' || character == '_') return STRING;
  return is_between(character, 0x20, 0x2f) ? INTERMEDIATE : TEXT;
}

// The state after a character that is not text.
static int next_state(unsigned char character) {
  switch (state) {
    case TEXT:
      return character == 0x1b ? ESCAPE : TEXT;
    case ESCAPE:
      return after_escape(character);
    case INTERMEDIATE:
      return is_between(character, 0x20, 0x2f) ? INTERMEDIATE : TEXT;
    case CONTROL:
      return is_between(character, 0x20, 0x3f) ? CONTROL : character == 0x1b ? ESCAPE : TEXT;
    case STRING:
      return character == 0x07 ? TEXT : character == 0x1b ? STRING_ESCAPE : STRING;
    case STRING_ESCAPE:
      return character == '\\' ? TEXT : after_escape(character);
  }
  return TEXT;
}

size_t plain_text(char *out, const char *in, size_t bytes) {
  const char *begin = out;
  for (const char *end = in + bytes; in < end; in++) {
    unsigned char character = *in;
    int is_line_end = character == '\n' || character == '\r';
    int is_text = character == '\t' || (character >= 0x20 && character != 0x7f);
    // A sequence that a crash cut off ends with its line.
    if (is_line_end || (state == TEXT && is_text)) *out++ = *in;
    state = is_line_end ? TEXT : next_state(character);
  }
  return out - begin;
}
