// One handset for every number: its threads, and a form that answers as whoever holds the number.

import { byId, el, post, when } from "./dom.js";

const threads = new Map();
const unread = new Set();
let chosen = null;

export function showTexts(state) {
  if (state.full) {
    threads.clear();
    unread.clear();
  }
  for (const text of [...state.texts].reverse()) {
    const thread = threads.get(text.phone) ?? [];
    threads.delete(text.phone); // the newest thread comes last in the map
    threads.set(text.phone, [...thread, text]);
    if (text.phone !== chosen && !state.full) unread.add(text.phone);
  }
  if (state.full && !threads.has(chosen)) chosen = null;
  if (!state.texts.length && !state.full) return;
  const newest = [...threads.keys()].at(-1);
  if (newest && (!chosen || !isWriting())) choose(newest);
  else draw();
}

// A phone that rings shows who it is, unless its owner is busy with another thread.
const isWriting = () => byId("compose").contains(document.activeElement) || byId("text").value !== "";

function choose(phone) {
  chosen = phone;
  unread.delete(phone);
  byId("number").value = phone;
  draw();
}

function draw() {
  byId("threads").replaceChildren(...[...threads.keys()].reverse().map((phone) =>
    el(unread.has(phone) ? "button.unread" : "button", {
      type: "button", "aria-pressed": String(phone === chosen), onclick: () => choose(phone),
    }, phone, unread.has(phone) ? el("span.hidden", {}, " (new)") : null)));
  byId("threads").hidden = !threads.size;
  const texts = (threads.get(chosen) ?? []).map((text) =>
    el(text.inbound ? "li.text.mine" : "li.text", {}, text.body, when(text.at)));
  byId("texts").replaceChildren(...(texts.length ? texts
    : [el("li.empty", {}, "No texts. Text START from any number, or sign up with double opt-in, and it rings here.")]));
  byId("texts").scrollTop = byId("texts").scrollHeight;
}

async function send(event) {
  event.preventDefault();
  const phone = byId("number").value.trim();
  const body = event.submitter?.value || byId("text").value.trim();
  byId("phone-problem").textContent = "";
  if (!body) return byId("text").focus();
  try {
    await post(`phones/${encodeURIComponent(phone)}/texts`, { body });
    byId("text").value = "";
    choose(phone);
  } catch (error) {
    byId("phone-problem").textContent = `Not sent: ${error.message}`;
  }
}

export function startPhone() {
  byId("compose").addEventListener("submit", send);
  byId("number").addEventListener("change", () => {
    const phone = byId("number").value.trim();
    chosen = phone;
    draw();
  });
  draw();
}
