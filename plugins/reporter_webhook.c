#include <string.h>

#include "plugins/reporter_kinds.h"

/* The report as it stands: the key goes in a header, and a signature is for the sender to make. */
char *reporter_webhook(const struct conf_report *to, const struct reporter_mail *mail)
{
	(void)to;
	return strdup(mail->line);
}
