/* curl_reply.c - what follows from a transfer that ended without an answer
 *
 * A certificate that does not hold, or a server without TLS, is permanent although somebody may mend it: the next way is better than to wait for that.
 */
#include "alert/curl_reply.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "alert/clean.h"

bool
curl_is_network(int code)
{
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_CONNECT:
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_RECV_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
		return true;
	default:
		return false;
	}
}

/* What never gets as far as to hand anything over. */
static bool
is_before(int code)
{
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_CONNECT:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_USE_SSL_FAILED:
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_LOGIN_DENIED:
		return true;
	default:
		return false;
	}
}

static const char *
remedy_of(int code, bool *out_is_permanent)
{
	*out_is_permanent = true;
	switch (code) {
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_ISSUER_ERROR:
		return "renew the server's certificate, write its name as the certificate has it, "
		       "or give the file of its authority with 'ca'";
	case CURLE_SSL_CACERT_BADFILE:
		return "look whether the file of 'ca' exists, holds certificates and can be read "
		       "by mbc-alert";
	case CURLE_USE_SSL_FAILED:
		return "the server offers no TLS there; use its port with STARTTLS (587) or "
		       "smtps:// (465)";
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
		return "correct the address of the service";
	case CURLE_LOGIN_DENIED:
		return "correct the user and the password of the service";
	default:
		break;
	}
	*out_is_permanent = false;
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return "look at the network, its name server, and the host in the address";
	case CURLE_COULDNT_CONNECT:
		return "look at the network, the port in the address, and whether the server runs";
	case CURLE_SSL_CONNECT_ERROR:
		return "look whether the port in the address speaks TLS of version 1.2 or newer";
	case CURLE_OPERATION_TIMEDOUT:
		return "look at the network and at the load of the server";
	default:
		return "look at the network and the server";
	}
}

void
curl_judge(int code, bool is_out, const char *words, struct alert_verdict *out)
{
	const char *said =
		words != NULL && words[0] != '\0' ? words : curl_easy_strerror((CURLcode)code);
	bool is_permanent, is_uncertain = is_out && !is_before(code);

	memset(out, 0, sizeof(*out));
	snprintf(out->remedy, sizeof(out->remedy), "%s", remedy_of(code, &is_permanent));
	out->is_way = is_permanent;
	out->result = is_uncertain   ? ALERT_UNCERTAIN
		      : is_permanent ? ALERT_PERMANENT
				     : ALERT_TEMPORARY;
	if (is_uncertain) {
		static const char lead[] = "handed over, and no answer came: ";

		memcpy(out->text, lead, sizeof(lead));
		clean_told(out->text + sizeof(lead) - 1, sizeof(out->text) - sizeof(lead) + 1, said,
			strlen(said));
	} else {
		clean_told(out->text, sizeof(out->text), said, strlen(said));
	}
}
