// The words that a program's number understands beside Braze's own.

import { byId, post } from "./dom.js";

const KINDS = ["opt_in_words", "opt_out_words", "prompt_words", "confirm_words"];
let shown = null;

export function showWords(group) {
  const wanted = JSON.stringify(group);
  if (!group || shown === wanted || byId("words-form").contains(document.activeElement)) return;
  shown = wanted;
  for (const kind of KINDS) byId(kind).value = group[kind].join(", ");
  byId("double_opt_in").checked = group.double_opt_in;
}

const words = (kind) => byId(kind).value.split(/[\s,]+/).filter(Boolean);

export function startWords(groupOf) {
  byId("words-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const { id, channel, name, number } = groupOf();
    const changed = Object.fromEntries(KINDS.map((kind) => [kind, words(kind)]));
    try {
      await post("groups", { id, channel, name, number, double_opt_in: byId("double_opt_in").checked, ...changed });
      byId("words-said").textContent = "Saved.";
    } catch (error) {
      byId("words-said").textContent = error.message;
    }
  });
}
