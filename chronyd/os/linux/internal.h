/* internal.h - what the files of this folder share: the one Linux world and its parts.
 *
 * A slot is a descriptor that the loop waits for; its index is the handle that the daemon knows.
 * Handlers may close and open slots while a set of ready descriptors is being worked through, so
 * each use of a slot has its own serial number. */
#ifndef CHRONYD_OS_LINUX_INTERNAL_H
#define CHRONYD_OS_LINUX_INTERNAL_H

#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>

#include "chronyd/os/linux/phc.h"
#include "chronyd/os/linux/world.h"

#define DATAGRAM_MAX 2048 /* longer ones are cut; nobody sends such */
#define CONTROL_MAX 512   /* ancillary data of one datagram, with room for what an option adds */
#define BATCH_MAX 32      /* datagrams received or sent with one call */
#define STREAMS_MAX 1024  /* clients of stream sockets at a time, if descriptors suffice */

enum slot_kind { SLOT_FREE, SLOT_UDP, SLOT_UNIX, SLOT_LISTENER, SLOT_STREAM, SLOT_REFCLOCK };

struct refclock_device; /* refclock.h */

struct slot {
    enum slot_kind kind;
    int fd;
    uint32_t serial;
    /* UDP */
    enum os_udp_use use;
    enum addr_family family;
    bool connected;
    struct endpoint remote;
    bool tx_stamps;        /* transmit timestamps may come */
    bool tx_stamp_by_call; /* they are asked for with each datagram that wants one */
    uint32_t tx_next;      /* number of the next datagram that gets a timestamp ... */
    bool numbered;         /* the number goes with the datagram */
    uint32_t tx_base;      /* ... and the one at which the kernel's own count was last zero */
    /* Unix sockets */
    char *path;
    /* streams */
    int listener;
    bool blocked; /* the peer reads slowly: tell when it can be written again */
    /* reference clocks */
    struct refclock_device *refclock;
    bool silent; /* is asked, never waited for */
};

/* A datagram that waits for the end of the batch. */
struct queued {
    int slot;
    struct os_datagram d;
    bool stamped;
    uint8_t data[DATAGRAM_MAX];
};

/* A network interface that stamps packets. */
struct hw_port {
    int interface, clock, fd; /* indices of it and of its clock, the clock's device */
    bool receives;
    double byte_s; /* of a byte on the wire; 0 = not known */
    struct phc_ways ways;
};

struct world_clock {
    bool control; /* wanted (-x) and permitted */
    bool prepared;
    long tick_nominal;   /* microseconds per tick of the user interface */
    double ppm_per_tick; /* rate of one tick step */
    double rate_ppm;
    double resolution_s;
};

struct query; /* resolve.c */

struct resolver {
    bool started, ending, broken;
    pthread_t thread;
    pthread_mutex_t lock; /* protects the list's links and the queries' states */
    pthread_cond_t work;
    struct query *queries; /* in the order of asking */
    int pipe[2];
    int in_flight;  /* with the thread: exactly so many bytes will still come */
    int answerable; /* literals, answered without the thread */
    bool plain;     /* restricted world */
};

struct buffers {
    struct mmsghdr headers[BATCH_MAX];
    struct iovec parts[BATCH_MAX];
    struct sockaddr_storage names[BATCH_MAX];
    _Alignas(struct cmsghdr) uint8_t control[BATCH_MAX][CONTROL_MAX];
    uint8_t data[BATCH_MAX][DATAGRAM_MAX];
};

struct world {
    struct log log;
    bool restricted;
    uint32_t uid, gid;
    struct world_clock clock;

    struct slot *slots;
    size_t slot_count;
    uint32_t next_serial;
    struct pollfd *polls;
    struct {
        int slot;
        uint32_t serial;
    } * poll_slots;
    size_t poll_size;

    bool stop_asked; /* a signal's note, taken but not handed on yet */
    bool timer_was_due;
    int timer_fd; /* wakes the loop with a resolution of nanoseconds; -1 in a restricted world */
    struct mono timer_set;
    int rtc_fd; /* -1 = not open */
    bool rtc_ticks;
    bool sockets_to_bind;    /* of reference clocks, after the command socket */
    int clock_fd;            /* becomes readable when the clock is set; -1 = none */
    int network_fd;          /* rtnetlink; -1 = none */
    struct mono network_due; /* not listened to before this: changes come in swarms */

    int streams_max;        /* what the limit on descriptors leaves for clients of streams */
    struct mono accept_due; /* nobody is let in before this: there was no descriptor */

    int adopted_first, adopted_count; /* descriptors of the service manager */
    struct resolver resolver;

    struct hw_port *hw_ports;
    int hw_count;
    enum { NUMBERS_UNTRIED, NUMBERS_TAKEN, NUMBERS_REFUSED } numbers; /* that we choose */

    pid_t mailer; /* the last one that was started, 0 = none */
    bool batching;
    struct queued *queue;
    int queue_length;
    struct buffers *in;
    uint8_t random[256];
    size_t random_left;
};

/* A time that a driver or another process told, in nanoseconds; false if it is none. */
#define SECONDS_MAX INT64_C(9000000000) /* leaves room for sums in 64 bits of nanoseconds */
static inline bool ns_from_parts(int64_t seconds, int64_t ns, int64_t *out)
{
    if (seconds < -SECONDS_MAX || seconds > SECONDS_MAX || ns < 0 || ns >= NS_PER_S)
        return false;
    *out = seconds * NS_PER_S + ns;
    return true;
}

/* slots.c */
int slot_add(struct world *w, enum slot_kind kind, int fd); /* takes over fd; -1: no memory */
struct slot *slot_get(struct world *w, int handle, enum slot_kind kind); /* NULL: not one */
void slot_close(struct world *w, int handle);
int socket_plain(const struct world *w, int domain, int type); /* close-on-exec, non-blocking */
void set_descriptor_flags(int fd);
/* For reading and writing, or at least for reading; close-on-exec. -1 with errno set. */
int open_device(const char *path);

/* clock.c */
void clock_init(struct world *w, bool wanted);
struct mono world_mono(void *ctx);
struct utc world_utc(void *ctx);
double world_suspended_s(void *ctx);
void world_clock_info(void *ctx, struct os_clock_info *out);
bool world_set_rate(void *ctx, double rate_ppm, double *applied_ppm, struct err *err);
bool world_step(void *ctx, double offset_s, struct err *err);
bool world_set_clock_status(void *ctx, const struct os_clock_status *status, struct err *err);

/* rtc.c */
bool world_rtc_open(void *ctx, const char *device, struct err *err);
void world_rtc_close(void *ctx);
bool world_rtc_ticks(void *ctx, bool on, struct err *err);
bool world_rtc_set(void *ctx, const struct utc_calendar *to, struct err *err);
bool world_rtc_read(void *ctx, const char *device, struct utc_calendar *shows, struct utc *stamp,
                    struct err *err);
void rtc_tick(struct world *w, world_handler handle_event, void *ctx);

/* refclock.c */
int world_refclock_open(void *ctx, const struct os_refclock_params *params, bool *polled,
                        struct err *err);
bool world_refclock_poll(void *ctx, int clock, struct os_refclock_sample *out);
void world_refclock_close(void *ctx, int clock);
void refclock_receive(struct world *w, int handle, world_handler handle_event, void *ctx);
void refclock_sock_bind_late(struct world *w);

/* random.c */
void world_random(void *ctx, void *out, size_t length);

/* address.c */
socklen_t sockaddr_from_endpoint(struct sockaddr_storage *ss, enum addr_family family,
                                 const struct addr *a, uint16_t port);
bool endpoint_from_sockaddr(const struct sockaddr_storage *ss, struct endpoint *out);

/* error.c */
/* A call has failed: err_set_sys() with what errno says, and the code that it stands for. */
bool err_from_errno(struct err *err, const char *format, ...) PRINTF_LIKE(2, 3);

/* udp.c, udp_send.c, udp_receive.c */
int world_udp_open(void *ctx, const struct os_udp_params *params, struct err *err);
void world_udp_close(void *ctx, int sock);
bool world_has_route(void *ctx, const struct addr *to);
/* Will the kernel let us choose the number of a transmit timestamp (Linux 6.13)? Asks on a socket
 * with stamps. */
bool udp_takes_numbers(struct world *w);
void udp_restart_tx_count(const struct world *w, struct slot *s);
bool world_udp_send(void *ctx, const struct os_datagram *d, uint32_t *tx_id, struct err *err);
void udp_flush(struct world *w);
void udp_receive(struct world *w, int handle, world_handler handle_event, void *ctx);
void udp_read_errors(struct world *w, int handle, world_handler handle_event, void *ctx);

/* hwstamp.c */
size_t world_interfaces(void *ctx, char (*names)[OS_INTERFACE_NAME_MAX], size_t max);
bool world_hwstamp_enable(void *ctx, const struct os_hwstamp_params *params,
                          struct os_hwstamp_port *out, struct err *err);
bool world_hwclock_read(void *ctx, int clock, struct os_hwclock_reading *out);
/* What the kernel told of an interface's stamp (frame_bytes 0: not how long the frame was); *out
 * stays as it is if it is of no interface of ours. */
void hwstamp_fill(const struct world *w, int interface, size_t frame_bytes, int64_t ns,
                  struct os_hw_stamp *out);
void hwstamp_close(struct world *w);

/* unix.c */
int world_unix_open(void *ctx, const char *path, struct err *err);
void world_unix_close(void *ctx, int sock);
bool world_unix_send(void *ctx, const struct os_datagram *d, struct err *err);
void unix_receive(struct world *w, int handle, world_handler handle_event, void *ctx);

/* stream.c */
int world_stream_listen(void *ctx, const char *path, unsigned mode, const char *group,
                        struct err *err);
int world_stream_connect(void *ctx, const char *path, struct err *err);
long world_stream_send(void *ctx, int stream, const void *data, size_t length);
void world_stream_close(void *ctx, int stream);
void stream_accept(struct world *w, int handle, world_handler handle_event, void *ctx);
void stream_ready(struct world *w, int handle, short events, world_handler handle_event, void *ctx);

/* resolve.c */
void resolver_init(struct resolver *r, bool plain);
/* False: the thread is still waiting for a name server, so the resolver's memory has to stay. */
bool resolver_end(struct resolver *r);
void world_resolve(void *ctx, uint32_t token, const char *name, enum addr_family family);
void world_resolve_cancel(void *ctx, uint32_t token);
/* An answer is due: wait for it (the byte in the pipe) and hand it on. */
void resolver_answer(struct world *w, world_handler handle_event, void *ctx);
void resolver_answer_literals(struct world *w, world_handler handle_event, void *ctx);

/* files.c */
bool world_file_read(void *ctx, const char *path, size_t max, char **data, size_t *length,
                     struct err *err);
bool world_file_replace(void *ctx, const char *path, const void *data, size_t length, unsigned mode,
                        struct err *err);
bool world_file_remove(void *ctx, const char *path, struct err *err);
bool world_file_mtime(void *ctx, const char *path, struct utc *out);
bool world_file_mode(void *ctx, const char *path, unsigned *mode);
int world_append_open(void *ctx, const char *path, unsigned mode, struct err *err);
bool world_append_write(void *ctx, int file, const void *data, size_t length, struct err *err);
void world_append_close(void *ctx, int file);
bool world_glob(void *ctx, const char *pattern, char ***paths, size_t *count, struct err *err);

/* mail.c */
bool world_send_mail(void *ctx, const char *message, size_t length, struct err *err);
void mailer_bury(struct world *w);
/* All of it, or false with errno set. */
bool write_all(int fd, const void *data, size_t length);

/* watch.c */
void watch_network(struct world *w, world_handler handle_event, void *ctx);
void watch_clock(struct world *w, world_handler handle_event, void *ctx);
void watch_close(struct world *w);

#endif
