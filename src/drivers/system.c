/* system.c - the codec of this computer: its files under /proc and /sys, its disks
 *
 * Source: proc(5), statvfs(3), Linux Documentation/driver-api/thermal/sysfs-api.rst.
 * A request is one file: "<path>\n". An answer is "<path> ok\n" and its content, "<path> missing\n" or "<path> error N\n"
 * (src/io/system_files.h).
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "link/codec.h"

extern const struct codec codec_system;

#define ANSWER_MAX 4096 /* bytes of a file with its path */

enum metric {
	M_CPU,
	M_LOAD1,
	M_LOAD5,
	M_LOAD15,
	M_MEMORY_USED,
	M_MEMORY_AVAILABLE,
	M_UPTIME,
	M_DISK_USED,
	M_DISK_FREE,
	M_TEMPERATURE,
	M_NET_IN,
	M_NET_OUT,
};

static const char *const word_keys[] = { "cpu", "load1", "load5", "load15", "memory_used",
	"memory_available", "uptime", "disk_used", "disk_free", "temperature", "net_in", "net_out",
	NULL };

static const uint8_t value_types[] = {
	[M_CPU] = VALUE_FLOAT,
	[M_LOAD1] = VALUE_FLOAT,
	[M_LOAD5] = VALUE_FLOAT,
	[M_LOAD15] = VALUE_FLOAT,
	[M_MEMORY_USED] = VALUE_FLOAT,
	[M_MEMORY_AVAILABLE] = VALUE_UINT,
	[M_UPTIME] = VALUE_FLOAT,
	[M_DISK_USED] = VALUE_FLOAT,
	[M_DISK_FREE] = VALUE_UINT,
	[M_TEMPERATURE] = VALUE_FLOAT,
	[M_NET_IN] = VALUE_UINT,
	[M_NET_OUT] = VALUE_UINT,
};

/* Which file a metric stands in: point.space. Points of one file share a request. */
enum file { F_STAT, F_LOADAVG, F_MEMINFO, F_UPTIME, F_NET, F_THERMAL, F_DISK };

static const uint8_t files[] = {
	[M_CPU] = F_STAT,
	[M_LOAD1] = F_LOADAVG,
	[M_LOAD5] = F_LOADAVG,
	[M_LOAD15] = F_LOADAVG,
	[M_MEMORY_USED] = F_MEMINFO,
	[M_MEMORY_AVAILABLE] = F_MEMINFO,
	[M_UPTIME] = F_UPTIME,
	[M_DISK_USED] = F_DISK,
	[M_DISK_FREE] = F_DISK,
	[M_TEMPERATURE] = F_THERMAL,
	[M_NET_IN] = F_NET,
	[M_NET_OUT] = F_NET,
};

/* In vars: the last counters of /proc/stat, a pair for each request that reads them. */
enum { VAR_CPU_ALL, VAR_CPU_IDLE, VAR_CPU_EACH };

enum point_opt { PT_KEY, PT_PATH, PT_ZONE, PT_INTERFACE };

static const struct opt no_opts[] = { { 0 } };

static const struct opt point_opts[] = {
	{ "key", OPT_CHOICE, 0, 0, word_keys, OPT_NEEDED,
		"cpu, memory_used, disk_used in %; load1, load5, load15; memory_available in KiB; "
		"disk_free in MiB; uptime in s; "
		"temperature in degC; net_in, net_out in B" },
	{ "path", OPT_TEXT, 0, 0, NULL, OPT_ABSENT,
		"disk_used, disk_free: a folder on that disk; default /" },
	{ "zone", OPT_INT, 0, 63, NULL, OPT_ABSENT,
		"temperature: number of the thermal zone; default 0" },
	{ "interface", OPT_TEXT, 0, 0, NULL, OPT_ABSENT,
		"net_in, net_out: name of the network interface, such as eth0" },
	{ 0 },
};

static const char default_channels[] =
	"cpu:         {read: {key: cpu}, unit: \"%\", title: processor}\n"
	"load:        {read: {key: load1}, title: load}\n"
	"memory:      {read: {key: memory_used}, unit: \"%\", title: memory in use}\n"
	"disk:        {read: {key: disk_used}, unit: \"%\", every: 30 s, title: disk in use}\n"
	"uptime:      {read: {key: uptime}, unit: s, title: time since the start of the computer}\n"
	"temperature: {read: {key: temperature}, unit: degC, every: 5 s, title: temperature}\n";

static int
system_point(
	const struct instrument *ins, const struct optvals *v, struct point *out, struct err *err)
{
	enum metric m = (enum metric)v->num[PT_KEY];
	enum file f = (enum file)files[m];
	const char *path = v->text[PT_PATH], *interface = v->text[PT_INTERFACE];

	if (path != NULL && f != F_DISK)
		return err_set(err, ERR_CONF, PT_PATH,
			"only disk_used and disk_free have a path; remove it");
	if (v->num[PT_ZONE] != OPT_ABSENT && f != F_THERMAL)
		return err_set(err, ERR_CONF, PT_ZONE, "only temperature has a zone; remove it");
	if ((interface != NULL) != (f == F_NET))
		return err_set(err, ERR_CONF, interface != NULL ? PT_INTERFACE : PT_KEY,
			f == F_NET ? "which network interface? write for example 'interface: eth0'"
				   : "only net_in and net_out have an interface; remove it");
	if (path != NULL && (path[0] != '/' || strlen(path) > 200))
		return err_set(
			err, ERR_CONF, PT_PATH, "a path begins with / and has at most 200 bytes");
	if (interface != NULL && (interface[0] == '\0' || strlen(interface) > 15 ||
					 strpbrk(interface, " :/") != NULL))
		return err_set(err, ERR_CONF, PT_INTERFACE,
			"this is not the name of a network interface; 'ip link' lists them");
	*out = (struct point){
		.id = out->id,
		.every_ns = out->every_ns,
		.space = (uint16_t)f,
		.type = (uint16_t)m,
		.address = v->num[PT_ZONE] != OPT_ABSENT ? (uint32_t)v->num[PT_ZONE] : 0,
		.count = 1,
		.bit = CODEC_BIT_NONE,
		.value = value_types[m],
		.write_space = -1,
		.key = f == F_DISK ? (path != NULL ? path : "/") : interface,
	};
	return 0;
}

/* The same file: the same zone, the same disk. */
static bool
shares_file(const struct point *a, const struct point *b)
{
	if (a->space != b->space || a->every_ns != b->every_ns || a->address != b->address)
		return false;
	return a->space != F_DISK || strcmp(a->key, b->key) == 0;
}

static int
system_plan(const struct instrument *ins, const struct point *pts, size_t n,
	const struct learned *learned, struct request *out, size_t max)
{
	size_t made = 0;

	for (size_t i = 0; i < n; i++) {
		struct request *last = made > 0 ? &out[made - 1] : NULL;

		if (last != NULL && shares_file(&pts[last->first], &pts[i])) {
			last->n++;
			continue;
		}
		if (made == max)
			break;
		out[made++] = (struct request){ .kind = REQUEST_READ,
			.n = 1,
			.first = (uint32_t)i,
			.space = pts[i].space,
			.address = pts[i].address,
			.count = 1 };
		/* encode() sees no points: the disk's path travels in the request. */
		if (pts[i].space == F_DISK) {
			out[made - 1].n_write = (uint16_t)strlen(pts[i].key);
			memcpy(out[made - 1].write, pts[i].key, strlen(pts[i].key));
		}
	}
	return (int)made;
}

static int
path_of(const struct request *req, char *out, size_t cap)
{
	static const char *const paths[] = { "/proc/stat", "/proc/loadavg", "/proc/meminfo",
		"/proc/uptime", "/proc/net/dev" };

	if (req->space == F_THERMAL)
		return snprintf(out, cap, "/sys/class/thermal/thermal_zone%u/temp", req->address);
	if (req->space == F_DISK)
		return snprintf(
			out, cap, "statvfs:%.*s", (int)req->n_write, (const char *)req->write);
	return snprintf(out, cap, "%s", paths[req->space]);
}

static int
system_encode(const struct instrument *ins, const struct request *req, uint32_t tag,
	const struct vars *vars, uint8_t *out, size_t cap, struct err *err)
{
	char path[300];
	int n = path_of(req, path, sizeof(path) - 1);

	if (n <= 0 || (size_t)n + 1 > cap)
		return err_set(err, ERR_CONF, 0, "a path that is too long");
	path[n++] = '\n';
	memcpy(out, path, (size_t)n);
	return n;
}

static int
system_cut(const struct instrument *ins, const struct request *req, const uint8_t *in, size_t n,
	enum wire wire)
{
	return n == 0 ? CUT_MORE : CUT_FRAME(n); /* the shell hands over whole answers */
}

static enum match
system_match(const struct instrument *ins, const struct request *req, uint32_t tag,
	const uint8_t *frame, size_t n)
{
	char path[300];
	int len = path_of(req, path, sizeof(path));

	if (len <= 0 || n < (size_t)len + 1 || memcmp(frame, path, (size_t)len) != 0 ||
		frame[len] != ' ')
		return MATCH_NOT_MINE;
	return MATCH_MINE;
}

/* ---- the files ---- */

/* Up to max numbers after `at`, separated by blanks; returns how many there were. */
static int
numbers(const char *at, double *out, int max)
{
	int n = 0;

	while (n < max) {
		char *end;
		double v = strtod(at, &end);

		if (end == at || !isfinite(v))
			break;
		out[n++] = v;
		at = end;
	}
	return n;
}

/* First line: cpu user nice system idle iowait irq softirq steal. Busy is all but idle and iowait, between two readings. */
static enum quality
read_cpu(const char *text, uint64_t *last, double *out)
{
	double f[8], all = 0, idle, d_all, d_idle;
	int n = strncmp(text, "cpu ", 4) == 0 ? numbers(text + 4, f, 8) : 0;

	if (n < 5)
		return Q_GARBLED;
	for (int i = 0; i < n; i++)
		all += f[i];
	idle = f[3] + f[4];
	d_all = all - (double)last[VAR_CPU_ALL];
	d_idle = idle - (double)last[VAR_CPU_IDLE];
	if (last[VAR_CPU_ALL] == 0 || d_all <= 0) {
		last[VAR_CPU_ALL] = (uint64_t)all;
		last[VAR_CPU_IDLE] = (uint64_t)idle;
		return Q_NOT_YET; /* a load is the difference of two readings */
	}
	last[VAR_CPU_ALL] = (uint64_t)all;
	last[VAR_CPU_IDLE] = (uint64_t)idle;
	*out = MAX(0.0, MIN(100.0, 100.0 * (d_all - d_idle) / d_all));
	return Q_GOOD;
}

/* The number behind `label` at the start of a line. */
static enum quality
labelled(const char *text, const char *label, double *out)
{
	size_t n = strlen(label);

	for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, label, n) == 0)
			return numbers(line + n, out, 1) == 1 ? Q_GOOD : Q_GARBLED;
	}
	return Q_MISSING;
}

static enum quality
read_memory(const char *text, enum metric m, double *out)
{
	double total, available;

	if (labelled(text, "MemTotal:", &total) != Q_GOOD ||
		labelled(text, "MemAvailable:", &available) != Q_GOOD || total <= 0)
		return Q_GARBLED;
	*out = m == M_MEMORY_AVAILABLE ? available : 100.0 * (1.0 - available / total);
	return Q_GOOD;
}

/* Lines "  eth0: bytes packets errs drop fifo frame compressed multicast bytes ..." */
static enum quality
read_net(const char *text, const char *interface, enum metric m, double *out)
{
	size_t n = strlen(interface);

	for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
		double f[9];

		line += *line == '\n';
		while (*line == ' ')
			line++;
		if (strncmp(line, interface, n) != 0 || line[n] != ':')
			continue;
		if (numbers(line + n + 1, f, 9) != 9)
			return Q_GARBLED;
		*out = m == M_NET_IN ? f[0] : f[8];
		return Q_GOOD;
	}
	return Q_MISSING;
}

/* "blocks bavail frsize files favail" */
static enum quality
read_disk(const char *text, enum metric m, double *out)
{
	double f[5];

	if (numbers(text, f, 5) != 5 || f[0] <= 0)
		return Q_GARBLED;
	*out = m == M_DISK_FREE ? f[1] * f[2] / 1048576 : 100.0 * (1.0 - f[1] / f[0]);
	return Q_GOOD;
}

static enum quality
read_metric(const struct point *pt, const char *text, uint64_t *last, double *out)
{
	enum metric m = (enum metric)pt->type;
	double f[3];

	switch ((enum file)pt->space) {
	case F_STAT:
		return read_cpu(text, last, out);
	case F_LOADAVG:
		if (numbers(text, f, 3) != 3)
			return Q_GARBLED;
		*out = f[m - M_LOAD1];
		return Q_GOOD;
	case F_MEMINFO:
		return read_memory(text, m, out);
	case F_UPTIME:
		return numbers(text, out, 1) == 1 ? Q_GOOD : Q_GARBLED;
	case F_NET:
		return read_net(text, pt->key, m, out);
	case F_THERMAL:
		if (numbers(text, out, 1) != 1)
			return Q_GARBLED;
		*out /= 1000; /* thousandths of a degree */
		return Q_GOOD;
	case F_DISK:
		return read_disk(text, m, out);
	}
	return Q_GARBLED;
}

static int
system_decode(const struct instrument *ins, const struct request *req, const struct point *pts,
	const uint8_t *frame, size_t n, struct vars *vars, struct readings *out, struct err *err)
{
	char text[ANSWER_MAX + 1], path[300];
	size_t head = (size_t)path_of(req, path, sizeof(path)) + 1;
	bool is_ok, is_missing;
	const char *content;
	uint64_t *last = vars->v + VAR_CPU_EACH * (req->first % (CODEC_VARS_MAX / VAR_CPU_EACH));

	if (n > ANSWER_MAX || n <= head)
		return err_set(err, DECODE_BAD, 0, "an answer of %zu bytes", n);
	memcpy(text, frame, n);
	text[n] = '\0';
	is_ok = strncmp(text + head, "ok\n", 3) == 0;
	is_missing = strncmp(text + head, "missing", 7) == 0;
	content = text + head + 3;
	for (uint32_t i = 0; i < req->n && out->n < out->cap; i++) {
		struct reading *r = &out->at[out->n++];
		const struct point *pt = &pts[req->first + i];
		double v = 0;

		/* All are the same load: a second look at one answer would find no difference. */
		if (i > 0 && req->space == F_STAT) {
			*r = r[-1];
			r->at = req->first + i;
			continue;
		}
		*r = (struct reading){ .at = req->first + i };
		r->quality = (uint16_t)(is_ok        ? read_metric(pt, content, last, &v)
					: is_missing ? Q_MISSING
						     : Q_DEVICE_FAILED);
		if (pt->value == VALUE_UINT)
			r->v.u = v <= 0 ? 0 : v < 0x1p64 ? (uint64_t)v : UINT64_MAX;
		else
			r->v.f = v;
	}
	return 0;
}

const struct codec codec_system = {
	.name = "system",
	.help = "this computer: processor, memory, disks, temperatures, network, uptime",
	.opts = no_opts,
	.point_opts = point_opts,
	.wires = CODEC_SYSTEM,
	.channels = default_channels,
	.point = system_point,
	.plan = system_plan,
	.encode = system_encode,
	.cut = system_cut,
	.match = system_match,
	.decode = system_decode,
};
