// SPDX-License-Identifier: Apache-2.0
// The operator's recipe: values, then files and pages that are made of them. Lines of text:
//   metadata 1                              what this is
//   drive iso9660|vfat|none                 the config drive's file system
//   text BYTES                              a value: the bytes on the next line, whatever they are
//   secret raw|json BYTES-MAX FILE ORIGIN   a value from a Secret, ORIGIN says which to people
//   file PATH TYPE PART...                  a file of the config drive, and a page unless TYPE is -
//   page PATH TYPE PART...                  a page of the metadata service
// A part is the number of a value, from 0, or `r`: 512 random bytes in base64. A path has a slash at its
// beginning; {A,B} in it stands for A and for B: there is the same at several paths.
#include "metadata.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define RANDOM_BYTES 512

// Cuts the next line off; NULL when there is no whole one.
static char *next_line(char **rest, const char *end) {
  char *line = *rest, *line_end = memchr(line, '\n', end - line);
  if (line_end == NULL) return NULL;
  *line_end = '\0';
  *rest = line_end + 1;
  return line;
}

// Cuts the next word off a line; empty at its end.
static char *next_word(char **line) {
  char *word = *line, *end = strchrnul(word, ' ');
  *line = *end == '\0' ? end : end + 1;
  *end = '\0';
  return word;
}

static struct value *new_value(struct recipe *recipe) {
  return recipe->values_count < VALUES_MAX ? &recipe->values[recipe->values_count++] : NULL;
}

static int parse_text(struct recipe *recipe, char *line, char **rest, const char *end) {
  struct value *value = new_value(recipe);
  size_t bytes = strtoul(line, NULL, 10);
  if (value == NULL || bytes >= (size_t)(end - *rest) || (*rest)[bytes] != '\n') return -1;
  *value = (struct value){.data = *rest, .bytes = bytes};
  *rest += bytes + 1;
  return 0;
}

static int parse_secret(struct recipe *recipe, char *line, const char *directory) {
  char path[PATH_BYTES_MAX];
  struct value *value = new_value(recipe);
  int is_json = strcmp(next_word(&line), "json") == 0;
  size_t bytes_max = strtoul(next_word(&line), NULL, 10);
  const char *file = next_word(&line);
  if (value == NULL || directory == NULL || strchr(file, '/') != NULL) return -1;
  snprintf(path, sizeof path, "%s/%s", directory, file);
  return read_secret(value, path, line, bytes_max, is_json);
}

// A path that leads nowhere but below the directory that it is put in, with at most one choice in it.
static int is_plain(const char *path) {
  static const char allowed[] =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/{,}";
  const char *open = strchr(path, '{'), *close = strchr(path, '}');
  int is_choice = open != NULL && close > open && strrchr(path, '{') == open &&
                  strrchr(path, '}') == close;
  return *path == '/' && strspn(path, allowed) == strlen(path) && strstr(path, "..") == NULL &&
         strlen(path) < PATH_BYTES_MAX / 2 && (is_choice || (open == NULL && close == NULL));
}

static int parse_entry(struct recipe *recipe, char *line, int is_file) {
  if (recipe->entries_count == ENTRIES_MAX) return -1;
  struct entry *entry = &recipe->entries[recipe->entries_count++];
  entry->path = next_word(&line);
  entry->type = next_word(&line);
  entry->parts = line;
  entry->is_file = is_file;
  return is_plain(entry->path) ? 0 : -1;
}

static int parse_line(struct recipe *recipe, char *line, char **rest, const char *end,
                      const char *directory) {
  const char *word = next_word(&line);
  if (strcmp(word, "text") == 0) return parse_text(recipe, line, rest, end);
  if (strcmp(word, "secret") == 0) return parse_secret(recipe, line, directory);
  if (strcmp(word, "file") == 0) return parse_entry(recipe, line, 1);
  if (strcmp(word, "page") == 0) return parse_entry(recipe, line, 0);
  if (strcmp(word, "drive") != 0) return -1;
  recipe->drive = line;
  return 0;
}

int parse_recipe(struct recipe *recipe, char *text, size_t bytes, const char *directory) {
  const char *end = text + bytes;
  char *line = next_line(&text, end);
  recipe->values_count = recipe->entries_count = 0;
  recipe->drive = "none";
  fail("the recipe is not one that this guest image knows: use the operator's own guest image");
  if (line == NULL || strcmp(line, "metadata 1") != 0) return -1;
  while ((line = next_line(&text, end)) != NULL) {
    if (parse_line(recipe, line, &text, end, directory) != 0) return -1;
  }
  return text == end ? 0 : -1;
}

int each_path(const struct entry *entry, int (*visit)(void *context, const char *path),
              void *context) {
  const char *open = strchr(entry->path, '{'), *close = strchr(entry->path, '}');
  if (open == NULL) return visit(context, entry->path);
  int result = 0;
  for (const char *name = open + 1; name <= close && result == 0;) {
    char path[PATH_BYTES_MAX];
    int bytes = strcspn(name, ",}");
    snprintf(path, sizeof path, "%.*s%.*s%s", (int)(open - entry->path), entry->path, bytes, name,
             close + 1);
    result = visit(context, path);
    name += bytes + 1;
  }
  return result;
}

int freeze_recipe(const struct recipe *recipe, FILE *out) {
  fprintf(out, "metadata 1\ndrive %s\n", recipe->drive);
  for (int i = 0; i < recipe->values_count; i++) {
    const struct value *value = &recipe->values[i];
    fprintf(out, "text %zu\n", value->bytes);
    fwrite(value->data, 1, value->bytes, out);
    fputc('\n', out);
  }
  for (int i = 0; i < recipe->entries_count; i++) {
    const struct entry *entry = &recipe->entries[i];
    const char *word = entry->is_file ? "file" : "page";
    fprintf(out, "%s %s %s %s\n", word, entry->path, entry->type, entry->parts);
  }
  return ferror(out) ? -1 : 0;
}

static int take_random(int (*take)(void *, const char *, size_t), void *context) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  unsigned char bytes[RANDOM_BYTES + 1] = {0};
  char text[(RANDOM_BYTES + 2) / 3 * 4], *next = text;
  if (getrandom(bytes, RANDOM_BYTES, 0) != RANDOM_BYTES) return -1;
  for (int i = 0; i < RANDOM_BYTES; i += 3) {
    unsigned group = bytes[i] << 16 | bytes[i + 1] << 8 | (i + 2 < RANDOM_BYTES ? bytes[i + 2] : 0);
    for (int shift = 18; shift >= 0; shift -= 6) *next++ = digits[group >> shift & 63];
  }
  text[sizeof text - 1] = '=';
  return take(context, text, sizeof text);
}

int assemble(const struct recipe *recipe, const struct entry *entry,
             int (*take)(void *context, const char *data, size_t bytes), void *context) {
  int result = 0;
  for (const char *part = entry->parts; *part != '\0' && result == 0;) {
    char *end = (char *)part + 1;
    if (*part == 'r') {
      result = take_random(take, context);
    } else {
      unsigned long number = strtoul(part, &end, 10);
      if (end == part || number >= (unsigned long)recipe->values_count) return -1;
      result = take(context, recipe->values[number].data, recipe->values[number].bytes);
    }
    part = end + strspn(end, " ");
  }
  return result;
}
