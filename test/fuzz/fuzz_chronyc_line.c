/* fuzz_chronyc_line.c - lines as typed: every command's arguments, with no daemon in reach.
 *
 * The first byte chooses the rendering. Name lookups are answered here, so that nothing leaves the
 * process; the stop flag is set, so that nothing waits. */
#include <netdb.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "chronyc/edit.h"
#include "chronyc/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Instead of the C library's: no name has an address. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **result)
{
    (void)node;
    (void)service;
    (void)hints;
    *result = NULL;
    return EAI_NONAME;
}

static void ignore(void *ctx, const char *word)
{
    (void)ctx;
    (void)word;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const sig_atomic_t stop = 1;
    struct settings settings = {.hosts = "/nonexistent/chronyd.sock", .timeout_ms = 1};
    char text[TEXT_LINE_MAX + 1], *out_text = NULL, *err_text = NULL;
    size_t out_size, err_size;
    struct session session;

    if (size < 1 || size > TEXT_LINE_MAX)
        return 0;
    settings.render = (enum render)(data[0] % 3);
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    session_init(&session, &settings, open_memstream(&out_text, &out_size),
                 open_memstream(&err_text, &err_size), &stop);
    if (!session.out || !session.err || session_open(&session))
        abort();
    complete_words(&session, text, ignore, NULL);
    session_run(&session, text);
    session_close(&session);
    fclose(session.out);
    fclose(session.err);
    free(out_text);
    free(err_text);
    return 0;
}
