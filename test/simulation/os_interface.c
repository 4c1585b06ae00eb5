/* os_interface.c - a network interface that stamps packets by a clock of its own. It is called
 * eth0, and its clock is neither set nor steered by anybody. */
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "test/simulation/os_parts.h"

#define CLOCK_NUMBER 1
#define READING_ERROR_S 1e-7

static int64_t shows_ns(const struct node *n)
{
    int64_t now_ns = n->world->now_ns;

    return ns_add(now_ns, ns_from_s(n->interface.ahead_s + s_from_ns(now_ns) * n->interface.freq));
}

size_t sim_interfaces(void *ctx, char (*names)[OS_INTERFACE_NAME_MAX], size_t max)
{
    (void)ctx;
    return max > 0 && text_copy(names[0], OS_INTERFACE_NAME_MAX, "eth0") ? 1 : 0;
}

bool sim_hwstamp_enable(void *ctx, const struct os_hwstamp_params *params,
                        struct os_hwstamp_port *out, struct err *err)
{
    struct node *n = ctx;

    if (!n->interface.present || strcmp(params->interface, "eth0") != 0)
        return err_set(err, ERR_UNSUPPORTED, "Not supported by the interface");
    n->interface.stamps_sent = true;
    n->interface.stamps_received = params->filter != HWTS_FILTER_NONE;
    *out = (struct os_hwstamp_port){CLOCK_NUMBER, 1, n->interface.stamps_received};
    return true;
}

bool sim_hwclock_read(void *ctx, int clock, struct os_hwclock_reading *out)
{
    struct node *n = ctx;

    out->stamp.ns = simclock_exact(&n->clock, n->world->now_ns);
    out->clock_ns = shows_ns(n);
    out->error_s = READING_ERROR_S;
    return clock == CLOCK_NUMBER;
}

void node_hw_stamp(const struct node *n, bool receive, struct os_hw_stamp *out)
{
    if (receive ? n->interface.stamps_received : n->interface.stamps_sent)
        *out = (struct os_hw_stamp){.clock = CLOCK_NUMBER, .ns = shows_ns(n)};
}
