// Charts by uPlot, with their figures as a table beside them for who can't see them.
import { el } from "./dom.js";
import { tokens } from "./words.js";

let loading = null;
function uplot() {
	loading ??= import("/uplot.js").then((module) => {
		document.head.append(el("link", { rel: "stylesheet", href: "/uplot.css" }));
		return module.default;
	}, () => null); // a build without it
	return loading;
}

function colour(name) {
	return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function short(n) {
	if (n >= 1e6)
		return n / 1e6 + "M";
	return n >= 1000 ? n / 1000 + "k" : String(n);
}

const SERIES = {
	used: { label: "tokens used", colour: "--accent", width: 2 },
	limit: { label: "limit", colour: "--warn", width: 1.5, dash: [6, 4] },
	budget: { label: "budget", colour: "--soft", width: 1, dash: [2, 4] },
};

// `label` says what the x axis counts; rows are [x, used, limit, budget].
export class Chart {
	constructor(label, columns) {
		this.label = label;
		this.columns = columns;
		this.canvas = el("div", { class: "chart", "aria-hidden": "true" });
		this.body = el("tbody");
		this.note = el("p", { class: "empty" });
		this.node = el("div", {}, this.canvas, this.note,
			el("details", {}, el("summary", {}, "Figures"),
				el("div", { class: "scroll" }, el("table", {},
					el("thead", {}, el("tr", {}, ...[label, ...columns.map((c) => SERIES[c].label)]
						.map((text) => el("th", { class: "num", scope: "col" }, text)))),
					this.body))));
		this.rows = [];
		new ResizeObserver(() => this.fit()).observe(this.canvas);
		matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.rebuild());
	}

	set(rows) {
		if (JSON.stringify(rows) === JSON.stringify(this.rows))
			return;
		this.rows = rows;
		this.body.replaceChildren(...rows.map((row) => el("tr", {},
			...row.map((value, i) => el("td", { class: "num" }, i ? tokens(value) : String(value))))));
		this.draw();
	}

	async draw() {
		const Plot = await uplot();
		if (!Plot) {
			this.canvas.hidden = true;
			this.note.textContent = "This build has no charts: the figures are below.";
			return;
		}
		this.canvas.hidden = this.rows.length === 0;
		this.note.textContent = this.rows.length === 0 ? "Nothing has been used yet." : "";
		if (!this.plot && this.canvas.clientWidth > 0)
			this.plot = new Plot(this.options(), this.data(), this.canvas);
		else
			this.plot?.setData(this.data());
	}

	data() {
		return [0, ...this.columns.map((_, i) => i + 1)].map((i) => this.rows.map((row) => row[i]));
	}

	options() {
		const axis = {
			stroke: colour("--soft"),
			grid: { stroke: colour("--line"), width: 1 },
			ticks: { stroke: colour("--line"), width: 1, size: 4 },
			font: "11px system-ui, sans-serif",
		};
		return {
			width: this.canvas.clientWidth,
			height: 200,
			legend: { live: false },
			scales: {
				x: { time: false, range: (_, low, high) => [low - (low === high ? 1 : 0), high + (low === high ? 1 : 0)] },
				y: { range: (_, low, high) => [0, Math.max(1, high * 1.05)] },
			},
			axes: [
				{ ...axis, size: 26, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000], values: (_, values) => values.map((v) => Number.isInteger(v) ? v : "") },
				{ ...axis, size: 48, values: (_, values) => values.map(short) },
			],
			series: [{ label: this.label }, ...this.columns.map((name) => ({
				label: SERIES[name].label,
				stroke: colour(SERIES[name].colour),
				width: SERIES[name].width,
				dash: SERIES[name].dash,
				points: { show: name === "used" && this.rows.length < 60, size: 5 },
			}))],
		};
	}

	fit() {
		if (this.plot && this.canvas.clientWidth > 0)
			this.plot.setSize({ width: this.canvas.clientWidth, height: 200 });
		else if (this.rows.length)
			this.draw();
	}

	rebuild() {
		this.plot?.destroy();
		this.plot = null;
		this.draw();
	}
}
