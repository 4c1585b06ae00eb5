/* follow.c - the way to the events: connect, subscribe, wait, and all that again. */
#include "chronyc/follow.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chronyc/commands.h"

#define RETRY_MS 1000
#define WAIT_MS (INT64_C(1) << 40)

enum {
    STATUS_STOPPED = 0,
    STATUS_BAD = 1, /* output, or usage */
    STATUS_NOBODY = 2,
};

enum outcome { OUTCOME_STOPPED, OUTCOME_LOST, OUTCOME_BAD_OUTPUT };

struct follower {
    struct session *s;
    struct transport *t;
    int input;                 /* whose end ends us, -1 = none */
    bool subscribed;           /* at this daemon */
    bool waiting;              /* for the next one, and that was said */
    enum candm_closing reason; /* that it gave, 0 = none */
};

/* The end of a terminal or a pipe is meant; a file or /dev/null, as services have, says nothing. In
 * the background the terminal belongs to others. */
static int input_to_watch(void)
{
    struct stat st;

    if (isatty(STDIN_FILENO))
        return tcgetpgrp(STDIN_FILENO) == getpgrp() ? STDIN_FILENO : -1;
    if (fstat(STDIN_FILENO, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode)))
        return STDIN_FILENO;
    return -1;
}

/* What is typed is not for us; only its end. */
static bool input_ended(const struct follower *f)
{
    char bytes[256];

    return f->input >= 0 && read(f->input, bytes, sizeof(bytes)) <= 0;
}

bool follow_subscribe(struct transport *t)
{
    uint8_t data[CANDM_REQUEST_MAX];
    const struct candm_row *row = candm_row(CANDM_REQ_SUBSCRIBE);
    struct wire_out out = wire_out_of(data, candm_required_length(row));

    candm_put_request_header(&out, &(struct candm_request_header){.version = CANDM_VERSION,
                                                                  .type = CANDM_PACKET_REQUEST,
                                                                  .command = CANDM_REQ_SUBSCRIBE});
    candm_put_req_int(&out, &(struct candm_req_int){(int32_t)CANDM_EVENTS_ALL});
    wire_put_zeros(&out, out.size - out.used);
    return transport_send(t, data, out.used);
}

/* False: it was the last packet. */
static bool take(struct follower *f, const uint8_t *data, size_t length)
{
    struct candm_event_header event;
    union candm_event_payload payload;
    struct candm_reply_header reply;
    struct wire_in in = wire_in_of(data, length);

    if (candm_decode_event(data, length, &event, &payload)) {
        if (event.event == CANDM_EVENT_closing) {
            f->reason = (enum candm_closing)payload.closing_.why;
            return false;
        }
        follow_print(f->s, &event, &payload);
        return true;
    }
    candm_get_reply_header(&in, &reply);
    if (in.bad || reply.type != CANDM_PACKET_REPLY || reply.command != CANDM_REQ_SUBSCRIBE)
        return true; /* an event of a later version */
    f->subscribed = reply.status == CANDM_SUCCESS;
    if (f->subscribed && f->waiting)
        complain(f->s, "chronyd is there again");
    f->waiting &= !f->subscribed;
    return f->subscribed;
}

/* One connection, from beginning to end. */
static enum outcome listen_once(struct follower *f)
{
    uint8_t data[CANDM_REQUEST_MAX];
    size_t length = 0;

    f->subscribed = false;
    f->reason = 0;
    if (!follow_subscribe(f->t))
        return OUTCOME_LOST;
    for (;;) {
        int64_t wait_ms = f->subscribed ? WAIT_MS : f->s->settings.timeout_ms;

        switch (
            transport_receive(f->t, data, sizeof(data), &length, transport_now_ms() + wait_ms)) {
        case TRANSPORT_STOPPED:
            if (session_stopped(f->s) || input_ended(f))
                return OUTCOME_STOPPED;
            break;
        case TRANSPORT_TIMEOUT:
        case TRANSPORT_FAILED:
            return OUTCOME_LOST;
        case TRANSPORT_OK:
            if (!take(f, data, length))
                return OUTCOME_LOST;
            if (fflush(f->s->out) != 0)
                return errno == EPIPE ? OUTCOME_STOPPED : OUTCOME_BAD_OUTPUT;
            break;
        }
    }
}

/* False: stopped meanwhile. */
static bool pause_before_retry(const struct follower *f)
{
    struct pollfd input = {.fd = f->input, .events = POLLIN};

    return (poll(&input, 1, RETRY_MS) <= 0 || !input_ended(f)) && !session_stopped(f->s);
}

static void explain_absence(const struct follower *f)
{
    if (f->reason == CANDM_CLOSING_FULL) {
        complain(f->s, "chronyd has too many connections at its stream of reports");
        return;
    }
    complain(f->s, "Cannot reach the stream of reports of chronyd");
    transport_explain(f->t, f->s->err);
}

/* Until the first subscription stands, failing is final; after that the daemon is waited for. */
static int follow_on(struct follower *f)
{
    bool known = false;

    for (;;) {
        enum outcome outcome = OUTCOME_LOST;

        if (transport_open_stream(f->t))
            outcome = listen_once(f);
        known |= f->subscribed;
        if (outcome == OUTCOME_STOPPED)
            return STATUS_STOPPED;
        if (outcome == OUTCOME_BAD_OUTPUT) {
            complain(f->s, "Cannot write: %s", strerror(errno));
            return STATUS_BAD;
        }
        if (!known) {
            explain_absence(f);
            return STATUS_NOBODY;
        }
        if (!f->waiting)
            complain(f->s, "chronyd %s; waiting for it",
                     f->reason == CANDM_CLOSING_END ? "ended" : "hung up");
        f->waiting = true;
        f->subscribed = false;
        if (!pause_before_retry(f))
            return STATUS_STOPPED;
    }
}

int follow(struct session *s, int words)
{
    struct follower f = {.s = s};
    int status;

    if (words > 0 || s->settings.render == RENDER_CSV) {
        complain(s, "--follow goes with %s",
                 words > 0 ? "no command" : "text or JSON, not with -c");
        return STATUS_BAD;
    }
    /* Asking DNS would hold up what is to be told at once. */
    s->settings.numeric = true;
    s->settings.retries = 0;
    f.input = input_to_watch();
    f.t = transport_create(s->settings.hosts, s->settings.port, s->settings.family, s->stop);
    transport_wake_on(f.t, f.input);
    /* Questions for names (-N) go another way, so that no event comes between. */
    s->transport =
        transport_create(s->settings.hosts, s->settings.port, s->settings.family, s->stop);
    status = follow_on(&f);
    transport_destroy(f.t);
    session_close(s);
    return status;
}
