/* mail.c - tell somebody about a large change of the clock (directive mailonchange). */
#include <math.h>
#include <stdio.h>

#include "chronyd/reference/private.h"

void reference_mail_change(struct reference *r, double offset_s)
{
    const struct reference_settings *s = &r->settings;
    const struct utc_calendar c = utc_calendar(clock_now(r->clock));
    char message[1024];
    struct err err = {0};
    int length;

    if (!s->mail_user || !(fabs(offset_s) > s->mail_threshold_s))
        return;
    length =
        snprintf(message, sizeof(message),
                 "To: %s\n"
                 "Subject: The system clock was wrong by %.3f seconds\n"
                 "\n"
                 "On %04d-%02d-%02d at %02d:%02d:%02d UTC chronyd found the system clock to be\n"
                 "%.6f seconds %s true time, and began to correct it.\n",
                 s->mail_user, fabs(offset_s), c.year, c.month, c.day, c.hour, c.minute, c.second,
                 fabs(offset_s), offset_s > 0.0 ? "behind" : "ahead of");
    if (length < 0 || (size_t)length >= sizeof(message))
        err_set(&err, ERR_LIMIT, "The name of the recipient is too long");
    else if (!r->os.ops->send_mail)
        err_set(&err, ERR_UNSUPPORTED, "There is no mailer");
    else if (r->os.ops->send_mail(r->os.ctx, message, (size_t)length, &err))
        return;
    log_warning(r->log, "Could not send mail to %s: %s", s->mail_user, err.text);
}
