// The search page: the panel of conditions and the search box say the same; the box shows where a query is wrong.

const box = document.getElementById("q");
const panel = document.getElementById("conditions");
const rest = document.getElementById("rest");
const PAUSE_MS = 200;

const fields = () => [...panel.querySelectorAll("[name^='c.']")];
const shown = () => fields().filter((field) => field.type !== "hidden");

// The service reads and writes the language, so that there is one reader and one writer of it.
async function ask(address, asked) {
  const answer = await fetch(`${address}?${new URLSearchParams(asked)}`).catch(() => null);
  return answer?.ok ? answer.json() : null;
}

async function write() {
  const filled = shown().filter((field) => field.value.trim() && field.validity.valid);
  const found = await ask(panel.dataset.write, [["rest", rest.textContent], ...filled.map((f) => [f.name, f.value])]);
  if (found) box.value = found.text;
}

async function read() {
  const found = await ask(panel.dataset.read, [["q", box.value]]);
  if (!found) return;
  for (const field of shown()) field.value = found.fields[field.name] ?? "";
  rest.textContent = found.rest;
  document.getElementById("rest-note").hidden = !found.rest;
}

// Once the reader pauses; what is still to come can be had at once.
let waiting = null;
function soon(act) {
  clearTimeout(waiting?.timer);
  waiting = { act, timer: setTimeout(finish, PAUSE_MS) };
}
async function finish() {
  const { act, timer } = waiting ?? {};
  clearTimeout(timer);
  waiting = null;
  await act?.();
}

panel.addEventListener("input", () => soon(write));
box.addEventListener("input", () => soon(read));

// What the panel says stands in the box by now, so the box alone is sent.
box.form.addEventListener("submit", async (event) => {
  if (waiting?.act === write) {
    event.preventDefault();
    await finish();
    box.form.requestSubmit();
    return;
  }
  for (const field of fields()) field.disabled = true;
});
addEventListener("pageshow", () => {
  for (const field of fields()) field.disabled = false;
  if (box.value !== box.defaultValue) soon(read); // the browser has put back what was typed before
});

if (box.dataset.wrongFrom !== undefined) {
  box.focus();
  box.setSelectionRange(Number(box.dataset.wrongFrom), Number(box.dataset.wrongTo));
}
