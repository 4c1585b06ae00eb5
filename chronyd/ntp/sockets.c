/* sockets.c - which association an event on a socket is for, found without asking each of them. */
#include "chronyd/ntp/association_private.h"

/* The two kinds of entries in one table: sockets, and datagrams on sockets that many share. */
static uint32_t socket_number(int sock)
{
    return hash_number((uint32_t)sock);
}

static uint32_t stamp_number(int sock, uint32_t tx_id)
{
    return hash_number(((uint64_t)(uint32_t)sock + 1) << 32 | tx_id);
}

struct association *association_of_socket(const struct ntp_room *room, int sock)
{
    struct association *a;
    size_t at = 0;

    while (sock >= 0 && (a = hash_next(&room->waiting, socket_number(sock), &at))) {
        if (a->sock == sock)
            return a;
    }
    return NULL;
}

struct association *association_of_stamp(const struct ntp_room *room, int sock, uint32_t tx_id)
{
    struct association *a;
    size_t at = 0;

    while ((a = hash_next(&room->waiting, stamp_number(sock, tx_id), &at))) {
        if (a->request.sock == sock && a->request.tx_id == tx_id)
            return a;
    }
    return NULL;
}

/* --- a socket of its own ---------------------------------------------------------------------- */

static void line_up(struct association *a)
{
    struct ntp_room *room = a->room;

    a->older_sock = room->newest_sock;
    a->newer_sock = NULL;
    if (room->newest_sock)
        room->newest_sock->newer_sock = a;
    else
        room->oldest_sock = a;
    room->newest_sock = a;
}

static void leave_line(struct association *a)
{
    struct ntp_room *room = a->room;

    if (a->older_sock)
        a->older_sock->newer_sock = a->newer_sock;
    else
        room->oldest_sock = a->newer_sock;
    if (a->newer_sock)
        a->newer_sock->older_sock = a->older_sock;
    else
        room->newest_sock = a->older_sock;
}

/* False: out of memory, the socket is closed. */
bool sockets_own(struct association *a, int sock)
{
    if (!hash_add(&a->room->waiting, socket_number(sock), a)) {
        a->room->os.ops->udp_close(a->room->os.ctx, sock);
        return false;
    }
    a->sock = sock;
    line_up(a);
    return true;
}

void sockets_close(struct association *a)
{
    timer_cancel(a->room->timers, &a->close_timer);
    if (a->sock < 0)
        return;
    a->room->os.ops->udp_close(a->room->os.ctx, a->sock);
    hash_remove(&a->room->waiting, socket_number(a->sock), a);
    leave_line(a);
    a->sock = -1;
}

bool association_free_socket(struct ntp_room *room)
{
    struct association *oldest = room->oldest_sock;

    if (oldest)
        sockets_close(oldest);
    return oldest != NULL;
}

/* --- a socket that many share ----------------------------------------------------------------- */

/* Without memory the daemon's own timestamp has to do. */
void sockets_expect_stamp(struct association *a)
{
    a->stamp_expected =
        hash_add(&a->room->waiting, stamp_number(a->request.sock, a->request.tx_id), a);
}

void sockets_forget_stamp(struct association *a)
{
    if (a->stamp_expected)
        hash_remove(&a->room->waiting, stamp_number(a->request.sock, a->request.tx_id), a);
    a->stamp_expected = false;
}
