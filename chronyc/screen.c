#include "chronyc/screen.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <termios.h>
#include <unistd.h>

#include "chronyc/transport.h"

#define WIDTH_DEFAULT 80
#define HEIGHT_DEFAULT 24

struct screen {
    FILE *out;
    int in;
    struct termios saved;
};

struct screen *screen_open(FILE *out)
{
    struct termios raw;
    struct screen *s;

    if (!isatty(STDIN_FILENO) || fileno(out) < 0 || !isatty(fileno(out)))
        return NULL;
    s = calloc(1, sizeof(*s));
    assert(s);
    s->out = out;
    s->in = STDIN_FILENO;
    if (tcgetattr(s->in, &s->saved) != 0) {
        free(s);
        return NULL;
    }
    raw = s->saved;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    tcsetattr(s->in, TCSANOW, &raw);
    /* the other screen, no cursor */
    fputs("\033[?1049h\033[?25l\033[2J", out);
    fflush(out);
    return s;
}

void screen_close(struct screen *s)
{
    if (!s)
        return;
    fputs("\033[?25h\033[?1049l", s->out);
    fflush(s->out);
    tcsetattr(s->in, TCSANOW, &s->saved);
    free(s);
}

void screen_size(const struct screen *s, size_t *width, size_t *height)
{
    struct winsize w = {0};

    if (ioctl(fileno(s->out), TIOCGWINSZ, &w) != 0 || w.ws_col == 0 || w.ws_row == 0) {
        w.ws_col = WIDTH_DEFAULT;
        w.ws_row = HEIGHT_DEFAULT;
    }
    *width = w.ws_col > WATCH_WIDTH_MIN ? w.ws_col : WATCH_WIDTH_MIN;
    *height = w.ws_row > WATCH_HEIGHT_MIN ? w.ws_row : WATCH_HEIGHT_MIN;
}

/* From the top left corner, each line cleared behind its end: nothing flickers. */
void screen_draw(struct screen *s, const struct watch_line *lines, size_t count)
{
    static const char *const styles[] = {
        [STYLE_PLAIN] = "", [STYLE_BOLD] = "\033[1m", [STYLE_REVERSE] = "\033[7m"};

    fputs("\033[H", s->out);
    for (size_t i = 0; i < count; i++)
        fprintf(s->out, "%s%s\033[0m\033[K%s", styles[lines[i].style], lines[i].text,
                i + 1 < count ? "\r\n" : "\033[J");
    fflush(s->out);
}

int screen_key(struct screen *s, double seconds, const volatile sig_atomic_t *stop)
{
    int64_t end_ms = transport_now_ms() + (int64_t)(seconds * 1000.0);

    for (;;) {
        int64_t left_ms = end_ms - transport_now_ms();
        struct timeval tv;
        unsigned char key;
        fd_set set;

        if (left_ms <= 0 || (stop && *stop))
            return 0;
        tv.tv_sec = (time_t)(left_ms / 1000);
        tv.tv_usec = (suseconds_t)(left_ms % 1000 * 1000);
        FD_ZERO(&set);
        FD_SET(s->in, &set);
        if (select(s->in + 1, &set, NULL, NULL, &tv) <= 0)
            continue;
        /* The end of input is taken for q. */
        return read(s->in, &key, 1) == 1 ? key : 'q';
    }
}
