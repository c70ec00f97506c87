/*
 * The load generator: N WebSocket clients in one thread. Of what arrives only frame headers are read; payloads are
 * looked into where a number hangs on it (the joins, the senders' own echoes, every frame at a fixed rate). So it costs
 * less than the servers it measures. `generator.ts` does the same where there is no C compiler.
 *
 * With `--dialect events` all clients but the senders read Server-Sent Events over HTTP.
 *
 * It prints `joined` when the room is complete, `begin` and `end` when what is measured begins and ends, then one line of
 * JSON. Whatever goes wrong is said on stderr, with exit code 1.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define HANDSHAKES_AT_A_TIME 128
#define STALL_S 60.0      /* so long nothing may be missing */
#define SETTLE_S 0.2      /* so long a frame too many is waited for */
#define EVENTS 1024
#define BUFFER (1 << 20)  /* more than any frame that is looked into */

enum state { CONNECTING, UPGRADING, OPENING, OPEN };
enum phase { JOINING, IDLE, WARMING, MEASURING, DRAINING, SETTLING, DONE };
enum load { JOIN, IDLE_LOAD, DEEP, RATE };

struct client {
  int fd;
  enum state state;
  bool inspected;      /* its payloads are looked into */
  bool told;           /* users_online has come */
  bool reads_events;   /* over HTTP */
  int names;           /* whom it has seen come: in users_online, then in user_joined */
  uint64_t chats;      /* chat frames */
  uint64_t skip;       /* bytes of a payload that are still to come, and not looked into */
  uint8_t *held;       /* what came of something that is not whole yet */
  size_t held_length;
  uint64_t sent, echoed;
};

static struct {
  const char *host, *dialect, *users;
  int ports[8], port_count, clients, senders, outstanding;
  double rate, warm_s, measured_s;
  enum load load;
} options = {.host = "127.0.0.1", .dialect = "palaver", .senders = 16, .outstanding = 4, .rate = 20, .warm_s = 1, .measured_s = 5};

static bool socketio, over_http;
static struct client *clients;
static char **tokens;
static int epoll, started, opened, upgrading, complete;
static uint64_t deliveries, joins_seen, sent;
static uint64_t frame_bytes; /* of the last chat frame that was looked into */
static enum phase phase;
static double now_s, phase_ends_s, started_s, begun_s, ended_s, rate_start_s;
static double begun_cpu_s, ended_cpu_s;
static uint64_t begun_deliveries, ended_deliveries;
static uint64_t first_measured, behind_measured; /* at a fixed rate: the messages due while it measures */
static float *latencies_ms;
static size_t latency_count, latency_capacity;

static void fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("generator: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  exit(1);
}

static double clock_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cpu_s(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static int index_of(const struct client *c) { return (int)(c - clients); }

static bool starts(const uint8_t *bytes, size_t length, const char *with) {
  return length >= strlen(with) && memcmp(bytes, with, strlen(with)) == 0;
}

/* ---- sending ---- */

static void send_bytes(struct client *c, const void *bytes, size_t length) {
  /* A client has so little under way that its socket takes it whole, unless the server reads nothing. */
  ssize_t taken = send(c->fd, bytes, length, MSG_NOSIGNAL);
  if (taken != (ssize_t)length)
    fail("client %d can't send: %s", index_of(c), taken < 0 ? strerror(errno) : "the server does not read");
}

static void send_frame(struct client *c, int opcode, const char *payload, size_t length) {
  static const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d}; /* not zero: some servers then need not unmask */
  uint8_t frame[256];
  if (length > 125) fail("a frame of %zu bytes is too long for the generator", length);
  frame[0] = 0x80 | opcode;
  frame[1] = 0x80 | length;
  memcpy(frame + 2, mask, 4);
  for (size_t i = 0; i < length; i++) frame[6 + i] = payload[i] ^ mask[i & 3];
  send_bytes(c, frame, 6 + length);
}

/* The senders stand spread over the room, so that none is always served first. */
static struct client *sender(int s) { return &clients[(long)s * options.clients / options.senders]; }
/* Each node has its share of the room: the first of them, the next of them, and so on. */
static int port_of(const struct client *c) { return options.ports[(long)index_of(c) * options.port_count / options.clients]; }
static bool is_sender(const struct client *c) {
  int s = (int)(((long)index_of(c) * options.senders + options.clients - 1) / options.clients);
  return s < options.senders && sender(s) == c;
}

/* The text says whose message it is and which one: `s12:345`. */
static void send_chat(struct client *c, uint64_t number) {
  char payload[126];
  const char *format = socketio ? "42[\"chat_message\",{\"msg\":{\"text\":\"s%d:%llu\"}}]"
                                : "{\"type\":\"chat_message\",\"msg\":{\"text\":\"s%d:%llu\"}}";
  int length = snprintf(payload, sizeof payload, format, index_of(c), (unsigned long long)number);
  send_frame(c, 1, payload, (size_t)length);
  c->sent++;
  sent++;
}

/* ---- what arrives ---- */

static void take_users_online(struct client *c, const uint8_t *p, size_t n) {
  if (c->told) fail("client %d was sent users_online twice", index_of(c));
  c->told = true;
  const uint8_t *at = memmem(p, n, "\"list\":[", 8), *end = p + n;
  if (!at) fail("users_online has no list: %.*s", (int)n, p);
  int quotes = 0; /* the names are the generator's own: nothing in them is escaped */
  for (at += 8; at < end && *at != ']'; at++) quotes += *at == '"';
  c->names += quotes / 2;
  joins_seen += quotes / 2;
}

static void saw_join(struct client *c) {
  if (c->names == options.clients) complete++;
  else if (c->names > options.clients) fail("client %d saw more joins than there are clients", index_of(c));
}

static void take_chat(struct client *c, const uint8_t *p, size_t n) {
  static const char before[] = "\"text\":\"s";
  const uint8_t *marker = memmem(p, n, before, sizeof before - 1);
  if (!marker) fail("a chat_message without the generator's text: %.*s", (int)n, p);
  char *rest; /* the closing quote stops both numbers within the payload */
  long from = strtol((const char *)marker + sizeof before - 1, &rest, 10);
  uint64_t number = strtoull(rest + 1, NULL, 10);
  c->chats++;
  deliveries++;
  frame_bytes = n + (n < 126 ? 2 : 4);
  if (options.load == RATE && number >= first_measured && number < behind_measured) {
    /* From the moment it was due, not when it was sent: a queue must not hide (coordinated omission). */
    if (latency_count == latency_capacity) fail("more deliveries than messages × clients");
    latencies_ms[latency_count++] = (float)((now_s - rate_start_s - (double)number / options.rate) * 1e3);
  }
  if (from != index_of(c)) return;
  if (options.load == DEEP) {
    if (number != c->echoed) fail("client %ld got the echo of %llu instead of %llu", from, (unsigned long long)number, (unsigned long long)c->echoed);
    c->echoed++;
    if (phase < DRAINING) send_chat(c, c->sent);
  }
}

static void take_event(struct client *c, const uint8_t *p, size_t n) {
  /* The type is the first string in both dialects. */
  const uint8_t *type = starts(p, n, "{\"type\":\"") ? p + 9 : starts(p, n, "42[\"") ? p + 4 : NULL;
  size_t rest = type ? n - (size_t)(type - p) : 0;
  if (starts(type, rest, "chat_message\"")) {
    take_chat(c, p, n);
  } else if (starts(type, rest, "user_joined\"")) {
    if (!c->told) fail("client %d was sent user_joined before users_online", index_of(c));
    c->names++;
    joins_seen++;
    saw_join(c);
  } else if (starts(type, rest, "users_online\"")) {
    take_users_online(c, p, n);
    saw_join(c);
  } else {
    fail("client %d was sent %.*s", index_of(c), (int)n, p);
  }
}

/* Engine.IO 4 and Socket.IO 5: open, connect, ping, event. */
static void take_packet(struct client *c, const uint8_t *p, size_t n) {
  if (starts(p, n, "42")) take_event(c, p, n);
  else if (starts(p, n, "2")) send_frame(c, 1, "3", 1);
  else if (starts(p, n, "40")) { c->state = OPEN; opened++; }
  else if (starts(p, n, "0")) send_frame(c, 1, "40", 2);
  else fail("client %d was sent %.*s", index_of(c), (int)n, p);
}

static void take_frame(struct client *c, int opcode, const uint8_t *p, size_t n) {
  if (opcode == 1 && socketio) take_packet(c, p, n);
  else if (opcode == 1) take_event(c, p, n);
  else if (opcode == 8 && n >= 2) fail("client %d was closed with %d %.*s", index_of(c), p[0] << 8 | p[1], (int)n - 2, p + 2);
  else if (opcode == 8) fail("client %d was closed without a code", index_of(c));
  else if (opcode == 9) send_frame(c, 10, (const char *)p, n);
  else if (opcode != 10) fail("client %d was sent a frame of opcode %d", index_of(c), opcode);
}

/* Takes the frames of `n` bytes; says how many bytes are done with. */
static size_t take_frames(struct client *c, const uint8_t *p, size_t n) {
  size_t at = 0;
  for (;;) {
    if (c->skip > n - at) {
      c->skip -= n - at;
      return n;
    }
    at += c->skip;
    c->skip = 0;
    if (n - at < 2) return at;
    if ((p[at] & 0xf0) != 0x80 || p[at + 1] & 0x80) fail("client %d was sent a fragment, a compressed or a masked frame", index_of(c));
    int opcode = p[at] & 15;
    size_t header = 2;
    uint64_t length = p[at + 1];
    if (length == 126) {
      if (n - at < (header = 4)) return at;
      length = (uint64_t)p[at + 2] << 8 | p[at + 3];
    } else if (length == 127) {
      if (n - at < (header = 10)) return at;
      length = 0;
      for (int i = 2; i < 10; i++) length = length << 8 | p[at + i];
    }
    if (opcode == 1 && !c->inspected && length > 1) { /* of one byte: Engine.IO's ping */
      c->chats++;
      deliveries++;
      c->skip = length;
      at += header;
      continue;
    }
    if (n - at - header < length) {
      if (header + length >= BUFFER) fail("client %d was sent a frame of %llu bytes", index_of(c), (unsigned long long)length);
      return at;
    }
    take_frame(c, opcode, p + at + header, length);
    at += header + length;
  }
}

/* Takes the events of `n` bytes; says how many bytes are done with. */
static size_t take_stream(struct client *c, const uint8_t *p, size_t n) {
  size_t at = 0;
  for (;;) {
    const uint8_t *event = p + at, *end = memmem(event, n - at, "\n\n", 2);
    if (!end) break;
    size_t length = (size_t)(end - event);
    at += length + 2;
    if (*event == ':') continue; /* a comment */
    if (starts(event, length, "event: close\n")) fail("client %d was closed: %.*s", index_of(c), (int)length, event);
    if (c->inspected) {
      const uint8_t *data = memmem(event, length, "\ndata: ", 7);
      if (!data) fail("client %d was sent an event without data: %.*s", index_of(c), (int)length, event);
      take_event(c, data + 7, (size_t)(end - data - 7));
    } else {
      c->chats++;
      deliveries++;
    }
  }
  if (n - at >= BUFFER) fail("client %d was sent an event of more than %d bytes", index_of(c), BUFFER);
  return at;
}

/* Takes the answer to the handshake, or the head of the stream. */
static size_t take_upgrade(struct client *c, const uint8_t *p, size_t n) {
  const uint8_t *end = memmem(p, n, "\r\n\r\n", 4);
  if (!end) return 0;
  if (!starts(p, n, c->reads_events ? "HTTP/1.1 200" : "HTTP/1.1 101"))
    fail("client %d was refused: %.*s", index_of(c), (int)((const uint8_t *)memchr(p, '\r', n) - p), p);
  upgrading--;
  c->state = socketio ? OPENING : OPEN;
  if (!socketio) opened++;
  return (size_t)(end + 4 - p);
}

/* Says whether there may be more: epoll tells of new bytes once (EPOLLET), which costs less. */
static bool receive(struct client *c) {
  static uint8_t buffer[BUFFER];
  size_t length = c->held_length, room = BUFFER - length;
  if (length) {
    memcpy(buffer, c->held, length);
    free(c->held);
    c->held_length = 0;
  }
  ssize_t got = recv(c->fd, buffer + length, room, 0);
  if (got < 0 && errno != EAGAIN) fail("client %d: %s", index_of(c), strerror(errno));
  if (got == 0) fail("client %d was cut off without a close frame, %s", index_of(c), c->state < OPENING ? "in its handshake" : "in the room");
  if (got > 0) length += (size_t)got;
  now_s = clock_s();
  size_t used = c->state == UPGRADING ? take_upgrade(c, buffer, length) : 0;
  if (c->state >= OPENING) used += (c->reads_events ? take_stream : take_frames)(c, buffer + used, length - used);
  if (used < length) {
    c->held_length = length - used;
    c->held = memcpy(malloc(c->held_length), buffer + used, c->held_length);
  }
  return got == (ssize_t)room;
}

/* ---- joining ---- */

static void watch(struct client *c, uint32_t events, int operation) {
  struct epoll_event event = {.events = events, .data.ptr = c};
  if (epoll_ctl(epoll, operation, c->fd, &event) < 0) fail("epoll: %s", strerror(errno));
}

static void start_client(struct client *c) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port_of(c))};
  int on = 1;
  inet_pton(AF_INET, options.host, &address.sin_addr);
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (c->fd < 0) fail("socket: %s (see ulimit -n)", strerror(errno));
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(c->fd, (struct sockaddr *)&address, sizeof address) < 0 && errno != EINPROGRESS)
    fail("connect: %s", strerror(errno));
  c->inspected = true;
  c->reads_events = over_http && !is_sender(c);
  upgrading++;
  watch(c, EPOLLOUT, EPOLL_CTL_ADD);
}

static void send_upgrade(struct client *c) {
  static const char handshake[] =
      "Connection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  char request[4096];
  int error = 0, length;
  socklen_t size = sizeof error;
  getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error) fail("client %d can't connect: %s", index_of(c), strerror(error));
  length = snprintf(request, sizeof request,
                    "GET %s HTTP/1.1\r\nHost: %s:%d\r\n%sAuthorization: Bearer %s\r\n\r\n",
                    c->reads_events ? "/events" : socketio ? "/socket.io/?EIO=4&transport=websocket" : "/join",
                    options.host, port_of(c), c->reads_events ? "" : handshake, tokens[index_of(c)]);
  if (length >= (int)sizeof request) fail("a token is too long");
  send_bytes(c, request, (size_t)length);
  c->state = UPGRADING;
  watch(c, EPOLLIN | EPOLLET, EPOLL_CTL_MOD);
}

static void start_clients(void) {
  while (started < options.clients && upgrading < HANDSHAKES_AT_A_TIME) start_client(&clients[started++]);
}

/* ---- phases ---- */

static void mark(const char *word) {
  puts(word);
  fflush(stdout);
}

static void begin(void) {
  begun_s = now_s;
  begun_cpu_s = cpu_s();
  begun_deliveries = deliveries;
  mark("begin");
}

static void end(void) {
  ended_s = now_s;
  ended_cpu_s = cpu_s();
  ended_deliveries = deliveries;
  mark("end");
}

static void enter(enum phase next, double for_s) {
  phase = next;
  phase_ends_s = now_s + for_s;
}

/* Everybody is here and has seen everybody: from here on only chat frames come. */
static void room_is_complete(void) {
  mark("joined");
  if (options.load == JOIN) {
    end();
    enter(SETTLING, SETTLE_S);
    return;
  }
  if (options.load == IDLE_LOAD) {
    enter(IDLE, options.measured_s);
    return;
  }
  rate_start_s = now_s;
  enter(WARMING, options.warm_s);
  if (options.load == RATE) return; /* its clients stay inspected */
  for (int i = 0; i < options.clients; i++) clients[i].inspected = is_sender(&clients[i]);
  for (int s = 0; s < options.senders; s++)
    for (int k = 0; k < options.outstanding; k++) send_chat(sender(s), sender(s)->sent);
}

static void check_counts(void) {
  for (int i = 0; i < options.clients; i++)
    if (clients[i].chats != sent)
      fail("client %d received %llu chat frames of %llu", i, (unsigned long long)clients[i].chats, (unsigned long long)sent);
}

static void step(void) {
  if (phase == JOINING) {
    start_clients();
    if (complete == options.clients && opened == options.clients) room_is_complete();
  }
  if (options.load == RATE && (phase == WARMING || phase == MEASURING))
    while (sent < behind_measured && now_s >= rate_start_s + (double)sent / options.rate)
      send_chat(sender((int)(sent % (uint64_t)options.senders)), sent);
  bool over = phase >= IDLE && now_s >= phase_ends_s;
  if (phase == WARMING && over) {
    begin();
    enter(MEASURING, options.measured_s);
  } else if (phase == MEASURING && over) {
    end();
    enter(DRAINING, 1e9);
  } else if (phase == IDLE && over) {
    end();
    enter(SETTLING, SETTLE_S);
  } else if (phase == SETTLING && over) {
    check_counts();
    phase = DONE;
  }
  if (phase == DRAINING && deliveries >= sent * (uint64_t)options.clients) enter(SETTLING, SETTLE_S);
}

/* Until when epoll may wait. Below a millisecond it doesn't: a message must leave when it is due. */
static int timeout_ms(void) {
  double until = now_s + 1;
  if (phase >= IDLE && phase_ends_s < until) until = phase_ends_s;
  if (options.load == RATE && (phase == WARMING || phase == MEASURING) && sent < behind_measured) {
    double due = rate_start_s + (double)sent / options.rate;
    if (due < until) until = due;
  }
  return until <= now_s ? 0 : (int)((until - now_s) * 1e3);
}

static void run(void) {
  struct epoll_event events[EVENTS];
  uint64_t seen = 0;
  double progress_s = now_s = started_s = clock_s();
  if (options.load == JOIN || options.load == IDLE_LOAD) begin();
  for (step(); phase != DONE; step()) {
    int count = epoll_wait(epoll, events, EVENTS, timeout_ms());
    if (count < 0 && errno != EINTR) fail("epoll: %s", strerror(errno));
    for (int i = 0; i < count; i++) {
      struct client *c = events[i].data.ptr;
      if (c->state == CONNECTING) send_upgrade(c);
      else while (receive(c)) continue;
    }
    now_s = clock_s();
    if (deliveries + joins_seen != seen) {
      seen = deliveries + joins_seen;
      progress_s = now_s;
    } else if (now_s - progress_s > STALL_S) {
      fail("nothing came for %.0f s: %d of %d clients are open, %d have seen all joins, %llu of %llu chat frames", STALL_S, opened,
           options.clients, complete, (unsigned long long)deliveries, (unsigned long long)sent * (unsigned long long)options.clients);
    }
  }
}

/* ---- in and out ---- */

static void read_users(void) {
  FILE *file = fopen(options.users, "r");
  char name[64], token[2048];
  if (!file) fail("%s: %s", options.users, strerror(errno));
  for (int i = 0; i < options.clients; i++) {
    if (fscanf(file, "%63s %2047s", name, token) != 2) fail("%s has fewer than %d users", options.users, options.clients);
    tokens[i] = strdup(token);
  }
  fclose(file);
}

static int ascending(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

static void print_result(void) {
  double s = ended_s - begun_s;
  printf("{\"seconds\":%.6f,\"cpuS\":%.6f,\"deliveries\":%llu,\"joinsPerS\":%.3f,\"frameBytes\":%llu", s, ended_cpu_s - begun_cpu_s,
         (unsigned long long)(ended_deliveries - begun_deliveries), options.load == JOIN ? options.clients / s : 0.0,
         (unsigned long long)frame_bytes);
  if (latency_count) {
    qsort(latencies_ms, latency_count, sizeof *latencies_ms, ascending);
    printf(",\"latencyMs\":{\"p50\":%.3f,\"p99\":%.3f,\"max\":%.3f}", latencies_ms[latency_count / 2],
           latencies_ms[latency_count * 99 / 100], latencies_ms[latency_count - 1]);
  }
  mark("}");
}

static void read_ports(char *list) {
  for (char *port = strtok(list, ","); port; port = strtok(NULL, ",")) {
    if (options.port_count == (int)(sizeof options.ports / sizeof *options.ports)) fail("too many ports");
    options.ports[options.port_count++] = atoi(port);
  }
}

static void read_options(int count, char **arguments) {
  static const char *loads[] = {"join", "idle", "deep", "rate"};
  for (int i = 1; i + 1 < count; i += 2) {
    const char *name = arguments[i];
    char *value = arguments[i + 1];
    if (!strcmp(name, "--host")) options.host = value;
    else if (!strcmp(name, "--port")) read_ports(value);
    else if (!strcmp(name, "--dialect")) options.dialect = value;
    else if (!strcmp(name, "--users")) options.users = value;
    else if (!strcmp(name, "--clients")) options.clients = atoi(value);
    else if (!strcmp(name, "--senders")) options.senders = atoi(value);
    else if (!strcmp(name, "--outstanding")) options.outstanding = atoi(value);
    else if (!strcmp(name, "--rate")) options.rate = atof(value);
    else if (!strcmp(name, "--warm")) options.warm_s = atof(value);
    else if (!strcmp(name, "--seconds")) options.measured_s = atof(value);
    else if (!strcmp(name, "--load")) while (strcmp(value, loads[options.load]) && options.load < RATE) options.load++;
    else fail("%s is not an option", name);
  }
  if (!options.port_count || !options.users || options.clients < 1) fail("--port, --users and --clients are needed");
}

int main(int count, char **arguments) {
  read_options(count, arguments);
  socketio = !strcmp(options.dialect, "socketio");
  over_http = !strcmp(options.dialect, "events");
  if (options.senders > options.clients) options.senders = options.clients;
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  clients = calloc((size_t)options.clients, sizeof *clients);
  tokens = calloc((size_t)options.clients, sizeof *tokens);
  first_measured = (uint64_t)(options.warm_s * options.rate);
  behind_measured = (uint64_t)((options.warm_s + options.measured_s) * options.rate);
  if (options.load == RATE) {
    latency_capacity = (behind_measured - first_measured) * (uint64_t)options.clients;
    latencies_ms = calloc(latency_capacity, sizeof *latencies_ms);
  }
  read_users();
  epoll = epoll_create1(0);
  run();
  print_result();
  return 0;
}
