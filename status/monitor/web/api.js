// The monitor's API, and its stream of events.
export async function get(path, parameters = {}) {
	return answer(await fetch(address(path, parameters), { cache: "no-store" }));
}

export async function post(path, parameters, body) {
	return answer(await fetch(address(path, parameters), {
		method: "POST",
		headers: { "Content-Type": "application/json" },
		body: JSON.stringify(body),
	}));
}

export function address(path, parameters) {
	const query = new URLSearchParams();
	for (const [name, value] of Object.entries(parameters))
		if (value !== undefined && value !== null && value !== "")
			query.set(name, value);
	const text = query.toString();
	return "/api/v1/" + path + (text ? "?" + text : "");
}

async function answer(response) {
	const body = await response.json().catch(() => ({}));
	if (!response.ok)
		throw new Error(body.error || "The monitor answered " + response.status);
	return body;
}

// The browser connects again by itself, with the id of the last event, unless it was refused.
export function listen(handlers, linked) {
	let last = "";
	const connect = () => {
		const source = new EventSource(address("events", { last }));
		for (const [name, handle] of Object.entries(handlers))
			source.addEventListener(name, (event) => {
				last = event.lastEventId || last;
				handle(JSON.parse(event.data));
			});
		source.addEventListener("hello", (event) => {
			last = event.lastEventId;
			linked(true);
		});
		source.addEventListener("error", () => {
			linked(false);
			if (source.readyState === EventSource.CLOSED)
				setTimeout(connect, 2000);
		});
	};
	connect();
}
