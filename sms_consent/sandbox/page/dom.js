// Building elements node by node: nothing that came over the wire is ever read as markup.

export const byId = (id) => document.getElementById(id);

// el("span.chip.good", {title: "…"}, "text", child, …); attributes that are false or null are left out.
export function el(what, attributes = {}, ...children) {
  const [tag, ...classes] = what.split(".");
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(" ");
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child != null && child !== false));
  return element;
}

export const clockTime = (seconds) =>
  new Date(seconds * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });

export const when = (seconds) =>
  el("time.when", { datetime: new Date(seconds * 1000).toISOString() }, clockTime(seconds));

export const count = (number, one, many) => `${number.toLocaleString()} ${number === 1 ? one : many}`;

// Keeps a list of elements, newest first, one per key; `draw` makes the inside of one.
export class NewestFirst {
  constructor(list, limit, draw) {
    Object.assign(this, { list, limit, draw, items: new Map() });
  }

  clear() {
    this.items.clear();
    this.list.replaceChildren();
  }

  // Rows come newest first. `moves`: a changed row goes to the top; otherwise it stays where it is.
  update(rows, keyOf, { moves, marks }) {
    for (const row of [...rows].reverse()) {
      const key = keyOf(row);
      const before = this.items.get(key);
      const item = this.draw(row, before);
      this.items.set(key, item);
      if (before && before !== item) before.replaceWith(item);
      if (!before || moves) this.list.prepend(item);
      if (marks) this.mark(item);
    }
    while (this.list.children.length > this.limit) this.list.lastElementChild.remove();
    for (const [key, item] of this.items) if (!item.isConnected) this.items.delete(key);
  }

  mark(item) {
    const shown = item.firstElementChild;
    shown.classList.remove("fresh");
    void shown.offsetWidth; // so that the animation starts again
    shown.classList.add("fresh");
  }
}

export async function post(path, body = {}) {
  const response = await fetch(`/__sandbox/${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.message);
  return answer;
}
