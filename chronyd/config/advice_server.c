/* advice_server.c - whom the host serves, and who may look inside. */
#include "chronyd/config/advice.h"

#include <string.h>

/* --- access rules --- */

static const struct config_item *rule_item(const struct config *c, bool command, size_t index)
{
    for (size_t i = 0; c->extra && i < c->extra->item_count; i++) {
        const struct config_item *item = &c->extra->items[i];
        char word[256];

        if (item->row->parse != parse_access ||
            (strncmp(item->row->name, "cmd", 3) == 0) != command)
            continue;
        /* Lines with host names made no rule. */
        item_argument(item, strcmp(item_argument(item, 1, word), "all") == 0 ? 2 : 1, word);
        if (word[0]) {
            struct addr net;
            int bits;

            if (!access_parse_subnet(word, &net, &bits))
                continue;
        }
        if (index-- == 0)
            return item;
    }
    return NULL;
}

static bool covers(const struct access_rule *outer, const struct access_rule *inner)
{
    if (outer->net.family == ADDR_NONE)
        return true;
    return outer->net.family == inner->net.family && outer->bits <= inner->bits &&
           addr_in_subnet(&inner->net, &outer->net, outer->bits);
}

/* Rules of one level of the tree share nodes, so that the later one wins there (spec section 11).
 */
static bool same_level(const struct access_rule *a, const struct access_rule *b)
{
    return a->net.family == b->net.family && (a->bits + 3) / 4 == (b->bits + 3) / 4;
}

static void hidden_rules(struct advice *a, const struct access_list *list, bool command)
{
    const size_t most = 500; /* each is compared with each */

    for (size_t i = 0; i < list->count && i < most; i++) {
        const struct access_rule *first = &list->rules[i];

        for (size_t j = i + 1; j < list->count && j < most; j++) {
            const struct access_rule *later = &list->rules[j];

            if (first->allow == later->allow || !covers(later, first) ||
                !(later->all || same_level(first, later)))
                continue;
            advise(a, "hidden-rule", rule_item(a->config, command, i), NULL,
                   "This rule has no effect: that of line %d, which comes later, covers it",
                   rule_item(a->config, command, j) ? rule_item(a->config, command, j)->line : 0);
            break;
        }
    }
}

static void host_names(struct advice *a, const struct access_list *list)
{
    for (size_t i = 0; i < list->name_count && i < 100; i++)
        advise(a, "host-name", NULL, NULL,
               "The host name %s in an access rule is looked up once and stands for its first "
               "address: write the address",
               list->names[i].name);
}

static bool allows_everybody(const struct access_list *list, size_t *index)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->rules[i].allow && list->rules[i].bits == 0) {
            *index = i;
            return true;
        }
    }
    return false;
}

static bool allows_anybody(const struct access_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->rules[i].allow)
            return true;
    }
    return list->name_count > 0;
}

/* --- the server --- */

static void server(struct advice *a)
{
    const struct config *c = a->config;
    size_t index;

    if (allows_everybody(&c->ntp_access, &index) && !c->ntp.clients.limits[CLIENT_NTP].enabled &&
        c->ntp.port != 0)
        advise(a, "open-server", rule_item(c, false, index), NULL,
               "Everybody is served, as often as they like. Name the networks to serve, or add "
               "ratelimit");
    if (allows_anybody(&c->ntp_access) && c->ntp.port == 0)
        advise(a, "no-effect", config_item_of(c, "port"), NULL,
               "Nobody is served in spite of allow: port is 0");
    if (c->nts.server_cert_count > 0 && !allows_anybody(&c->ntp_access))
        advise(a, "no-effect", config_item_of(c, "ntsservercert"), NULL,
               "Clients may establish keys, but without allow nobody is served");
    if (c->reference.local.enabled && c->reference.local.stratum < 5 && a->source_count > 0)
        advise(a, "local-stratum", config_item_of(c, "local"), "stratum",
               "While its sources are gone this host claims stratum %d, and clients may believe "
               "it more than others that still have theirs; 10 is usual",
               c->reference.local.stratum);
}

/* --- commands --- */

static bool only_loopback(const struct control_settings *s)
{
    return addr_is_loopback(&s->bind_ipv4) && addr_is_loopback(&s->bind_ipv6);
}

static void commands(struct advice *a)
{
    const struct config *c = a->config;
    const struct config_item *item = config_item_of(c, "cmdallow");
    size_t index;

    if (allows_anybody(&c->command_access) && (c->control.port == 0 || only_loopback(&c->control)))
        advise(a, "cmdallow", item, NULL, "cmdallow has no effect: commands are taken %s",
               c->control.port == 0 ? "from no network, cmdport is 0"
                                    : "at the loopback addresses only; see bindcmdaddress");
    else if (allows_everybody(&c->command_access, &index))
        advise(a, "open-commands", rule_item(c, true, index), NULL,
               "Everybody may ask for reports, which name the sources and show how well the clock "
               "is known. Name the networks that may");
}

static void command_keys(struct advice *a)
{
    const struct config *c = a->config;
    const struct config_item *item = config_item_of(c, "cmdkey");

    if (c->control.key_count == 0)
        return;
    if (!c->key_file)
        advise(a, "no-keyfile", item, NULL, "cmdkey names keys, but there is no keyfile");
    if (!allows_anybody(&c->command_access))
        advise(a, "no-effect", item, NULL,
               "cmdkey is for other hosts, but without cmdallow none may ask anything");
}

static void logs(struct advice *a)
{
    const struct config *c = a->config;

    if (c->logs && !c->log_dir)
        advise(a, "no-logdir", config_item_of(c, "log"), NULL,
               "Nothing is logged: there is no logdir");
}

void advise_server(struct advice *a)
{
    server(a);
    commands(a);
    command_keys(a);
    logs(a);
    hidden_rules(a, &a->config->ntp_access, false);
    hidden_rules(a, &a->config->command_access, true);
    host_names(a, &a->config->ntp_access);
    host_names(a, &a->config->command_access);
}
