// monitor.mjs: the monitor's page in a real browser, over a real cycle. The environment says where all
// is: PLAYWRIGHT (the package), CHROMIUM, URL (with the token), PLACE (the repository's parent folder),
// and, where pictures are wanted, PICTURES (a folder).
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { faint, reads, walk } from "./reading.mjs";

const { chromium } = await import(process.env.PLAYWRIGHT + "/index.mjs");
const { URL: address, PLACE: place, PICTURES: pictures } = process.env;
const origin = new URL(address).origin;
const PATIENCE = 30000;

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
const page = await context.newPage();
page.setDefaultTimeout(PATIENCE);

// Nothing goes to another host, and nothing is refused by the page's own policy.
const complaints = [];
page.on("request", (request) => {
	if (new URL(request.url()).origin !== origin)
		complaints.push("a request to " + request.url());
});
page.on("console", (message) => {
	const { url } = message.location();
	if (message.type() === "error" && !/401|net::ERR/.test(message.text()) && !/\/(uplot\..*|favicon.ico)$/.test(url))
		complaints.push(`console: ${message.text()}: ${url}`);
});
page.on("pageerror", (error) => complaints.push("error: " + error.message));
page.on("dialog", (dialog) => { complaints.push("dialog: " + dialog.message()); dialog.dismiss(); });

const text = (selector) => page.locator(selector).innerText();
async function until(what, test, patience = PATIENCE) {
	const end = Date.now() + patience;
	for (;;) {
		const found = await test();
		if (found)
			return found;
		if (Date.now() > end)
			throw new Error(`waited in vain: ${what}: life "${await text("#life")}", what "${await text("#what")}", hint "${await text("#hint")}"`);
		await new Promise((resolve) => setTimeout(resolve, 20));
	}
}
const life = (word) => until(`life ${word}`, async () => await text("#life") === word);
const lit = (state) => until(`state ${state}`, async () =>
	await page.locator(".machine [aria-current]").innerText() === state);
const go = (step) => writeFileSync(`${place}/go.${step}`, "");
const settings = () => JSON.parse(readFileSync(`${place}/r/status/ee_config.json`, "utf8"));
const reports = () => page.locator("#reports li").allInnerTexts();

async function picture(name) {
	if (!pictures)
		return;
	for (const width of [360, 1280, 1920])
		for (const colorScheme of ["light", "dark"]) {
			await page.emulateMedia({ colorScheme });
			await page.setViewportSize({ width, height: 900 });
			await page.waitForTimeout(400);
			await page.screenshot({ path: `${pictures}/${name}-${width}-${colorScheme}.png`, fullPage: true });
		}
	await page.emulateMedia({ colorScheme: "light" });
	await page.setViewportSize({ width: 1280, height: 900 });
}

async function opens() {
	const refused = await page.goto(origin + "/");
	assert.equal(refused.status(), 401);
	await page.goto(address);
	assert.ok(!page.url().includes("token"), "the token stays in the address");
	await life("none");
	assert.equal(await page.evaluate(() => document.cookie), "", "a script can read the cookie");
	// What the first cycle would have is the config's.
	await until("usage", async () => /^0 of 73,500 tokens \(limit\), 210,000 \(budget\): 0\.0%$/.test(await text("#fact-usage")));
	assert.equal(await text("#fact-gate"), "Token budget OK: 0.0% (remaining: 35.0%) - 0/73,500 tokens");
	await picture("none");
}

async function threshold() {
	await page.fill("#threshold", "19");
	await page.press("#threshold", "Tab");
	assert.ok(!existsSync(`${place}/r/status/ee_config.json`), "19 percent was saved");
	await page.fill("#threshold", "45");
	await page.press("#threshold", "Tab");
	await until("saved", async () => /^Saved: 45%/.test(await text("#hint")));
	assert.equal(settings().handoff_threshold_percent, 45);
}

// By the keyboard alone: from the threshold on to START CYCLE.
async function starts() {
	await page.focus("#threshold");
	for (let i = 0; i < 5 && await page.evaluate(() => document.activeElement.id) !== "start"; i++)
		await page.keyboard.press("Tab");
	assert.equal(await page.evaluate(() => document.activeElement.id), "start");
	await page.keyboard.press("Enter");
	await life("running");
	await lit("STEP");
	await until("the worker's line", async () => (await text("#output")).includes("first <script>"));
	await until("the bar", async () => await page.getAttribute("#bar", "aria-valuenow") === "30000");
	assert.match(await text("#fact-usage"), /30,000 of 94,500 tokens.*45% is locked/);
	assert.ok(await page.locator("#start").isDisabled());
	await page.fill("#threshold", "50");
	await page.press("#threshold", "Tab");
	await until("saved for the next", async () => settings().handoff_threshold_percent === 50);
	assert.match(await text("#fact-usage"), /45% is locked/);
	await picture("running");
}

async function reloads() {
	const before = await reports();
	assert.equal(before.length, 2);
	await page.reload();
	await life("running");
	await lit("STEP");
	await until("the reports again", async () => (await reports()).length === 2);
	assert.deepEqual(await reports(), before);
	go("first");
	await until("step 2", async () => /^2 of 3: Second/.test(await text("#fact-step")));
	await until("the row of step 1", async () => /OK, updated & pushed/.test(await text("#steps tbody tr:first-child")));
	await until("its report", async () => (await reports()).some((line) => line.includes("Step 1 completed: Tokens: 14.2%; Status: OK")));
	if (await page.locator(".chart canvas").count() === 0)
		assert.match(await page.locator("main").innerText(), /This build has no charts/);
	await until("the chart's figures", async () => await page.locator("details tbody tr").count() === 3);
}

// By ear, and by the keyboard alone.
async function is_read() {
	const all = await reads(page, [["link", "Skip to the content"], ["combobox", "Repository"], ["navigation", "Views"],
		["status"], ["main"], ["region", "Now"], ["list", "States of the machine"], ["meter", "Tokens used of the budget"],
		["region", "Controls"], ["spinbutton", "Token threshold %"], ["button", "START CYCLE"], ["button", "Stop after this step"],
		["button", "Stop now"], ["region", "Steps"], ["table", "Steps of the cycle"], ["columnheader", "Status"], ["cell", "First"],
		["link", "Log of step 1"], ["region", "Usage"], ["region", "Reports"], ["log", "Reports"]]);
	assert.equal(all.find((node) => node.role === "log").live, "polite");
	assert.equal(all.find((node) => node.role === "spinbutton").description, await text("#hint"));
	const way = await walk(page);
	for (const [i, what] of ["Skip to the content", "repository", "nav-now", "nav-history", "output", "threshold", "stop", "stop-now",
		"Steps of the cycle", "Log of step 1", "Log of step 2", "reports"].entries())
		assert.ok(way.indexOf(what) >= i && (i === 0 || way.includes(what)), `${what} in ${way}`);
	assert.ok(way.some((what) => /^Copy commit [0-9a-f]{8}$/.test(what)), way);
	assert.ok(!way.includes("start"), "what can't be used has the focus");
	// The page's own beginning leads past its head, and to no other view.
	await page.evaluate(() => document.activeElement?.blur());
	await page.focus(".skip");
	await page.keyboard.press("Enter");
	assert.equal(await page.evaluate(() => document.activeElement.id), "main");
	assert.ok(page.url().endsWith("#/1/now") || !page.url().includes("#main"), page.url());
}

// A row that is shown as a card, where it is narrow, is a row to who listens to it all the same.
async function narrow() {
	await page.setViewportSize({ width: 360, height: 740 });
	await reads(page, [["table", "Steps of the cycle"], ["columnheader", "Title"], ["row"], ["cell", "First"], ["cell", "OK, updated & pushed"]]);
	assert.equal(await page.evaluate(() => getComputedStyle(document.querySelector("#steps tbody tr")).display), "flex");
	await page.setViewportSize({ width: 1280, height: 900 });
}

// The log of a step that runs, on its own address.
async function log() {
	await page.locator("#steps tbody tr:nth-child(2) a").click();
	await until("the log", async () => (await page.locator("#log").innerText()).includes("second <script>"));
	assert.equal(await page.locator("#log .a32").innerText(), "second");
	assert.equal(await page.evaluate(() => window.pwned), undefined);
	assert.equal(await page.evaluate(() => document.activeElement.id), "main", "the focus stayed behind");
	await picture("log");
	await page.goBack();
	await life("running");
}

async function dies() {
	const pid = Number(/pid (\d+)/.exec(await text("#fact-held"))[1]);
	process.kill(pid, "SIGKILL");
	const begin = Date.now();
	await life("not running");
	console.log(`"not running" ${Date.now() - begin} ms after SIGKILL`);
	if (process.env.SOAK)
		assert.ok(Date.now() - begin < 2000);
	assert.match(await text("#what"), /nothing is at work on it/);
	assert.match(await text("#steps tbody tr:nth-child(2)"), /cut off/);
	for (const colorScheme of ["light", "dark"]) {
		await page.emulateMedia({ colorScheme });
		assert.deepEqual(await faint(page), [], `cut off, ${colorScheme}`);
	}
	await picture("cut-off");
}

async function goes_on_to_the_end() {
	await until("a start is possible", async () => await page.locator("#start").isEnabled());
	await page.click("#start");
	await life("running");
	go("second");
	await until("the gate", async () => /Token threshold exceeded/.test(await text("#what")));
	await lit("CLOSED");
	await life("closed");
	assert.ok((await reports()).some((line) => line.includes("Cycle 1 closed: Token threshold exceeded")));
	await picture("closed");
}

async function stops() {
	await until("a start is possible", async () => await page.locator("#start").isEnabled());
	await page.click("#start");
	await until("cycle 2", async () => /^Cycle 2,/.test(await text("#what")));
	await lit("STEP");
	await page.click("#stop-now");
	await page.keyboard.press("Enter"); // the first button: it goes on
	await life("running");
	await page.click("#stop");
	await until("asked", async () => /closes after this step/.test(await text("#hint")));
	go("third");
	await until("the end", async () => /User requested|All work completed/.test(await text("#what")));
	await life("closed");
}

async function remembers() {
	await page.click("#nav-history");
	await until("two cycles", async () => await page.locator("#cycles tbody tr").count() === 2);
	await picture("history");
	await page.selectOption("#f-cause", "threshold");
	await until("one cycle", async () => await page.locator("#cycles tbody tr").count() === 1);
	const [download] = await Promise.all([page.waitForEvent("download"), page.click("text=CSV")]);
	assert.equal(readFileSync(await download.path(), "utf8").trim().split("\n").length, 2);
	await page.click("#cycles tbody a");
	await until("its address", () => page.url().endsWith("#/1/cycle/1"));
	await until("its steps", async () => await page.locator("#steps tbody tr").count() === 2);
	await picture("cycle");
}

async function fits() {
	await page.setViewportSize({ width: 360, height: 740 });
	for (const hash of ["now", "history", "cycle/1", "log/1/1/1"]) {
		await page.goto(`${origin}/#/1/${hash}`);
		await page.waitForSelector("main section");
		await page.waitForFunction(() => document.querySelector("#life, #cycles tbody tr, #steps tbody tr, #log > *"));
		assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360, hash);
		for (const colorScheme of ["light", "dark"]) {
			await page.emulateMedia({ colorScheme });
			assert.deepEqual(await faint(page), [], `${hash}, ${colorScheme}`);
		}
	}
}

try {
	for (const part of [opens, threshold, starts, reloads, is_read, narrow, log, dies, goes_on_to_the_end, stops, remembers, fits]) {
		await part();
		console.log("done: " + part.name);
	}
	assert.deepEqual(complaints, []);
} catch (error) {
	console.error(error, complaints);
	process.exitCode = 1;
} finally {
	await browser.close();
}
