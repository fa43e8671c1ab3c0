// The view of now: the machine, the step under way, the budget; controls; steps and reports.
import { get, post } from "./api.js";
import { el, section, setText } from "./dom.js";
import { Cycle } from "./steps.js";
import * as words from "./words.js";

const STATES = ["IDLE", "PRECHECK", "STEP", "COMMIT", "REPORT", "POSTCHECK", "CLOSED"];

function machine() {
	return el("ol", { class: "machine", "aria-label": "States of the machine" },
		...STATES.map((name) => el("li", { "data-state": name }, el("span", {}, name))));
}

// Asks before something that can't be taken back.
function ask(title, text, yes) {
	const dialog = document.getElementById("ask");
	document.getElementById("ask-title").textContent = title;
	document.getElementById("ask-text").textContent = text;
	document.getElementById("ask-yes").textContent = yes;
	dialog.returnValue = "no";
	dialog.showModal();
	return new Promise((resolve) => dialog.addEventListener("close",
		() => resolve(dialog.returnValue === "yes"), { once: true }));
}

export class NowView {
	constructor(app) {
		this.app = app;
		this.repository = app.repository;
		this.cycle = null;
		this.build();
	}

	build() {
		this.life = el("span", { class: "life", id: "life" });
		this.what = el("span", { id: "what" });
		this.figure = el("span", { class: "figure", id: "figure", "aria-hidden": "true" });
		this.machine = machine();
		this.fill = el("div", { class: "fill" });
		this.mark = el("div", { class: "mark" }, el("span"));
		this.bar = el("div", { class: "bar", role: "meter", id: "bar", "aria-label": "Tokens used of the budget", "aria-valuemin": "0" }, this.fill, this.mark);
		this.facts = {};
		const fact = (name) => [el("dt", {}, name), this.facts[name] = el("dd", { id: "fact-" + name.split(" ")[0].toLowerCase() })];
		this.output = el("pre", { class: "output", id: "output", tabindex: "0", "aria-label": "Last lines of the worker" });
		const now = section("Now",
			el("div", { class: "headline" }, this.life, this.what, this.figure), this.machine,
			el("div", { class: "again" }, el("span", {}, "again, while there is work and budget")),
			this.bar,
			el("dl", { class: "facts" }, ...fact("Step"), ...fact("Usage"), ...fact("Gate"), ...fact("Heard"), ...fact("Held by"), ...fact("Trouble")),
			this.output);
		this.usage = section("Usage");
		this.steps = section("Steps");
		this.reports = section("Reports");
		this.node = el("div", { class: "columns" },
			el("div", { class: "stack" }, now, this.controls(), this.steps),
			el("div", { class: "stack" }, this.usage, this.reports));
	}

	controls() {
		this.threshold = el("input", { type: "number", id: "threshold", min: 20, max: 95, step: 1, required: true, "aria-describedby": "hint", onchange: () => this.save() });
		this.config = el("select", { id: "config", onchange: () => { this.hint.textContent = this.overruled(); } });
		this.start = el("button", { type: "submit", class: "main", id: "start" }, "START CYCLE");
		this.after = el("button", { type: "button", id: "stop", onclick: () => this.stop(false) }, "Stop after this step");
		this.at_once = el("button", { type: "button", id: "stop-now", class: "danger", onclick: () => this.stop(true) }, "Stop now");
		this.hint = el("p", { class: "hint", id: "hint", role: "status" });
		return section("Controls", el("form", { class: "controls", onsubmit: (event) => { event.preventDefault(); this.run(); } },
			el("label", {}, "Token threshold %", this.threshold),
			this.configLabel = el("label", {}, "Config", this.config),
			this.start, this.after, this.at_once, this.hint));
	}

	open() {
		const configs = this.app.about().configs;
		this.config.replaceChildren(...configs.map((c) => el("option", { value: c.id }, c.title)));
		this.configLabel.hidden = configs.length < 2;
		this.noConfig = configs.length === 0;
		this.hint.textContent = this.overruled();
		this.now(this.app.about().now);
		this.timer = setInterval(() => this.tick(), 1000);
	}

	close() {
		clearInterval(this.timer);
		clearTimeout(this.pending);
	}

	async save() {
		if (!this.threshold.reportValidity())
			return;
		await this.tell(async () => {
			const saved = await post("config", { repository: this.repository }, { threshold_percent: this.threshold.valueAsNumber });
			this.hint.textContent = `Saved: ${saved.threshold_percent}% for the next cycle. ${this.overruled()}`.trim();
		});
	}

	chosen() {
		return this.app.about()?.configs.find((c) => String(c.id) === this.config.value);
	}

	// What a first cycle would have: as its config says, else as the settings do.
	upcoming(now) {
		return now.firsts.find((first) => String(first.config) === this.config.value) ?? now.next;
	}

	// A config that says its own threshold counts before the number here.
	overruled() {
		const config = this.chosen();
		return config?.threshold_percent ? `The config says a threshold of its own, ${config.threshold_percent}%, which counts.` : "";
	}

	async run() {
		if (!this.threshold.reportValidity())
			return;
		this.start.disabled = true;
		await this.tell(async () => {
			await post("start", { repository: this.repository }, { config: Number(this.config.value) });
			this.hint.textContent = "Started.";
		});
		this.buttons();
	}

	async stop(now) {
		if (now && !await ask("Stop the step now?", "The worker is asked to end, and killed when it does not. What it did is saved all the same, and the cycle closes.", "Stop now"))
			return;
		await this.tell(async () => {
			await post("stop", { repository: this.repository }, { now });
			this.hint.textContent = now ? "The step is asked to end." : "The cycle closes after this step.";
		});
	}

	async tell(act) {
		try {
			await act();
		} catch (error) {
			this.hint.textContent = error.message;
		}
	}

	// A new picture of now.
	now(now) {
		this.last = now;
		if (!now.life)
			return;
		this.life.className = "life " + now.life.replace(" ", "-");
		setText(this.life, words.life(now.life));
		this.what.textContent = this.headline(now);
		this.machine.classList.toggle("stale", ["cut off", "elsewhere", "unreadable"].includes(now.life));
		for (const li of this.machine.children)
			if (li.dataset.state === now.state && (now.cycle || now.life !== "unreadable"))
				li.setAttribute("aria-current", "step");
			else
				li.removeAttribute("aria-current");
		this.budget(now);
		this.facts.Gate.className = now.gate?.can_proceed ? "ok" : "nok";
		setText(this.facts.Gate, this.gate(now));
		this.where("Held by", words.times(now.held_by));
		this.where("Trouble", now.trouble);
		setText(this.output, now.output.join("\n"));
		if (document.activeElement !== this.threshold)
			this.threshold.value = now.next.threshold_percent;
		this.buttons();
		this.tick();
		this.follow(now);
	}

	// A fact that is shown only where there is something to say.
	where(name, text) {
		setText(this.facts[name], text ?? "");
		this.facts[name].hidden = this.facts[name].previousSibling.hidden = !text;
	}

	gate(now) {
		const gate = now.life === "none" ? this.upcoming(now).gate : now.gate;
		return (gate?.message ?? "").replace(/^[^\w]+/, "");
	}

	headline(now) {
		if (!now.cycle)
			return now.life === "none" ? "no cycle yet" : now.life_words;
		const { number, title, reason } = now.cycle;
		return `Cycle ${number}, ${title}` + (now.state === "CLOSED" ? `: ${reason}` :
			now.life === "running" ? "" : now.life === "cut off" ? ": it was cut off, and nothing is at work on it. START CYCLE goes on from here." : `: ${now.life_words}`);
	}

	budget(now) {
		const terms = now.cycle ?? this.upcoming(now);
		const share = now.tokens === null ? 0 : Math.min(100, now.tokens * 100 / terms.budget);
		this.fill.style.width = share + "%";
		this.fill.classList.toggle("over", now.gate?.can_proceed === false);
		this.mark.style.left = terms.threshold_percent + "%";
		setText(this.mark.firstChild, `limit ${terms.threshold_percent}%`);
		this.figure.replaceChildren(now.tokens === null ? "unknown" : words.percent(now.percent), el("small", {}, " of the budget"));
		this.bar.setAttribute("aria-valuemax", terms.budget);
		this.bar.setAttribute("aria-valuenow", now.tokens ?? 0);
		const text = `${words.tokens(now.tokens)} of ${words.tokens(terms.limit)} tokens (limit), ${words.tokens(terms.budget)} (budget): ${words.percent(now.percent)}`;
		this.bar.setAttribute("aria-valuetext", text);
		setText(this.facts.Usage, text + (now.cycle && now.state !== "CLOSED" ? `; ${terms.threshold_percent}% is locked for this cycle` : ""));
	}

	buttons() {
		const now = this.last;
		const free = !now.held_by && now.life !== "agent";
		this.start.disabled = !free || this.noConfig;
		this.start.title = this.noConfig ? "No config was named when the monitor was started" : "";
		this.after.disabled = this.at_once.disabled = now.life !== "running";
	}

	// What goes on with the clock alone.
	tick() {
		const now = this.last;
		if (!now?.life)
			return;
		const at = this.app.time();
		const { step } = now;
		const running = now.state === "STEP" && now.life === "running";
		const of = now.steps_known ? ` of ${now.steps_known}` : "";
		setText(this.facts.Step, !step ? "none" : `${step.number}${of}: ${step.title}` +
			(step.attempt > 1 ? `, attempt ${step.attempt}` : "") +
			(running ? `, for ${words.span(at - new Date(step.started_at))}` : ""));
		setText(this.facts.Heard, now.heard_at ? `${words.span(at - new Date(now.heard_at))} ago` : "nothing yet");
		this.cycle?.tick(at);
	}

	// The steps and reports of the newest cycle.
	follow(now) {
		if (!now.cycle) {
			const none = (words) => el("p", { class: "empty" }, now.life === "unreadable" ? "Unknown: see what is in trouble above." : words);
			this.steps.replaceChildren(el("h2", {}, "Steps"), none("No cycle has begun here."));
			this.reports.replaceChildren(el("h2", {}, "Reports"), none("None yet."));
			this.usage.replaceChildren(el("h2", {}, "Usage"), none("Nothing has been used yet."));
			return;
		}
		if (this.cycle?.number !== now.cycle.number) {
			this.cycle = new Cycle(this.repository, now.cycle.number);
			this.steps.replaceChildren(el("h2", {}, "Steps"), this.cycle.table);
			this.reports.replaceChildren(el("h2", {}, "Reports"), this.cycle.reports);
			this.usage.replaceChildren(el("h2", {}, "Usage"), this.cycle.chart.node);
			this.cycle.readReports().catch(this.app.trouble);
			this.refresh();
		}
		this.cycle.list(now.life);
		this.cycle.draw({ ...now.cycle, used: now.tokens });
	}

	// Events: what they say is read anew, not more than a few times a second.
	moved() {
		this.refresh();
	}

	message(message) {
		if (this.cycle?.number === message.cycle)
			this.cycle.add(message);
	}

	refresh() {
		if (this.pending)
			return;
		this.pending = setTimeout(() => {
			this.pending = null;
			this.cycle?.refresh().catch(this.app.trouble);
		}, 100);
	}

	// All is read again: what happened while nothing was heard is in no event.
	reset() {
		this.cycle = null;
		get("state", { repository: this.repository }).then((now) => this.now(now), this.app.trouble);
	}
}
