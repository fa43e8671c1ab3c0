// The page: which view is shown of which repository, and the events that keep it true.
import { get, listen } from "./api.js";
import { el } from "./dom.js";
import { CycleView, HistoryView } from "./history.js";
import { LogView } from "./log.js";
import { NowView } from "./now.js";
import * as words from "./words.js";

const views = {
	now: (app) => new NowView(app),
	history: (app) => new HistoryView(app),
	cycle: (app, number) => new CycleView(app, number),
	log: (app, cycle, step, attempt) => new LogView(app, cycle, step, attempt),
};

const app = {
	repository: 1,
	repositories: [],
	view: null,
	skew: 0, // of the monitor's clock against ours

	about() {
		return this.repositories.find((r) => r.id === this.repository);
	},

	time() {
		return Date.now() + this.skew;
	},

	trouble(error) {
		notice(error.message);
	},
};

function notice(text) {
	const line = el("p", {}, el("span", {}, text));
	line.append(el("button", { type: "button", "aria-label": "Dismiss", onclick: () => line.remove() }, "×"));
	const all = document.getElementById("notices");
	all.append(line);
	while (all.childElementCount > 5)
		all.firstElementChild.remove();
}

// "#/1/cycle/4": repository, view, and what it is of.
function show() {
	const [id, name, ...rest] = location.hash.replace(/^#\/?/, "").split("/");
	const known = app.repositories.some((r) => r.id === Number(id));
	app.repository = known ? Number(id) : app.repositories[0].id;
	const kind = views[name] ? name : "now";
	const another = app.view !== null;
	app.view?.close();
	app.view = views[kind](app, ...rest);
	const main = document.getElementById("main");
	main.replaceChildren(app.view.node);
	app.view.open();
	for (const each of ["now", "history"]) {
		const link = document.getElementById("nav-" + each);
		link.href = `#/${app.repository}/${each}`;
		if (each === kind)
			link.setAttribute("aria-current", "page");
		else
			link.removeAttribute("aria-current");
	}
	document.getElementById("repository").value = String(app.repository);
	title();
	if (another) // who goes by the keyboard, or listens, is where the view begins
		main.focus();
}

function title() {
	const { name, now } = app.about();
	const what = now.cycle ? ` · cycle ${now.cycle.number} ${words.life(now.life)}` : "";
	document.title = `${name}${what} · stepgate`;
}

function choices() {
	const select = document.getElementById("repository");
	select.replaceChildren(...app.repositories.map((r) => el("option", { value: r.id }, `${r.name} (${words.life(r.now.life)})`)));
	select.value = String(app.repository);
}

const handlers = {
	now(now) {
		const about = app.repositories.find((r) => r.id === now.repository);
		if (!about)
			return;
		const changed = about.now.life !== now.life;
		about.now = now;
		app.skew = new Date(now.at) - Date.now();
		if (changed)
			choices();
		if (now.repository !== app.repository)
			return;
		title();
		app.view?.now?.(now);
	},
	move(move) {
		if (move.repository === app.repository)
			app.view?.moved?.(move);
	},
	message(message) {
		if (message.repository === app.repository)
			app.view?.message?.(message);
	},
	notice(said) {
		if (said.repository === app.repository)
			notice(said.text);
	},
	reset(which) {
		if (which.repository === app.repository)
			app.view?.reset?.();
	},
};

let first = true;
function linked(live) {
	if (live && first) { // what happened between reading and listening
		first = false;
		app.view?.reset?.();
	}
	const link = document.getElementById("link");
	link.className = live ? "link live" : "link";
	link.textContent = live ? "live" : "no connection, trying again";
}

async function begin() {
	app.repositories = (await get("repositories")).repositories;
	const select = document.getElementById("repository");
	choices();
	select.addEventListener("change", () => { location.hash = `#/${select.value}/now`; });
	addEventListener("hashchange", show);
	document.querySelector(".skip").addEventListener("click", (event) => {
		event.preventDefault(); // what is behind the # names a view
		document.getElementById("main").focus();
	});
	show();
	listen(handlers, linked);
}

begin().catch((error) => notice(error.message));
