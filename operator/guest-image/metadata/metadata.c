// SPDX-License-Identifier: Apache-2.0
// What the guest is told of itself. The operator decides all of it but the values of Secrets, which it
// never reads: its recipe and the Secrets are files in the pod. They are put together once, when the
// guest's directory is new; from then on the guest finds the same on its config drive and in the
// metadata service, whatever becomes of Server and Secrets and however often the pod is made anew.
//
// `metadata-status` in the runtime directory tells the agent: `ready`, or `waiting` and for what.
#include "metadata.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RECIPE_BYTES_MAX (1 << 20)
// With the values of Secrets in it.
#define FROZEN_BYTES_MAX (1 << 22)

char trouble[TROUBLE_BYTES_MAX];
static struct recipe recipe;

int fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(trouble, sizeof trouble, format, arguments);
  va_end(arguments);
  return -1;
}

static const char *path_in(const char *variable, const char *otherwise, const char *name) {
  static char paths[4][PATH_BYTES_MAX];
  static int next;
  const char *directory = getenv(variable);
  char *path = paths[next++ % 4];
  snprintf(path, PATH_BYTES_MAX, "%s/%s", directory == NULL ? otherwise : directory, name);
  return path;
}

static const char *metadata_path(const char *name) {
  return path_in("KILONOVA_METADATA_DIRECTORY", "/metadata", name);
}

static const char *guest_path(const char *name) {
  return path_in("KILONOVA_GUEST_DIRECTORY", "/data/vm", name);
}

// A change is written once: the agent watches.
static void tell(const char *word, const char *detail) {
  static char told[TROUBLE_BYTES_MAX + 16];
  char line[sizeof told];
  snprintf(line, sizeof line, "%s%s%s\n", word, *detail == '\0' ? "" : " ", detail);
  if (strcmp(line, told) == 0) return;
  strcpy(told, line);
  fprintf(stderr, "kilonova-metadata: %s", line);
  const char *path = path_in("XDG_RUNTIME_DIR", "/data/run", "metadata-status");
  FILE *out = open_new(path);
  if (out == NULL || fputs(line, out) < 0 || fclose(out) != 0 || publish_file(path) != 0) {
    perror("metadata-status");
  }
}

// Puts recipe and Secrets together and keeps the result in the guest's directory.
static int freeze(void) {
  size_t bytes;
  char *text = read_file(metadata_path("recipe"), RECIPE_BYTES_MAX, &bytes);
  if (text == NULL && errno == ENOENT) pause();  // A pod without a guest.
  if (text == NULL) return fail("the recipe cannot be read: %m");
  if (parse_recipe(&recipe, text, bytes, metadata_path("")) != 0) return -1;
  FILE *out = open_new(guest_path("metadata"));
  if (out == NULL) return fail("%s: %m", guest_path("metadata"));
  int result = freeze_recipe(&recipe, out);
  if (fclose(out) != 0 || result != 0) return fail("%s: %m", guest_path("metadata"));
  forget_allocations();
  return publish_file(guest_path("metadata"));
}

static int load(void) {
  size_t bytes;
  char *text = read_file(guest_path("metadata"), FROZEN_BYTES_MAX, &bytes);
  if (text == NULL && errno == ENOENT) return freeze() == 0 ? load() : -1;
  if (text == NULL) return fail("%s: %m", guest_path("metadata"));
  return parse_recipe(&recipe, text, bytes, NULL);
}

static int prepare(void) {
  if (load() != 0) return -1;
  if (strcmp(recipe.drive, "none") == 0) return 0;
  return access(guest_path("config-drive"), F_OK) == 0 ? 0
                                                        : make_drive(&recipe, guest_path("config-drive"));
}

int main(void) {
  // Only the guest's own user may read what is written here.
  umask(0077);
  // A Secret that is made later shows in the pod after a minute or two.
  while (prepare() != 0) {
    forget_allocations();
    tell("waiting", trouble);
    sleep(1);
  }
  tell("ready", "");
  serve(&recipe);
}
