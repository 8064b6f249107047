// The demo chat: one socket, the messages as they stand, and a composer with the command menu.

import { make, messageNode } from "/draw.js";
import { choose, languages, tag, word } from "/words.js";

const at = (id) => document.getElementById(id);
const log = at("log"), scroll = at("scroll"), text = at("text"), menu = at("menu"), toast = at("toast"), typing = at("typing");
const heard = at("heard");
const NEAR_PX = 90, STILL_MS = 2_500, HEARD_MS = 20_000, SPIN_MS = 30_000, TYPING_MS = 5_000, TOAST_MS = 3_500;

const messages = new Map(); // id -> facts
const taps = new Map(); // our ref -> {key, query}
const early = new Map(); // tap id -> answer that came before we knew the tap's id
let commands = [], scenes = [], socket, retryMs = 300, refs = 0, unread = 0, marked = -1, market = null;
let typingTimer, toastTimer, spinning = new Set();
at("language").append(...languages.map(([code, name]) => make("option", { value: code }, name)));

// The socket

function connect() {
  socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/socket`);
  socket.onmessage = ({ data }) => { const facts = JSON.parse(data); hear[facts.type]?.(facts); };
  socket.onclose = () => {
    document.body.dataset.state = "lost";
    at("lost").hidden = false;
    showState();
    setTimeout(connect, retryMs);
    retryMs = Math.min(retryMs * 1.7, 5_000);
  };
}

function wish(facts) {
  if (socket?.readyState !== WebSocket.OPEN) { showToast(word("lost")); return false; }
  socket.send(JSON.stringify(facts));
  return true;
}

const hear = {
  page(facts) {
    scenes = facts.scenes;
    for (const button of document.querySelectorAll("[data-open=stage]")) button.hidden = !scenes.length;
    document.body.dataset.stage = scenes.length ? "made-up" : "";
  },
  snapshot(facts) {
    retryMs = 300;
    document.body.dataset.state = "open";
    at("lost").hidden = true;
    const known = new Set(messages.keys());
    messages.clear();
    for (const message of facts.messages) messages.set(message.id, message);
    for (const message of messages.values()) {
      if (known.size && !known.has(message.id)) announce(message, 0); // it came while the connection was lost
      else told.set(message.id, message.text);
    }
    hear.menu(facts);
    redraw();
    toNewest();
    if (!facts.messages.length) introduce();
  },
  message({ message }) {
    const known = messages.has(message.id);
    const near = isNear();
    messages.set(message.id, message);
    const node = messageNode(message, act);
    const old = log.querySelector(`[data-id="${message.id}"]`);
    if (old) keepingFocus(() => old.replaceWith(node));
    else { addDay(message); log.append(node); node.classList.add("fresh"); }
    announce(message, known ? STILL_MS : 0);
    if (!message.mine) showTyping(false);
    showWelcome();
    if (near) toNewest();
    else if (!known) { unread += 1; showDown(); }
  },
  deleted({ id }) {
    messages.delete(id);
    clearTimeout(moving.get(id));
    redraw();
  },
  typing() { showTyping(true); },
  answered(answer) {
    const tap = [...taps].find(([, one]) => one.query === answer.query);
    if (!tap) { if (early.size < 50) early.set(answer.query, answer); return; }
    settle(tap[0], answer);
  },
  tapped({ ref, query }) {
    const tap = taps.get(ref);
    if (!tap) return;
    tap.query = query;
    if (query === null) settle(ref, null);
    else if (early.has(query)) { settle(ref, early.get(query)); early.delete(query); }
  },
  menu(facts) {
    if (facts.language) { choose(facts.language); at("language").value = languageOption(facts.language); label(); }
    commands = facts.commands;
    at("name").textContent = facts.name;
    at("description").textContent = facts.description || word("pitch");
    if (facts.language) redraw();
    if (!menu.hidden) filterMenu();
    showState();
    showMarket();
  },
  market(facts) { market = { ...facts, heard: performance.now() }; showMarket(); },
  played({ name, market }) {
    if (market) hear.market(market);
    if (market?.slow_for && market.waiting.includes(name)) {
      showToast(filled(`waits_${market.slow_for.why}`, { ...market.slow_for, scene: called([name]) }));
      return;
    }
    const moved = movedTo(market?.played);
    showToast(`${word(name) ?? name}. ${moved || word(`${name}_is`) || ""}`);
  },
  refused({ reason }) { showToast(reason); },
};

// Messages

function redraw() {
  const near = isNear();
  keepingFocus(() => {
    log.replaceChildren();
    for (const message of messages.values()) { addDay(message); log.append(messageNode(message, act)); }
  });
  showWelcome();
  if (near) toNewest();
}

// Who taps by keyboard stays at the message that the tap changed: at the same button, or, where it is gone, before the others. Never at
// another one, which a second Enter would press.
function keepingFocus(change) {
  const focused = document.activeElement, message = focused.closest("article");
  change();
  if (!message || message.isConnected) return;
  const now = log.querySelector(`[data-id="${message.dataset.id}"]`) ?? scroll;
  const key = focused.matches(".key") && [...now.querySelectorAll(".key")].find((one) => one.dataset.data === focused.dataset.data);
  if (!key && now !== scroll) now.tabIndex = -1;
  (key || now).focus({ preventScroll: true });
}

// What a screen reader says: each message once, with its buttons; an edit once it has stood still, so that a plan under way is quiet.
const moving = new Map(); // id of a message -> timer
const told = new Map(); // id -> text that was said

function announce(message, afterMs) {
  clearTimeout(moving.get(message.id));
  if (message.mine || told.get(message.id) === message.text) return;
  if (afterMs) { moving.set(message.id, setTimeout(announce, afterMs, message, 0)); return; }
  told.set(message.id, message.text);
  const buttons = message.keyboard.flat().map((button) => button.text).join(", ");
  const said = [message.text || message.document?.name || word("picture"), buttons].filter(Boolean).join("\n");
  const line = make("p", { dir: "auto" }, `${word("bot")}: ${said}`);
  heard.append(line);
  setTimeout(() => line.remove(), HEARD_MS); // who reads on by keys meets it in the chat
}

function addDay(message) {
  const date = new Date(message.at);
  const day = date.toDateString();
  const days = log.querySelectorAll(".day");
  if (days.length && days[days.length - 1].dataset.day === day) return;
  const shown = date.toLocaleDateString(tag(), { day: "numeric", month: "long" });
  const node = make("div", { className: "day" }, make("span", {}, day === new Date().toDateString() ? word("today") : shown));
  node.dataset.day = day;
  log.append(node);
}

function showWelcome() { at("welcome").hidden = messages.size > 0; }

const act = {
  say(words) { if (wish({ type: "say", text: words })) toNewest(); },
  copy(words) { navigator.clipboard?.writeText(words).then(() => showToast(word("copied")), () => {}); },
  settled() { if (sticky) toNewest(); },
  view(source, caption) {
    Object.assign(at("viewer-picture"), { src: source, alt: caption });
    at("viewer").showModal();
  },
  tap(message, button, key) {
    const spin = `${message.id} ${button.data}`;
    if (spinning.has(spin)) return;
    const ref = (refs += 1);
    if (!wish({ type: "tap", id: message.id, data: button.data, ref })) return;
    spinning.add(spin);
    taps.set(ref, { key, spin, query: undefined });
    key.classList.add("waiting");
    key.setAttribute("aria-busy", "true");
    setTimeout(() => settle(ref, null), SPIN_MS);
  },
};

function settle(ref, answer) {
  const tap = taps.get(ref);
  if (!tap) return;
  taps.delete(ref);
  spinning.delete(tap.spin);
  tap.key.classList.remove("waiting");
  tap.key.removeAttribute("aria-busy");
  if (!answer?.text) return;
  if (!answer.alert) { showToast(answer.text); return; }
  at("alert-text").textContent = answer.text;
  if (!at("alert").open) at("alert").showModal();
}

// Scrolling

let sticky = true;
const isNear = () => scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR_PX;
function toNewest() { sticky = true; scroll.scrollTop = scroll.scrollHeight; unread = 0; showDown(); }
function showDown() {
  at("down").hidden = isNear();
  at("count").textContent = unread || "";
}
scroll.addEventListener("scroll", () => { sticky = isNear(); if (sticky) unread = 0; showDown(); }, { passive: true });
at("down").onclick = toNewest;
new ResizeObserver(() => { if (sticky) toNewest(); }).observe(scroll);

// What is shown around the chat

function showState() {
  const state = document.body.dataset.state === "open" ? (typing.hidden ? word("bot") : word("typing")) : word("connecting");
  at("state").textContent = state;
}

function showTyping(on) {
  const near = isNear();
  typing.hidden = !on;
  clearTimeout(typingTimer);
  if (on) typingTimer = setTimeout(() => showTyping(false), TYPING_MS);
  showState();
  if (near) toNewest();
}

function showToast(words) {
  toast.textContent = words;
  toast.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { toast.hidden = true; }, Math.max(TOAST_MS, words.length * 60));
}

function moment(date) {
  const shown = date.toLocaleString(tag(), { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: "UTC" });
  return `${shown} UTC`;
}

function movedTo(played) {
  return played?.moved_to ? word("moved").replace("{moment}", moment(new Date(played.moved_to))) : "";
}

const called = (names) => names.map((name) => word(name) ?? name).join(", ");
const filled = (key, facts) => Object.entries(facts).reduce((said, [name, fact]) => said.replace(`{${name}}`, fact), word(key));

function showTempo() {
  const slow = market.slow_for, waiting = market.waiting ?? [], line = at("tempo");
  const said = slow ? [filled(`slow_${slow.why}`, slow), waiting.length && filled("then", { scene: called(waiting) })] : [];
  const shown = said.filter(Boolean).join(" ");
  if (line.textContent !== shown) line.textContent = shown;
  line.hidden = !shown;
}

function showMarket() {
  if (!market) return;
  showTempo();
  const speed = market.speed ?? 1;
  const shown = moment(new Date(Date.parse(market.now) + (performance.now() - market.heard) * speed));
  at("strip-time").textContent = shown;
  at("side-time").textContent = shown;
  at("side-speed").textContent = `× ${new Intl.NumberFormat(tag()).format(Math.round(speed))}`;
  at("side-note").textContent = word(`note_${market.note}`) ?? market.note ?? "";
  const played = market.played;
  at("side-played").hidden = !played;
  if (played) at("side-played").textContent = `${word(played.name) ?? played.name}. ${movedTo(played)}`;
  at("side-market").hidden = false;
}
setInterval(showMarket, 1_000);

function label() {
  const names = { text: "message", send: "send", slash: "menu", menu: "menu", down: "newest", scroll: "chat", language: "language" };
  for (const [id, key] of Object.entries({ ...names, "viewer-close": "close", "stage-close": "close" })) at(id).setAttribute("aria-label", word(key));
  text.placeholder = word("message");
  at("badge").title = word("private");
}

const languageOption = (code) => (languages.find(([known]) => known === code) ?? languages.find(([known]) => known.slice(0, 2) === code.slice(0, 2)) ?? languages[0])[0];
// Telegram tells the bot which language a person's app speaks; before the first word it is the browser that knows. Asked once: who has
// chosen another one since keeps it.
let introduced = false;
function introduce() {
  if (introduced) return;
  introduced = true;
  const spoken = navigator.languages.map((code) => languages.find(([known]) => known.slice(0, 2) === code.slice(0, 2))).find(Boolean);
  if (spoken && spoken[0] !== at("language").value) wish({ type: "speak", language: spoken[0] });
}
at("language").onchange = ({ target }) => wish({ type: "speak", language: target.value });

// What a person can make happen

function sceneNode(name) {
  const button = make("button", { type: "button" }, make("strong", {}, word(name) ?? name), make("span", {}, word(`${name}_is`) ?? ""));
  button.onclick = () => { at("stage").close(); wish({ type: "play", name }); };
  return make("li", {}, button);
}

function openStage() {
  at("scenes").replaceChildren(...scenes.map(sceneNode));
  at("stage").showModal();
  at("stage").scrollTop = 0;
}
at("viewer-picture").onclick = () => at("viewer").close();
for (const button of document.querySelectorAll("[data-open=stage]")) button.onclick = openStage;
at("stage").onclick = (event) => { if (event.target === at("stage")) at("stage").close(); };

// The command menu

function filterMenu() {
  const typed = text.value.startsWith("/") ? text.value.slice(1).toLowerCase() : "";
  const found = commands.filter((c) => c.command.startsWith(typed));
  marked = Math.min(marked, found.length - 1);
  menu.replaceChildren(...found.map((command, index) => optionNode(command, index)));
  openMenu(found.length > 0);
}

function optionNode(command, index) {
  const option = make("div", { className: "option", id: `option-${index}` }, make("b", { dir: "ltr" }, `/${command.command}`), make("span", { dir: "auto" }, command.description));
  option.setAttribute("role", "option");
  option.setAttribute("aria-selected", String(index === marked));
  option.onpointerdown = (event) => event.preventDefault();
  option.onclick = () => pick(command);
  option.dataset.command = command.command;
  return option;
}

function openMenu(open) {
  menu.hidden = !open;
  at("slash").setAttribute("aria-expanded", String(open));
  if (open && marked >= 0) text.setAttribute("aria-activedescendant", `option-${marked}`);
  else text.removeAttribute("aria-activedescendant");
  if (!open) marked = -1;
}

function pick(command) {
  openMenu(false);
  if (wish({ type: "say", text: `/${command.command}` })) { text.value = ""; grow(); toNewest(); }
  text.focus();
}

function moveMark(step) {
  const options = menu.children;
  marked = (marked + step + options.length) % options.length;
  [...options].forEach((option, index) => option.setAttribute("aria-selected", String(index === marked)));
  text.setAttribute("aria-activedescendant", `option-${marked}`);
  options[marked].scrollIntoView({ block: "nearest" });
}

function menuKey(event) {
  const steps = { ArrowDown: 1, ArrowUp: -1 };
  if (event.key in steps) { moveMark(steps[event.key]); return true; }
  if (event.key === "Escape") { openMenu(false); return true; }
  const option = menu.children[marked < 0 && event.key === "Tab" ? 0 : marked];
  if (!option) return false;
  if (event.key === "Tab") { text.value = `/${option.dataset.command} `; openMenu(false); return true; }
  if (event.key === "Enter") { pick({ command: option.dataset.command }); return true; }
  return false;
}

at("slash").onclick = () => {
  if (menu.hidden) { filterMenu(); text.focus(); } else openMenu(false);
};
document.addEventListener("pointerdown", (event) => {
  if (!menu.hidden && !menu.contains(event.target) && !at("compose").contains(event.target)) openMenu(false);
});

// The composer

function grow() {
  text.style.height = "auto";
  text.style.height = `${Math.min(text.scrollHeight, 140)}px`;
  at("send").disabled = text.value.trim() === "";
}

text.oninput = () => {
  grow();
  if (text.value.startsWith("/") && !/\s/.test(text.value)) filterMenu(); else openMenu(false);
};
text.onkeydown = (event) => {
  if (event.isComposing) return;
  if (!menu.hidden && menuKey(event)) { event.preventDefault(); return; }
  if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); at("compose").requestSubmit(); }
  else if (event.key === "ArrowUp" && text.value === "") {
    const own = [...messages.values()].filter((m) => m.mine).pop();
    if (own) { event.preventDefault(); text.value = own.text; grow(); }
  }
};
at("compose").onsubmit = (event) => {
  event.preventDefault();
  const words = text.value.trim();
  if (!words) return;
  if (!wish({ type: "say", text: words })) return;
  openMenu(false);
  toNewest();
  text.value = "";
  grow();
  text.focus();
};
document.addEventListener("click", (event) => {
  const words = event.target.closest?.("[data-say]")?.dataset.say;
  if (words) act.say(words);
});
document.addEventListener("keydown", (event) => {
  const idle = document.activeElement === document.body || document.activeElement === scroll;
  if (event.key === "/" && idle) text.focus();
});

choose("en");
label();
grow();
showState();
connect();
