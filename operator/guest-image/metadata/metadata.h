// SPDX-License-Identifier: Apache-2.0
// The parts of the metadata program: each is a file of that name.
#pragma once
#include <stddef.h>

#define PATH_BYTES_MAX 512
#define TROUBLE_BYTES_MAX 512

// What is to be told to people when a function returned -1.
extern char trouble[TROUBLE_BYTES_MAX];
// Sets `trouble` and returns -1.
int fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

// ---- file.c
// Memory that stays until forget_allocations(), or NULL.
char *allocate(size_t bytes);
void forget_allocations(void);
// The file's bytes, of which there may be `bytes_max`, with a NUL behind them, in such memory.
// NULL when there is no such file (then errno is ENOENT), when it is larger (EFBIG) or cannot be read.
char *read_file(const char *path, size_t bytes_max, size_t *bytes);
// Makes the file that was written as `path` with `.new` behind it durable, and gives it its name.
int publish_file(const char *path);
// Opens a stream to the file `path` with `.new` behind it.
struct _IO_FILE *open_new(const char *path);

// ---- recipe.c
#define VALUES_MAX 1024
#define ENTRIES_MAX 1024

struct value {
  const char *data;
  size_t bytes;
};

// A file of the config drive, a page of the service, or both: the type is `-` for what is no page.
struct entry {
  const char *path, *type, *parts;
  int is_file;
};

struct recipe {
  struct value values[VALUES_MAX];
  struct entry entries[ENTRIES_MAX];
  int values_count, entries_count;
  // iso9660, vfat or none.
  const char *drive;
};

// Reads a recipe in `text`, which it changes and which must stay, and puts the Secrets below
// `directory` in. Returns 0, or -1 with `trouble`.
int parse_recipe(struct recipe *recipe, char *text, size_t bytes, const char *directory);
// Writes the recipe with nothing left to put in but what is random.
int freeze_recipe(const struct recipe *recipe, struct _IO_FILE *out);
// Calls `visit` with each path of the entry until it returns other than 0, which is the result.
int each_path(const struct entry *entry, int (*visit)(void *context, const char *path),
              void *context);
// Calls `take` with one piece of the entry's content after the other until it returns other than 0,
// which is the result; -1 for an entry that refers to what is not there.
int assemble(const struct recipe *recipe, const struct entry *entry,
             int (*take)(void *context, const char *data, size_t bytes), void *context);

// ---- secret.c
// The value of a Secret in the file, as bytes or as the inside of a JSON string. Returns 0, or -1 with
// `trouble`, which names the Secret's origin.
int read_secret(struct value *value, const char *path, const char *origin, size_t bytes_max,
                int is_json);

// ---- drive.c
// Makes the config drive in the file `path`. Returns 0, or -1 with `trouble`.
int make_drive(const struct recipe *recipe, const char *path);

// ---- serve.c
// Answers the guest's requests for pages until it is killed.
void serve(const struct recipe *recipe) __attribute__((noreturn));
