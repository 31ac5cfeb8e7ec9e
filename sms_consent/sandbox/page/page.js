// Asks twice a second what changed, and hands it to the parts of the page.

import { showPeople } from "./braze.js";
import { showCalls } from "./calls.js";
import { showDesk, startDesk } from "./desk.js";
import { byId, el, post } from "./dom.js";
import { showFaults, startFaults } from "./faults.js";
import { showHooks, startHooks } from "./hooks.js";
import { showMails, startMail } from "./mail.js";
import { showTexts, startPhone } from "./phone.js";

const PAUSE_MS = 500;
let revision = 0;

const DOORS = { "Sign-up": "/", "Phone form": "/phone/", "Words to text": "/text/", Admin: "/admin/" };

function showDoors(site) {
  if (byId("doors").dataset.site === site) return;
  byId("doors").dataset.site = site;
  byId("doors").replaceChildren(...Object.entries(DOORS).map(([name, path]) =>
    el("a", { href: new URL(path, site), target: "_blank", rel: "noopener" }, name)));
}

function show(state) {
  showDoors(state.site_url);
  byId("site").href = state.site_url;
  byId("site").textContent = state.site_url;
  showFaults(state);
  if (state.revision === revision && !state.full) return;
  revision = state.revision;
  for (const part of [showPeople, showDesk, showCalls, showHooks, showTexts, showMails]) part(state);
}

function tell(text, look) {
  const live = byId("live");
  live.className = `live ${look}`;
  if (live.textContent !== text) live.textContent = text;
}

async function poll() {
  try {
    const response = await fetch(`/__sandbox/state?since=${revision}`);
    show(await response.json());
    tell("Live", "on");
  } catch (error) {
    if (!(error instanceof TypeError)) console.error(error);
    tell("The sandbox does not answer. Is it still running?", "off");
  }
  setTimeout(poll, PAUSE_MS);
}

startFaults();
startDesk();
startHooks();
startPhone();
startMail();
byId("forget").addEventListener("click", () => post("reset"));
poll();
