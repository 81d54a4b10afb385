// The window: it sends what is done here, and puts in place what the playground says has changed.
import { fillPane } from "./panes.js";
import { readForm } from "./forms.js";
import { tour } from "./tour.js";

const at = (id) => document.getElementById(id);
let socket;
let place = {};
let pressedBefore = null;
let reconnects = 0;

function send(action) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(action));
}

function connect() {
  socket = new WebSocket(`ws://${location.host}/window`);
  socket.addEventListener("open", () => {
    at("away").hidden = true;
    reconnects = 0;
    for (const pane of document.querySelectorAll("[data-pane]")) pane.replaceChildren();
    const kept = JSON.parse(sessionStorage.getItem("place") ?? "{}");
    const [channel, thread] = location.hash.slice(1).split("/");
    if (channel && thread) {
      history.replaceState(null, "", "/");
      send({ do: "look", ...kept, channel, thread });
    } else if (kept.channel) send({ do: "look", ...kept });
  });
  socket.addEventListener("message", (event) => show(JSON.parse(event.data)));
  socket.addEventListener("close", () => {
    reconnects += 1;
    at("away").hidden = reconnects < 2;
    setTimeout(connect, Math.min(5000, 300 * reconnects));
  });
}

function show(told) {
  const moved = place.channel !== told.place.channel || place.person !== told.place.person;
  const opened = place.thread !== told.place.thread;
  place = told.place;
  sessionStorage.setItem("place", JSON.stringify(place));
  at("person").value = place.person;
  at("side").hidden = !place.thread || place.channel === "home";
  at("composer").hidden = place.channel === "home";
  for (const pane of document.querySelectorAll("[data-pane]")) {
    const change = told.panes[pane.dataset.pane];
    if (change) fillPane(pane, change, { stick: moved || (opened && pane.id === "thread") });
  }
  const here = document.querySelector("#channels [aria-current]");
  at("place").textContent = here ? here.textContent.trim() : "";
  document.title = `${at("place").textContent} · milvusfaq playground`;
  showForm();
  announce(told);
}

function announce(told) {
  const fresh = Object.values(told.panes.thread?.pieces ?? {});
  if (!fresh.length) return;
  const last = at("thread").querySelector(".message.bot:last-of-type:not(.streaming) .text");
  if (last && last.dataset.said !== last.textContent) {
    last.dataset.said = last.textContent;
    at("live").textContent = `milvusfaq: ${last.textContent.slice(0, 400)}`;
  }
}

function showForm() {
  const dialog = at("dialog");
  const wanted = at("form").childElementCount > 0;
  if (wanted && !dialog.open) {
    dialog.showModal();
    dialog.querySelector("textarea, input")?.focus();
  } else if (!wanted && dialog.open) {
    dialog.close();
    giveFocusBack();
  }
}

function giveFocusBack() {
  const again = pressedBefore && document.querySelector(`[data-press="${CSS.escape(pressedBefore)}"]`);
  (again ?? at("replier-text")).focus();
  pressedBefore = null;
}

async function isConfirmed(button) {
  if (!button.dataset.confirm) return true;
  const asked = JSON.parse(button.dataset.confirm);
  at("confirm-title").textContent = asked.title.text;
  at("confirm-text").textContent = asked.text.text;
  at("confirm-no").textContent = asked.deny.text;
  at("confirm-yes").textContent = asked.confirm.text;
  const dialog = at("confirm");
  dialog.showModal();
  return new Promise((done) => dialog.addEventListener("close", () => done(dialog.returnValue === "yes"), { once: true }));
}

async function press(button) {
  if (!(await isConfirmed(button))) return;
  pressedBefore = button.dataset.press;
  const message = button.closest(".message");
  const ts = message ? (message.dataset.private ? `e${message.dataset.ts}` : message.dataset.ts) : "";
  send({ do: "press", action: button.dataset.press, value: button.dataset.value, kind: button.dataset.kind, ts });
}

function edit(button) {
  const text = button.closest(".message").querySelector(".text");
  const field = document.createElement("textarea");
  field.setAttribute("aria-label", "Edit the message");
  field.value = button.dataset.text;
  text.replaceChildren(field);
  field.focus();
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      send({ do: "edit", ts: button.dataset.edit, text: field.value });
    } else if (event.key === "Escape") {
      send({ do: "look" });
      text.textContent = field.value;
    }
  });
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  const { dataset } = button;
  if (dataset.press) press(button);
  else if (dataset.channel) { send({ do: "look", channel: dataset.channel }); openMenu(false); }
  else if (dataset.thread) send({ do: "look", thread: dataset.thread });
  else if (dataset.stop !== undefined) send({ do: "stop", thread: place.thread });
  else if (dataset.close !== undefined) send({ do: "close" });
  else if (dataset.shortcut) { pressedBefore = null; send({ do: "shortcut", ts: dataset.shortcut }); }
  else if (dataset.edit) edit(button);
  else if (dataset.delete) send({ do: "delete", ts: dataset.delete });
  else if (dataset.tour) tour(dataset.tour, { send, place: () => place });
});

function composer(form, field, thread) {
  const sendIt = () => {
    if (!field.value.trim()) return;
    send({ do: "say", text: field.value, thread: thread() });
    field.value = "";
  };
  form.addEventListener("submit", (event) => { event.preventDefault(); sendIt(); });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); sendIt(); }
  });
}

composer(at("composer"), at("composer-text"), () => "");
composer(at("replier"), at("replier-text"), () => place.thread);
at("sample").addEventListener("change", (event) => {
  if (event.target.value) send({ do: "sample", name: event.target.value });
  event.target.value = "";
});
at("dialog").addEventListener("cancel", (event) => { event.preventDefault(); send({ do: "close" }); });
at("dialog").addEventListener("submit", (event) => {
  event.preventDefault();
  send({ do: "submit", values: readForm(event.target) });
});
at("person").addEventListener("change", (event) => send({ do: "look", person: event.target.value }));
at("close-thread").addEventListener("click", () => { send({ do: "look", thread: "" }); at("composer-text").focus(); });
for (const id of ["drawer-toggle", "close-drawer"]) {
  at(id).addEventListener("click", () => {
    const open = at("drawer").hidden;
    at("drawer").hidden = !open;
    at("drawer-toggle").setAttribute("aria-expanded", String(open));
    send({ do: "look", drawer: open });
    (open ? at("close-drawer") : at("drawer-toggle")).focus();
  });
}
function openMenu(open) {
  at("sidebar").classList.toggle("open", open);
  at("menu").setAttribute("aria-expanded", String(open));
}
at("menu").addEventListener("click", () => openMenu(!at("sidebar").classList.contains("open")));
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !at("side").hidden && !document.querySelector("dialog[open]") && event.target.tagName !== "TEXTAREA") {
    send({ do: "look", thread: "" });
  }
});
connect();
