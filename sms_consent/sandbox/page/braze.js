// The people whom Braze knows, and the states that wait for one.

import { help } from "./desk.js";
import { NewestFirst, byId, count, el, when } from "./dom.js";

const LOOKS = { Subscribed: "good", Unsubscribed: "bad", opted_in: "good", unsubscribed: "bad" };
const MAX_SHOWN = 200;

let groups = new Map();
let asked = new Set();
const rows = new Map();
const people = new NewestFirst(byId("people"), MAX_SHOWN, drawPerson);

export function showPeople(state) {
  groups = new Map(state.groups.map((group) => [group.id, group]));
  const before = asked;
  asked = new Set(state.asked.map((pair) => pair.join(" ")));
  if (state.full) {
    people.clear();
    rows.clear();
  }
  for (const row of state.profiles) rows.set(row.braze_id, row);
  people.update(state.profiles, (row) => row.braze_id, { moves: true, marks: !state.full });
  redrawAsked(before);
  byId("addresses").replaceChildren(...[...rows.values()].flatMap((row) =>
    [row.phone, row.email].filter(Boolean).map((value) => el("option", { value }))));
  showWaiting(state.parked);
  byId("people-empty").hidden = state.totals.profiles > 0;
  byId("people-count").textContent = state.totals.profiles
    ? count(state.totals.profiles, "person", "people") : "Who Braze knows";
}

// A prompt changes no profile, but its card says that the number was asked.
function redrawAsked(before) {
  const changed = new Set([...asked, ...before].filter((pair) => asked.has(pair) !== before.has(pair)));
  for (const [key, row] of rows) {
    const item = people.items.get(key);
    if (item && [...groups.keys()].some((id) => changed.has(`${row.phone} ${id}`))) {
      people.items.set(key, drawPerson(row));
      item.replaceWith(people.items.get(key));
    }
  }
}

function drawPerson(row) {
  const contact = [row.phone, row.email].filter(Boolean);
  const details = Object.entries(row.attributes).flatMap(([key, value]) =>
    [el("dt", {}, key), el("dd", {}, shown(value))]);
  return el("li", {}, el("article.card", {},
    el("div.head", {},
      el("h3", {}, ...(contact.length ? contact.map((one) => el("span", {}, one))
        : [el("span.none", {}, "no phone, no email")])),
      when(row.updated_at)),
    el("p.id", {}, row.external_id ?? "anonymous"),
    el("p.chips", {}, ...chips(row),
      whoIs(row) ? el("button.link", { type: "button", onclick: () => help(whoIs(row)) }, "Help desk") : null),
    details.length ? el("dl", {}, ...details) : null));
}

function shown(value) {
  if (typeof value !== "string") return JSON.stringify(value);
  return /^https?:/.test(value) ? el("a", { href: value, target: "_blank", rel: "noopener" }, value) : value;
}

const whoIs = (row) => row.phone ?? row.email ?? row.external_id;

function chips(row) {
  const found = Object.entries(row.states).map(([id, state]) =>
    chip(`${groups.get(id)?.name ?? id}: ${state}`, LOOKS[state]));
  for (const [id, group] of groups) {
    if (asked.has(`${row.phone} ${id}`)) found.push(chip(`${group.name}: asked, waiting for ${group.confirm_words[0]}`, "wait"));
  }
  if (row.email) found.push(chip(`global email: ${row.email_subscribe.replace("_", " ")}`, LOOKS[row.email_subscribe]));
  return found;
}

const chip = (text, look) => el(look ? `span.chip.${look}` : "span.chip", {}, text);

function showWaiting(parked) {
  const items = parked.map((one) => el("li", {}, one.address,
    chip(`${groups.get(one.key)?.name ?? "global email"}: ${one.state}`, LOOKS[one.state])));
  byId("waiting").replaceChildren(...(items.length
    ? [el("div.waiting", {}, el("h3", {}, "Kept 30 days for whoever gets this address"), el("ol", {}, ...items))]
    : []));
}
