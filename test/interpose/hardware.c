/* hardware.c - the interfaces of the node: lo (index 1) and eth0 (index 2), which can stamp packets
 * by the clock of /dev/ptp0 if the settings say so. */
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include <linux/ethtool.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>

#include "world.h"

bool hardware_stamps(const struct slot *s, bool incoming)
{
    if (!world.hw_config)
        return false;
    return incoming ? s->hw_rx && world.hw_filter != HWTSTAMP_FILTER_NONE : s->hw_tx;
}

int64_t hardware_tx_due(const fd_set *exceptions, int count)
{
    int64_t due = INT64_MAX;

    for (int i = 0; exceptions && i < SOCKETS_MAX && FIRST_SOCKET + i < count; i++) {
        const struct slot *s = &world.slots[i];

        if (s->used && s->tx_pending && FD_ISSET(FIRST_SOCKET + i, exceptions) && s->tx_at < due)
            due = s->tx_at;
    }
    return due;
}

/* --- names ----------------------------------------------------------------------------------- */

int getifaddrs(struct ifaddrs **out)
{
    static struct sockaddr_in lo = {.sin_family = AF_INET}, eth0 = {.sin_family = AF_INET};
    static struct ifaddrs list[2] = {{.ifa_next = &list[1], .ifa_name = "lo"},
                                     {.ifa_name = "eth0"}};

    enter("getifaddrs");
    lo.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    eth0.sin_addr.s_addr = htonl(0xc0a87b32);
    list[0].ifa_addr = (struct sockaddr *)&lo;
    list[1].ifa_addr = (struct sockaddr *)&eth0;
    *out = list;
    return 0;
}

void freeifaddrs(struct ifaddrs *list)
{
    (void)list;
}

/* --- requests to a driver -------------------------------------------------------------------- */

static int refuse(int sys)
{
    errno = sys;
    return -1;
}

static void fill_info(struct ethtool_ts_info *info)
{
    info->so_timestamping =
        SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
    info->phc_index = -1;
    if (world.set.hardware == 0)
        return;
    info->so_timestamping |=
        SOF_TIMESTAMPING_TX_HARDWARE | SOF_TIMESTAMPING_RX_HARDWARE | SOF_TIMESTAMPING_RAW_HARDWARE;
    info->phc_index = 0;
    info->tx_types = 1 << HWTSTAMP_TX_OFF | 1 << HWTSTAMP_TX_ON;
    info->rx_filters = 1 << HWTSTAMP_FILTER_NONE;
    if (world.set.hardware > 1)
        info->rx_filters |= 1 << HWTSTAMP_FILTER_ALL;
}

static int ethtool(void *arg)
{
    struct ethtool_cmd *settings = arg;

    if (*(uint32_t *)arg == ETHTOOL_GET_TS_INFO) {
        fill_info(arg);
        return 0;
    }
    if (*(uint32_t *)arg != ETHTOOL_GSET)
        return refuse(EINVAL);
    ethtool_cmd_speed_set(settings, LINK_MBIT);
    return 0;
}

int hardware_ioctl(unsigned long request, void *arg)
{
    struct ifreq *r = arg;
    bool eth0 = strcmp(r->ifr_name, "eth0") == 0;
    struct hwtstamp_config *config = (void *)r->ifr_data;

    if (!eth0 && strcmp(r->ifr_name, "lo") != 0)
        return refuse(ENODEV);
    if (request == SIOCGIFINDEX) {
        r->ifr_ifindex = eth0 ? 2 : 1;
        return 0;
    }
    if (request == SIOCETHTOOL)
        return eth0 ? ethtool(r->ifr_data) : refuse(EOPNOTSUPP);
    if (request != SIOCSHWTSTAMP && request != SIOCGHWTSTAMP)
        return refuse(EINVAL);
    if (!eth0 || world.set.hardware == 0)
        return refuse(EOPNOTSUPP);
    if (request == SIOCGHWTSTAMP) {
        *config =
            (struct hwtstamp_config){.tx_type = world.hw_config, .rx_filter = world.hw_filter};
        return 0;
    }
    if (config->rx_filter != HWTSTAMP_FILTER_NONE &&
        (world.set.hardware < 2 || config->rx_filter != HWTSTAMP_FILTER_ALL))
        return refuse(ERANGE);
    world.hw_config = config->tx_type;
    world.hw_filter = config->rx_filter;
    trace("stamping %d %d", config->tx_type, config->rx_filter);
    return 0;
}
