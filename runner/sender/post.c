#include "runner/sender/post.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runner/sender/signature.h"

#define HEADER    512
#define WORD_MOST 40
#define READ_MOST 65536 /* of an answer: what comes after that ends the connection */

struct post {
	CURL *easy;
	struct curl_slist *headers;
	const struct letter *letter;
	size_t got;
	char said[WORD_MOST + 1]; /* the beginning of the answer */
};

struct post *post_new(void)
{
	struct post *post = calloc(1, sizeof(*post));
	if (post && !(post->easy = curl_easy_init())) {
		free(post);
		return NULL;
	}
	return post;
}

void post_free(struct post *post)
{
	if (!post)
		return;
	curl_slist_free_all(post->headers);
	curl_easy_cleanup(post->easy);
	free(post);
}

static size_t take(char *bytes, size_t size, size_t count, void *context)
{
	struct post *post = context;
	const size_t length = size * count;
	if (post->got < WORD_MOST) {
		const size_t room = WORD_MOST - post->got;
		memcpy(post->said + post->got, bytes, length < room ? length : room);
	}
	post->got += length;
	return post->got > READ_MOST ? 0 : length;
}

static bool add_header(struct post *post, const char *format, const char *value)
{
	char header[HEADER];
	const int length = snprintf(header, sizeof(header), "%s: %s", format, value);
	if (length < 0 || length >= HEADER)
		return false;
	struct curl_slist *list = curl_slist_append(post->headers, header);
	if (list)
		post->headers = list;
	return list != NULL;
}

static bool add_headers(struct post *post, const struct letter *letter, int64_t now, char *why)
{
	char time[32], signature[SIGNATURE_TEXT];
	snprintf(time, sizeof(time), "%lld", (long long)now);
	snprintf(why, POST_WORDS, "out of memory");
	/* "expect:" has libcurl send the body without asking first. */
	if (!add_header(post, "content-type", "application/json") ||
	    !add_header(post, "idempotency-key", letter->key) ||
	    !add_header(post, "webhook-id", letter->key) ||
	    !add_header(post, "webhook-timestamp", time) || !add_header(post, "expect", ""))
		return false;
	if (!letter->signing_key)
		return true;
	if (signature_make(letter->signing_key, letter->key, now, letter->body, signature) == 0)
		return add_header(post, "webhook-signature", signature);
	snprintf(why, POST_WORDS, "its signing_key is not base64 after whsec_");
	return false;
}

CURL *post_begin(struct post *post, const struct letter *letter, int64_t now_us, char *why)
{
	CURL *easy = post->easy;
	curl_easy_reset(easy);
	curl_slist_free_all(post->headers);
	post->headers = NULL;
	post->letter = letter;
	post->got = 0;
	memset(post->said, 0, sizeof(post->said));
	if (!add_headers(post, letter, now_us / 1000000, why))
		return NULL;
	if (curl_easy_setopt(easy, CURLOPT_URL, letter->url) != CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") != CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, post->headers) != CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, letter->body) != CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)letter->timeout_ms) != CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) != CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_USERAGENT, "stepgate") != CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take) != CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_WRITEDATA, post) != CURLE_OK) {
		snprintf(why, POST_WORDS, "libcurl will not take the request");
		return NULL;
	}
	return easy;
}

/* A server's own word for what is wrong, as Slack has them ("no_service", "invalid_payload"). */
static const char *own_word(const struct post *post)
{
	const size_t length = strspn(post->said, "abcdefghijklmnopqrstuvwxyz_ ");
	if (post->got == 0 || post->got > WORD_MOST || post->said[length] != '\0' ||
	    strstr(post->letter->url, post->said))
		return NULL;
	return post->said;
}

/* What may pass (RFC 9110, 15.5.9 and 15.6; RFC 6585, 4; RFC 8470, 5.2) is tried again. */
static bool may_pass(long status)
{
	return status >= 500 || status == 408 || status == 425 || status == 429;
}

static enum letter_end answered(struct post *post, long status, int64_t *asked_ms, char *why)
{
	curl_off_t seconds = 0;
	const char *word = own_word(post);
	if (status >= 200 && status < 300)
		return LETTER_ARRIVED;
	curl_easy_getinfo(post->easy, CURLINFO_RETRY_AFTER, &seconds);
	*asked_ms = seconds < 86400 ? 1000 * seconds : 86400000;
	if (status >= 300 && status < 400)
		snprintf(why, POST_WORDS, "HTTP %ld: redirects are not followed", status);
	else
		snprintf(why, POST_WORDS, "HTTP %ld%s%s", status, word ? ": " : "",
			 word ? word : "");
	return may_pass(status) ? LETTER_FAILED : LETTER_REFUSED;
}

enum letter_end post_end(struct post *post, CURLcode result, int64_t *asked_ms, char *why)
{
	long status = 0;
	*asked_ms = 0;
	why[0] = '\0';
	curl_easy_getinfo(post->easy, CURLINFO_RESPONSE_CODE, &status);
	/* An answer that goes on for ever has said what it had to say. */
	if (result == CURLE_OK || (result == CURLE_WRITE_ERROR && post->got > READ_MOST))
		return answered(post, status, asked_ms, why);
	if (result == CURLE_OPERATION_TIMEDOUT)
		snprintf(why, POST_WORDS, "no answer within %lld ms",
			 (long long)post->letter->timeout_ms);
	else
		snprintf(why, POST_WORDS, "%s", curl_easy_strerror(result));
	return LETTER_FAILED;
}
