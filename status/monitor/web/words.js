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
