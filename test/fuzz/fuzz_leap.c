/* fuzz_leap.c - time zone files and leap second lists from a disk that cannot be trusted. The first
 * byte chooses the format; what was accepted has to answer for any day. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "chronyd/reference/leap_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int64_t days[] = {INT64_MIN,           -1,       0, INT64_C(1341100799) * NS_PER_S,
                                   1483228800000000000, INT64_MAX};
    struct leap_table t;
    bool good;

    if (size < 1)
        return 0;
    if (data[0] == 'T') {
        good = leap_table_from_tzif(&t, data, size, NULL);
    } else {
        char *text = malloc(size + 1);

        assert(text);
        memcpy(text, data, size);
        text[size] = '\0';
        good = leap_table_from_list(&t, text, NULL);
        free(text);
    }
    if (!good)
        return 0;
    (void)leap_table_is_sane(&t);
    for (size_t i = 0; i < ARRAY_LEN(days); i++) {
        struct leap_day day = leap_table_day(&t, (struct utc){days[i]});

        assert(day.leap <= LEAP_DELETE);
    }
    return 0;
}
