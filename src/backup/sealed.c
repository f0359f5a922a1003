/* sealed.c - bytes that only who knows a passphrase can read, and nobody can change */
#include "backup/sealed.h"

#include <argon2.h>
#include <limits.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/bytes.h"

#define HEAD "mbc sealed 1\n"
#define HEAD_TEXT (sizeof(HEAD) - 1)
#define HEAD_BYTES (HEAD_TEXT + 12 + SEALED_SALT)
#define KEY_BYTES 32
#define NONCE_BYTES 12
#define TAG_BYTES 16
/* Of a file that somebody else made: a computer that is asked for more has better things to do. */
#define MEMORY_KIB_MAX (256u << 10)
#define PASSES_MAX 16u

const struct sealed_cost sealed_cost = { 64u << 10, 3 };

static int
make_key(uint8_t key[KEY_BYTES], const char *passphrase, const struct sealed_cost *cost,
	const uint8_t *salt, struct err *err)
{
	int rc = argon2id_hash_raw(cost->passes, cost->memory_kib, 1, passphrase,
		strlen(passphrase), salt, SEALED_SALT, key, KEY_BYTES);

	if (rc == ARGON2_OK)
		return 0;
	return err_set(err, rc == ARGON2_MEMORY_ALLOCATION_ERROR ? ERR_IO : ERR_CONF, 0,
		"making a key of the passphrase: %s", argon2_error_message(rc));
}

static void
make_nonce(uint8_t out[NONCE_BYTES], uint32_t number, bool is_last)
{
	memset(out, 0, NONCE_BYTES);
	put_u32be(out + 7, number);
	out[11] = is_last;
}

struct chunk {
	const uint8_t *key, *head;
	uint32_t number;
	bool is_last;
};

static bool
seal_chunk(EVP_CIPHER_CTX *ctx, const struct chunk *c, const uint8_t *in, size_t n, uint8_t *out)
{
	uint8_t nonce[NONCE_BYTES];
	int made = 0, rest = 0;

	make_nonce(nonce, c->number, c->is_last);
	return EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, c->key, nonce) == 1 &&
	       EVP_EncryptUpdate(ctx, NULL, &made, c->head, HEAD_BYTES) == 1 &&
	       EVP_EncryptUpdate(ctx, out, &made, in, (int)n) == 1 &&
	       EVP_EncryptFinal_ex(ctx, out + made, &rest) == 1 && (size_t)(made + rest) == n &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG_BYTES, out + n) == 1;
}

static bool
open_chunk(EVP_CIPHER_CTX *ctx, const struct chunk *c, const uint8_t *in, size_t n, uint8_t *out)
{
	uint8_t nonce[NONCE_BYTES], tag[TAG_BYTES];
	int made = 0, rest = 0;

	memcpy(tag, in + n, TAG_BYTES);
	make_nonce(nonce, c->number, c->is_last);
	return EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, c->key, nonce) == 1 &&
	       EVP_DecryptUpdate(ctx, NULL, &made, c->head, HEAD_BYTES) == 1 &&
	       EVP_DecryptUpdate(ctx, out, &made, in, (int)n) == 1 &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG_BYTES, tag) == 1 &&
	       EVP_DecryptFinal_ex(ctx, out + made, &rest) == 1;
}

/* Room once, so that no copy is left behind by growing. */
static uint8_t *
room(struct buf *out, size_t n)
{
	return (uint8_t *)buf_room(out, n);
}

int
sealed_write(struct buf *out, const void *bytes, size_t n, const char *passphrase,
	const struct sealed_cost *cost, const uint8_t salt[SEALED_SALT], struct err *err)
{
	size_t chunks = n == 0 ? 1 : (n + SEALED_CHUNK - 1) / SEALED_CHUNK;
	uint8_t key[KEY_BYTES], *head, *to;
	const uint8_t *in = bytes;
	EVP_CIPHER_CTX *ctx;
	bool is_good;

	if (n > SEALED_MAX)
		return err_set(err, ERR_CONF, 0, "there is too much to be sealed");
	if (make_key(key, passphrase, cost, salt, err) < 0)
		return err == NULL ? ERR_CONF : err->code;
	head = room(out, HEAD_BYTES + n + chunks * TAG_BYTES);
	memcpy(head, HEAD, HEAD_TEXT);
	put_u32be(head + HEAD_TEXT, cost->memory_kib);
	put_u32be(head + HEAD_TEXT + 4, cost->passes);
	put_u32be(head + HEAD_TEXT + 8, SEALED_CHUNK);
	memcpy(head + HEAD_TEXT + 12, salt, SEALED_SALT);
	to = head + HEAD_BYTES;
	ctx = EVP_CIPHER_CTX_new();
	is_good = ctx != NULL;
	for (size_t i = 0; i < chunks && is_good; i++) {
		size_t part = MIN(n - i * SEALED_CHUNK, (size_t)SEALED_CHUNK);
		const struct chunk c = { key, head, (uint32_t)i, i + 1 == chunks };

		is_good = seal_chunk(ctx, &c, in + i * SEALED_CHUNK, part, to);
		to += part + TAG_BYTES;
	}
	EVP_CIPHER_CTX_free(ctx);
	explicit_bzero(key, sizeof(key));
	if (!is_good)
		return err_set(err, ERR_IO, 0, "sealing: libcrypto cannot do AES-256-GCM here");
	out->n += HEAD_BYTES + n + chunks * TAG_BYTES;
	return 0;
}

static int
damaged(struct err *err)
{
	return err_set(
		err, ERR_CONF, 0, "the passphrase is another one, or the sealed part is damaged");
}

static int
open_all(struct buf *out, const uint8_t *head, size_t n, const uint8_t *key, struct err *err)
{
	const uint8_t *in = head + HEAD_BYTES, *end = head + n;
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t *to = room(out, n);
	size_t made = 0;
	bool is_good = ctx != NULL;

	for (uint32_t number = 0; is_good; number++) {
		size_t left = (size_t)(end - in),
		       part = MIN(left, (size_t)SEALED_CHUNK + TAG_BYTES);
		const struct chunk c = { key, head, number, part == left };

		is_good = part >= TAG_BYTES && (part > TAG_BYTES || number == 0) &&
			  open_chunk(ctx, &c, in, part - TAG_BYTES, to + made);
		if (is_good)
			made += part - TAG_BYTES;
		in += part;
		if (c.is_last)
			break;
	}
	EVP_CIPHER_CTX_free(ctx);
	if (is_good) {
		out->n += made;
		return 0;
	}
	explicit_bzero(to, n); /* nothing is given out of what is not whole */
	return damaged(err);
}

int
sealed_read(struct buf *out, const void *bytes, size_t n, const char *passphrase, struct err *err)
{
	const uint8_t *head = bytes;
	uint8_t key[KEY_BYTES];
	struct sealed_cost cost;
	int rc;

	if (n < HEAD_BYTES + TAG_BYTES || n > SEALED_MAX + SEALED_MAX / 64 ||
		memcmp(head, HEAD, HEAD_TEXT) != 0)
		return err_set(err, ERR_CONF, 0,
			"the sealed part is damaged, or of a newer mbc: its head is none");
	cost = (struct sealed_cost){ get_u32be(head + HEAD_TEXT), get_u32be(head + HEAD_TEXT + 4) };
	if (cost.memory_kib < 8 || cost.memory_kib > MEMORY_KIB_MAX || cost.passes < 1 ||
		cost.passes > PASSES_MAX || get_u32be(head + HEAD_TEXT + 8) != SEALED_CHUNK)
		return err_set(err, ERR_CONF, 0,
			"the sealed part is damaged: it asks for what 'mbc backup' never does");
	rc = make_key(key, passphrase, &cost, head + HEAD_TEXT + 12, err);
	if (rc == 0)
		rc = open_all(out, head, n, key, err);
	explicit_bzero(key, sizeof(key));
	return rc;
}
