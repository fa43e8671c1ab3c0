// reading.mjs: whether the page can be read and used by who sees little, sees nothing, or has no mouse.
import assert from "node:assert/strict";

// Texts, and edges of what can be used, that stand out too little from what is behind them: WCAG 2.2, 1.4.3
// (4.5 to 1, large text 3 to 1) and 1.4.11 (3 to 1); the formula is that of its "contrast ratio".
export function faint(page) {
	return page.evaluate(() => {
		const channels = (text) => {
			const numbers = text.match(/[\d.]+(?:e-?\d+)?/g).map(Number);
			const scale = text.startsWith("color(") ? 1 : 255;
			return { rgb: numbers.slice(0, 3).map((n) => n / scale), alpha: numbers[3] ?? 1 };
		};
		const over = (front, back) => front.rgb.map((c, i) => c * front.alpha + back[i] * (1 - front.alpha));
		const behind = (node) => {
			if (!node)
				return [1, 1, 1];
			const front = channels(getComputedStyle(node).backgroundColor);
			return front.alpha === 1 ? front.rgb : over(front, behind(node.parentElement));
		};
		const light = (rgb) => rgb.map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
			.reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
		const ratio = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
		const found = [];
		const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
		while (walker.nextNode()) {
			const text = walker.currentNode.textContent.trim(), node = walker.currentNode.parentElement;
			if (!text || !node.checkVisibility({ visibilityProperty: true }) || node.closest(":disabled, option, .hidden, .skip"))
				continue;
			const style = getComputedStyle(node), back = behind(node);
			let { rgb, alpha } = channels(style.color);
			for (let at = node; at; at = at.parentElement)
				alpha *= Number(getComputedStyle(at).opacity);
			const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
			const is = ratio(over({ rgb, alpha }, back), back);
			if (is < (large ? 3 : 4.5))
				found.push(`"${text.slice(0, 30)}" ${is.toFixed(2)}`);
		}
		for (const node of document.querySelectorAll("input, select, button:not(.copy)")) {
			if (node.disabled || !node.checkVisibility() || parseFloat(getComputedStyle(node).borderTopWidth) === 0)
				continue;
			const back = behind(node.parentElement), is = ratio(channels(getComputedStyle(node).borderTopColor).rgb, back);
			if (is < 3)
				found.push(`the edge of ${node.id || node.tagName} ${is.toFixed(2)}`);
		}
		return found;
	});
}

// What a screen reader is given: {role, name, …} in the order in which it reads.
export async function spoken(page) {
	const session = await page.context().newCDPSession(page);
	const { nodes } = await session.send("Accessibility.getFullAXTree");
	await session.detach();
	const byId = new Map(nodes.map((node) => [node.nodeId, node]));
	const all = [];
	const visit = (node) => {
		const property = (name) => node.properties?.find((p) => p.name === name)?.value?.value;
		if (!node.ignored)
			all.push({ role: node.role?.value, name: node.name?.value ?? "", description: node.description?.value ?? "", live: property("live") });
		(node.childIds ?? []).forEach((id) => byId.has(id) && visit(byId.get(id)));
	};
	visit(nodes[0]);
	return all;
}

const USED = ["button", "link", "spinbutton", "combobox", "textbox", "Date", "DisclosureTriangle", "meter", "table", "region", "log", "dialog"];

// Everything that can be used or gone to has a name, and what is named comes in that order.
export async function reads(page, order) {
	const all = await spoken(page);
	assert.deepEqual(all.filter((node) => USED.includes(node.role) && !node.name.trim()), [], "without a name");
	assert.ok(all.some((node) => node.role === "heading" && node.name === "stepgate"));
	let from = 0;
	for (const [role, name] of order) {
		const at = all.findIndex((node, i) => i >= from && node.role === role && (name === undefined || node.name === name));
		assert.ok(at >= 0, `${role} "${name}" is not read, or not in this order`);
		from = at + 1;
	}
	return all;
}

// Goes through the page by Tab alone, from its beginning: what has the focus, one after another. Each must
// show that it has it.
export async function walk(page) {
	await page.evaluate(() => { document.activeElement?.blur(); getSelection().removeAllRanges(); });
	const seen = [];
	for (let i = 0; i < 80; i++) {
		await page.keyboard.press("Tab");
		const { what, outline } = await page.evaluate(() => {
			const node = document.activeElement;
			return {
				what: node === document.body ? null : node.id || node.getAttribute("aria-label") || node.textContent.trim(),
				outline: getComputedStyle(node).outlineStyle,
			};
		});
		if (what === null || (seen.length > 0 && what === seen[0]))
			break;
		assert.notEqual(outline, "none", `${what} has the focus, and does not show it`);
		seen.push(what);
	}
	return seen;
}
