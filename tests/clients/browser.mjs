// Two people chat through the page, each on another server; the servers go away and come back.
//   node browser.mjs URL URL [FOLDER]     FOLDER: pictures of what was seen
// Prints "restart" when the servers are to be restarted, and goes on after a line on its input.
// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import readline from "node:readline/promises";
import {chromium} from "playwright-core";

const [firstUrl, secondUrl, folder] = process.argv.slice(2);
const tag = Date.now().toString(36);
const [buyer, seller] = [`구매자-${tag}@example.com`, `seller:${tag}`];
const product = "자전거 🚲 <i>bike</i>";
const faults = [];
let allowNetworkFaults = false;

async function openPage(browser, url, viewport = {width: 1200, height: 760}) {
  const context = await browser.newContext({viewport});
  const page = await context.newPage();
  page.setDefaultTimeout(20000);
  page.on("pageerror", (error) => faults.push(`${url}: ${error.stack}`));
  page.on("console", (message) => {
    if (message.type() === "error" && !allowNetworkFaults) {
      faults.push(`${url}: ${message.text()}`);
    }
  });
  await page.goto(url);
  return page;
}

async function signIn(page, name, server) {
  await page.getByLabel("Your name or e-mail").fill(name);
  await page.getByRole("button", {name: "Continue"}).click();
  await page.getByRole("status").filter({hasText: `on ${server}`}).first().waitFor();
}

const contents = (page) => page.locator(".message .content").allTextContents();

async function say(page, text) {
  await page.getByLabel("Message", {exact: true}).fill(text);
  await page.keyboard.press("Enter");
}

async function seesLast(page, text) {
  await page.waitForFunction((wanted) =>
    [...document.querySelectorAll(".message .content")].at(-1)?.textContent === wanted, text);
}

async function hasTicks(page, text, word) {
  await page.locator(".message.mine", {hasText: text}).getByRole("img", {name: word}).waitFor();
}

async function picture(page, name) {
  if (folder) {
    await page.screenshot({path: `${folder}/${name}.png`});
  }
}

async function startChat(first, second) {
  await signIn(first, buyer, "chat-server-1");
  await signIn(second, seller, "chat-server-2");
  await first.getByRole("button", {name: "New chat"}).click();
  await first.getByLabel("With whom").fill(seller);
  await first.getByLabel("About what").fill(product);
  await first.getByRole("button", {name: "Open chat"}).click();
  await first.getByRole("heading", {name: seller}).waitFor();
  await second.locator(".entry", {hasText: product}).click(); // came by itself
  await second.getByRole("heading", {name: buyer}).waitFor();
}

async function chatBothWays(first, second, said) {
  for (const [from, to, text] of [
    [first, second, "안녕하세요 <b>hi</b> & 😀👨‍👩‍👧"],
    [second, first, "네, 아직 있어요\nline two"],
    [first, second, "좋아요"],
  ]) {
    await say(from, text);
    said.push(text);
    await seesLast(to, text);
    await seesLast(from, text);
  }
  assert.equal(await second.locator(".messages b").count(), 0, "a message is text, not markup");
  await second.bringToFront();
  await second.getByLabel("Message", {exact: true}).pressSequentially("…");
  await first.getByText("is typing…").waitFor();
  await hasTicks(first, "좋아요", "read");
  await seesOther(first, "online");
}

// What the page tells of the other person: in the head, and by the dot at the name.
async function seesOther(page, word) {
  await page.waitForFunction((wanted) => {
    const has = (node) => getComputedStyle(node, "::after").content !== "none";
    const shown = ["#other-avatar", ".entry .avatar"].every((where) =>
      has(document.querySelector(where)) === (wanted === "online"));
    return shown && document.getElementById("presence").textContent === wanted;
  }, word);
}

async function isWhole(page, id) {
  const [shown, needed] = await page.evaluate((of) => {
    const node = document.getElementById(of);
    return [node.clientWidth, node.scrollWidth];
  }, id);
  assert.ok(shown > 0 && needed <= shown, `#${id} is cut: ${shown} of ${needed}`);
}

async function surviveRestart(first, second, said) {
  const input = readline.createInterface({input: process.stdin});
  allowNetworkFaults = true;
  console.log("restart");
  await first.locator("#status.waiting, #status.connecting").waitFor();
  await say(first, "sent while nobody was there");
  await hasTicks(first, "sent while", "sending");
  await seesOther(first, "");
  await first.setViewportSize({width: 900, height: 700});
  await first.locator("#status.waiting").waitFor();
  await isWhole(first, "status");
  await picture(first, "away-900");
  console.log("away");
  await input.question("");
  input.close();
  await first.locator("#status.online").waitFor();
  await second.locator("#status.online").waitFor();
  allowNetworkFaults = false;
  said.push("sent while nobody was there");
  await seesLast(second, said.at(-1));
  await first.locator(".message.mine", {hasText: said.at(-1)}).getByRole("img", {name: /sent|delivered|read/})
    .waitFor();
  for (const page of [first, second]) {
    assert.deepEqual(await contents(page), said, "nothing lost, nothing twice");
    await page.reload();
    await seesLast(page, said.at(-1));
    assert.deepEqual(await contents(page), said, "the history after a reload");
  }
}

async function fitsAPhone(browser, room) {
  const page = await openPage(browser, `${firstUrl}/?user=${encodeURIComponent(buyer)}`,
    {width: 360, height: 700});
  await page.locator(".entry", {hasText: product}).waitFor();
  await picture(page, "phone-list");
  await page.locator(".entry", {hasText: product}).click();
  await page.locator(".message").first().waitFor();
  await page.locator("#presence", {hasText: "online"}).waitFor();
  await isWhole(page, "presence");
  const presence = await page.locator("#presence").boundingBox();
  assert.ok(presence.x + presence.width <= 360, "presence is on the screen");
  await picture(page, "phone-room");
  assert.ok(room.endsWith(new URL(page.url()).hash));
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
  await page.getByRole("button", {name: "Back to your chats"}).click();
  await page.locator(".entry", {hasText: product}).waitFor();
}

async function handTest(browser, room, path) {
  const page = await openPage(browser, firstUrl + path);
  if (path.endsWith("local")) {
    await page.getByLabel("Server").fill(`${secondUrl.replace("http", "ws")}/ws-stomp`);
  }
  await page.getByLabel("Sender").fill(buyer);
  await page.getByRole("button", {name: "Connect", exact: true}).click();
  await page.getByText("← CONNECTED").waitFor();
  await page.getByLabel("Room UUID").fill(room.slice(room.indexOf("#") + 1));
  await page.getByRole("button", {name: "Subscribe"}).click();
  await page.getByText("← RECEIPT").filter({hasText: "recovered:true"}).waitFor();
  await page.getByLabel("Message").fill(`by hand ${path}`);
  await page.getByRole("button", {name: "Send", exact: true}).click();
  await page.getByText(/← MESSAGE/).filter({hasText: `by hand ${path}`}).waitFor();
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"],
});
try {
  const [first, second] = [await openPage(browser, firstUrl), await openPage(browser, secondUrl)];
  const said = [];
  await startChat(first, second);
  await chatBothWays(first, second, said);
  await picture(first, "desk-buyer");
  await picture(second, "desk-seller");
  await surviveRestart(first, second, said);
  await fitsAPhone(browser, first.url());
  await handTest(browser, first.url(), "/test/");
  await handTest(browser, first.url(), "/test/local");
  assert.deepEqual(faults, []);
  console.log("passed");
} finally {
  await browser.close();
}
