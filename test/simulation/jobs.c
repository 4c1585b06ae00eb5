/* jobs.c - fork, pipes and patience. */
#include "test/simulation/jobs.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORKERS_MAX 64

struct worker {
    pid_t pid;
    int fd;      /* results come from here; -1 = gone */
    size_t next; /* the item whose result comes next */
    size_t have; /* bytes of it */
    char part[JOB_BYTES_MAX];
};

struct outcome {
    bool ready;
    int signal; /* the worker died of it; 0 = there is a result */
    void *result;
};

struct pool {
    const struct jobs *jobs;
    struct worker workers[WORKERS_MAX];
    int count;
    struct outcome *outcomes;
    size_t told, finished;
    bool stopped, on_terminal;
    time_t shown;
};

static void run_here(const struct jobs *j)
{
    void *result = malloc(j->result_bytes);
    bool go_on = true, on_terminal = isatty(STDERR_FILENO) != 0 && j->count > 1;
    time_t shown = time(NULL);

    assert(result);
    for (size_t i = 0; i < j->count && go_on; i++) {
        memset(result, 0, j->result_bytes);
        j->work(j->ctx, i, result);
        if (on_terminal)
            fputs("\r\033[K", stderr);
        go_on = j->done(j->ctx, i, result, 0);
        if (on_terminal && go_on && time(NULL) != shown) {
            shown = time(NULL);
            fprintf(stderr, "\r%s: %zu of %zu ", j->label, i + 1, j->count);
        }
    }
    if (on_terminal)
        fputs("\r\033[K", stderr);
    free(result);
}

static bool write_all(int fd, const char *data, size_t length)
{
    while (length > 0) {
        ssize_t n = write(fd, data, length);

        if (n < 0 && errno != EINTR)
            return false;
        if (n > 0) {
            data += n;
            length -= (size_t)n;
        }
    }
    return true;
}

static void worker_main(const struct pool *p, size_t first, int fd)
{
    const struct jobs *j = p->jobs;
    char *result = malloc(j->result_bytes);

    assert(result);
    for (size_t i = first; i < j->count; i += (size_t)p->count) {
        memset(result, 0, j->result_bytes);
        j->work(j->ctx, i, result);
        if (!write_all(fd, result, j->result_bytes))
            break;
    }
    free(result);
    fflush(NULL);
    _exit(0);
}

static void start_worker(struct pool *p, struct worker *w, size_t first)
{
    int fds[2];

    w->fd = -1;
    w->next = first;
    w->have = 0;
    if (first >= p->jobs->count)
        return;
    if (pipe(fds) != 0) {
        perror("simulate: pipe");
        exit(2);
    }
    fflush(NULL);
    w->pid = fork();
    if (w->pid < 0) {
        perror("simulate: fork");
        exit(2);
    }
    if (w->pid == 0) {
        close(fds[0]);
        for (int i = 0; i < p->count; i++) {
            if (p->workers[i].fd >= 0)
                close(p->workers[i].fd);
        }
        worker_main(p, first, fds[1]);
    }
    close(fds[1]);
    w->fd = fds[0];
}

static void show_progress(struct pool *p)
{
    time_t now = time(NULL);

    if (!p->on_terminal || now == p->shown)
        return;
    p->shown = now;
    fprintf(stderr, "\r%s: %zu of %zu ", p->jobs->label, p->finished, p->jobs->count);
    fflush(stderr);
}

static void tell(struct pool *p)
{
    const struct jobs *j = p->jobs;

    while (p->told < j->count && p->outcomes[p->told].ready && !p->stopped) {
        struct outcome *o = &p->outcomes[p->told];

        if (p->on_terminal)
            fputs("\r\033[K", stderr);
        p->stopped = !j->done(j->ctx, p->told, o->signal ? NULL : o->result, o->signal);
        free(o->result);
        o->result = NULL;
        p->told++;
    }
}

static void finish_item(struct pool *p, struct worker *w, int signal)
{
    struct outcome *o = &p->outcomes[w->next];

    o->ready = true;
    o->signal = signal;
    if (!signal) {
        o->result = malloc(p->jobs->result_bytes);
        assert(o->result);
        memcpy(o->result, w->part, p->jobs->result_bytes);
    }
    w->next += (size_t)p->count;
    w->have = 0;
    p->finished++;
}

static void worker_ended(struct pool *p, struct worker *w)
{
    int status = 0;

    close(w->fd);
    w->fd = -1;
    waitpid(w->pid, &status, 0);
    if (w->next >= p->jobs->count)
        return;
    finish_item(p, w, WIFSIGNALED(status) ? WTERMSIG(status) : -1);
    start_worker(p, w, w->next);
}

static void hear(struct pool *p, struct worker *w)
{
    size_t room = p->jobs->result_bytes - w->have;
    ssize_t n = read(w->fd, w->part + w->have, room);

    if (n < 0 && errno == EINTR)
        return;
    if (n <= 0) {
        worker_ended(p, w);
        return;
    }
    w->have += (size_t)n;
    if (w->have == p->jobs->result_bytes)
        finish_item(p, w, 0);
}

static bool wait_for_some(struct pool *p)
{
    struct pollfd fds[WORKERS_MAX];
    struct worker *who[WORKERS_MAX];
    nfds_t open = 0;

    for (int i = 0; i < p->count; i++) {
        if (p->workers[i].fd < 0)
            continue;
        fds[open] = (struct pollfd){.fd = p->workers[i].fd, .events = POLLIN};
        who[open++] = &p->workers[i];
    }
    if (open == 0)
        return false;
    if (poll(fds, open, 1000) > 0) {
        for (nfds_t i = 0; i < open; i++) {
            if (fds[i].revents)
                hear(p, who[i]);
        }
    }
    return true;
}

void jobs_run(const struct jobs *j)
{
    struct pool p = {.jobs = j, .on_terminal = isatty(STDERR_FILENO) != 0 && j->count > 1};

    assert(j->result_bytes <= JOB_BYTES_MAX);
    if (j->workers <= 1 && !j->isolate) {
        run_here(j);
        return;
    }
    p.count = j->workers < 1 ? 1 : j->workers > WORKERS_MAX ? WORKERS_MAX : j->workers;
    p.outcomes = calloc(j->count ? j->count : 1, sizeof(*p.outcomes));
    assert(p.outcomes);
    for (int i = 0; i < p.count; i++)
        p.workers[i].fd = -1;
    for (int i = 0; i < p.count; i++)
        start_worker(&p, &p.workers[i], (size_t)i);
    while (!p.stopped && wait_for_some(&p)) {
        tell(&p);
        show_progress(&p);
    }
    for (int i = 0; i < p.count; i++) {
        if (p.workers[i].fd >= 0) { /* stopped early: these are our own children */
            kill(p.workers[i].pid, SIGTERM);
            close(p.workers[i].fd);
            waitpid(p.workers[i].pid, NULL, 0);
        }
    }
    if (p.on_terminal)
        fputs("\r\033[K", stderr);
    for (size_t i = 0; i < j->count; i++)
        free(p.outcomes[i].result);
    free(p.outcomes);
}
