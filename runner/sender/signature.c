#include "runner/sender/signature.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX "whsec_"

/* The bytes of the key into bytes[], which has room for as many as the text. Their number, or -1.
 */
static int decode(const char *signing_key, unsigned char *bytes)
{
	if (strncmp(signing_key, PREFIX, strlen(PREFIX)) != 0) {
		const size_t length = strlen(signing_key);
		memcpy(bytes, signing_key, length);
		return (int)length;
	}
	const char *text = signing_key + strlen(PREFIX);
	const size_t length = strlen(text);
	size_t padding = 0;
	while (padding < 2 && padding < length && text[length - 1 - padding] == '=')
		padding++;
	const int got = EVP_DecodeBlock(bytes, (const unsigned char *)text, (int)length);
	return got < (int)padding ? -1 : got - (int)padding;
}

int signature_make(const char *signing_key, const char *key, int64_t time, const char *body,
		   char *text)
{
	unsigned char digest[32], base64[48];
	unsigned int length = 0;
	char *content = NULL;
	unsigned char *bytes = malloc(strlen(signing_key) + 1);
	const int nbytes = bytes ? decode(signing_key, bytes) : -1;
	const int ncontent =
		nbytes < 0 ? -1 : asprintf(&content, "%s.%lld.%s", key, (long long)time, body);
	const int made =
		ncontent >= 0 && HMAC(EVP_sha256(), bytes, nbytes, (const unsigned char *)content,
				      (size_t)ncontent, digest, &length) != NULL;
	if (made) {
		EVP_EncodeBlock(base64, digest, (int)length);
		snprintf(text, SIGNATURE_TEXT, "v1,%s", (const char *)base64);
	}
	if (bytes)
		explicit_bzero(bytes, strlen(signing_key));
	free(bytes);
	free(content);
	return made ? 0 : -1;
}
