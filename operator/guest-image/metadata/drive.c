// SPDX-License-Identifier: Apache-2.0
// The config drive: a disk image labelled config-2. The files are written below a directory in memory
// first, from which the tools of the field make the image.
#include "metadata.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

// As large as Nova makes it; the image is sparse.
#define VFAT_KIB "65536"

// Tests build with another root to put stand-ins for the programs below it.
#ifndef ROOT
#define ROOT ""
#endif

static int run(char *const argv[]) {
  int status;
  pid_t pid = fork();
  if (pid == 0) {
    // Standard output is the guest's console.
    dup2(STDERR_FILENO, STDOUT_FILENO);
    execv(argv[0], argv);
    fprintf(stderr, "%s: %m\n", argv[0]);
    _exit(127);
  }
  if (pid < 0 || waitpid(pid, &status, 0) != pid) return fail("%s: %m", argv[0]);
  return status == 0 ? 0 : fail("%s ended with status 0x%x", argv[0], status);
}

static int remove_one(const char *path, const struct stat *found, int kind, struct FTW *place) {
  (void)found, (void)kind, (void)place;
  return remove(path);
}

static int make_directories(char *path) {
  for (char *slash = path; (slash = strchr(slash + 1, '/')) != NULL;) {
    *slash = '\0';
    int result = mkdir(path, 0755);
    *slash = '/';
    if (result != 0 && errno != EEXIST) return -1;
  }
  return 0;
}

static int write_piece(void *out, const char *data, size_t bytes) {
  return fwrite(data, 1, bytes, out) == bytes ? 0 : -1;
}

struct tree {
  const struct recipe *recipe;
  const struct entry *entry;
  const char *directory;
};

static int write_file(void *context, const char *name) {
  const struct tree *tree = context;
  char path[PATH_BYTES_MAX * 2];
  snprintf(path, sizeof path, "%s%s", tree->directory, name);
  FILE *out = make_directories(path) == 0 ? fopen(path, "we") : NULL;
  if (out == NULL) return fail("%s: %m", path);
  int result = assemble(tree->recipe, tree->entry, write_piece, out);
  return fclose(out) == 0 && result == 0 ? 0 : fail("%s: %m", path);
}

static int write_tree(const struct recipe *recipe, const char *directory) {
  for (int i = 0; i < recipe->entries_count; i++) {
    struct tree tree = {recipe, &recipe->entries[i], directory};
    if (tree.entry->is_file && each_path(tree.entry, write_file, &tree) != 0) return -1;
  }
  return 0;
}

// Rock Ridge for Linux, Joliet for Windows, and names that a reader of neither gets whole.
static int make_iso9660(char *tree, char *image) {
  char *const argv[] = {ROOT "/usr/bin/xorriso", "-no_rc", "-as", "mkisofs", "-quiet",
                        "-V", "config-2", "-publisher", "Kilonova", "-r", "-J", "-l",
                        "-allow-lowercase", "-allow-multidot", "-o", image, tree, NULL};
  return run(argv);
}

static int make_vfat(char *tree, char *image) {
  char ec2[PATH_BYTES_MAX + 16], openstack[PATH_BYTES_MAX + 16];
  char *const make[] = {ROOT "/usr/sbin/mkfs.fat", "-n", "config-2", "-C", image, VFAT_KIB, NULL};
  char *const fill[] = {ROOT "/usr/bin/mcopy", "-s", "-Q", "-i", image, ec2, openstack, "::/", NULL};
  // ASCII, which the C library knows without a file of its own: all our names are.
  setenv("DEFAULT_CODEPAGE", "367", 1);
  snprintf(ec2, sizeof ec2, "%s/ec2", tree);
  snprintf(openstack, sizeof openstack, "%s/openstack", tree);
  return run(make) == 0 ? run(fill) : -1;
}

static int make_image(const struct recipe *recipe, char *tree, const char *path) {
  char image[PATH_BYTES_MAX + 8];
  snprintf(image, sizeof image, "%s.new", path);
  unlink(image);
  if (write_tree(recipe, tree) != 0) return -1;
  int is_vfat = strcmp(recipe->drive, "vfat") == 0;
  if ((is_vfat ? make_vfat(tree, image) : make_iso9660(tree, image)) != 0) return -1;
  return publish_file(path);
}

int make_drive(const struct recipe *recipe, const char *path) {
  char tree[PATH_BYTES_MAX];
  const char *directory = getenv("TMPDIR");
  snprintf(tree, sizeof tree, "%s/config-drive-XXXXXX", directory == NULL ? "/tmp" : directory);
  if (mkdtemp(tree) == NULL) return fail("%s: %m", tree);
  int result = make_image(recipe, tree, path);
  nftw(tree, remove_one, 8, FTW_DEPTH | FTW_PHYS);
  return result;
}
