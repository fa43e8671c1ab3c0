// Steps and reports of one cycle.
import { get } from "./api.js";
import { cell, el, keyed, setText, table } from "./dom.js";
import { Chart } from "./chart.js";
import * as words from "./words.js";

export function commitButton(id, said) {
	const short = id.slice(0, 8);
	return el("button", {
		type: "button", class: "copy", title: "Copy " + id, "aria-label": "Copy commit " + short,
		onclick: async () => {
			await navigator.clipboard?.writeText(id).catch(() => {});
			said?.(short + " copied");
		},
	}, short);
}

// Of a step without an end only the newest is under way, and that only while somebody is at work.
function status(step, life) {
	if (step.ok === null)
		return step.ended_at ? "being saved" : life === "cut off" ? "cut off" : "under way";
	return (step.ok ? "OK, " : "NOK, ") + step.action;
}

const COLUMNS = [["Step", 1], ["Title"], ["Status"], ["Tokens", 1], ["Used", 1], ["Time", 1], ["Commit"], ["Log"]];

function row(repository, step, life, said) {
	const held = step.held_back && "not committed, as likely secrets: " + step.held_back;
	const why = [step.why, step.not_saved_why, held].filter(Boolean).join("; ");
	const log = `#/${repository}/log/${step.cycle}/${step.step}/${step.attempt}`;
	const running = !step.ended_at && life === "running";
	return el("tr", { role: "row", class: running ? "running" : null },
		cell({ class: "num" }, step.step + (step.attempt > 1 ? "." + step.attempt : "")),
		cell({ class: "title" }, step.title, why && !step.ok ? el("span", { class: "why" }, why) : null),
		cell({ class: step.ok === null ? "soft" : step.ok ? "ok" : "nok" }, status(step, life)),
		cell({ class: "num", "data-name": "tokens" }, step.tokens === null ? "" : words.tokens(step.tokens) + (step.estimated ? " est." : "")),
		cell({ class: "num", "data-name": "used" }, step.percent === null ? "" : words.percent(step.percent)),
		cell({ class: "num", "data-since": running ? step.started_at : null }, words.span(step.duration_ms)),
		cell({}, step.commit ? commitButton(step.commit, said) : null),
		cell({}, el("a", { href: log, "aria-label": "Log of step " + step.step }, "log")));
}

// What a cycle did: a table of its steps, its reports, and its chart; kept up by refresh().
export class Cycle {
	constructor(repository, number) {
		this.repository = repository;
		this.number = number;
		this.body = el("tbody", { role: "rowgroup" });
		this.said = el("p", { class: "soft said", role: "status" });
		this.none = el("p", { class: "empty" }, "No step has begun.");
		this.table = el("div", {}, table("steps", "Steps of the cycle", COLUMNS, this.body), this.none, this.said);
		this.lines = el("ul", {});
		// What was said before is not read out: only what comes is.
		this.reports = el("div", { class: "reports", id: "reports", role: "log", "aria-live": "off", "aria-label": "Reports", tabindex: "0" }, this.lines);
		this.chart = new Chart("step", ["used", "limit", "budget"]);
		this.steps = [];
	}

	async refresh(live) {
		const which = { repository: this.repository, cycle: this.number };
		const { steps } = await get("steps", which);
		this.steps = steps;
		this.none.hidden = steps.length > 0;
		this.list();
		this.draw(live);
	}

	// `life`: of the repository, where this is its newest cycle.
	list(life) {
		this.life = life ?? this.life;
		keyed(this.body, this.steps.map((step) => ({ step, life: step.ok === null ? this.life : null })),
			({ step }) => step.step + "." + step.attempt, ({ step, life: lives }) =>
				row(this.repository, step, lives, (text) => { this.said.textContent = text; }));
	}

	async readReports() {
		const { messages } = await get("messages", { repository: this.repository, cycle: this.number, most: 500 });
		messages.forEach((message) => this.add(message));
		setTimeout(() => this.reports.setAttribute("aria-live", "polite"), 0);
	}

	// Each once, whether it is read or told of by an event; the newest first.
	add(message) {
		const older = [...this.lines.children].find((li) => Number(li.dataset.id) <= message.id);
		if (older && Number(older.dataset.id) === message.id)
			return;
		this.lines.insertBefore(reportLine(message), older ?? null);
	}

	// What goes on with the clock alone.
	tick(at) {
		for (const cell of this.body.querySelectorAll("[data-since]"))
			setText(cell, words.span(at - new Date(cell.dataset.since)));
	}

	// `live`: the cycle's terms, and what is used now.
	draw(live) {
		this.live = live ?? this.live;
		if (!this.live)
			return;
		const { limit, budget, used } = this.live;
		const rows = [[0, 0, limit, budget]];
		const ended = this.steps.filter((step) => step.tokens_used !== null);
		ended.forEach((step, i) => rows.push([i + 1, step.tokens_used, limit, budget]));
		if (this.steps.length > ended.length && used !== undefined && used !== null)
			rows.push([rows.length, used, limit, budget]);
		this.chart.set(this.steps.length ? rows : []);
	}
}

function reportLine(message) {
	const kind = /; Status: NOK/.test(message.text) ? "nok" : message.kind === "warning" ? "warning" : null;
	return el("li", { "data-id": message.id }, el("time", { datetime: message.at }, words.time(message.at)), el("span", { class: kind }, message.text));
}
