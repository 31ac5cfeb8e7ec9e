// The calls as they came.

import { NewestFirst, byId, count, el, when } from "./dom.js";

const MAX_SHOWN = 200;
const calls = new NewestFirst(byId("calls"), MAX_SHOWN, drawCall);

export function showCalls(state) {
  if (state.full) calls.clear();
  calls.update(state.calls, (call) => call.number, { moves: false, marks: !state.full });
  byId("calls-empty").hidden = calls.items.size > 0;
  byId("calls-count").textContent = [
    state.totals.calls ? count(state.totals.calls, "call", "calls") : "What the site told Braze",
    state.pending ? `${state.pending} accepted, not applied yet` : "",
  ].filter(Boolean).join(" · ");
}

function drawCall(call, before) {
  const isOpen = before?.querySelector("details").open ?? false;
  return el("li", {}, el("details", { open: isOpen },
    el("summary", {},
      el("span.method", {}, call.method),
      el("span.path", {}, call.path),
      statusChip(call),
      call.fault ? el("span.chip.wait", {}, `fault: ${call.fault.replace("_", " ")}`) : null,
      el("span.second", {},
        el("span.gist", {}, gist(call)),
        el("span.when", {}, when(call.at), call.seconds == null ? "" : ` · ${duration(call.seconds)}`))),
    el("div.inside", {},
      call.notes.length ? el("ul.notes", {}, ...call.notes.map((note) => el("li", {}, note))) : null,
      el("pre", { tabindex: "0" }, ...inside(call)))));
}

export function statusChip(call) {
  if (call.status) return el(`span.chip.${call.status < 300 ? "good" : "bad"}`, {}, String(call.status));
  return call.seconds == null ? el("span.chip.wait", {}, "open") : el("span.chip.bad", {}, "no answer");
}

export const duration = (seconds) => seconds < 1 ? `${Math.max(1, Math.round(seconds * 1000))} ms` : `${seconds.toFixed(1)} s`;

// One line on what a call says, so that most need not be opened.
function gist({ body, query, size }) {
  if (!body) return decodeURIComponent(query.replaceAll("+", " "));
  if (Array.isArray(body.attributes)) {
    const names = body.attributes.map((one) => one?.email ?? one?.phone ?? one?.external_id ?? "?");
    return names.length > 3 ? `${count(names.length, "person", "people")}, ${size.toLocaleString()} bytes` : names.join(", ");
  }
  const who = [body.phone ?? body.email ?? body.external_id ?? []].flat();
  const flag = body.use_double_opt_in_logic ? " (double opt-in)" : "";
  return [body.subscription_state && body.subscription_state + flag,
    who.length > 3 ? count(who.length, "address", "addresses") : who.join(", ")].filter(Boolean).join(" · ");
}

function inside(call) {
  if (call.body == null) return [call.query ? decodeURIComponent(call.query).replaceAll("&", "\n") : "no body"];
  return typeof call.body === "string" ? [call.body] : coloured(JSON.stringify(call.body, null, 2));
}

const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(?:true|false|null)\b|-?\d[\d.eE+-]*/g;

export function coloured(json) {
  const parts = [];
  let end = 0;
  for (const match of json.matchAll(TOKEN)) {
    const [all, string, colon] = match;
    const look = colon ? "key" : string ? "string" : "other";
    parts.push(json.slice(end, match.index), el(`span.${look}`, {}, string ?? all), colon ?? "");
    end = match.index + all.length;
  }
  return [...parts, json.slice(end)];
}
