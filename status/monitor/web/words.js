// How figures, times and spans are written.
export function tokens(n) {
	return n === null || n === undefined ? "unknown" : n.toLocaleString("en-US");
}

export function percent(n) {
	return n === null || n === undefined ? "unknown" : n.toFixed(1) + "%";
}

export function span(ms) {
	if (ms === null || ms === undefined)
		return "";
	const s = Math.max(0, Math.floor(ms / 1000));
	if (s < 60)
		return s + " s";
	if (s < 3600)
		return Math.floor(s / 60) + " min " + (s % 60) + " s";
	if (s < 86400)
		return Math.floor(s / 3600) + " h " + Math.floor((s % 3600) / 60) + " min";
	return Math.floor(s / 86400) + " d " + Math.floor((s % 86400) / 3600) + " h";
}

const day = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short" });
const minute = new Intl.DateTimeFormat("sv-SE", { hour: "2-digit", minute: "2-digit" });
const second = new Intl.DateTimeFormat("sv-SE", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

export function date(text) {
	if (!text)
		return "";
	const at = new Date(text);
	return day.format(at) + " " + minute.format(at);
}

export function time(text) {
	return text ? second.format(new Date(text)) : "";
}

// Times as in RFC 3339 in a text become local ones.
export function times(text) {
	return text?.replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, (at) => date(at) + at.slice(16, 19));
}

// The word for a cycle that is open while nothing is at work on it.
export function life(word) {
	return word === "cut off" ? "not running" : word;
}
