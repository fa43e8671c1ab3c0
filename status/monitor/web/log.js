// What the worker of one step printed, going on while it does.
import { address } from "./api.js";
import { Ansi } from "./ansi.js";
import { el, section } from "./dom.js";

const KEPT = 20000; // nodes: of a longer log the beginning goes

export class LogView {
	constructor(app, cycle, step, attempt) {
		this.app = app;
		this.which = { repository: app.repository, cycle, step, attempt };
		this.ansi = new Ansi();
		this.pre = el("pre", { class: "log", id: "log", tabindex: "0", "aria-label": "Log" });
		this.state = el("span", { class: "soft", role: "status" }, "reading");
		this.node = section(`Log of cycle ${cycle}, step ${step}` + (Number(attempt) > 1 ? `, attempt ${attempt}` : ""),
			el("p", { class: "headline" }, el("a", { href: `#/${app.repository}/cycle/${cycle}` }, "Cycle " + cycle),
				el("a", { href: address("log", this.which) }, "as plain text"), this.state),
			this.pre);
	}

	open() {
		this.source = new EventSource(address("log/stream", this.which));
		this.source.addEventListener("output", (event) => this.add(JSON.parse(event.data).text));
		this.source.addEventListener("end", () => {
			this.state.textContent = "the step has ended";
			this.source.close();
		});
		this.source.addEventListener("open", () => { this.state.textContent = "live"; });
		this.source.addEventListener("error", () => {
			this.state.textContent = this.source.readyState === EventSource.CLOSED ? "there is no such log" : "connecting again";
		});
	}

	close() {
		this.source?.close();
	}

	add(text) {
		const { pre } = this;
		const below = pre.scrollHeight - pre.scrollTop - pre.clientHeight < 40;
		pre.append(...this.ansi.feed(text));
		while (pre.childNodes.length > KEPT)
			pre.firstChild.remove();
		if (below)
			pre.scrollTop = pre.scrollHeight;
	}
}
