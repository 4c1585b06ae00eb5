/* hwstamp.c - network interfaces that stamp packets: switching it on, and their clocks. */
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "chronyd/os/linux/internal.h"
#include "features.h"

size_t world_interfaces(void *ctx, char (*names)[OS_INTERFACE_NAME_MAX], size_t max)
{
    struct ifaddrs *list = NULL;
    size_t count = 0;

    (void)ctx;
    if (getifaddrs(&list) < 0)
        return 0;
    for (const struct ifaddrs *i = list; i && count < max; i = i->ifa_next) {
        size_t seen = 0;

        while (seen < count && strcmp(names[seen], i->ifa_name) != 0)
            seen++;
        /* One line per address, and for an address an alias may be told. */
        if (seen == count && !strchr(i->ifa_name, ':') &&
            text_copy(names[count], OS_INTERFACE_NAME_MAX, i->ifa_name))
            count++;
    }
    freeifaddrs(list);
    return count;
}

#ifdef HAVE_TIMESTAMPING
#include <linux/ethtool.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>

#define READINGS 10
#define SPEED_MAX 1000000 /* Mb/s; beyond this a driver does not know */
#define FRAME_CHECK_BYTES 4
#define FRAME_BYTES_MAX 65536

static bool has(uint32_t bits, int which)
{
    return bits & UINT32_C(1) << which;
}

/* The filter to set: 0 is HWTSTAMP_FILTER_NONE. What is asked for and not supported is none, as a
 * filter that stamps less than what is wanted stamps nothing of it. */
static int choose_filter(const struct ethtool_ts_info *info, enum os_rx_filter wanted)
{
    const struct {
        enum os_rx_filter for_whom;
        int filter;
    } ways[] = {
        {HWTS_FILTER_NTP, HWTSTAMP_FILTER_NTP_ALL},
        {HWTS_FILTER_PTP, HWTSTAMP_FILTER_PTP_V2_L4_EVENT},
        {HWTS_FILTER_PTP, HWTSTAMP_FILTER_PTP_V2_EVENT},
        {HWTS_FILTER_ALL, HWTSTAMP_FILTER_ALL},
    };

    if (!(info->so_timestamping & SOF_TIMESTAMPING_RX_HARDWARE))
        return HWTSTAMP_FILTER_NONE;
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        bool fits = wanted == ways[i].for_whom ||
                    (wanted == HWTS_FILTER_AUTO && ways[i].for_whom != HWTS_FILTER_PTP);

        if (fits && has(info->rx_filters, ways[i].filter))
            return ways[i].filter;
    }
    return HWTSTAMP_FILTER_NONE;
}

/* Without the right to change it (or if the driver cannot), what is set already may do. The driver
 * may also stamp more than it was asked to. */
static bool configure(const struct world *w, const char *name, int filter,
                      struct hwtstamp_config *config)
{
    struct ifreq request;

    memset(&request, 0, sizeof request);
    *config = (struct hwtstamp_config){.tx_type = HWTSTAMP_TX_ON, .rx_filter = filter};
    request.ifr_data = (void *)config;
    if (interface_ask(w, name, SIOCSHWTSTAMP, &request))
        return true;
    memset(&request, 0, sizeof request);
    *config = (struct hwtstamp_config){.flags = 0};
    request.ifr_data = (void *)config;
    return interface_ask(w, name, SIOCGHWTSTAMP, &request) && config->tx_type == HWTSTAMP_TX_ON &&
           (config->rx_filter == filter || config->rx_filter == HWTSTAMP_FILTER_ALL);
}

/* Seconds that a byte takes on the wire; 0 if the interface does not tell. */
static double byte_time_s(const struct world *w, const char *name)
{
    struct ethtool_cmd settings;
    struct ifreq request;
    uint32_t speed;

    memset(&settings, 0, sizeof settings);
    memset(&request, 0, sizeof request);
    settings.cmd = ETHTOOL_GSET;
    request.ifr_data = (void *)&settings;
    if (!interface_ask(w, name, SIOCETHTOOL, &request))
        return 0.0;
    speed = ethtool_cmd_speed(&settings);
    return speed == 0 || speed > SPEED_MAX ? 0.0 : 8e-6 / speed;
}

static int open_clock(const char *path)
{
    int fd = open(path, O_RDONLY);

    if (fd >= 0 && !phc_is_clock(fd)) {
        (void)close(fd);
        return -1;
    }
    if (fd >= 0)
        set_descriptor_flags(fd);
    return fd;
}

static bool can_stamp(const struct ethtool_ts_info *info)
{
    const uint32_t needed = SOF_TIMESTAMPING_TX_HARDWARE | SOF_TIMESTAMPING_RAW_HARDWARE;

    return (info->so_timestamping & needed) == needed && has(info->tx_types, HWTSTAMP_TX_ON);
}

static bool enable(struct world *w, const struct os_hwstamp_params *p, struct hw_port *port,
                   struct err *err)
{
    struct ethtool_ts_info info;
    struct hwtstamp_config config;
    struct ifreq request;
    char path[PHC_PATH_MAX];

    memset(&request, 0, sizeof request);
    if (!interface_ask(w, p->interface, SIOCGIFINDEX, &request))
        return err_set_sys(err, ERR_MISSING, errno, "No such interface");
    port->interface = request.ifr_ifindex;
    if (!phc_of_interface(w, p->interface, &info))
        return err_set_sys(err, ERR_UNSUPPORTED, errno, "Could not ask for what it can");
    if (!can_stamp(&info))
        return err_set(err, ERR_UNSUPPORTED, "Not supported by the interface");
    if (info.phc_index < 0)
        return err_set(err, ERR_UNSUPPORTED, "It has no clock");
    if (!configure(w, p->interface, choose_filter(&info, p->filter), &config))
        return err_set_sys(err, ERR_UNSUPPORTED, errno, "Could not configure it");
    port->clock = (int)info.phc_index;
    port->receives = config.rx_filter != HWTSTAMP_FILTER_NONE;
    port->byte_s = byte_time_s(w, p->interface);
    port->ways = (struct phc_ways){.no_cross_stamps = p->no_cross_stamps};
    port->fd = open_clock(phc_path(port->clock, path));
    if (port->fd < 0)
        return err_from_errno(err, "Could not open %s", path);
    return true;
}

bool world_hwstamp_enable(void *ctx, const struct os_hwstamp_params *params,
                          struct os_hwstamp_port *out, struct err *err)
{
    struct world *w = ctx;
    struct hw_port *port;

    if (!w->hw_ports)
        w->hw_ports = calloc(OS_HWSTAMP_PORTS_MAX, sizeof *w->hw_ports);
    if (!w->hw_ports || w->hw_count == OS_HWSTAMP_PORTS_MAX)
        return err_set(err, ERR_LIMIT, "No memory for another interface");
    port = &w->hw_ports[w->hw_count];
    if (!enable(w, params, port, err))
        return false;
    *out = (struct os_hwstamp_port){++w->hw_count, port->interface, port->receives};
    return true;
}

/* The comparison that took least time is the best one. */
bool world_hwclock_read(void *ctx, int clock, struct os_hwclock_reading *out)
{
    struct world *w = ctx;
    struct phc_reading readings[PHC_READINGS_MAX], best;
    struct hw_port *port;
    size_t count;

    if (clock < 1 || clock > w->hw_count)
        return false;
    port = &w->hw_ports[clock - 1];
    count = phc_read(port->fd, &port->ways, readings, READINGS);
    if (count == 0)
        return false;
    best = readings[0];
    for (size_t i = 1; i < count; i++) {
        if (phc_duration_ns(&readings[i]) < phc_duration_ns(&best))
            best = readings[i];
    }
    out->stamp.ns = best.before_ns + phc_duration_ns(&best) / 2;
    out->clock_ns = best.device_ns;
    out->error_s = s_from_ns(phc_duration_ns(&best)) / 2;
    return true;
}

static bool clocks_are_one(const struct world *w)
{
    for (int i = 1; i < w->hw_count; i++) {
        if (w->hw_ports[i].clock != w->hw_ports[0].clock)
            return false;
    }
    return w->hw_count > 0;
}

/* An interface that is not among those that stamp may lie upon one (a VLAN, a bond), or may not be
 * told: if there is only one clock, it was that. A wrong guess does not fit the kernel's stamp and
 * is found out. */
void hwstamp_fill(const struct world *w, int interface, size_t frame_bytes, int64_t ns,
                  struct os_hw_stamp *out)
{
    int found = clocks_are_one(w) ? 0 : -1;

    for (int i = 0; i < w->hw_count; i++) {
        if (w->hw_ports[i].interface == interface)
            found = i;
    }
    if (found < 0)
        return;
    *out = (struct os_hw_stamp){.clock = found + 1, .ns = ns};
    if (frame_bytes > 0 && frame_bytes <= FRAME_BYTES_MAX)
        out->frame_s = (double)(frame_bytes + FRAME_CHECK_BYTES) * w->hw_ports[found].byte_s;
}

void hwstamp_close(struct world *w)
{
    for (int i = 0; i < w->hw_count; i++)
        (void)close(w->hw_ports[i].fd);
    free(w->hw_ports);
    w->hw_ports = NULL;
    w->hw_count = 0;
}
#else
bool world_hwstamp_enable(void *ctx, const struct os_hwstamp_params *params,
                          struct os_hwstamp_port *out, struct err *err)
{
    (void)ctx;
    (void)params;
    (void)out;
    return err_set(err, ERR_UNSUPPORTED, "Not built in");
}

bool world_hwclock_read(void *ctx, int clock, struct os_hwclock_reading *out)
{
    (void)ctx;
    (void)clock;
    (void)out;
    return false;
}

void hwstamp_fill(const struct world *w, int interface, size_t frame_bytes, int64_t ns,
                  struct os_hw_stamp *out)
{
    (void)w;
    (void)interface;
    (void)frame_bytes;
    (void)ns;
    (void)out;
}

void hwstamp_close(struct world *w)
{
    (void)w;
}
#endif
