// A stand-in for the services that coding agents ask, on loopback: no key is looked at, nothing is
// thought. `node api.mjs PORT-FILE LOG` listens on a port that the system chooses and writes it to
// PORT-FILE; LOG gets a line of JSON for each answer, with what it says that was used: the truth.
//
// What it answers stands in the prompt, between [[ and ]], acts with ";" between them:
//   write PATH       a call of the client's tool that writes a file
//   run COMMAND      a call of its tool that runs one
//   call NAME JSON   a call of the tool whose name ends so
//   say WORDS        the end of the turn, as after the last act
//   refuse           the end of the turn, for the model would not
//   hang             a stream that begins and goes on for ever
//   limit SECONDS    429: the plan's limit is reached, and is reset so far from now
//   busy             429: too many requests; down: 500; locked: 401; full: 400, the prompt is too long
// "@N" behind an act says how many tokens of the prompt are new. Each call has other figures, so that
// any sum tells which of them were counted.
//
// Formats: Messages, https://docs.anthropic.com/en/api/messages-streaming;
// Responses, https://platform.openai.com/docs/api-reference/responses-streaming;
// generateContent, https://ai.google.dev/api/generate-content.
import { createServer } from 'node:http';
import { appendFileSync, renameSync, writeFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

const [portFile, log] = process.argv.slice(2);
let calls = 0, ids = 0;

const id = (kind) => `${kind}_${String(++ids).padStart(8, '0')}`;
const list = (value) => (Array.isArray(value) ? value : value === undefined ? [] : [value]);
const now = () => Math.floor(Date.now() / 1000);
const words = (content) => list(content).map((part) => (typeof part === 'string' ? part : part.text ?? '')).join('\n');

// The act that is next: the last prompt that names some counts, and as many are done as tools were
// called after it. Turns: [{user: words} or {called: true}].
function nextAct(turns)
{
	const at = turns.findLastIndex((turn) => turn.user && /\[\[[^]*\]\]/.test(turn.user));
	const acts = at < 0 ? [] : turns[at].user.match(/\[\[([^]*?)\]\](?![^]*\[\[)/)[1].split(';');
	const done = turns.slice(at + 1).filter((turn) => turn.called).length;
	const [, verb, rest, fresh] = (acts[done] ?? 'say Done.').trim().match(/^(\w+) ?([^]*?)(?: @(\d+))?$/);
	return { verb, rest, fresh: Number(fresh ?? 0) };
}

// The last thing that it was told, a tool's answer perhaps: its end.
function heard(body)
{
	const last = (body.messages ?? body.input ?? body.contents).at(-1);
	return JSON.stringify(last).slice(-600);
}

function usageOf(act)
{
	const k = ++calls;
	return { input: act.fresh || 100 + k, read: 1000 * k, written: 10 * k, output: 20 + k };
}

// What a tool of the client is given for an act; by the name that it offers.
const writers = {
	Write: (path) => ({ file_path: path, content: 'by the agent\n' }),
	write_file: (path) => ({ file_path: path, content: 'by the agent\n' }),
	write: (path) => ({ filePath: path, content: 'by the agent\n' }),
	exec_command: (path) => ({ cmd: `echo by the agent > '${path}'` }),
};
const runners = {
	Bash: (command) => ({ command, description: 'as it was told' }),
	run_shell_command: (command) => ({ command, description: 'as it was told' }),
	bash: (command) => ({ command, description: 'as it was told' }),
	exec_command: (command) => ({ cmd: command }),
};

function toolFor(act, tools)
{
	if (act.verb === 'call') {
		const [, name, input] = act.rest.match(/^(\S+) ?(.*)$/);
		const tool = tools.find((offered) => offered.name.endsWith(name)) ?? { name };
		return { ...tool, input: JSON.parse(input || '{}') };
	}
	const table = { write: writers, run: runners }[act.verb];
	const tool = table && tools.find((offered) => offered.name in table);
	return tool && { ...tool, input: table[tool.name](act.rest) };
}

const failures = {
	limit: { status: 429, type: 'rate_limit_error', code: 'usage_limit_reached', google: 'RESOURCE_EXHAUSTED',
		words: "This request would exceed your account's rate limit. Please try again later." },
	busy: { status: 429, type: 'rate_limit_error', code: 'rate_limit_exceeded', google: 'RESOURCE_EXHAUSTED',
		words: 'Too many requests: the limit is 40,000 input tokens per minute' },
	down: { status: 500, type: 'api_error', code: 'server_error', google: 'INTERNAL', words: 'Internal server error' },
	locked: { status: 401, type: 'authentication_error', code: 'invalid_api_key', google: 'UNAUTHENTICATED',
		words: 'invalid x-api-key' },
	full: { status: 400, type: 'invalid_request_error', code: 'context_length_exceeded', google: 'INVALID_ARGUMENT',
		words: 'prompt is too long: 210000 tokens > 200000 maximum',
		said: 'The input token count (1048577) exceeds the maximum number of tokens allowed (1048576).' },
};

// Each service: whose path it is, what was said and which tools are offered, how it fails, and the
// events of an answer.
const messages = {
	path: /\/messages$/,
	turns: (body) => body.messages.flatMap((message) => (message.role === 'user' ? [{ user: words(message.content) }]
		: list(message.content).filter((part) => part.type === 'tool_use').map(() => ({ called: true })))),
	tools: (body) => list(body.tools).map((tool) => ({ name: tool.name })),
	fail: (failure, seconds) => ({
		headers: seconds === undefined ? { 'retry-after': '1', 'retry-after-ms': '50' } : {
			'anthropic-ratelimit-unified-status': 'rejected',
			'anthropic-ratelimit-unified-reset': String(now() + seconds),
			'anthropic-ratelimit-unified-representative-claim': 'five_hour',
			'retry-after': String(seconds), 'x-should-retry': 'false',
		},
		body: { type: 'error', error: { type: failure.type, message: failure.words } },
	}),
	usage: (usage) => ({
		input_tokens: usage.input, cache_read_input_tokens: usage.read,
		cache_creation_input_tokens: usage.written, output_tokens: usage.output,
	}),
	*begin(answer)
	{
		yield ['message_start', { message: {
			id: id('msg'), type: 'message', role: 'assistant', model: answer.model, content: [],
			stop_reason: null, stop_sequence: null, usage: { ...this.usage(answer.usage), output_tokens: 1 },
		} }];
	},
	*rest({ text, tool, usage, refused })
	{
		let index = 0;
		yield ['content_block_start', { index, content_block: { type: 'text', text: '' } }];
		yield ['content_block_delta', { index, delta: { type: 'text_delta', text } }];
		yield ['content_block_stop', { index }];
		if (tool) {
			index++;
			yield ['content_block_start', { index, content_block: { type: 'tool_use', id: id('toolu'), name: tool.name, input: {} } }];
			yield ['content_block_delta', { index, delta: { type: 'input_json_delta', partial_json: JSON.stringify(tool.input) } }];
			yield ['content_block_stop', { index }];
		}
		yield ['message_delta', { delta: { stop_reason: refused ? 'refusal' : tool ? 'tool_use' : 'end_turn', stop_sequence: null }, usage: this.usage(usage) }];
		yield ['message_stop', {}];
	},
};

const responses = {
	path: /\/responses$/,
	turns: (body) => list(body.input).flatMap((item) => (item.role === 'user' ? [{ user: words(item.content) }]
		: /_call$/.test(item.type) ? [{ called: true }] : [])),
	// Some models are given their tools as an item of the input, and some of them in a namespace.
	tools: (body) => [body, ...list(body.input)].flatMap((from) => list(from.tools)).flatMap((tool) =>
		(tool.type === 'namespace' ? list(tool.tools).map((inner) => ({ name: inner.name, namespace: tool.name })) : [{ name: tool.name ?? tool.type }])),
	fail: (failure, seconds) => ({
		// OpenCode asks five times more, with waits that double where nothing says how long.
		headers: seconds === undefined ? { 'retry-after-ms': '50' } : {
			'retry-after-ms': '50',
			'x-codex-primary-used-percent': '100.0', 'x-codex-primary-window-minutes': '300',
			'x-codex-primary-reset-at': String(now() + seconds),
		},
		body: { error: seconds === undefined ? { message: failure.words, type: failure.type, code: failure.code } : {
			type: failure.code, message: 'The usage limit has been reached', plan_type: 'plus',
			resets_at: now() + seconds, resets_in_seconds: seconds,
		} },
	}),
	response: (answer, status, more) => ({
		id: answer.id, object: 'response', created_at: now(), status, model: answer.model, output: [], ...more,
	}),
	*begin(answer)
	{
		answer.id = id('resp');
		yield ['response.created', { response: this.response(answer, 'in_progress') }];
	},
	*rest(answer)
	{
		const { text, tool, usage } = answer;
		const output = [{ type: 'message', id: id('item'), role: 'assistant', status: 'completed', content: [{ type: 'output_text', text, annotations: [] }] }];
		if (tool) {
			const { name, namespace, input } = tool;
			output.push({ type: 'function_call', id: id('item'), call_id: id('call'), status: 'completed', name, namespace, arguments: JSON.stringify(input) });
		}
		for (const [output_index, item] of output.entries()) {
			yield ['response.output_item.added', { output_index, item: { ...item, status: 'in_progress', ...(item.content ? { content: [] } : { arguments: '' }) } }];
			if (item.content)
				yield ['response.output_text.delta', { output_index, content_index: 0, item_id: item.id, delta: text }];
			yield ['response.output_item.done', { output_index, item }];
		}
		const input_tokens = usage.input + usage.read + usage.written;
		yield ['response.completed', { response: this.response(answer, 'completed', { output, usage: {
			input_tokens, input_tokens_details: { cached_tokens: usage.read, cache_write_tokens: usage.written },
			output_tokens: usage.output, output_tokens_details: { reasoning_tokens: 7 }, total_tokens: input_tokens + usage.output,
		} }) }];
	},
};

const generate = {
	path: /\/models\/([^/:]+):(?:streamGenerateContent|generateContent)$/,
	turns: (body) => body.contents.flatMap((content) => {
		const parts = list(content.parts);
		const called = parts.filter((part) => part.functionCall).map(() => ({ called: true }));
		return content.role === 'user' ? [{ user: words(parts) }] : called;
	}),
	tools: (body) => list(body.tools).flatMap((tool) => list(tool.functionDeclarations)).map((tool) => ({ name: tool.name })),
	fail: (failure, seconds) => ({
		body: { error: { code: failure.status, message: failure.said ?? (seconds === undefined ? failure.words : 'You exceeded your current quota.'), status: failure.google, details: seconds === undefined ? [] : [
			{ '@type': 'type.googleapis.com/google.rpc.QuotaFailure', violations: [{ quotaId: 'GenerateRequestsPerHourPerProject' }] },
			{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: `${seconds}s` },
		] } },
	}),
	event: (answer, parts, finishReason) => {
		const { usage } = answer, thoughts = 7;
		const prompt = usage.input + usage.read + usage.written;
		return [null, {
			candidates: [{ content: { role: 'model', parts }, finishReason, index: 0 }], modelVersion: answer.model, responseId: answer.id,
			usageMetadata: {
				promptTokenCount: prompt, cachedContentTokenCount: usage.read, thoughtsTokenCount: thoughts,
				candidatesTokenCount: usage.output - thoughts, totalTokenCount: prompt + usage.output,
			},
		}];
	},
	*begin(answer)
	{
		answer.id = id('gen');
		yield this.event(answer, [{ text: answer.text }]);
	},
	*rest(answer)
	{
		const { tool } = answer;
		if (tool)
			yield this.event(answer, [{ functionCall: { id: id('call'), name: tool.name, args: tool.input } }]);
		yield this.event(answer, [{ text: ' ' }], 'STOP');
	},
};

const services = [messages, responses, generate];

function note(line)
{
	appendFileSync(log, `${JSON.stringify(line)}\n`);
}

function refuse(reply, service, act)
{
	const failure = failures[act.verb];
	const { headers = {}, body } = service.fail(failure, act.verb === 'limit' ? Number(act.rest) : undefined);
	note({ act: act.verb, status: failure.status });
	reply.writeHead(failure.status, { 'content-type': 'application/json', ...headers });
	reply.end(JSON.stringify(body));
}

function answer(reply, service, body, model)
{
	const tools = service.tools(body), act = nextAct(service.turns(body));
	if (act.verb in failures)
		return refuse(reply, service, act);
	const tool = toolFor(act, tools);
	const said = { model, tool, usage: usageOf(act), refused: act.verb === 'refuse', text: act.verb === 'say' ? act.rest : 'I go on.' };
	const send = ([name, data]) =>
		reply.write(`${name ? `event: ${name}\n` : ''}data: ${JSON.stringify(name ? { type: name, ...data } : data)}\n\n`);
	reply.writeHead(200, { 'content-type': 'text/event-stream' });
	for (const event of service.begin(said))
		send(event);
	if (act.verb === 'hang') {
		note({ act: 'hang' });
		const beat = setInterval(() => reply.write(': still at it\n\n'), 100);
		return reply.on('close', () => clearInterval(beat));
	}
	for (const event of service.rest(said))
		send(event);
	// Before its end, so that what a client has is in the log already.
	note({ act: act.verb, tool: tool?.name, heard: heard(body), ...said.usage });
	return reply.end();
}

function take(request, reply, bytes)
{
	const path = new URL(request.url, 'http://localhost').pathname;
	const service = services.find((one) => one.path.test(path));
	if (request.method !== 'POST' || !service) {
		reply.writeHead(request.method === 'HEAD' ? 200 : 404, { 'content-type': 'application/json' });
		return reply.end('{}');
	}
	const whole = request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes;
	const body = JSON.parse(whole.toString());
	return answer(reply, service, body, body.model ?? path.match(service.path)[1]);
}

const server = createServer((request, reply) => {
	const parts = [];
	request.on('data', (part) => parts.push(part));
	request.on('end', () => {
		try {
			take(request, reply, Buffer.concat(parts));
		} catch (wrong) {
			note({ wrong: String(wrong.stack) });
			reply.destroy();
		}
	});
});
server.listen(0, '127.0.0.1', () => {
	writeFileSync(`${portFile}.new`, String(server.address().port));
	renameSync(`${portFile}.new`, portFile);
});
