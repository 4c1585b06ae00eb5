/* Any datagram as a request to the server: the first byte chooses circumstances. */
#include <stdlib.h>
#include <string.h>

#include "chronyd/ntp/respond.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct keystore *load_keys(void)
{
    static const char text[] = "1 MD5 0123456789\n2 SHA512 0123456789\n"
                               "3 AES128 HEX:00112233445566778899aabbccddeeff\n";
    static const struct log silent = {.least = LEVEL_FATAL};
    struct keystore *ks = keystore_create();

    if (ks)
        keystore_load(ks, text, strlen(text), "keys", &silent);
    return ks;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct access_rule rule = {.allow = true};
    struct access_table *access = access_create();
    struct keystore *keys = load_keys();
    struct ntp_view view = {.precision = -20, .access = access, .keys = keys};
    struct respond_interleaved il = {{1}, {2}};
    struct os_datagram d = {.remote = {addr_from_ipv4(1), 123}};
    struct utc now = {1000};
    struct respond_out out;
    enum respond_verdict verdict;
    struct err err;

    if (size > 0 && access && keys && access_apply(access, &rule, &err)) {
        view.smoothing = data[0] & 1;
        view.precision = (int8_t)(data[0] & 2 ? -40 : -5);
        d.remote.port = data[0] & 4 ? 123 : 5000;
        d.data = data + 1;
        d.length = size - 1;
        view.signs = data[0] & 32;
        verdict = ntp_respond(&view, &d, data[0] & 8 ? &il : NULL, now, data[0] & 16, &out);
        if ((verdict == RESPOND_SEND || verdict == RESPOND_SIGN) &&
            (out.length > d.length || out.length < NTP_HEADER_BYTES))
            abort();
        if (verdict == RESPOND_SIGN && d.length != 68)
            abort();
    }
    access_destroy(access);
    keystore_destroy(keys);
    return 0;
}
