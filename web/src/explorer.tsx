/* explorer.tsx - the API explorer: made from the server's own description; what only asks can be tried here, what commands is shown as a line for a shell */
import { useEffect, useMemo, useState } from "preact/hooks";
import { words } from "./i18n";
import { address, curl, example_of, missing, operations, type Document, type Operation } from "./openapi";

const SHOWN_MAX = 65_536; /* characters of an answer */
const LIMIT_MS = 15_000;

interface Told {
	status: string;
	type: string;
	text: string;
	is_cut: boolean;
}

const is_text = (type: string) => /json|xml|text|csv/.test(type);

/* So much of it is read as is shown; the rest is not fetched. */
async function read_start(answer: Response): Promise<{ text: string; is_cut: boolean }> {
	const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
	let text = "";
	for (;;) {
		const { done, value } = await reader.read();
		if (done)
			return { text, is_cut: false };
		text += value;
		if (text.length > SHOWN_MAX) {
			void reader.cancel();
			return { text: text.slice(0, SHOWN_MAX), is_cut: true };
		}
	}
}

function pretty(text: string, type: string): string {
	if (!/json/.test(type))
		return text;
	try {
		return JSON.stringify(JSON.parse(text), null, 2);
	} catch {
		return text; /* cut, or lines of JSON */
	}
}

async function ask(path: string): Promise<Told> {
	const answer = await fetch(path, { cache: "no-store", credentials: "same-origin", redirect: "error", signal: AbortSignal.timeout(LIMIT_MS) });
	const type = answer.headers.get("Content-Type") ?? "";
	const status = `${answer.status} ${answer.statusText}`;
	if (!is_text(type) || answer.body === null) {
		await answer.body?.cancel();
		return { status, type, text: "", is_cut: false };
	}
	const { text, is_cut } = await read_start(answer);
	return { status, type, text: is_cut ? text : pretty(text, type), is_cut };
}

function Try({ op, values }: { op: Operation; values: Record<string, string> }) {
	const w = words().api;
	const [told, set_told] = useState<Told | null>(null);
	const [fault, set_fault] = useState("");
	const [busy, set_busy] = useState(false);
	const path = address(op, values);
	const lacking = missing(op, values);
	const go = async () => {
		set_busy(true);
		set_fault("");
		try {
			set_told(await ask(path));
		} catch {
			set_told(null);
			set_fault(w.no_answer);
		}
		set_busy(false);
	};
	return (
		<>
			<div class="bar">
				<button type="button" class="go" disabled={busy || lacking.length > 0} onClick={() => void go()}>{w.ask}</button>
				<a href={path} target="_blank" rel="noreferrer">{w.open}</a>
				{lacking.length > 0 && <span>{w.lacking(lacking.join(", "))}</span>}
			</div>
			<p class="message" role="alert">{fault}</p>
			{told && <p class="api-status" role="status"><strong>{told.status}</strong> <small>{told.type}</small></p>}
			{told && told.text !== "" && <pre class="api-answer" tabIndex={0} aria-label={w.answer}>{told.text}</pre>}
			{told && told.text === "" && <p>{w.no_text}</p>}
			{told?.is_cut && <p>{w.cut}</p>}
		</>
	);
}

function Card({ op, doc }: { op: Operation; doc: Document }) {
	const w = words().api;
	const [values, set_values] = useState<Record<string, string>>({});
	const root = location.href.replace(/[#?].*$/, "");
	const field = (name: string, value: string) => set_values({ ...values, [name]: value });
	return (
		<div class="api-card" data-operation={op.id}>
			{op.description !== "" && <p>{op.description}</p>}
			{op.params.length > 0 && (
				<table class="plain">
					<caption class="unseen">{w.params}</caption>
					<tbody>
						{op.params.map((p) => (
							<tr key={p.name}>
								<th scope="row"><label for={`api-${p.name}`}>{p.name}{p.required ? " *" : ""}</label></th>
								<td>
									{p.choices.length > 0
										? <select id={`api-${p.name}`} value={values[p.name] ?? ""} onChange={(e) => field(p.name, e.currentTarget.value)}>
											<option value="">–</option>
											{p.choices.map((c) => <option value={c}>{c}</option>)}
										</select>
										: <input id={`api-${p.name}`} type="text" placeholder={p.example} spellcheck={false} autoCapitalize="none"
											value={values[p.name] ?? ""} onInput={(e) => field(p.name, e.currentTarget.value)} />}
								</td>
								<td>{p.description}</td>
							</tr>
						))}
					</tbody>
				</table>
			)}
			{op.body !== null && <><h4>{w.body}</h4><pre>{JSON.stringify(example_of(op.body, doc), null, 2)}</pre></>}
			<pre class="api-curl">{curl(op, values, root, doc)}</pre>
			{op.is_stream ? <p>{w.is_stream}</p> : op.reads ? <Try op={op} values={values} /> : <p>{w.commands}</p>}
			<h4>{w.answers}</h4>
			<ul class="api-answers">{op.answers.map((a) => <li key={a.status}><strong>{a.status}</strong> {a.description}</li>)}</ul>
		</div>
	);
}

export function Explorer() {
	const w = words().api;
	const [doc, set_doc] = useState<Document | null>(null);
	const [fault, set_fault] = useState(false);
	const [wanted, set_wanted] = useState("");
	const [open, set_open] = useState("");
	useEffect(() => {
		fetch("api/v1/openapi.json", { signal: AbortSignal.timeout(LIMIT_MS) })
			.then(async (a) => set_doc(await a.json() as Document), () => set_fault(true));
	}, []);
	const all = useMemo(() => (doc === null ? [] : operations(doc)), [doc]);
	const seen = all.filter((op) => `${op.id} ${op.summary}`.toLowerCase().includes(wanted.toLowerCase()));
	return (
		<section class="api" aria-labelledby="api-title">
			<h2 id="api-title">{w.title}</h2>
			<p>{w.about}</p>
			{fault && <p class="message" role="alert">{w.no_answer}</p>}
			<div class="bar">
				<input type="search" placeholder={w.search} aria-label={w.search} onInput={(e) => set_wanted(e.currentTarget.value)} />
				<span>{w.found(seen.length, all.length)}</span>
			</div>
			<ul class="api-list">
				{seen.map((op) => (
					<li key={op.id}>
						<button type="button" class="api-head" aria-expanded={open === op.id} onClick={() => set_open(open === op.id ? "" : op.id)}>
							<span class={`api-method ${op.method.toLowerCase()}`}>{op.method}</span> <code>{op.path}</code> <span>{op.summary}</span>
						</button>
						{open === op.id && doc && <Card op={op} doc={doc} />}
					</li>
				))}
			</ul>
		</section>
	);
}
