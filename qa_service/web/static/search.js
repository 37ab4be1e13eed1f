// The search page: the panel of conditions writes into the box; the box shows where a query is wrong.

const box = document.getElementById("q");
const panel = document.getElementById("conditions");
const written = document.getElementById("written");
const intoBox = document.getElementById("into-box");
const PAUSE_MS = 200;

const fields = () => [...panel.querySelectorAll("[name^='c.']")];

let timer = 0;
let latest = 0;

// The service writes the language, so that there is one writer of it.
async function write() {
  const number = ++latest;
  const asked = new URLSearchParams(fields().filter((f) => f.value.trim() && f.validity.valid).map((f) => [f.name, f.value]));
  const answer = await fetch(`${panel.dataset.written}?${asked}`).catch(() => null);
  const found = answer ? await answer.json().catch(() => null) : null;
  if (number !== latest) return; // a later keystroke has asked again
  const text = answer?.ok ? found.text : "";
  written.textContent = text || found?.error?.message || written.dataset.empty;
  intoBox.hidden = !text;
  intoBox.dataset.text = text;
}

panel.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(write, PAUSE_MS);
});

intoBox.addEventListener("click", () => {
  box.value = [box.value.trim(), intoBox.dataset.text].filter(Boolean).join(" ");
  for (const field of fields()) field.value = "";
  write();
  box.focus();
});

// Empty fields have no place in the address.
box.form.addEventListener("submit", () => {
  for (const field of fields()) field.disabled = !field.value.trim();
});
addEventListener("pageshow", () => fields().forEach((field) => (field.disabled = false)));

if (box.dataset.wrongFrom !== undefined) {
  box.focus();
  box.setSelectionRange(Number(box.dataset.wrongFrom), Number(box.dataset.wrongTo));
}
