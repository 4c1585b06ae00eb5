/* resolve.c - names to addresses, on one helper thread.
 *
 * The thread is started when the first name is asked for; literals never reach it. It calls nothing
 * but getaddrinfo(), handles no signal and touches no descriptor of the loop. For each answer it
 * writes one byte into a pipe. The pipe is waited for only while an answer is certain to come, and
 * is left blocking: in a world that reports it as readable at once, the read waits for the thread
 * (spec libc-surface section 2, rule 1). */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "chronyd/os/linux/internal.h"

#define NAME_MAX_BYTES 256
#define RESOLVER_STACK (256 * 1024)

enum query_state { QUERY_WAITING, QUERY_RUNNING, QUERY_DONE };

struct query {
    struct query *next;
    enum query_state state;
    bool literal;   /* answered at once, by the loop's thread */
    bool cancelled; /* nobody waits any more; only the loop's thread looks */
    uint32_t token;
    enum addr_family family;
    char name[NAME_MAX_BYTES];
    enum os_resolve_status status;
    size_t count;
    struct addr addrs[OS_RESOLVE_MAX];
    char error[80];
};

void resolver_init(struct resolver *r, bool plain)
{
    *r = (struct resolver){.pipe = {-1, -1}, .plain = plain};
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->work, NULL);
}

static void add_address(struct query *q, const struct sockaddr *sa)
{
    struct sockaddr_storage ss;
    struct endpoint e;

    memset(&ss, 0, sizeof ss);
    memcpy(&ss, sa,
           sa->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
    if (!endpoint_from_sockaddr(&ss, &e))
        return;
    for (size_t i = 0; i < q->count; i++) {
        if (addr_equal(&q->addrs[i], &e.addr))
            return;
    }
    q->addrs[q->count++] = e.addr;
}

static void look_up(struct query *q)
{
    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM}, *list = NULL;
    int result;

    hints.ai_family = q->family == ADDR_IPV4   ? AF_INET
                      : q->family == ADDR_IPV6 ? AF_INET6
                                               : AF_UNSPEC;
    result = getaddrinfo(q->name, NULL, &hints, &list);
    if (result != 0) {
        bool temporary = result == EAI_AGAIN || result == EAI_SYSTEM || result == EAI_MEMORY;

        q->status = temporary ? OS_RESOLVE_TEMPORARY : OS_RESOLVE_PERMANENT;
        (void)text_copy(q->error, sizeof q->error, gai_strerror(result));
        return;
    }
    for (const struct addrinfo *a = list; a && q->count < OS_RESOLVE_MAX; a = a->ai_next) {
        if (a->ai_addr && (a->ai_family == AF_INET || a->ai_family == AF_INET6))
            add_address(q, a->ai_addr);
    }
    freeaddrinfo(list);
    q->status = q->count > 0 ? OS_RESOLVED : OS_RESOLVE_PERMANENT;
}

/* The next one to look up; *round_begins: there was none for a while. NULL: the end has come. */
static struct query *next_query(struct resolver *r, bool *round_begins)
{
    struct query *q = NULL;

    *round_begins = false;
    pthread_mutex_lock(&r->lock);
    while (!r->ending) {
        for (q = r->queries; q && (q->literal || q->state != QUERY_WAITING); q = q->next)
            ;
        if (q)
            break;
        pthread_cond_wait(&r->work, &r->lock);
        *round_begins = true;
    }
    if (q)
        q->state = QUERY_RUNNING;
    pthread_mutex_unlock(&r->lock);
    return q;
}

/* The servers in resolv.conf may have changed since the last round: a laptop that moved. */
static void *resolver_main(void *arg)
{
    struct resolver *r = arg;
    struct query *q;
    bool round_begins;

    while ((q = next_query(r, &round_begins)) != NULL) {
        if (round_begins && !r->plain)
            (void)res_init();
        look_up(q);
        pthread_mutex_lock(&r->lock);
        q->state = QUERY_DONE;
        pthread_mutex_unlock(&r->lock);
        while (write(r->pipe[1], "", 1) < 0 && errno == EINTR)
            ;
    }
    return NULL;
}

/* Every signal is the loop's, but the one by which the system call filter reports a refusal: that
 * goes to the thread that made the call, and kills it if it is blocked. */
static bool resolver_start(struct resolver *r)
{
    pthread_attr_t attributes;
    sigset_t all, old;

    if (r->started)
        return true;
    if (r->broken || pipe2(r->pipe, O_CLOEXEC) < 0) {
        r->broken = true;
        return false;
    }
    (void)sigfillset(&all);
    (void)sigdelset(&all, SIGSYS);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    (void)pthread_attr_init(&attributes);
    (void)pthread_attr_setstacksize(&attributes, RESOLVER_STACK);
    r->started = pthread_create(&r->thread, &attributes, resolver_main, r) == 0;
    (void)pthread_attr_destroy(&attributes);
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    r->broken = !r->started;
    return r->started;
}

/* A thread that waits for a name server cannot be stopped; the process ends without it, and what it
 * works on stays. */
bool resolver_end(struct resolver *r)
{
    bool busy = false;

    pthread_mutex_lock(&r->lock);
    r->ending = true;
    for (const struct query *q = r->queries; q; q = q->next)
        busy = busy || q->state == QUERY_RUNNING;
    pthread_cond_signal(&r->work);
    pthread_mutex_unlock(&r->lock);
    if (busy) {
        (void)pthread_detach(r->thread);
        return false;
    }
    if (r->started) {
        (void)pthread_join(r->thread, NULL);
        (void)close(r->pipe[0]);
        (void)close(r->pipe[1]);
    }
    while (r->queries) {
        struct query *q = r->queries;

        r->queries = q->next;
        free(q);
    }
    return true;
}

static bool literal_answer(struct query *q)
{
    struct addr a;

    if (!addr_parse(q->name, &a))
        return false;
    q->literal = true;
    q->state = QUERY_DONE;
    if (q->family == ADDR_NONE || q->family == a.family) {
        q->status = OS_RESOLVED;
        q->addrs[q->count++] = a;
    } else {
        q->status = OS_RESOLVE_PERMANENT;
        (void)text_copy(q->error, sizeof q->error, "Address of another family");
    }
    return true;
}

static void append(struct resolver *r, struct query *q)
{
    struct query **end = &r->queries;

    pthread_mutex_lock(&r->lock);
    while (*end)
        end = &(*end)->next;
    *end = q;
    if (!q->literal)
        pthread_cond_signal(&r->work);
    pthread_mutex_unlock(&r->lock);
}

void world_resolve(void *ctx, uint32_t token, const char *name, enum addr_family family)
{
    struct world *w = ctx;
    struct resolver *r = &w->resolver;
    struct query *q = calloc(1, sizeof *q);
    bool fits;

    if (!q)
        return;
    q->token = token;
    q->family = family;
    fits = text_copy(q->name, sizeof q->name, name);
    if (fits && literal_answer(q)) {
        r->answerable++;
    } else if (fits && resolver_start(r)) {
        r->in_flight++;
    } else {
        q->literal = true;
        q->state = QUERY_DONE;
        q->status = fits ? OS_RESOLVE_TEMPORARY : OS_RESOLVE_PERMANENT;
        (void)text_copy(q->error, sizeof q->error, fits ? "No resolver" : "Name is too long");
        r->answerable++;
    }
    append(r, q);
}

void world_resolve_cancel(void *ctx, uint32_t token)
{
    struct world *w = ctx;

    pthread_mutex_lock(&w->resolver.lock);
    for (struct query *q = w->resolver.queries; q; q = q->next) {
        if (q->token == token)
            q->cancelled = true;
    }
    pthread_mutex_unlock(&w->resolver.lock);
}

/* Take the oldest finished query of the kind out of the list. */
static struct query *take_done(struct resolver *r, bool literal)
{
    struct query **at, *q;

    pthread_mutex_lock(&r->lock);
    at = &r->queries;
    while (*at && ((*at)->state != QUERY_DONE || (*at)->literal != literal))
        at = &(*at)->next;
    q = *at;
    if (q)
        *at = q->next;
    pthread_mutex_unlock(&r->lock);
    return q;
}

static void deliver(struct query *q, world_handler handle_event, void *ctx)
{
    struct event ev = {.type = EVENT_RESOLVED};

    ev.resolved.token = q->token;
    ev.resolved.status = q->status;
    ev.resolved.count = q->count;
    memcpy(ev.resolved.addrs, q->addrs, sizeof q->addrs);
    memcpy(ev.resolved.error, q->error, sizeof q->error);
    if (!q->cancelled)
        handle_event(ctx, &ev);
    free(q);
}

void resolver_answer(struct world *w, world_handler handle_event, void *ctx)
{
    struct resolver *r = &w->resolver;
    struct query *q;
    char byte;
    ssize_t n;

    do
        n = read(r->pipe[0], &byte, 1);
    while (n < 0 && errno == EINTR);
    r->in_flight--;
    q = take_done(r, false);
    if (q)
        deliver(q, handle_event, ctx);
}

void resolver_answer_literals(struct world *w, world_handler handle_event, void *ctx)
{
    int count = w->resolver.answerable; /* those that a handler asks for now come next time */

    while (count-- > 0) {
        struct query *q = take_done(&w->resolver, true);

        w->resolver.answerable--;
        if (q)
            deliver(q, handle_event, ctx);
    }
}
