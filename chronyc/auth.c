#include "chronyc/auth.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "chronyc/transport.h"
#include "features.h"

#define FILE_BYTES_MAX (1024 * 1024)
#define PATH_BYTES_MAX 512

/* --- files ----------------------------------------------------------------------------------- */

/* The whole file as text; NULL with err set. *exposed (NULL allowed): others may read it. */
static char *read_file(const char *path, size_t *length, bool *exposed, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    char *text;
    ssize_t n;

    if (fd < 0 || fstat(fd, &st) != 0) {
        err_set_sys(err, ERR_IO, errno, "Could not open %s", path);
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    if (!S_ISREG(st.st_mode) || st.st_size > FILE_BYTES_MAX) {
        err_set(err, ERR_LIMIT, "%s is no file, or too large", path);
        close(fd);
        return NULL;
    }
    text = malloc((size_t)st.st_size + 1);
    assert(text);
    n = read(fd, text, (size_t)st.st_size);
    close(fd);
    *length = n > 0 ? (size_t)n : 0;
    text[*length] = '\0';
    if (exposed)
        *exposed = (st.st_mode & 077) != 0;
    return text;
}

/* The last `keyfile` line of the daemon's configuration; included files are not looked at. */
static bool configured_key_file(char *path, size_t size, struct err *err)
{
    size_t length;
    char *text = read_file(DEFAULT_CONF_FILE, &length, NULL, err), *rest = text, *line;
    bool found = false;

    if (!text)
        return false;
    while ((line = strsep(&rest, "\n")) != NULL) {
        const char *word;

        text_normalise(line);
        word = text_word(&line);
        if (word && text_equal_nocase(word, "keyfile") && (word = text_word(&line)) != NULL)
            found = text_copy(path, size, word);
    }
    free(text);
    return found ||
           err_set(err, ERR_MISSING, "%s names no keyfile; use -k FILE", DEFAULT_CONF_FILE);
}

static void say_nothing(void *ctx, enum log_level level, const char *line)
{
    (void)ctx;
    (void)level;
    (void)line;
}

static bool derive(struct auth *a, const char *text, size_t length, const char *path,
                   uint32_t key_id, struct err *err)
{
    /* Bad lines of other keys are the daemon's to complain about. */
    const struct log log = {say_nothing, NULL, LEVEL_FATAL};
    struct keystore *keys = keystore_create();
    const struct key *key;
    bool ok;

    keystore_load(keys, text, length, path, &log);
    key = keystore_find(keys, key_id);
    if (!key)
        ok = err_set(err, ERR_MISSING, "No key %u in %s", key_id, path);
    else if (!envelope_derive(key, &a->keys))
        ok = err_set(err, ERR_RANGE, "Key %u in %s is shorter than %d bytes", key_id, path,
                     ENVELOPE_KEY_LEAST);
    else
        ok = true;
    keystore_destroy(keys);
    return ok;
}

bool auth_start(struct auth *a, const char *path, uint32_t key_id, bool *exposed, struct err *err)
{
    char configured[PATH_BYTES_MAX];
    size_t length;
    char *text;
    bool ok;

    auth_stop(a);
    if (!path) {
        if (!configured_key_file(configured, sizeof(configured), err))
            return false;
        path = configured;
    }
    text = read_file(path, &length, exposed, err);
    if (!text)
        return false;
    ok = derive(a, text, length, path, key_id, err);
    explicit_bzero(text, length);
    free(text);
    if (!ok)
        return false;
    a->key_id = key_id;
    transport_random(a->nonce, sizeof(a->nonce));
    a->on = true;
    return true;
}

void auth_stop(struct auth *a)
{
    envelope_forget(&a->keys);
    memset(a, 0, sizeof(*a));
}

/* --- datagrams ------------------------------------------------------------------------------- */

size_t auth_seal(struct auth *a, uint8_t *data, size_t length, size_t size, uint8_t *mac)
{
    struct wire_out out = wire_out_of(data, size);
    struct envelope_request e = {.key_id = a->key_id, .counter = ++a->counter};

    out.used = length;
    memcpy(e.nonce, a->nonce, sizeof(e.nonce));
    memcpy(e.cookie, a->cookie, sizeof(e.cookie));
    envelope_put_request(&out, &e);
    assert(!out.bad);
    /* A hello proves nothing yet: its MAC stays zero. */
    if (!envelope_is_hello(&e))
        envelope_sign_request(&a->keys, data, out.used);
    memcpy(mac, data + out.used - ENVELOPE_MAC_BYTES, ENVELOPE_MAC_BYTES);
    return out.used;
}

static bool all_zero(const uint8_t *data, size_t length)
{
    uint8_t sum = 0;

    for (size_t i = 0; i < length; i++)
        sum |= data[i];
    return sum == 0;
}

enum auth_result auth_open(struct auth *a, const uint8_t *data, size_t length, const uint8_t *mac,
                           size_t *base)
{
    struct envelope_reply e;

    if (!envelope_get_reply(data, length, &e, base))
        return AUTH_PLAIN;
    if (e.key_id != a->key_id || e.counter != a->counter)
        return AUTH_UNPROVED;
    if (all_zero(e.mac, sizeof(e.mac))) {
        if (all_zero(e.cookie, sizeof(e.cookie)))
            return AUTH_REFUSED;
        memcpy(a->cookie, e.cookie, sizeof(a->cookie));
        return AUTH_COOKIE;
    }
    if (!envelope_check_reply(&a->keys, mac, data, length))
        return AUTH_UNPROVED;
    memcpy(a->cookie, e.cookie, sizeof(a->cookie));
    return AUTH_GOOD;
}
