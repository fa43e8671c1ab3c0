// Nodes are made here, and text goes in as text alone: nothing from a worker is ever markup.
export function el(tag, attributes = {}, ...children) {
	const node = document.createElement(tag);
	for (const [name, value] of Object.entries(attributes)) {
		if (value === undefined || value === null || value === false)
			continue;
		if (name.startsWith("on"))
			node.addEventListener(name.slice(2), value);
		else
			node.setAttribute(name, value === true ? "" : String(value));
	}
	node.append(...children.filter((child) => child !== null && child !== undefined));
	return node;
}

export function setText(node, text) {
	if (node.textContent !== text)
		node.textContent = text;
}

export function section(title, ...children) {
	return el("section", { "aria-label": title }, el("h2", {}, title), ...children);
}

// Rows by their keys: what has not changed stays as it is, and so does the focus in it.
export function keyed(parent, items, keyOf, make) {
	const old = new Map([...parent.children].map((node) => [node.dataset.key, node]));
	let at = parent.firstElementChild;
	for (const item of items) {
		const key = String(keyOf(item));
		const print = JSON.stringify(item);
		let node = old.get(key);
		old.delete(key);
		if (!node || node.dataset.print !== print) {
			const fresh = make(item);
			fresh.dataset.key = key;
			fresh.dataset.print = print;
			if (node) {
				if (at === node)
					at = fresh;
				node.replaceWith(fresh);
			}
			node = fresh;
		}
		if (node === at)
			at = at.nextElementSibling;
		else
			parent.insertBefore(node, at);
	}
	for (const node of old.values())
		node.remove();
}

// A table that says what it is, with its columns as [name, whether it holds figures].
export function table(id, caption, columns, body) {
	return el("div", { class: "scroll", role: "region", "aria-label": caption, tabindex: "0" },
		el("table", { id, role: "table" }, el("caption", { class: "hidden" }, caption),
			el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, ...columns.map(([name, figures]) =>
				el("th", { scope: "col", role: "columnheader", class: figures ? "num" : null }, name)))),
			body));
}

// Where it is narrow a row is shown as a card, and would be no row any more to who listens to it but for
// the roles. A name stands before what can't be told without its column's head.
export function cell(attributes, ...children) {
	return el("td", { role: "cell", ...attributes }, ...children);
}
