/* world.h - everything that exists in a simulation: true time, nodes, what they hold, and the loop.
 *
 * A node has a clock, addresses and either one of our daemons (which sees its node through struct
 * os and nothing else) or a scripted host (hosts.h). The world jumps from happening to happening;
 * what lies between costs nothing. One seed gives one history. */
#ifndef SIMULATION_WORLD_H
#define SIMULATION_WORLD_H

#include <stdio.h>

#include "base/addr.h"
#include "base/hash.h"
#include "chronyd/chronyd.h"
#include "test/simulation/devices.h"
#include "test/simulation/network.h"
#include "test/simulation/queue.h"
#include "test/simulation/rng.h"
#include "test/simulation/simclock.h"

#define NODE_NAME_MAX 48
#define LOG_RING 64

struct host_kind;

enum socket_kind { SOCKET_FREE, SOCKET_UDP, SOCKET_UNIX, SOCKET_LISTENER, SOCKET_STREAM };

struct sim_socket {
    enum socket_kind kind;
    struct os_udp_params params;
    uint16_t port; /* local */
    uint32_t sent;
    char path[OS_UNIX_PATH_MAX];
};

struct sim_file {
    char *path;
    uint8_t *data;
    size_t length, size;
    int64_t mtime_ns; /* by the node's own clock */
    unsigned mode;
};

/* The node's disk and what is wrong with it. */
struct disk {
    struct sim_file *files;
    size_t count, size;
    int append[16];       /* file index + 1 of the handle; 0 = free */
    bool full, read_only; /* every write fails */
    long fail_after;      /* this many writes succeed, then one fails; < 0: off */
    long crash_after;     /* this many writes succeed, the next one is torn and the daemon dies */
    size_t bytes_max;     /* the largest that the disk ever held */
};

/* A log line as the daemon wrote it. */
struct log_line {
    int64_t at_ns;
    enum log_level level;
    char *text;
};

/* Somebody who reads the log as it is written (expectations). */
struct log_reader {
    void (*line)(struct log_reader *r, int64_t at_ns, enum log_level level, const char *text);
    struct log_reader *next;
};

/* An event that arrived while nobody could take it. */
struct held_event {
    struct event event;
    struct packet *packet; /* owns the data, NULL = none */
    struct held_event *next;
};

struct node_counts {
    uint64_t sent, received; /* NTP datagrams */
    uint64_t answers;        /* those that servers sent to it as a client */
    uint64_t steps, rates, wakes, events;
    uint64_t sent_bytes, received_bytes;
    uint64_t starts, crashes;
    uint64_t orders;    /* of chronyc */
    int64_t prodded_ns; /* the last order or change of the network, -1 never */
    int64_t last_sent_ns;
    int64_t
        disturbed_ns; /* when something happened to the clock that no daemon can see; -1 never */
    double largest_step_s, smallest_step_s;
    double largest_rate; /* fraction */
};

enum stamp_quality { QUALITY_KERNEL, QUALITY_DAEMON, QUALITY_HARDWARE };

enum node_state {
    NODE_OFF, /* not started yet, stopped or crashed */
    NODE_RUNNING,
    NODE_DONE,   /* the daemon ended by itself with status 0 ... */
    NODE_FAILED, /* ... or 1 */
};

/* The node sleeps for `duration_s`. suspend: CLOCK_REALTIME goes on (with an error, or as its RTC
 * tells), the monotonic clock does not. Otherwise the machine is paused by its hypervisor: either
 * its clocks go on, or they stand still and time is lost. It may wake on another machine, with
 * another oscillator and a clock that was set on the way. */
struct halt_law {
    bool suspend, clock_runs, by_rtc;
    double duration_s, error_s;
    double freq_change, step_s; /* of a migration */
};

struct node {
    struct world *world;
    size_t index;
    char name[NODE_NAME_MAX];
    int line; /* of the scenario that describes it */
    struct addr addr4, addr6;
    struct addr nat4;        /* what others see; ADDR_NONE = no translation */
    uint32_t nat_generation; /* old mappings are dead */
    struct clock_law clock_law;
    struct simclock clock;
    struct happening wake;
    int64_t wake_latency_ns;

    /* time stamps of datagrams */
    enum stamp_quality stamps;
    struct delay_law stamp_error; /* added to receive, taken from transmit stamps */
    struct rng stamp_rng;
    struct {
        bool present, stamps_sent, stamps_received;
        double ahead_s, freq; /* of the truth */
    } interface;              /* eth0, with a clock of its own */

    /* scripted */
    const struct host_kind *host;
    void *host_state;

    /* ours */
    char *config_text;
    struct config config;
    bool has_config;
    struct chronyd_options options;
    struct chronyd *daemon;
    struct os os;
    struct log log;
    enum node_state state;
    bool dying; /* crash: calls have no effect any more */
    bool waits; /* is started by an event, not with the world */
    struct happening starting;
    bool doomed;         /* dies at the end of the event at hand */
    long events_to_live; /* < 0: no end in sight */
    char failure[256];
    int spins; /* wakes without progress of time */
    int64_t spin_from_ns;
    struct rng random;

    struct sim_socket *sockets;
    size_t socket_count;
    size_t sockets_open, sockets_open_max;
    struct disk disk;
    uint8_t *query_reply; /* answer to node_query */
    size_t query_length;

    /* suspend and pause */
    bool halted;
    struct happening resume;
    int64_t halted_ns;
    struct halt_law halt;
    int64_t rtc_at_halt_ns;
    struct held_event *held, **held_tail;
    size_t held_count;

    struct query *queries; /* names being resolved */
    /* the kernel */
    enum os_leap leap_armed;
    bool kernel_synchronised;
    double kernel_max_error_s;
    int kernel_tai; /* TAI - UTC as it tells programs */
    struct happening leap_due;
    int64_t leap_raw_ns; /* the system clock at which the armed leap second is due */
    struct happening tick;
    double tick_rate; /* comes into force with the next tick */

    /* devices */
    struct sim_rtc rtc;
    struct sim_refclock *refclocks;
    char *sensor_path; /* a file that tells the temperature, NULL = none */
    double sensor_step;

    struct log_line ring[LOG_RING];
    size_t log_lines;
    struct log_reader *readers;
    struct node_counts counts;
};

struct dns_entry {
    char *name;
    struct addr addrs[OS_RESOLVE_MAX];
    size_t count;
    enum os_resolve_status status;
    bool never;
    double delay_s; /* < 0: the world's */
};

struct addr_entry {
    struct addr addr;
    uint32_t value; /* node index + 1, 0 = free */
};

struct tap { /* sees every datagram that is sent */
    void (*sent)(struct tap *t, const struct packet *p);
    struct node *owner;
    struct tap *next;
};

struct world {
    uint64_t seed;
    int64_t now_ns;
    struct truth truth;
    struct queue queue;
    struct node **nodes;
    size_t node_count, node_size;
    struct hash names;             /* of nodes */
    struct addr_entry *addr_table; /* open addressing */
    size_t addr_table_size, addr_table_used;
    struct link **links;
    size_t link_buckets, link_count;
    struct packet *free_packets;
    size_t packet_bytes; /* of all packets, under way or free */
    struct dns_entry *dns;
    size_t dns_count;
    double dns_delay_s;
    struct tap *taps;
    bool icmp; /* hosts answer to closed ports */
    FILE *trace;
    uint64_t hash;
    int64_t leap_at_ns; /* true time of the coming leap second, 0 = none */
    int leap_sign;      /* +1 insert, -1 delete */
    struct happening leap;
    char fault[256]; /* something that must never happen did: the daemon spins... */
};

/* What an honest server announces: 0, 1 = insert, 2 = delete. */
int world_leap(const struct world *w);
/* TAI - UTC in truth. */
int world_tai_offset(const struct world *w);
struct world *world_create(uint64_t seed, int64_t epoch_ns);
void world_destroy(struct world *w); /* NULL is allowed */
/* Owned by the world; lives as long. NULL: the name is taken. */
struct node *world_add_node(struct world *w, const char *name);
struct node *world_node(const struct world *w, const char *name);
struct node *world_node_by_addr(const struct world *w, const struct addr *a);
void world_add_address(struct world *w, const struct addr *a, const struct node *n);
/* Let time pass until `until_ns`; all happenings up to and at it have happened. */
void world_run(struct world *w, int64_t until_ns);
/* A leap second at the end of the UTC month that ends nearest after now. */
void world_schedule_leap(struct world *w, int64_t at_ns, int sign);
/* Names; a name of a node resolves to its addresses without an entry. */
struct dns_entry *world_dns(struct world *w, const char *name);

/* One line of the trace (if anybody reads it) and its content into the hash. */
void world_note(struct world *w, const struct node *n, const char *kind, const void *data,
                size_t length, const char *format, ...) PRINTF_LIKE(6, 7);

/* --- nodes --- */
void node_init(struct node *n); /* a new node, zeroed, with name and addresses */
void node_set_clock(struct node *n, const struct clock_law *law); /* before it starts */
/* Start the daemon (or the host). False: it refused; node->failure says why. */
bool node_start(struct node *n);
/* The same, later. */
void node_start_at(struct node *n, int64_t at_ns);
void node_stop(struct node *n);  /* clean end */
void node_crash(struct node *n); /* as by SIGKILL or loss of power */
/* The same after so many more events. */
void node_crash_after(struct node *n, long events);
/* Add a line to the configuration file, or take equal ones out of it. */
void node_add_conf(struct node *n, const char *line);
bool node_drop_conf(struct node *n, const char *line);
/* Hand an event to the daemon, or hold it while the node sleeps; `p` is taken over. */
void node_give(struct node *n, const struct event *ev, struct packet *p);
void node_rearm(struct node *n);
void node_halt(struct node *n, const struct halt_law *law);
/* Somebody else sets or steers the clock. */
void node_foreign_step(struct node *n, double step_s, bool silent);
void node_foreign_rate(struct node *n, double change);
/* What the clock shows minus what is true; for nodes without control what the daemon believes. */
double node_error_s(struct node *n);
double node_served_error_s(struct node *n);
/* One candm request over the node's Unix socket; false: no answer. The reply is lent until the
 * next query. */
bool node_query(struct node *n, const void *request, size_t length, const uint8_t **reply,
                size_t *reply_length);
struct os node_os(struct node *n);
void node_cancel_queries(struct node *n);
struct sim_file *disk_find(struct disk *d, const char *path);
bool disk_put(struct node *n, const char *path, const void *data, size_t length);
void disk_free(struct disk *d);
void node_free_sockets(struct node *n);
void node_receive(struct node *n, struct packet *p); /* takes over the packet */
uint16_t node_wire_port(const struct node *n, uint16_t port);
int64_t node_stamp(struct node *n, int64_t at_ns, bool receive);
/* The interface's stamp of what passes now, if it takes one; *out stays as it is otherwise. */
void node_hw_stamp(const struct node *n, bool receive, struct os_hw_stamp *out);

#endif
