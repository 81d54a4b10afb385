// Panes: pieces of HTML with keys. Only those that changed are put in place, so that focus and scrolling stay.
const parser = document.createElement("template");

export function fillPane(pane, change, { stick }) {
  const isLog = pane.getAttribute("role") === "log" || pane.dataset.pane === "drawer";
  const wasAtEnd = stick || pane.scrollHeight - pane.scrollTop - pane.clientHeight < 80;
  const known = new Map([...pane.children].map((child) => [child.dataset.key, child]));
  let before = null;
  for (const key of change.keys) {
    let child = known.get(key);
    known.delete(key);
    if (key in change.pieces) {
      const holder = child ?? wrapper(pane, key);
      if (!holder.querySelector("textarea:focus") || pane.dataset.pane === "form") setInner(holder, change.pieces[key]);
      child = holder;
    }
    if (!child) continue;
    const next = before ? before.nextSibling : pane.firstChild;
    if (child !== next) pane.insertBefore(child, next);
    before = child;
  }
  for (const gone of known.values()) gone.remove();
  if (isLog && wasAtEnd) pane.scrollTop = pane.scrollHeight;
}

function wrapper(pane, key) {
  const made = document.createElement(pane.tagName === "UL" ? "li" : "div");
  made.dataset.key = key;
  return made;
}

function setInner(holder, html) {
  const kept = document.activeElement && holder.contains(document.activeElement) ? pathTo(holder, document.activeElement) : null;
  const fields = new Map([...holder.querySelectorAll("textarea[id]")].map((field) => [field.id, field.value]));
  parser.innerHTML = html;
  holder.replaceChildren(parser.content.cloneNode(true));
  for (const [id, value] of fields) {
    const field = holder.querySelector(`#${CSS.escape(id)}`);
    if (field) field.value = value;
  }
  if (kept) follow(holder, kept)?.focus();
}

function pathTo(holder, node) {
  const path = [];
  for (let at = node; at !== holder; at = at.parentElement) path.unshift([...at.parentElement.children].indexOf(at));
  return path;
}

function follow(holder, path) {
  return path.reduce((at, index) => at?.children[index], holder);
}
