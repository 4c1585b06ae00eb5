#include "chronyc/resolve.h"

#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/text.h"

static bool family_fits(const struct addr *a, enum family_choice family)
{
    return family == FAMILY_ANY || (family == FAMILY_IPV4 && a->family == ADDR_IPV4) ||
           (family == FAMILY_IPV6 && a->family == ADDR_IPV6);
}

static bool addr_from_sockaddr(const struct sockaddr *sa, struct addr *out)
{
    memset(out, 0, sizeof(*out));
    if (sa->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)sa;

        out->family = ADDR_IPV4;
        memcpy(out->bytes, &in->sin_addr, 4);
        return true;
    }
    if (sa->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)sa;

        /* A scope cannot be carried by the protocol. */
        if (in6->sin6_scope_id != 0)
            return false;
        out->family = ADDR_IPV6;
        memcpy(out->bytes, &in6->sin6_addr, 16);
        return true;
    }
    return false;
}

size_t resolve_name(const char *name, enum family_choice family, struct addr *out, size_t max)
{
    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM}, *list = NULL;
    size_t count = 0;
    struct addr a;

    if (max == 0 || name[0] == '\0')
        return 0;
    if (addr_parse(name, &a)) {
        out[0] = a;
        return family_fits(&a, family) ? 1 : 0;
    }
    hints.ai_family = family == FAMILY_IPV4   ? AF_INET
                      : family == FAMILY_IPV6 ? AF_INET6
                                              : AF_UNSPEC;
    if (getaddrinfo(name, NULL, &hints, &list) != 0)
        return 0;
    for (const struct addrinfo *ai = list; ai && count < max; ai = ai->ai_next)
        if (addr_from_sockaddr(ai->ai_addr, &a) && family_fits(&a, family))
            out[count++] = a;
    freeaddrinfo(list);
    return count;
}

bool resolve_address(const struct addr *a, char *name, size_t size)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    char host[NI_MAXHOST];
    int failed;

    if (a->family == ADDR_IPV4) {
        memcpy(&in.sin_addr, a->bytes, 4);
        failed = getnameinfo((const struct sockaddr *)&in, sizeof(in), host, sizeof(host), NULL, 0,
                             NI_NAMEREQD);
    } else if (a->family == ADDR_IPV6) {
        memcpy(&in6.sin6_addr, a->bytes, 16);
        failed = getnameinfo((const struct sockaddr *)&in6, sizeof(in6), host, sizeof(host), NULL,
                             0, NI_NAMEREQD);
    } else {
        return false;
    }
    if (failed)
        return false;
    /* A name server is a stranger too: nothing that could steer a terminal or forge columns. */
    for (const char *c = host; *c != '\0'; c++)
        if (*c <= ' ' || *c >= 0x7f || *c == ',')
            return false;
    return text_copy(name, size, host);
}
