// One handset for every number: its conversations with the programs' numbers, and a form that answers.

import { fill } from "./desk.js";
import { byId, el, post, when } from "./dom.js";
import { showWords, startWords } from "./words.js";

const conversations = new Map();
const threads = new Map();
const unread = new Set();
const known = new Set();
let groups = [];
let chosen = null;

const keyOf = (phone, groupId) => `${phone} ${groupId}`;
const current = () => keyOf(byId("number").value.trim(), byId("to").value);
const group = () => groups.find((one) => one.id === byId("to").value);

export function showTexts(state) {
  groups = state.groups.filter((one) => one.channel === "sms");
  fill(byId("to"), groups.map((one) => [one.id, `${one.name} ${one.number}`]));
  if (state.full) for (const kept of [conversations, unread, known]) kept.clear();
  for (const text of [...state.texts].reverse()) hear(text, state.full);
  for (const { phone } of state.profiles) if (phone) known.add(phone);
  byId("numbers").replaceChildren(...[...known].map((phone) => el("option", { value: phone })));
  if (state.full && !conversations.has(chosen)) chosen = null;
  const newest = [...conversations.keys()].at(-1);
  if (newest && (!chosen || (state.texts.length && !isWriting()))) choose(newest);
  else draw();
}

function hear(text, isOld) {
  const key = keyOf(text.phone, text.group_id);
  const conversation = conversations.get(key) ?? [];
  conversations.delete(key); // the newest comes last in the map
  conversations.set(key, [...conversation, text]);
  known.add(text.phone);
  if (key !== chosen && !isOld) unread.add(key);
}

// A phone that rings shows who it is, unless its owner is busy with another conversation.
const isWriting = () => byId("compose").contains(document.activeElement) || byId("text").value !== "";

function choose(key) {
  const [phone, groupId] = key.split(" ");
  byId("number").value = phone;
  byId("to").value = groupId;
  turn();
}

function turn() {
  chosen = current();
  unread.delete(chosen);
  draw();
}

function draw() {
  drawThreads();
  drawReplies();
  showWords(group());
  const texts = (conversations.get(chosen) ?? []).map((text) =>
    el(text.inbound ? "li.text.mine" : "li.text", {}, text.body, when(text.at)));
  byId("texts").replaceChildren(...(texts.length ? texts
    : [el("li.empty", {}, "No texts. Text START from any number, or sign up with double opt-in, and it rings here.")]));
  byId("texts").scrollTop = byId("texts").scrollHeight;
}

// Leaving the number field draws everything, between the press and the release of the button that was
// pressed to leave it: a button that were replaced then would never be clicked. So buttons stay.
function drawThreads() {
  const keys = [...conversations.keys()].reverse();
  for (const key of threads.keys()) if (!conversations.has(key)) threads.delete(key);
  const buttons = keys.map(threadButton);
  const shown = [...byId("threads").children];
  if (buttons.some((button, index) => button !== shown[index]) || shown.length !== buttons.length) {
    byId("threads").replaceChildren(...buttons);
  }
  byId("threads").hidden = !keys.length;
}

function threadButton(key) {
  const [phone, groupId] = key.split(" ");
  const button = threads.get(key) ?? el("button", { type: "button", onclick: () => choose(key) });
  threads.set(key, button);
  const name = groups.length > 1 ? ` · ${groups.find((one) => one.id === groupId)?.name ?? "?"}` : "";
  const label = phone + name + (unread.has(key) ? " (new)" : "");
  button.className = unread.has(key) ? "unread" : "";
  button.setAttribute("aria-pressed", String(key === chosen));
  button.setAttribute("aria-label", label);
  if (button.textContent !== phone + name) button.textContent = phone + name;
  return button;
}

function drawReplies() {
  const words = quickAnswers();
  if (byId("replies").dataset.words === words.join(" ")) return;
  byId("replies").dataset.words = words.join(" ");
  byId("replies").replaceChildren(...words.map((word) => el("button", { type: "button", onclick: () => send(word) }, word)));
}

function quickAnswers() {
  const { confirm_words = [], opt_in_words = [], opt_out_words = [] } = group() ?? {};
  return [...confirm_words.slice(0, 1), "START", ...opt_in_words, "STOP", ...opt_out_words, "HELP", "stop please"];
}

async function sendTyped(event) {
  event.preventDefault();
  const body = byId("text").value.trim();
  if (!body) return byId("text").focus();
  if (await send(body)) byId("text").value = "";
}

// Return whether it was sent. What is being typed stays: a quick answer is a text of its own.
async function send(body) {
  const phone = byId("number").value.trim();
  byId("phone-problem").textContent = "";
  try {
    await post(`phones/${encodeURIComponent(phone)}/texts`, { body, group_id: byId("to").value });
    turn();
    return true;
  } catch (error) {
    byId("phone-problem").textContent = `Not sent: ${error.message}`;
    return false;
  }
}

export function startPhone() {
  byId("compose").addEventListener("submit", sendTyped);
  for (const field of ["number", "to"]) byId(field).addEventListener("change", turn);
  startWords(group);
  draw();
}
