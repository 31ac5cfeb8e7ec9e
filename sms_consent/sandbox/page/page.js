// Asks twice a second what changed, and hands it to the parts of the page.

import { showPeople } from "./braze.js";
import { showCalls } from "./calls.js";
import { showDesk, startDesk } from "./desk.js";
import { byId, post } from "./dom.js";
import { showFaults, startFaults } from "./faults.js";
import { showHooks, startHooks } from "./hooks.js";
import { showMails, startMail } from "./mail.js";
import { showTexts, startPhone } from "./phone.js";

const PAUSE_MS = 500;
let revision = 0;

function show(state) {
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
