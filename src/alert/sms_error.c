/* sms_error.c - what the numbers of +CMS ERROR and +CME ERROR mean
 *
 * Source: 3GPP TS 27.005, 3.2.5 (from 300 on); TS 24.011, annex E-2 (causes of the network, 0-127); TS 27.007, 9.2.
 */
#include "alert/sms_error.h"

struct row {
	int code;
	struct sms_error error;
};

#define T SMS_ERROR_TEMPORARY
#define P SMS_ERROR_PERMANENT
#define S SMS_ERROR_SIM

#define NUMBER "check the recipient's number"
#define CONTRACT "check the card's contract, credit and barring"
#define CARD "look at the SIM card: seated, unlocked, not worn out"
#define CENTRE "set the number of the network's message centre"
#define OURS "report this: the message was built wrong"

static const struct row messages[] = {
	{ 1, { P, "the number is not assigned", NUMBER } },
	{ 8, { P, "the operator bars messages", CONTRACT } },
	{ 10, { P, "calls are barred", CONTRACT } },
	{ 21, { T, "the network rejected the message", CONTRACT } },
	{ 27, { T, "the recipient's phone cannot be reached", "" } },
	{ 28, { P, "the subscriber is not identified", NUMBER } },
	{ 30, { P, "the subscriber is unknown", NUMBER } },
	{ 38, { T, "the network is out of order", "" } },
	{ 41, { T, "the network has a temporary failure", "" } },
	{ 42, { T, "the network is congested", "" } },
	{ 47, { T, "the network has no resources", "" } },
	{ 50, { P, "the contract has no messages", CONTRACT } },
	{ 69, { P, "the network does not know this kind of message", "" } },
	{ 96, { T, "the network found the message incomplete", "" } },
	{ 111, { T, "the network found a fault in the protocol", "" } },
	{ 300, { T, "the modem failed", "" } },
	{ 301, { T, "the modem's message service is reserved", "" } },
	{ 302, { T, "the modem does not allow it now", "" } },
	{ 303, { P, "the modem does not support it", "try the other mode (text, PDU)" } },
	{ 304, { P, "the modem found the bytes of the message wrong", OURS } },
	{ 305, { P, "the modem found the text of the message wrong", OURS } },
	{ 310, { S, "there is no SIM card", CARD } },
	{ 311, { S, "the SIM card wants its PIN", CARD } },
	{ 313, { S, "the SIM card failed", CARD } },
	{ 314, { T, "the SIM card is busy", "" } },
	{ 315, { S, "the SIM card is the wrong one", CARD } },
	{ 316, { S, "the SIM card wants its PUK", CARD } },
	{ 320, { T, "the message store failed", "" } },
	{ 321, { T, "there is no such message in the store", "" } },
	{ 322, { T, "the message store is full", "" } },
	{ 330, { P, "the message centre is unknown", CENTRE } },
	{ 331, { T, "there is no network", "check the antenna" } },
	{ 332, { T, "the network did not answer in time", "" } },
	{ 500, { T, "the modem failed and does not say why", "" } },
};

static const struct row modem[] = {
	{ 3, { T, "the modem does not allow it", "" } },
	{ 4, { P, "the modem does not support it", "try the other mode (text, PDU)" } },
	{ 10, { S, "there is no SIM card", CARD } },
	{ 11, { S, "the SIM card wants its PIN", CARD } },
	{ 12, { S, "the SIM card wants its PUK", CARD } },
	{ 13, { S, "the SIM card failed", CARD } },
	{ 14, { T, "the SIM card is busy", "" } },
	{ 15, { S, "the SIM card is the wrong one", CARD } },
	{ 16, { S, "the password is wrong", CARD } },
	{ 20, { T, "the memory is full", "" } },
	{ 21, { T, "there is no such index", "" } },
	{ 30, { T, "there is no network", "check the antenna" } },
	{ 31, { T, "the network did not answer in time", "" } },
	{ 32, { T, "the network allows emergency calls only", CONTRACT } },
	{ 100, { T, "the modem failed and does not say why", "" } },
};

static struct sms_error
look_up(const struct row *rows, size_t n, int code)
{
	for (size_t i = 0; i < n; i++)
		if (rows[i].code == code)
			return rows[i].error;
	return (struct sms_error){ T,
		code < 0 ? "the modem refused and does not say why"
			 : "the modem refused with a number of its maker's own",
		"" };
}

struct sms_error
sms_error_of_message(int code)
{
	return look_up(messages, NELEM(messages), code);
}

struct sms_error
sms_error_of_modem(int code)
{
	return look_up(modem, NELEM(modem), code);
}
