// SPDX-License-Identifier: Apache-2.0
// Work for a guest under migration: memory that is written all the time, and busy processors.
#include "guest.h"

#include <pthread.h>
#include <stdint.h>
#include <sys/mman.h>

#define PAGE_BYTES 4096
#define PAGES_A_MIB 256
#define SLICES_A_SECOND 50

// What is asked for (0 rate: as fast as can be), and what was done: pages written, and pages that
// were not as they had been left.
volatile long dirty_mib, dirty_rate_mib, dirty_pages, dirty_errors;

struct area {
  char *memory;
  long mib, next_page;
  uint64_t pass;
};

// Every page holds a number of its own in every pass over the area.
static uint64_t mark(uint64_t pass, long page) { return pass == 0 ? 0 : pass * 1000003 + page; }

static void resize(struct area *area) {
  if (area->memory != NULL) munmap(area->memory, area->mib << 20);
  *area = (struct area){.mib = dirty_mib};
  dirty_errors = 0;
  if (area->mib == 0) return;
  area->memory = mmap(NULL, area->mib << 20, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (area->memory != MAP_FAILED) return;
  *area = (struct area){0};
  dirty_mib = 0;
  dirty_errors = -1;
}

static void write_next_page(struct area *area) {
  uint64_t *page = (uint64_t *)(area->memory + area->next_page * PAGE_BYTES);
  if (*page != mark(area->pass, area->next_page)) dirty_errors++;
  *page = mark(area->pass + 1, area->next_page);
  dirty_pages++;
  area->next_page++;
  if (area->next_page < area->mib * PAGES_A_MIB) return;
  area->next_page = 0;
  area->pass++;
}

void *dirty_memory(void *unused) {
  struct area area = {0};
  for (;;) {
    if (dirty_mib != area.mib) resize(&area);
    if (area.memory == NULL) {
      sleep_ms(50);
      continue;
    }
    long pages = dirty_rate_mib == 0 ? PAGES_A_MIB * 16
                                     : dirty_rate_mib * PAGES_A_MIB / SLICES_A_SECOND + 1;
    while (pages-- > 0) write_next_page(&area);
    if (dirty_rate_mib != 0) sleep_ms(1000 / SLICES_A_SECOND);
  }
  return unused;
}

static volatile double load_until_seconds;

static void *burn(void *unused) {
  for (volatile unsigned long turns = 0; uptime_seconds() < load_until_seconds;) turns++;
  return unused;
}

void start_load(long processors, long seconds) {
  load_until_seconds = uptime_seconds() + seconds;
  while (processors-- > 0) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, burn, NULL) == 0) pthread_detach(thread);
  }
}
