/* run_client.c - commands that concern chronyc alone; nothing is sent. */
#include <string.h>

#include "base/keys.h"
#include "base/text.h"
#include "chronyc/args.h"
#include "chronyc/commands.h"

bool run_dns(struct session *s, const struct command *c, char *rest)
{
    struct settings *settings = &s->settings;

    (void)c;
    if (strcmp(rest, "-46") == 0)
        settings->family = FAMILY_ANY;
    else if (strcmp(rest, "-4") == 0)
        settings->family = FAMILY_IPV4;
    else if (strcmp(rest, "-6") == 0)
        settings->family = FAMILY_IPV6;
    else if (strcmp(rest, "-n") == 0 || strcmp(rest, "+n") == 0)
        settings->numeric = rest[0] == '-';
    else
        return complain(s, "Unrecognized dns command");
    return true;
}

/* A word that is no number counts as zero, as ever. */
static int32_t number_or_zero(const char *word)
{
    int32_t v;

    return parse_leading_int(word, &v) ? v : 0;
}

bool run_timeout(struct session *s, const struct command *c, char *rest)
{
    int32_t ms = number_or_zero(rest);

    (void)c;
    if (ms < TIMEOUT_MS_MIN)
        return complain(s, "Timeout %d is too short", ms);
    s->settings.timeout_ms = (uint32_t)ms;
    return true;
}

bool run_retries(struct session *s, const struct command *c, char *rest)
{
    int32_t retries = number_or_zero(rest);

    (void)c;
    if (retries < 0 || retries > RETRIES_MAX)
        return complain(s, "Invalid maximum number of retries");
    s->settings.retries = (uint32_t)retries;
    return true;
}

/* --- keygen ---------------------------------------------------------------------------------- */

#define KEY_BYTES_MIN 10
#define KEY_BYTES_MAX 512

/* The process may live on in interactive mode; the key shall not. */
static void wipe(void *data, size_t size)
{
    explicit_bzero(data, size);
}

static void print_key(struct session *s, uint64_t id, const char *type, size_t bytes)
{
    uint8_t secret[KEY_BYTES_MAX];

    transport_random(secret, bytes);
    fprintf(s->out, "%llu %s HEX:", (unsigned long long)id, type);
    for (size_t i = 0; i < bytes; i++)
        fprintf(s->out, "%02X", secret[i]);
    fputc('\n', s->out);
    wipe(secret, sizeof(secret));
}

bool run_keygen(struct session *s, const struct command *c, char *rest)
{
    const char *id_word = text_word(&rest), *type_word = text_word(&rest);
    const char *bits_word = text_word(&rest);
    enum key_type type;
    uint64_t id = 1;
    int32_t bits = 160;
    size_t bytes;

    (void)c;
    if ((id_word && (!text_uint(id_word, &id) || id > UINT32_MAX)) ||
        (bits_word && !parse_leading_int(bits_word, &bits)) || text_word(&rest))
        return complain(s, "Invalid syntax for keygen command");
    if (!type_word)
        type_word = "SHA1";
    if (!key_type_parse(type_word, &type))
        return complain(s, "Unknown hash function or cipher %s", type_word);
    bytes = key_type_fixed_length(type);
    if (bytes == 0)
        bytes = (size_t)clamp_i(bits < KEY_BYTES_MAX * 8 ? (bits + 7) / 8 : KEY_BYTES_MAX,
                                KEY_BYTES_MIN, KEY_BYTES_MAX);
    print_key(s, id, type_word, bytes);
    return true;
}

/* --- authenticate ------------------------------------------------------------------------- */

bool run_authenticate(struct session *s, const struct command *c, char *rest)
{
    uint64_t id;

    (void)c;
    if (strcmp(rest, "off") == 0) {
        auth_stop(&s->auth);
        return true;
    }
    if (!text_uint(rest, &id) || id > UINT32_MAX)
        return complain(s, "Invalid syntax for authenticate command");
    return session_authenticate(s, s->settings.key_file, (uint32_t)id);
}

/* --- the rest -------------------------------------------------------------------------------- */

bool run_quit(struct session *s, const struct command *c, char *rest)
{
    (void)c;
    (void)rest;
    s->quit = true;
    return true;
}

bool run_obsolete(struct session *s, const struct command *c, char *rest)
{
    (void)c;
    (void)rest;
    complain(s, "Authentication is no longer supported");
    return true;
}
