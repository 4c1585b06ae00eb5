/* table.c - the rows as data, and the lengths that follow from them. */
#include "candm/candm.h"

#define X(name, code, class, open, request, reply)                                                 \
    {#name, code, CANDM_##class, CANDM_OPEN_##open, CANDM_PAYLOAD_##request, CANDM_RPY_##reply},
static const struct candm_row rows[] = {CANDM_COMMANDS(X)};
#undef X

const struct candm_row *candm_rows(size_t *count)
{
    *count = ARRAY_LEN(rows);
    return rows;
}

const struct candm_row *candm_row(uint16_t code)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].code == code)
            return &rows[i];
    }
    return NULL;
}

size_t candm_request_bytes(enum candm_request r)
{
#define X(name, bytes) [CANDM_PAYLOAD_##name] = bytes,
    static const uint16_t sizes[] = {CANDM_REQUESTS(X)};
#undef X

    return (size_t)r < ARRAY_LEN(sizes) ? sizes[r] : 0;
}

size_t candm_reply_bytes(enum candm_reply r)
{
#define X(name, code, bytes) [code] = bytes,
    static const uint16_t sizes[] = {CANDM_REPLIES(X)};
#undef X

    return (size_t)r < ARRAY_LEN(sizes) ? sizes[r] : 0;
}

size_t candm_required_length(const struct candm_row *row)
{
    size_t request = CANDM_REQUEST_HEADER + candm_request_bytes(row->request);
    size_t reply = CANDM_REPLY_HEADER + candm_reply_bytes(row->reply);

    return request > reply ? request : reply;
}
