/* errand.c - the bench file, its versions, the audit, runs and their notes over HTTP */
#include "msg/errand.h"

#include <string.h>

static const struct {
	const char *act;
	bool has_text, changes;
} rows[ERRAND_KINDS] = {
	[ERRAND_FILE] = { "bench_read", false, false },
	[ERRAND_CHECK] = { "bench_check", true, false },
	[ERRAND_PUT] = { "bench_put", true, true },
	[ERRAND_VERSIONS] = { "bench_read", false, false },
	[ERRAND_VERSION] = { "bench_read", false, false },
	[ERRAND_DIFF] = { "bench_read", false, false },
	[ERRAND_UNDO] = { "bench_undo", false, true },
	[ERRAND_DISCARD] = { "bench_discard", false, true },
	[ERRAND_REASON] = { "bench_reason", false, true },
	[ERRAND_SEQUENCE_CHECK] = { "sequence_check", true, false },
	[ERRAND_SEQUENCE_PUT] = { "sequence_put", true, true },
	[ERRAND_AUDIT] = { "audit_read", false, false },
	[ERRAND_CATALOGUE] = { "catalogue_read", false, false },
	[ERRAND_RUN_START] = { "run_start", false, true },
	[ERRAND_RUN_STOP] = { "run_stop", false, true },
	[ERRAND_RUN_NOTE] = { "run_note", false, true },
	[ERRAND_TRY] = { "wire_try", false, true }, /* no value changes: a device is asked */
	[ERRAND_SCAN] = { "wire_scan", false, true },
	[ERRAND_CERTIFICATE] = { "certificate_read", false, false },
	[ERRAND_CERTIFICATE_MAKE] = { "certificate_make", false, true },
	[ERRAND_CERTIFICATE_PUT] = { "certificate_put", true, true },
	[ERRAND_BACKUPS] = { "backup_list", false, false },
	[ERRAND_BACKUP_MAKE] = { "backup_make", true, true },
	[ERRAND_BACKUP_VERIFY] = { "backup_verify", true, false },
	[ERRAND_BACKUP_REMOVE] = { "backup_remove", false, true },
	[ERRAND_BACKUP_FILE] = { "backup_file", false, true }, /* it leaves the bench */
};

const char *const errand_memories[ERRAND_MEMORIES] = { "text", "now", "next", "other", "errors",
	"image", "other-image", "answer", "running", "kept" };

_Static_assert(sizeof(struct errand_ask) + 64 < WIRE_MAX, "it fits into a packet with a token");

void
errand_write(struct buf *out, const struct errand_ask *a)
{
	wire_text(out, a->id);
	wire_text(out, a->principal);
	wire_u16(out, a->kind);
	wire_u16(out, a->may);
	wire_u32(out, a->number);
	wire_u32(out, a->other);
	wire_u32(out, a->limit);
	wire_text(out, a->name);
	wire_text(out, a->act);
	wire_text(out, a->since);
	wire_text(out, a->sha256);
	wire_text(out, a->reason);
	wire_text(out, a->request);
	wire_text(out, a->text);
	wire_end(out);
}

int
errand_read(struct errand_ask *out, struct wire_in *in, struct err *err)
{
	*out = (struct errand_ask){ 0 };
	wire_get_text(in, out->id, sizeof(out->id));
	wire_get_text(in, out->principal, sizeof(out->principal));
	out->kind = wire_get_u16(in);
	out->may = wire_get_u16(in);
	out->number = wire_get_u32(in);
	out->other = wire_get_u32(in);
	out->limit = wire_get_u32(in);
	wire_get_text(in, out->name, sizeof(out->name));
	wire_get_text(in, out->act, sizeof(out->act));
	wire_get_text(in, out->since, sizeof(out->since));
	wire_get_text(in, out->sha256, sizeof(out->sha256));
	wire_get_text(in, out->reason, sizeof(out->reason));
	wire_get_text(in, out->request, sizeof(out->request));
	wire_get_text(in, out->text, sizeof(out->text));
	if (wire_close(in, err) < 0)
		return ERR_PROTO;
	if (out->kind >= ERRAND_KINDS || !command_id_is_good(out->id) ||
		(errand_is_run(out->kind) && !command_id_is_good(out->request)))
		return err_set(err, ERR_PROTO, 0, "an errand of no kind, or without an id");
	return 0;
}

const char *
errand_act(enum errand_kind kind)
{
	return rows[kind].act;
}

bool
errand_is_root(enum errand_kind kind)
{
	return kind >= ERRAND_CERTIFICATE;
}

bool
errand_is_run(enum errand_kind kind)
{
	return kind >= ERRAND_RUN_START && kind <= ERRAND_RUN_NOTE;
}

bool
errand_is_certificate(enum errand_kind kind)
{
	return kind >= ERRAND_CERTIFICATE && kind <= ERRAND_CERTIFICATE_PUT;
}

bool
errand_backup_name_is_good(const char *name)
{
	size_t n = strlen(name);

	return n > 4 && n < 100 && name[0] != '.' && strcmp(name + n - 4, ".mbc") == 0 &&
	       name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				 "-_.")] == '\0';
}

bool
errand_is_sequence(enum errand_kind kind)
{
	return kind == ERRAND_SEQUENCE_CHECK || kind == ERRAND_SEQUENCE_PUT;
}

bool
errand_has_text(enum errand_kind kind)
{
	return rows[kind].has_text;
}

bool
errand_changes(enum errand_kind kind)
{
	return rows[kind].changes;
}

int
errand_exit(unsigned status)
{
	return status >= 400 && status < 556 ? (int)status - 300 : 200;
}

unsigned
errand_status(int code)
{
	return code >= 100 && code < 256 ? (unsigned)code + 300 : 0;
}
