/* world.h - a world of one process, put between an unmodified program and the C library.
 *
 * Preloaded into chronyd it replaces clocks, waiting, sockets and identity with a simulated clock
 * and a small network whose first node is a perfect NTP server. It is strict: whatever spec
 * libc-surface calls "not replaced" or "aborts" ends the program with a line on standard error and
 * status 99, so that a test fails loudly. Settings come from the environment (names WORLD_*), what
 * happens goes to the file WORLD_TRACE.
 *
 * Three clocks: true time t (ns since the start), the program's clock of day and its monotonic
 * clock. The latter two run at (1 + frequency error)(1 + rate set by adjtimex) of true time. */
#ifndef TEST_INTERPOSE_WORLD_H
#define TEST_INTERPOSE_WORLD_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <pthread.h>
#include <sys/types.h>

#include "test/simulation/rng.h"

#define FIRST_SOCKET 100
#define SOCKETS_MAX 20
#define PACKET_MAX 4000
#define NS_PER_S INT64_C(1000000000)
#define OWN_NODE 50 /* the program's own address */

struct settings {
    uint64_t seed;   /* the same seed is the same network and oscillator for every program */
    int family;      /* 4 or 6 */
    bool stamping;   /* SO_TIMESTAMPING works */
    bool unix_on;    /* AF_UNIX exists */
    int64_t start_s; /* date of the start, seconds since 1970 */
    double offset_s; /* the program's clock at the start, > 0: fast */
    double freq_ppm; /* error of its oscillator, > 0: fast */
    double wander;   /* standard deviation of its change per second */
    double swing;    /* amplitude of its daily curve, fraction */
    double delay_s;  /* one way to a server, if paths.h has nothing else ... */
    double jitter_s; /* ... and the mean of an exponential addition */
    double until_s;  /* SIGTERM then */
    int servers;     /* nodes 1 .. servers answer on port 123 */
    double false_s;  /* error of the last server, if there are several */
    double ask_from; /* a client asks our server from this time on, every 8 s; 0 = never */
    double pause_at; /* serve real datagrams of a real Unix socket at this time; 0 = never */
    const char *real_path, *done_path; /* that socket, and the file that ends the pause */
    /* The program is the tool: what it sends to node 1 goes to a real daemon. */
    int daemon_port;           /* on 127.0.0.1; 0 = none */
    const char *daemon_socket; /* its Unix socket; NULL = none */
    double step_at, step_s;    /* somebody else steps the clock; 0 = never */
    double rtc_offset_s;       /* /dev/rtc shows this much more than the truth */
    double rtc_ppm;
    double refclock_offset_s, refclock_jitter_s; /* what refclocks tell, more than the truth */
    int ptp_ways;       /* of reading /dev/ptp0: plain, extended, precise */
    int hardware;       /* stamps of eth0: 0 none, 1 of what leaves, 2 all */
    double soft_late_s; /* mean lateness (before sending: earliness) of the kernel's stamps */
    double tx_late_s;   /* stamps of what left can be read so much later */
    double ptp_step_at, ptp_step_s; /* somebody sets /dev/ptp0; 0 = never */
};

struct address {
    int family; /* AF_INET, AF_INET6, AF_UNIX */
    uint8_t ip[16];
    uint16_t port;
    char path[108];
};

struct packet {
    int64_t at; /* true time of arrival */
    struct address from, to;
    size_t length;
    uint8_t data[PACKET_MAX];
    bool real; /* from a real Unix socket */
    struct packet *next;
};

struct slot {
    bool used, connected, bound, pktinfo, stamp_rx, stamp_tx, hw_rx, hw_tx, hw_info;
    int family, type;
    struct address local, remote;
    uint32_t sent; /* number of the next transmit timestamp */
    bool tx_pending;
    int64_t tx_at; /* true time at which its stamp can be read */
    int64_t tx_soft_ns, tx_hw_ns;
    uint8_t tx_data[PACKET_MAX + 64]; /* the latest packet sent, with its headers */
    size_t tx_length;
};

struct world {
    bool ready;
    struct settings set;
    pid_t pid;
    pthread_t main_thread;
    FILE *trace;
    int64_t t;
    /* the program's clocks */
    long double real_ns, mono_ns, raw_ns; /* at t */
    double freq, rate;                    /* fractions */
    long tick, freq_scaled;
    int status, tai;
    long max_error_us, est_error_us;
    double slew_left_s; /* single-shot offset */
    int leap_state;
    int64_t last_leap_day;
    bool reading_moves; /* the start: each reading is a little later */
    long readings;      /* of clocks since the last wait */
    /* network */
    struct slot slots[SOCKETS_MAX];
    struct packet *queue;
    struct packet *question; /* of our client, on its way */
    struct packet *head;     /* reported, not received yet */
    int head_slot;
    int spins; /* waits without time passing */
    bool ended;
    int unix_bound;
    int real_fd, real_udp_fd;
    int64_t rtc_next;         /* its next second in true time; 0 = no interrupts */
    bool rtc_due;             /* reported, not read yet */
    int64_t rtc_adjust;       /* by setting it, ns */
    bool ptp_pulses;          /* /dev/ptp0 stamps the beginnings of seconds */
    int hw_config, hw_filter; /* as set by SIOCSHWTSTAMP */
    bool ptp_due;             /* one of them is reported, not read yet */
    int64_t next_question, next_sample;
    uint64_t random; /* what the program asks for takes part in it; not so: */
    struct rng oscillator;
};

extern struct world world;

__attribute__((noreturn)) void violation(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
void world_start(void);
/* Every replaced call that talks to the simulator begins with this: one thread only. */
void enter(const char *call);
void trace(const char *format, ...) __attribute__((format(printf, 1, 2)));
uint64_t random_bits(void);
double random_unit(void); /* in (0, 1) */

/* clock.c */
void clock_start(void);
void clock_advance(int64_t t); /* true time goes on to t */
int64_t clock_true_from_local(int64_t local_ns);
int64_t clock_true_ns(void); /* clock of day of the truth, ns since 1970 */

/* sockets.c: the C library's own */
ssize_t real_sendto(int fd, const void *data, size_t length, int flags, const struct sockaddr *to,
                    socklen_t size);
ssize_t real_recvfrom(int fd, void *data, size_t length, int flags, struct sockaddr *from,
                      socklen_t *size);
int real_unix_socket(const char *path);
int real_udp_socket(void);

/* rtc.c: the descriptor of /dev/rtc, and the time of its next interrupt if it comes before `limit`
 */
#define RTC_FD 200
int64_t rtc_now(void); /* ns since 1970 that it shows */
void rtc_arm(void);

/* refclocks.c */
#define PPS_FD 201
#define PTP_FD 202
void refclocks_renew(void);           /* while the program waits */
void refclocks_second(void);          /* a pulse */
int refclocks_open(const char *path); /* -1: none of them */
int refclocks_ioctl(int fd, unsigned long request, void *arg);
ssize_t refclocks_read(void *buf, size_t length); /* of PTP_FD */
int64_t refclocks_ptp_ns(void);

/* hardware.c: eth0 (index 2) stamps packets by the clock of /dev/ptp0 */
bool hardware_stamps(const struct slot *s, bool incoming);
int hardware_ioctl(unsigned long request, void *arg);
int64_t hardware_tx_due(const fd_set *exceptions, int count); /* INT64_MAX: none */
#define LINK_MBIT 100
#define ETHERNET_BYTES(s) (14 + ((s)->family == AF_INET ? 20 : 40) + 8)

/* network.c */
struct slot *slot_of(int fd);
bool packet_due(int64_t until, struct packet **p); /* earliest arrival, not later than until */
bool packet_before(int64_t t);
void network_send(struct slot *s, const struct address *to, const uint8_t *data, size_t length);
void network_drop(struct packet *p);
void network_enqueue(struct packet *p); /* to arrive at p->at; takes over p */
struct address node_address(int n, uint16_t port);
int slot_for(const struct packet *p);
void network_tick(void); /* once when time has passed */
void real_pause(void);
size_t address_to_sockaddr(const struct address *a, void *out, socklen_t size);
bool address_from_sockaddr(const void *in, socklen_t length, struct address *a);
void address_text(const struct address *a, char *buf, size_t size);

#endif
