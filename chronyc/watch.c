/* watch.c - the live view: fetch a model, draw it, obey keys. */
#include "chronyc/watch.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"
#include "chronyc/args.h"
#include "chronyc/commands.h"
#include "chronyc/date.h"
#include "chronyc/follow.h"
#include "chronyc/screen.h"
#include "chronyc/sentences.h"

#define INTERVAL_MIN_S 0.1
#define INTERVAL_MAX_S 3600.0
#define REPLY_TIMEOUT_MS 500
/* Between two pages, however much happens. */
#define PAUSE_MS 200

/* --- the model ------------------------------------------------------------------------------- */

static bool fetch_sources(struct session *s, struct watch_model *m)
{
    uint32_t count;

    if (!fetch_source_count(s, &count))
        return false;
    for (uint32_t i = 0; i < count && i < WATCH_SOURCES_MAX; i++) {
        struct watch_source *row;
        struct source_view view;

        if (session_stopped(s) || !fetch_source(s, i, &view))
            return false;
        row = watch_find(m, &view.id);
        if (!row)
            break;
        row->view = view;
        row->seen = true;
        name_source(s, &view.id, row->name, sizeof(row->name));
        if (view.data.since_sample_s != UINT32_MAX)
            history_add(&row->offset, view.data.latest_meas_s);
    }
    watch_sweep(m);
    return true;
}

static void fetch(struct session *s, struct watch_model *m)
{
    struct host_view host;

    m->now.sec = date_now();
    m->answered = fetch_host(s, &host);
    if (m->answered) {
        m->host = host;
        m->have_host = true;
        name_reference(s, &host.tracking, m->reference, sizeof(m->reference));
        history_add(&m->correction, host.tracking.current_correction_s);
        history_add(&m->bound, host.verdict.bound_s);
        m->answered = fetch_sources(s, m);
        transport_peer(s->transport, m->peer, sizeof(m->peer));
    }
}

/* What fails shows in the view; status lines would tear it apart. */
static void fetch_quietly(struct session *s, struct watch_model *m)
{
    struct collector nowhere;
    FILE *out = s->out;

    s->out = collector_open(&nowhere);
    fetch(s, m);
    collector_drop(&nowhere);
    s->out = out;
}

/* --- the loop -------------------------------------------------------------------------------- */

static void draw(struct screen *screen, struct watch_model *m)
{
    static const size_t most = WATCH_LINES_MAX;
    struct watch_line *lines = calloc(most, sizeof(*lines));
    size_t width, height;

    assert(lines);
    screen_size(screen, &width, &height);
    screen_draw(screen, lines, watch_lines(m, width, height, lines));
    free(lines);
}

/* False: leave. */
static bool obey(struct watch_model *m, int key)
{
    switch (key) {
    case 'q':
    case 'Q':
        return false;
    case 'p':
        m->paused = !m->paused;
        break;
    case 's':
        m->order = (enum watch_order)((m->order + 1) % ORDER_COUNT);
        break;
    case 'e':
        m->expanded = !m->expanded;
        break;
    case 'j':
        if (m->first + 1 < m->count)
            m->first++;
        break;
    case 'k':
        if (m->first > 0)
            m->first--;
        break;
    default:
        break;
    }
    return true;
}

/* What happens at a daemon of ours is shown at once, not with the next page: its stream of reports
 * says when. Without one the pages come at their interval alone. */
static void subscribe(struct transport *events)
{
    if (!transport_is_open(events) && transport_open_stream(events))
        (void)follow_subscribe(events);
}

/* The next key; 0 at the time of the next page, which comes sooner if there are news. */
static int wait_for_key(struct session *s, struct screen *screen, struct transport *events,
                        int64_t *next_ms)
{
    int64_t soonest_ms = transport_now_ms() + PAUSE_MS, due_ms = *next_ms;
    uint8_t data[CANDM_REQUEST_MAX];
    size_t length;

    while (transport_is_open(events)) {
        switch (transport_receive(events, data, sizeof(data), &length, *next_ms)) {
        case TRANSPORT_OK:
            if (soonest_ms < *next_ms)
                *next_ms = soonest_ms;
            break;
        case TRANSPORT_TIMEOUT:
            return 0;
        case TRANSPORT_STOPPED: /* a key, or a signal */
            return screen_key(screen, 0.05, s->stop);
        case TRANSPORT_FAILED:
            /* The next page asks for it again. A goodbye must not bring that forward, or a daemon
             * that has no place for us would be asked all the time. */
            transport_close(events);
            *next_ms = due_ms;
            break;
        }
    }
    return screen_key(screen, (double)(*next_ms - transport_now_ms()) / 1000.0, s->stop);
}

static void watch_screen(struct session *s, struct screen *screen, struct watch_model *m)
{
    const struct settings *to = &s->settings;
    struct transport *events = transport_create(to->hosts, to->port, to->family, s->stop);
    int64_t interval_ms = (int64_t)(m->interval_s * 1000.0);
    int64_t next_ms = transport_now_ms();

    transport_wake_on(events, STDIN_FILENO);
    while (!session_stopped(s)) {
        if (transport_now_ms() >= next_ms) {
            subscribe(events);
            if (!m->paused)
                fetch_quietly(s, m);
            next_ms = transport_now_ms() + interval_ms;
        }
        draw(screen, m);
        if (!obey(m, wait_for_key(s, screen, events, &next_ms)))
            break;
    }
    transport_destroy(events);
}

/* Without a terminal: a line or a document per interval, `count` times, 0 = for ever. */
static bool watch_plain(struct session *s, struct watch_model *m, int32_t count)
{
    char line[SENTENCE_MAX * 3];

    for (int32_t i = 0; count <= 0 || i < count; i++) {
        if (i > 0 && !transport_sleep(s->stop, m->interval_s))
            break;
        if (s->settings.render != RENDER_TEXT) {
            m->answered = run_explain(s, NULL, NULL);
        } else {
            fetch_quietly(s, m);
            fprintf(s->out, "%s\n", watch_summary(m, line, sizeof(line)));
        }
        if (fflush(s->out) != 0 || session_stopped(s))
            break;
    }
    return m->answered;
}

bool run_watch(struct session *s, const struct command *c, char *rest)
{
    const char *interval = text_word(&rest), *times = interval ? text_word(&rest) : NULL;
    struct settings settings = s->settings;
    struct watch_model *m = calloc(1, sizeof(*m));
    struct screen *screen = NULL;
    int32_t count = 0;
    bool ok = true;

    (void)c;
    assert(m);
    m->interval_s = 1.0;
    if ((interval && !text_double(interval, &m->interval_s)) ||
        (times && !parse_leading_int(times, &count))) {
        free(m);
        return complain(s, "Invalid syntax for watch command");
    }
    m->interval_s = clamp_d(m->interval_s, INTERVAL_MIN_S, INTERVAL_MAX_S);
    s->settings.hints = false;
    s->settings.numeric = true;
    s->settings.retries = 0;
    if (s->settings.timeout_ms > REPLY_TIMEOUT_MS)
        s->settings.timeout_ms = REPLY_TIMEOUT_MS;
    if (settings.render == RENDER_TEXT && count == 0)
        screen = screen_open(s->out);
    if (screen)
        watch_screen(s, screen, m);
    else
        ok = watch_plain(s, m, count);
    screen_close(screen);
    s->settings = settings;
    free(m);
    return ok;
}
