// A worker's output: colours by SGR (ECMA-48, 8.3.117) become classes, all other escape sequences
// and control characters are left out. It goes on across pieces.
const SEQUENCE = /^\x1b(?:\[[\x30-\x3f]*[\x20-\x2f]*([\x40-\x7e])|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)|[\x20-\x2f]*[\x30-\x5a\x5c-\x7e])/;
const LONGEST = 4096;

export class Ansi {
	constructor() {
		this.classes = new Set();
		this.rest = "";
	}

	// Nodes for the next piece of text.
	feed(text) {
		const nodes = [];
		text = this.rest + text;
		this.rest = "";
		let plain = "";
		const flush = () => {
			if (plain)
				nodes.push(this.node(plain));
			plain = "";
		};
		for (let at = 0; at < text.length;) {
			if (text[at] !== "\x1b") {
				const next = text.indexOf("\x1b", at);
				plain += clean(text.slice(at, next < 0 ? text.length : next));
				at = next < 0 ? text.length : next;
				continue;
			}
			const found = SEQUENCE.exec(text.slice(at, at + LONGEST));
			if (found) {
				if (found[1] === "m") {
					flush();
					this.colour(found[0].slice(2, -1));
				}
				at += found[0].length;
			} else if (text.length - at < LONGEST && !/^\x1b(?:\[[\x30-\x3f]*[\x20-\x2f]*[^\x20-\x7e]|[^\x20-\x7e])/.test(text.slice(at))) {
				this.rest = text.slice(at); // cut: the end may come
				break;
			} else {
				at += 1; // broken: the rest of it is text
			}
		}
		flush();
		return nodes;
	}

	colour(parameters) {
		const codes = parameters === "" ? [0] : parameters.split(/[;:]/).map(Number);
		for (let i = 0; i < codes.length; i++) {
			const code = codes[i];
			if (code === 38 || code === 48) { // of 256, or any: left out
				i += codes[i + 1] === 5 ? 2 : 4;
				continue;
			}
			this.apply(code);
		}
	}

	apply(code) {
		const drop = (test) => [...this.classes].filter(test).forEach((c) => this.classes.delete(c));
		if (code === 0)
			this.classes.clear();
		else if (code >= 1 && code <= 4)
			this.classes.add(code);
		else if (code >= 22 && code <= 24)
			drop((c) => c === code - 20 || (code === 22 && c === 1));
		else if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97) || code === 39) {
			drop((c) => c >= 30);
			if (code !== 39)
				this.classes.add(code);
		}
	}

	node(text) {
		if (this.classes.size === 0)
			return document.createTextNode(text);
		const span = document.createElement("span");
		span.className = [...this.classes].map((code) => "a" + code).join(" ");
		span.textContent = text;
		return span;
	}
}

function clean(text) {
	return text.replace(/\r\n?/g, "\n")
		.replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g, "");
}
