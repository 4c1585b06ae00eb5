/* complete.c - which words may follow. Needs the daemon only for addresses of sources. */
#include <string.h>

#include "base/text.h"
#include "chronyc/client.h"
#include "chronyc/commands.h"
#include "chronyc/edit.h"
#include "chronyc/names.h"

#define SOURCES_MAX 256 /* nobody reads through more */

struct completion {
    const char *head; /* what has been typed of the word */
    void (*found)(void *ctx, const char *word);
    void *ctx;
};

static void offer(const struct completion *c, const char *word)
{
    if (strncmp(word, c->head, strlen(c->head)) == 0)
        c->found(c->ctx, word);
}

/* Addresses and configured names of the sources; silent when the daemon does not answer. */
static void offer_sources(struct session *s, const struct completion *c)
{
    char address[ADDR_TEXT_MAX];
    struct request request;
    struct reply reply;
    uint32_t count;

    request_init(&request, CANDM_REQ_N_SOURCES);
    if (!client_exchange(s, &request, &reply) || !reply.decoded ||
        reply.header.reply != CANDM_RPY_n_sources)
        return;
    count =
        reply.payload.n_sources_.count < SOURCES_MAX ? reply.payload.n_sources_.count : SOURCES_MAX;
    for (uint32_t i = 0; i < count; i++) {
        struct source_id id;

        request_init_index(&request, CANDM_REQ_SOURCE_DATA, i);
        if (!client_exchange(s, &request, &reply) || !reply.decoded ||
            reply.header.reply != CANDM_RPY_source_data)
            return;
        id = source_id_of_data(&reply.payload.source_data_);
        if (!source_address(&id, address, sizeof(address)))
            continue;
        offer(c, address);
        request_init_address(&request, CANDM_REQ_NTP_SOURCE_NAME, &id.addr);
        if (client_exchange(s, &request, &reply) && reply.decoded &&
            reply.header.reply == CANDM_RPY_source_name &&
            source_name_valid(&reply.payload.source_name_) &&
            strcmp(reply.payload.source_name_.name, address) != 0)
            offer(c, reply.payload.source_name_.name);
    }
}

static void offer_following(struct session *s, const struct command *command,
                            const struct completion *c)
{
    char words[128], *rest = words;
    const char *word;

    text_copy(words, sizeof(words), command->follow);
    while ((word = text_word(&rest)) != NULL) {
        if (strcmp(word, "@") == 0)
            offer_sources(s, c);
        else
            offer(c, word);
    }
}

void complete_words(struct session *s, const char *line, void (*found)(void *ctx, const char *word),
                    void *ctx)
{
    const char *last_blank = strrchr(line, ' ');
    struct completion c = {last_blank ? last_blank + 1 : line, found, ctx};
    const struct command *commands;
    char first[32];
    size_t count;

    if (!last_blank) {
        commands = commands_all(&count);
        for (size_t i = 0; i < count; i++)
            if (commands[i].help || strcmp(commands[i].word, "quit") == 0)
                offer(&c, commands[i].word);
        return;
    }
    /* Second words only: what stands before the last blank is one word. */
    text_format(first, sizeof(first), "%.*s", (int)(last_blank - line), line);
    commands = strchr(first, ' ') ? NULL : commands_find(first);
    if (commands)
        offer_following(s, commands, &c);
}
