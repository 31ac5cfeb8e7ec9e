// The help desk at Braze: what people and systems other than the site do there.

import { byId, el, post } from "./dom.js";

// These come of what the phone or a merge does.
const NOT_BY_HAND = ["Inbound Message", "User Merge"];

export function showDesk(state) {
  fill(byId("desk-source"), state.sources.filter((one) => !NOT_BY_HAND.includes(one)).map((one) => [one, one]));
  fill(byId("desk-group"), state.groups.map((group) => [group.id, `${group.name} ${group.number || "(email)"}`]));
}

// Gives a select its options, and keeps what is chosen.
export function fill(select, options) {
  const wanted = JSON.stringify(options);
  if (select.dataset.options === wanted) return;
  const chosen = select.value;
  select.dataset.options = wanted;
  select.replaceChildren(...options.map(([value, label]) => el("option", { value }, label)));
  if (options.some(([value]) => value === chosen)) select.value = chosen;
}

export function help(who) {
  byId("desk").open = true;
  byId("desk-who").value = who;
  byId("desk-who").focus();
}

function act(what) {
  const who = byId("desk-who").value.trim();
  const group_id = byId("desk-group").value;
  const source = byId("desk-source").value;
  if (what === "email") return post("desk/email", { email: who, state: "unsubscribed", source });
  if (what === "spam") return post("desk/spam", { email: who });
  if (what === "block") return post("desk/block", { phone: who, group_id });
  return post("desk/state", { who, group_id, state: what, source });
}

export function startDesk() {
  byId("desk-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      byId("desk-said").textContent = (await act(event.submitter.value)).done;
    } catch (error) {
      byId("desk-said").textContent = error.message;
    }
  });
}
