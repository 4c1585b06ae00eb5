/* address.c - addresses between our types and the system's. */
#include <netinet/in.h>
#include <string.h>

#include "chronyd/os/linux/internal.h"

/* `a` may be ADDR_NONE: then it is the wildcard address of `family`. */
socklen_t sockaddr_from_endpoint(struct sockaddr_storage *ss, enum addr_family family,
                                 const struct addr *a, uint16_t port)
{
    struct sockaddr_in in4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

    memset(ss, 0, sizeof *ss);
    if (family == ADDR_IPV4) {
        if (a->family == ADDR_IPV4)
            memcpy(&in4.sin_addr, a->bytes, 4);
        memcpy(ss, &in4, sizeof in4);
        return sizeof in4;
    }
    if (a->family == ADDR_IPV6)
        memcpy(&in6.sin6_addr, a->bytes, 16);
    memcpy(ss, &in6, sizeof in6);
    return sizeof in6;
}

bool endpoint_from_sockaddr(const struct sockaddr_storage *ss, struct endpoint *out)
{
    struct sockaddr_in in4;
    struct sockaddr_in6 in6;

    memset(out, 0, sizeof *out);
    if (ss->ss_family == AF_INET) {
        memcpy(&in4, ss, sizeof in4);
        out->addr.family = ADDR_IPV4;
        memcpy(out->addr.bytes, &in4.sin_addr, 4);
        out->port = ntohs(in4.sin_port);
        return true;
    }
    if (ss->ss_family == AF_INET6) {
        memcpy(&in6, ss, sizeof in6);
        out->addr.family = ADDR_IPV6;
        memcpy(out->addr.bytes, &in6.sin6_addr, 16);
        out->port = ntohs(in6.sin6_port);
        return true;
    }
    return false;
}
