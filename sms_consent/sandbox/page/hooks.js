// What the site is told, and by which ways.

import { coloured, duration, statusChip } from "./calls.js";
import { NewestFirst, byId, count, el, post, when } from "./dom.js";

const MAX_SHOWN = 200;
const MODES = { currents: "Currents", campaigns: "Webhook campaigns", twilio: "Twilio number" };
const hooks = new NewestFirst(byId("hooks"), MAX_SHOWN, drawHook);

export function showHooks(state) {
  if (state.full) hooks.clear();
  hooks.update(state.hooks, (hook) => hook.number, { moves: false, marks: !state.full });
  byId("hooks-empty").hidden = hooks.items.size > 0;
  showSending(state.sending);
  showSources(state);
}

function showSending(sending) {
  for (const button of byId("modes").children) {
    button.setAttribute("aria-pressed", String(sending[button.value]));
    button.disabled = button.value === "twilio" && !sending.can_sign;
  }
  byId("sending").hidden = !sending.url;
  byId("resend").hidden = !sending.stuck;
  byId("hooks-count").textContent = [
    sending.url ? `to ${sending.url}` : "no address was given, so none are sent",
    sending.sent ? count(sending.sent, "hook", "hooks") : "",
    sending.waiting ? `${sending.waiting} waiting` : "",
  ].filter(Boolean).join(" · ");
}

function showSources({ sources, sending }) {
  const chosen = new Set(sending.campaign_sources);
  byId("sources-panel").hidden = !sending.campaigns || !sending.url;
  byId("sources-count").textContent = `${chosen.size} of ${sources.length} sources`;
  if (byId("sources").contains(document.activeElement)) return;
  byId("sources").replaceChildren(...sources.map((source) => el("label.check", {},
    el("input", { type: "checkbox", value: source, checked: chosen.has(source), onchange: saveSources }), source)));
}

const saveSources = () =>
  post("hooks", { campaign_sources: [...byId("sources").querySelectorAll(":checked")].map((one) => one.value) });

function drawHook(hook, before) {
  const isOpen = before?.querySelector("details").open ?? false;
  return el("li", {}, el("details", { open: isOpen },
    el("summary", {},
      el("span.path", {}, hook.kind),
      statusChip(hook),
      hook.attempt > 1 ? el("span.chip.wait", {}, `attempt ${hook.attempt}`) : null,
      el("span.second", {},
        el("span.gist", {}, gist(hook)),
        el("span.when", {}, when(hook.at), hook.seconds == null ? "" : ` · ${duration(hook.seconds)}`))),
    el("div.inside", {},
      el("ul.notes", {}, el("li", {}, `POST ${hook.path}`), el("li", {}, hook.outcome || "on its way"),
        hook.answer ? el("li", {}, `Answer: ${hook.answer}`) : null),
      el("pre", { tabindex: "0" }, ...coloured(JSON.stringify(hook.body, null, 2))))));
}

// One line on what a hook says.
function gist({ body }) {
  if (body.Body !== undefined) return `${body.From}: ${body.Body}`;
  if (body.event) return [body.event, body.message, body.phone || body.email].filter(Boolean).join(" · ");
  if (!body.events.length) return "Are the credentials right?";
  const [first, ...rest] = body.events.map(eventGist);
  return rest.length ? `${first} and ${rest.length} more` : first;
}

function eventGist({ event_type, properties }) {
  const said = properties.message_body ?? properties.subscription_status ?? properties.provider_error_code;
  const who = properties.channel_identifier ?? properties.user_phone_number ?? properties.to_phone_number
    ?? properties.email_address;
  return [event_type.split(".").at(-1), said, who, properties.state_change_source].filter(Boolean).join(" · ");
}

export function startHooks() {
  byId("modes").append(...Object.entries(MODES).map(([name, label]) => el("button", {
    type: "button", value: name, "aria-pressed": "false",
    onclick: ({ target }) => post("hooks", { [name]: target.getAttribute("aria-pressed") !== "true" }),
  }, label)));
  byId("resend").addEventListener("click", () => post("hooks/resend"));
  byId("check").addEventListener("click", () => post("hooks/check"));
}
