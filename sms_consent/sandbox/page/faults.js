// The switches that make trouble. What is on is read back from the sandbox, never remembered here.

import { byId, el, post } from "./dom.js";

const SWITCHES = [
  { label: "Braze is down", rule: { kind: "status", status: 503 } },
  { label: "Too many requests", rule: { kind: "status", status: 429, form: "epoch", seconds: 10 } },
  { label: "Braze is slow", rule: { kind: "slow", seconds: 3 } },
  { label: "Answers get lost", rule: { kind: "drop_after" } },
  { label: "Applied late, in any order", rule: { kind: "late", seconds: 10, is_random: true } },
  { label: "Hooks come twice", hooks: { copies: 2 }, well: { copies: 1 } },
  { label: "Hooks out of order", hooks: { order: "random", delay: 5 }, well: { order: "emitted", delay: 0 } },
  { label: "Hooks are held back", hooks: { hold: true }, well: { hold: false } },
  { label: "Mail server is dead" },
];

function isOn({ label, rule, hooks }, state) {
  if (rule) return state.faults.some((fault) => fault.label === label);
  if (hooks) return Object.entries(hooks).every(([name, value]) => state.sending[name] === value);
  return state.mailbox === "dead";
}

export function showFaults(state) {
  const buttons = [...byId("switches").children];
  SWITCHES.forEach((one, index) => buttons[index].setAttribute("aria-pressed", String(isOn(one, state))));
  const isActive = state.faults.length > 0 || state.mailbox !== "up" || SWITCHES.some((one) => isOn(one, state));
  byId("well").hidden = !isActive;
  document.querySelector(".faults").classList.toggle("active", isActive);
}

async function flip({ label, rule, hooks, well }, button) {
  const turnsOn = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", String(turnsOn));
  if (hooks) await post("hooks", turnsOn ? hooks : well);
  else if (!rule) await post("mailbox", { mode: turnsOn ? "dead" : "up" });
  else if (turnsOn) await post("faults", { ...rule, label, times: null });
  else await post("faults/clear", { label });
}

export function startFaults() {
  byId("switches").append(...SWITCHES.map((one) => {
    const button = el("button", { type: "button", "aria-pressed": "false", onclick: () => flip(one, button) }, one.label);
    return button;
  }));
  byId("well").addEventListener("click", async () => {
    await post("faults/clear");
    await post("mailbox", { mode: "up" });
    await post("hooks", Object.assign({}, ...SWITCHES.map((one) => one.well)));
  });
}
