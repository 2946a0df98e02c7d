// The page of the log works without this: it puts new lines on top while somebody looks at it.
"use strict";
const live = document.querySelector("[data-live]");
const list = document.querySelector(".log");
const MOST = 500;
let stream = null;

function part(name, text) {
  const node = document.createElement(name);
  node.textContent = text;
  return node;
}

function added(line) {
  const item = document.createElement("li");
  item.className = line.level;
  const time = part("time", line.at.slice(11, 19) + "Z");
  time.dateTime = line.at;
  item.append(time, " ", part("b", line.event));
  if (line.level !== "info" && line.level !== "debug") item.append(" ", part("i", line.level));
  for (const [key, value] of line.fields) {
    const pair = part("span", "");
    pair.append(part("s", key + "="), value.slice(0, 500));
    item.append(" ", pair);
  }
  list.prepend(item);
  while (list.children.length > MOST) list.lastChild.remove();
  document.querySelector("main .empty")?.remove();
}

function follow(wanted) {
  stream?.close();
  stream = wanted ? new EventSource(live.dataset.live) : null;
  if (stream) stream.onmessage = event => added(JSON.parse(event.data));
}

live.hidden = false;
live.querySelector("input").addEventListener("change", event => follow(event.target.checked));
follow(true);
