// The switches that make trouble. What is on is read back from the sandbox, never remembered here.

import { byId, el, post } from "./dom.js";

const SWITCHES = [
  { label: "Braze is down", rule: { kind: "status", status: 503 } },
  { label: "Too many requests", rule: { kind: "status", status: 429, form: "epoch", seconds: 10 } },
  { label: "Braze is slow", rule: { kind: "slow", seconds: 3 } },
  { label: "Answers get lost", rule: { kind: "drop_after" } },
  { label: "Applied late, in any order", rule: { kind: "late", seconds: 10, is_random: true } },
  { label: "Mail server is dead" },
];

export function showFaults(state) {
  for (const button of byId("switches").children) {
    const label = button.textContent;
    const isOn = label === "Mail server is dead"
      ? state.mailbox === "dead" : state.faults.some((fault) => fault.label === label);
    button.setAttribute("aria-pressed", String(isOn));
  }
  const isActive = state.faults.length > 0 || state.mailbox !== "up";
  byId("well").hidden = !isActive;
  document.querySelector(".faults").classList.toggle("active", isActive);
}

async function flip({ label, rule }, button) {
  const turnsOn = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", String(turnsOn));
  if (!rule) await post("mailbox", { mode: turnsOn ? "dead" : "up" });
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
  });
}
