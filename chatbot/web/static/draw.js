// Draws one message: every node is built by hand, so that no text can become markup.

import { tag, word } from "/words.js";

const blocks = new Set(["pre", "blockquote", "expandable_blockquote"]);
const wraps = {
  bold: "strong", italic: "em", underline: "u", strikethrough: "s", code: "code", pre: "pre",
  blockquote: "blockquote", expandable_blockquote: "blockquote", spoiler: "span", bot_command: "button",
  text_link: "a", date_time: "time",
};

/** Make an element with properties and children. */
export function make(name, properties = {}, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}

/** Build the nodes of a text with Telegram's entities; offsets count UTF-16 units, as strings here do. */
export function textNodes(text, entities, act) {
  const ordered = [...entities].sort((a, b) => a.offset - b.offset || b.length - a.length);
  return between(text, ordered, 0, text.length, act);
}

function between(text, entities, start, end, act) {
  const nodes = [];
  let at = start;
  let rest = entities;
  while (rest.length) {
    const [first, ...others] = rest;
    const last = Math.min(first.offset + first.length, end);
    if (first.offset > at) nodes.push(text.slice(at, first.offset));
    const from = Math.max(at, first.offset);
    const inside = others.filter((e) => e.offset < last);
    if (last > from) nodes.push(dress(first, text.slice(from, last), between(text, inside, from, last, act), act));
    at = Math.max(at, last);
    if (blocks.has(first.type) && text[at] === "\n") at += 1; // a block ends its own line
    rest = others.filter((e) => e.offset >= last);
  }
  if (at < end) nodes.push(text.slice(at, end));
  return nodes;
}

function dress(entity, text, children, act) {
  const element = make(wraps[entity.type] ?? "span", {}, ...children);
  if (entity.type === "text_link" && /^https?:/.test(entity.url ?? "")) {
    Object.assign(element, { href: entity.url, target: "_blank", rel: "noopener noreferrer" });
  } else if (entity.type === "bot_command") {
    Object.assign(element, { type: "button", className: "command", onclick: () => act.say(text) });
  } else if (entity.type === "code") {
    element.onclick = () => act.copy(text);
  } else if (entity.type === "date_time" && entity.unix_time) {
    element.title = new Date(entity.unix_time * 1000).toLocaleString(tag());
  } else if (entity.type === "spoiler") {
    hide(element);
  } else if (entity.type === "expandable_blockquote") {
    if (text.length > 130 || text.split("\n").length > 3) fold(element);
  }
  return element;
}

function fold(element) {
  const more = make("button", { type: "button", className: "more", ariaLabel: word("whole") });
  const turn = (open) => { element.classList.toggle("open", open); more.ariaExpanded = String(open); };
  Object.assign(element, { className: "expandable", onclick: () => turn(!element.classList.contains("open")) });
  element.addEventListener("focusin", ({ target }) => target !== more && turn(true));
  element.prepend(more);
  turn(false);
}

function hide(element) {
  const show = () => {
    element.classList.add("shown");
    for (const name of ["role", "tabindex", "aria-label"]) element.removeAttribute(name);
  };
  const key = (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); show(); } };
  Object.assign(element, { className: "spoiler", tabIndex: 0, onclick: show, onkeydown: key, role: "button", ariaLabel: word("hidden") });
}

/** Build the article of one message. */
export function messageNode(message, act) {
  const wide = message.entities.some((e) => e.type === "pre") || message.photo || message.keyboard.length > 0;
  const bubble = make("div", { className: "bubble" });
  if (message.photo) bubble.append(photoNode(message, act));
  if (message.document) bubble.append(documentNode(message.document));
  if (message.text) {
    const words = textNodes(message.text, message.entities, act);
    bubble.append(make("div", { className: "words", dir: "auto" }, ...words, metaNode(message)));
  } else bubble.append(metaNode(message));
  const article = make("article", { className: `message ${message.mine ? "mine" : "theirs"}${wide ? " wide" : ""}` }, bubble);
  article.dataset.id = message.id;
  article.setAttribute("aria-label", message.mine ? word("you") : word("bot"));
  if (message.keyboard.length) article.append(keyboardNode(message, act));
  return article;
}

function metaNode(message) {
  const at = new Date(message.at);
  const time = make("time", { dateTime: message.at, title: at.toLocaleString(tag()) }, clock(at));
  const parts = message.edited ? [make("span", { className: "edited" }, word("edited")), " ", time] : [time];
  return make("div", { className: "meta" }, ...parts);
}

// Hours and minutes in the reader's zone and language.
function clock(date) {
  return date.toLocaleTimeString(tag(), { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
}

function photoNode(message, act) {
  const { id, width, height } = message.photo;
  const source = `/photo/${id}.png`;
  const image = make("img", { src: source, width, height, alt: message.text, loading: "eager", decoding: "async", onload: act.settled });
  const open = make("button", { type: "button", className: "photo", onclick: () => act.view(source, message.text) }, image);
  open.ariaLabel = [word("picture"), message.text.split("\n")[0]].filter(Boolean).join(": "); // the rest stands below it
  return open;
}

function documentNode({ id, name, bytes }) {
  const unit = bytes < 1024 ? "byte" : "kilobyte";
  const format = new Intl.NumberFormat(tag(), { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: 1 });
  const size = format.format(bytes < 1024 ? bytes : bytes / 1024);
  return make(
    "a", { className: "document", href: `/file/${id}`, download: name },
    make("span", { className: "sheet", ariaHidden: "true" }, name.split(".").pop().slice(0, 4)),
    make("span", { className: "file" }, make("bdi", {}, name), make("small", {}, size)),
  );
}

function keyboardNode(message, act) {
  const rows = message.keyboard.map((row) => make("div", { className: "row" }, ...row.map((button) => buttonNode(message, button, act))));
  return make("div", { className: "keyboard" }, ...rows);
}

function buttonNode(message, button, act) {
  const label = make("span", { dir: "auto" }, button.text);
  if (button.url) {
    const safe = /^https?:/.test(button.url) ? button.url : "#";
    return make("a", { className: "key out", href: safe, target: "_blank", rel: "noopener noreferrer" }, label);
  }
  const key = make("button", { type: "button", className: `key ${button.style ?? ""}` }, label);
  if (button.data !== undefined) key.dataset.data = button.data;
  key.onclick = () => (button.copy === undefined ? act.tap(message, button, key) : act.copy(button.copy));
  return key;
}
