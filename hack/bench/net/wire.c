// SPDX-License-Identifier: Apache-2.0
// Measures a path between two network namespaces or guests: the same program at both ends.
//   wire serve PORT                          what the others talk to
//   wire stream ADDRESS PORT SECONDS COUNT   bytes by COUNT connections of TCP: Mbit/s that arrived
//   wire echo ADDRESS PORT SECONDS           one byte there and back over TCP: p50 and p99 in us
//   wire packets ADDRESS PORT SECONDS COUNT  UDP of 64 bytes by COUNT threads: packets/s that arrived
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define THREADS_MAX 16
#define SAMPLES_MAX 1000000
#define PACKET_BYTES 64

static struct sockaddr_in peer = {.sin_family = AF_INET};
static double seconds_max;
static uint64_t counts[THREADS_MAX];

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

static void die(const char *what) {
  perror(what);
  exit(1);
}

static int open_to_peer(int type) {
  const int on = 1;
  const struct timeval patience = {.tv_sec = 5};
  int handle = socket(AF_INET, type, 0);
  // The server may have been started a moment ago.
  for (double end = now() + 5; connect(handle, (struct sockaddr *)&peer, sizeof peer) != 0;) {
    if (now() > end) die("connect");
    usleep(20000);
  }
  setsockopt(handle, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (type == SOCK_STREAM) setsockopt(handle, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return handle;
}

// The first byte says what the connection is for: e has each byte sent back, s has all counted.
static void *serve_connection(void *argument) {
  static __thread char data[65536];
  int handle = (int)(intptr_t)argument;
  const int on = 1;
  uint64_t total = 0;
  char purpose = 0;
  ssize_t bytes;
  setsockopt(handle, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (read(handle, &purpose, 1) == 1) {
    while ((bytes = read(handle, data, sizeof data)) > 0) {
      total += bytes;
      if (purpose == 'e' && write(handle, data, bytes) != bytes) break;
    }
    if (purpose == 's' && write(handle, &total, sizeof total) < 0) perror("write");
  }
  close(handle);
  return NULL;
}

// Counts what has the size of a packet; anything shorter asks for the count, which begins anew.
static void *serve_packets(void *argument) {
  int handle = (int)(intptr_t)argument;
  uint64_t count = 0;
  for (;;) {
    char packet[PACKET_BYTES];
    struct sockaddr_in from;
    socklen_t length = sizeof from;
    ssize_t bytes = recvfrom(handle, packet, sizeof packet, 0, (struct sockaddr *)&from, &length);
    if (bytes == PACKET_BYTES) count++;
    if (bytes < 0 || bytes == PACKET_BYTES) continue;
    sendto(handle, &count, sizeof count, 0, (struct sockaddr *)&from, length);
    count = 0;
  }
  return NULL;
}

static void start(pthread_t *thread, void *(*function)(void *), intptr_t argument) {
  if (pthread_create(thread, NULL, function, (void *)argument) != 0) die("thread");
}

static void serve(int port) {
  const struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(port)};
  const int on = 1;
  pthread_t thread;
  int streams = socket(AF_INET, SOCK_STREAM, 0), packets = socket(AF_INET, SOCK_DGRAM, 0);
  setsockopt(streams, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(streams, (const struct sockaddr *)&any, sizeof any) != 0) die("bind");
  if (bind(packets, (const struct sockaddr *)&any, sizeof any) != 0) die("bind");
  if (listen(streams, 64) != 0) die("listen");
  start(&thread, serve_packets, packets);
  for (int handle; (handle = accept(streams, NULL, NULL)) >= 0;) {
    start(&thread, serve_connection, handle);
    pthread_detach(thread);
  }
}

static void *send_stream(void *argument) {
  static __thread char data[65536];
  int handle = open_to_peer(SOCK_STREAM);
  data[0] = 's';
  for (double end = now() + seconds_max; now() < end;) {
    if (write(handle, data, sizeof data) < 0) die("write");
  }
  shutdown(handle, SHUT_WR);
  if (read(handle, &counts[(intptr_t)argument], sizeof *counts) != sizeof *counts) die("read");
  close(handle);
  return NULL;
}

static void *send_packets(void *argument) {
  char packet[PACKET_BYTES] = "";
  int handle = open_to_peer(SOCK_DGRAM);
  // A full queue refuses: that is what is looked for.
  for (double end = now() + seconds_max; now() < end;) {
    for (int i = 0; i < 32; i++) send(handle, packet, sizeof packet, 0);
  }
  close(handle);
  return argument;
}

// Returns the seconds that it took.
static double in_threads(void *(*function)(void *), int count) {
  pthread_t threads[THREADS_MAX];
  double since = now();
  for (int i = 0; i < count; i++) start(&threads[i], function, i);
  for (int i = 0; i < count; i++) pthread_join(threads[i], NULL);
  return now() - since;
}

static void stream(int count) {
  uint64_t total = 0;
  double seconds = in_threads(send_stream, count);
  for (int i = 0; i < count; i++) total += counts[i];
  printf("%.1f\n", total * 8 / seconds / 1e6);
}

static uint64_t packets_arrived(void) {
  uint64_t count;
  int handle = open_to_peer(SOCK_DGRAM);
  if (send(handle, "?", 1, 0) != 1 || recv(handle, &count, sizeof count, 0) != sizeof count) {
    die("count");
  }
  close(handle);
  return count;
}

static void packets(int count) {
  packets_arrived();
  double seconds = in_threads(send_packets, count);
  // What is under way arrives before it is asked for the count, or never.
  usleep(500000);
  printf("%.0f\n", packets_arrived() / seconds);
}

static int compare(const void *one, const void *other) {
  float difference = *(const float *)one - *(const float *)other;
  return difference < 0 ? -1 : difference > 0;
}

static void echo(void) {
  static float samples[SAMPLES_MAX];
  size_t count = 0;
  int handle = open_to_peer(SOCK_STREAM);
  char byte = 'e';
  if (write(handle, &byte, 1) != 1) die("write");
  for (double end = now() + seconds_max, since; (since = now()) < end && count < SAMPLES_MAX;) {
    if (write(handle, &byte, 1) != 1 || read(handle, &byte, 1) != 1) die("echo");
    samples[count++] = (now() - since) * 1e6;
  }
  qsort(samples, count, sizeof *samples, compare);
  printf("%.1f %.1f\n", samples[count / 2], samples[count * 99 / 100]);
}

int main(int argc, char **argv) {
  signal(SIGPIPE, SIG_IGN);
  if (argc == 3 && strcmp(argv[1], "serve") == 0) serve(atoi(argv[2]));
  if (argc < 5 || inet_pton(AF_INET, argv[2], &peer.sin_addr) != 1) return 2;
  peer.sin_port = htons(atoi(argv[3]));
  seconds_max = atof(argv[4]);
  int count = argc > 5 ? atoi(argv[5]) : 1;
  if (count < 1 || count > THREADS_MAX) return 2;
  if (strcmp(argv[1], "stream") == 0) stream(count);
  else if (strcmp(argv[1], "echo") == 0) echo();
  else if (strcmp(argv[1], "packets") == 0) packets(count);
  else return 2;
  return 0;
}
