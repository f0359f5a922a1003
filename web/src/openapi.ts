/* openapi.ts - the description of the API, as the explorer shows it. Pure.
 *
 * What the server says of itself is read as it is (OpenAPI 3.1): no list of addresses is kept here.
 */
export interface Schema {
	$ref?: string;
	type?: string | string[];
	enum?: unknown[];
	const?: unknown;
	default?: unknown;
	example?: unknown;
	examples?: unknown[];
	description?: string;
	properties?: Record<string, Schema>;
	required?: string[];
	items?: Schema;
	oneOf?: Schema[];
	anyOf?: Schema[];
	allOf?: Schema[];
}

export interface Param {
	name: string;
	in: "path" | "query";
	required: boolean;
	description: string;
	example: string;
	choices: string[]; /* none: any text */
}

export interface Operation {
	id: string; /* "GET /api/v1/bench" */
	method: string;
	path: string;
	group: string; /* the first word of the path behind /api/v1 */
	summary: string;
	description: string;
	params: Param[];
	body: Schema | null;
	answers: { status: string; description: string }[];
	reads: boolean; /* it only asks, and can be tried */
	is_stream: boolean; /* its answer never ends */
}

interface RawParam {
	name: string;
	in: string;
	required?: boolean;
	description?: string;
	example?: unknown;
	schema?: Schema;
}

interface RawOperation {
	summary?: string;
	description?: string;
	parameters?: RawParam[];
	requestBody?: { content?: Record<string, { schema?: Schema }> };
	responses?: Record<string, { description?: string; content?: Record<string, unknown> }>;
}

export interface Document {
	paths: Record<string, Record<string, RawOperation>>;
	components?: { schemas?: Record<string, Schema> };
}

const METHODS = ["get", "put", "post", "patch", "delete"];

const text_of = (x: unknown): string => (x === undefined || x === null ? "" : String(x));

function param_of(p: RawParam): Param {
	return {
		name: p.name,
		in: p.in === "path" ? "path" : "query",
		required: p.required === true,
		description: p.description ?? "",
		example: text_of(p.example ?? p.schema?.default),
		choices: (p.schema?.enum ?? []).map(text_of),
	};
}

const group_of = (path: string) => /^\/api\/v1\/([^/.{]+)/.exec(path)?.[1] ?? /^\/([^/.{]*)/.exec(path)?.[1] ?? "";

export function operations(doc: Document): Operation[] {
	const all: Operation[] = [];
	for (const [path, methods] of Object.entries(doc.paths)) {
		for (const method of METHODS) {
			const raw = methods[method];
			if (!raw)
				continue;
			const good = raw.responses?.["200"]?.content ?? {};
			all.push({
				id: `${method.toUpperCase()} ${path}`,
				method: method.toUpperCase(),
				path,
				group: group_of(path),
				summary: raw.summary ?? "",
				description: raw.description ?? "",
				params: (raw.parameters ?? []).filter((p) => p.in === "path" || p.in === "query").map(param_of),
				body: Object.values(raw.requestBody?.content ?? {})[0]?.schema ?? null,
				answers: Object.entries(raw.responses ?? {}).map(([status, r]) => ({ status, description: r.description ?? "" })),
				reads: method === "get",
				is_stream: "text/event-stream" in good,
			});
		}
	}
	return all;
}

/* The names of what has to be told and is not. */
export const missing = (op: Operation, values: Record<string, string>): string[] =>
	op.params.filter((p) => p.required && (values[p.name] ?? "") === "").map((p) => p.name);

/* The address, relative to the server's root and without a slash in front; what is not told stays out. */
export function address(op: Operation, values: Record<string, string>): string {
	let path = op.path.replace(/^\//, "");
	const query: string[] = [];
	for (const p of op.params) {
		const value = values[p.name] ?? "";
		if (p.in === "path")
			path = path.replace(`{${p.name}}`, value === "" ? `{${p.name}}` : encodeURIComponent(value));
		else if (value !== "")
			query.push(`${encodeURIComponent(p.name)}=${encodeURIComponent(value).replace(/%2C/g, ",").replace(/%3A/g, ":")}`);
	}
	return query.length === 0 ? path : `${path}?${query.join("&")}`;
}

const DEEPEST = 6;

/* A body that could be sent: what the description has as examples, else a value of each type. */
export function example_of(schema: Schema, doc: Document, depth = 0): unknown {
	if (depth > DEEPEST)
		return null;
	const again = (s: Schema) => example_of(s, doc, depth + 1);
	if (schema.$ref !== undefined) {
		const name = schema.$ref.replace("#/components/schemas/", "");
		const found = doc.components?.schemas?.[name];
		return found ? again(found) : null;
	}
	for (const told of [schema.example, schema.examples?.[0], schema.const, schema.default, schema.enum?.[0]])
		if (told !== undefined)
			return told;
	if (schema.properties)
		return Object.fromEntries(Object.entries(schema.properties).map(([name, s]) => [name, again(s)]));
	const other = schema.oneOf?.[0] ?? schema.anyOf?.[0] ?? schema.allOf?.[0];
	if (other)
		return again(other);
	switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
	case "object":
		return {};
	case "array":
		return schema.items ? [again(schema.items)] : [];
	case "number":
	case "integer":
		return 0;
	case "boolean":
		return false;
	case "string":
		return "";
	default:
		return null;
	}
}

const quoted = (text: string) => `'${text.replace(/'/g, "'\\''")}'`;

/* A line for a shell. */
export function curl(op: Operation, values: Record<string, string>, root: string, doc: Document): string {
	const words = ["curl"];
	if (op.is_stream)
		words.push("-N");
	if (!op.reads)
		words.push("-X", op.method, "-H", quoted("Authorization: Bearer TOKEN"));
	if (op.body !== null)
		words.push("-H", quoted("Content-Type: application/json"), "-d", quoted(JSON.stringify(example_of(op.body, doc))));
	words.push(quoted(root + address(op, values)));
	return words.join(" ");
}
