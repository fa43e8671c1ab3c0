// Cycles that were: a list with filters, and one of them.
import { address, get } from "./api.js";
import { cell, el, section, table } from "./dom.js";
import { Chart } from "./chart.js";
import { Cycle } from "./steps.js";
import * as words from "./words.js";

const CAUSES = [["", "any"], ["completed", "all work completed"], ["threshold", "token threshold"], ["gate", "a gate refused"], ["user", "user requested"], ["error", "error"]];

export class HistoryView {
	constructor(app) {
		this.app = app;
		this.repository = app.repository;
		this.build();
	}

	build() {
		const again = () => this.read();
		const plans = this.app.about().configs;
		this.config = el("select", { id: "f-config", onchange: again }, el("option", { value: "" }, "any"),
			...plans.map((c) => el("option", { value: c.plan }, c.title)));
		this.cause = el("select", { id: "f-cause", onchange: again }, ...CAUSES.map(([value, text]) => el("option", { value }, text)));
		this.since = el("input", { type: "date", id: "f-since", onchange: again });
		this.until = el("input", { type: "date", id: "f-until", onchange: again });
		this.csv = el("a", { download: true }, "CSV");
		this.json = el("a", { download: true }, "JSON");
		this.body = el("tbody", { role: "rowgroup" });
		this.none = el("p", { class: "empty", hidden: true }, "No cycle is like that.");
		this.more = el("button", { type: "button", hidden: true, onclick: () => this.page() }, "Older ones");
		this.chart = new Chart("cycle", ["used", "limit"]);
		const columns = [["Cycle", 1], ["Began"], ["Closed"], ["Config"], ["Steps", 1], ["Tokens", 1], ["Used", 1], ["Time", 1]];
		this.node = el("div", { class: "stack" }, section("Usage over cycles", this.chart.node), section("Cycles",
			el("div", { class: "filters" },
				el("label", {}, "Config", this.config), el("label", {}, "Reason", this.cause),
				el("label", {}, "From", this.since), el("label", {}, "To", this.until),
				el("span", { class: "downloads" }, this.csv, this.json)),
			table("cycles", "Cycles, the newest first", columns, this.body),
			this.none, this.more));
	}

	open() {
		this.read();
	}

	close() {}

	filter() {
		const day = (input, end) => input.value ? new Date(input.value + (end ? "T23:59:59.999" : "T00:00:00")).toISOString() : "";
		return {
			repository: this.repository, config: this.config.value, cause: this.cause.value,
			since: day(this.since, false), until: day(this.until, true),
		};
	}

	async read() {
		this.rows = [];
		this.before = undefined;
		this.body.replaceChildren();
		this.csv.href = address("cycles", { ...this.filter(), download: "csv" });
		this.json.href = address("cycles", { ...this.filter(), download: "json" });
		await this.page();
	}

	async page() {
		const turn = this.turn = {};
		try {
			const { cycles, next } = await get("cycles", { ...this.filter(), before: this.before, most: 100 });
			if (turn !== this.turn)
				return;
			this.rows.push(...cycles);
			this.before = next;
			this.body.append(...cycles.map((cycle) => this.row(cycle)));
			this.more.hidden = next === null;
			this.none.hidden = this.rows.length > 0;
			this.chart.set([...this.rows].reverse().map((c) => [c.number, c.tokens, c.limit]));
		} catch (error) {
			this.more.hidden = true;
			this.none.hidden = false;
			this.none.textContent = error.message;
		}
	}

	row(cycle) {
		return el("tr", { role: "row" },
			cell({ class: "num" }, el("a", { href: `#/${this.repository}/cycle/${cycle.number}`, "aria-label": "Cycle " + cycle.number }, String(cycle.number))),
			cell({}, words.date(cycle.started_at)),
			cell({ class: cycle.cause === "error" ? "nok" : null }, cycle.reason ?? "open"),
			cell({ class: "title" }, cycle.title),
			cell({ class: "num", "data-name": "steps" }, cycle.steps_ok === cycle.steps ? String(cycle.steps) : `${cycle.steps_ok}/${cycle.steps}`),
			cell({ class: "num", "data-name": "tokens" }, words.tokens(cycle.tokens)),
			cell({ class: "num", "data-name": "used" }, words.percent(cycle.percent)),
			cell({ class: "num" }, words.span(cycle.duration_ms)));
	}
}

export class CycleView {
	constructor(app, number) {
		this.app = app;
		this.repository = app.repository;
		this.number = Number(number);
		this.cycle = new Cycle(this.repository, this.number);
		this.facts = el("dl", { class: "facts" });
		this.node = el("div", { class: "columns" },
			el("div", { class: "stack" }, section("Cycle " + this.number, this.facts), section("Steps", this.cycle.table)),
			el("div", { class: "stack" }, section("Usage", this.cycle.chart.node), section("Reports", this.cycle.reports)));
	}

	open() {
		this.read().catch(this.app.trouble);
	}

	close() {}

	async read() {
		const { cycles } = await get("cycles", { repository: this.repository, before: this.number + 1, most: 1 });
		const cycle = cycles[0];
		if (!cycle || cycle.number !== this.number)
			throw new Error(`There is no cycle ${this.number}.`);
		const facts = [["Title", cycle.title], ["Began", words.date(cycle.started_at)],
			["Ended", cycle.ended_at ? `${words.date(cycle.ended_at)}, after ${words.span(cycle.duration_ms)}` : "it is open"],
			["Closed", cycle.reason ?? ""],
			["Usage", `${words.tokens(cycle.tokens)} of ${words.tokens(cycle.limit)} tokens (limit), ${words.tokens(cycle.budget)} (budget): ${words.percent(cycle.percent)}`],
			["Threshold", cycle.threshold_percent + "%"], ["Steps", `${cycle.steps_ok} OK of ${cycle.steps}`]];
		this.facts.replaceChildren(...facts.flatMap(([name, text]) => [el("dt", {}, name), el("dd", {}, text)]));
		await this.cycle.refresh({ ...cycle, used: cycle.tokens });
		await this.cycle.readReports();
		this.now(this.app.about().now);
	}

	// Whether somebody is at work on it, where it is the newest one.
	now(now) {
		this.cycle.list(now.cycle?.number === this.number ? now.life : "cut off");
	}

	moved(move) {
		if (move.cycle === this.number)
			this.open();
	}
}
