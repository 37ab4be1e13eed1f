// The call page: sound, waveform and transcript kept in step.

import { typing } from "./app.js";

const audio = document.getElementById("audio");
const turns = [...document.querySelectorAll(".turn")].map((node) => ({
  node,
  start: Number(node.dataset.start),
  end: Number(node.dataset.end),
  words: [...node.querySelectorAll("[data-s]")].map((word) => ({ word, at: Number(word.dataset.s) })),
}));
const asked = new URLSearchParams(location.search);

const clock = (seconds) => {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (n) => String(n).padStart(2, "0");
  const rest = `${two(Math.floor((whole % 3600) / 60))}:${two(whole % 60)}`;
  return whole >= 3600 ? `${Math.floor(whole / 3600)}:${rest}` : rest;
};

// A call that was given as text has no sound: a moment leads to the turn that says it.
function read() {
  const go = (at) => {
    const found = turns.find((t) => t.start <= at && at < t.end) ?? turns.filter((t) => t.end > 0 && t.start <= at).at(-1);
    for (const t of turns) current(t.node, t === found);
    found?.node.scrollIntoView({ block: "center" });
  };
  document.addEventListener("click", (event) => {
    const target = sought(event);
    if (!target) return;
    go(moment(target));
    revealFor(target);
  });
  const at = Number(asked.get("t"));
  if (asked.has("t") && Number.isFinite(at)) go(at);
}

// What was clicked and has a moment; nothing while text is being selected.
const sought = (event) => (getSelection()?.toString() ? null : event.target.closest("[data-seek], [data-s], .turn p"));
const moment = (target) => Number(target.dataset.seek ?? target.dataset.s ?? target.closest(".turn").dataset.start);

function current(node, on) {
  node.classList.toggle("now", on);
  if (on) node.setAttribute("aria-current", "true");
  else node.removeAttribute("aria-current");
}

function revealFor(target) {
  if (target.dataset.finding) reveal(target.dataset.finding);
  else if (target.closest("mark")) reveal(target.closest("mark").dataset.finding.split(" ")[0]);
}

function reveal(number) {
  document.querySelector(".finding.shown")?.classList.remove("shown");
  const finding = document.getElementById(`finding-${number}`);
  finding?.classList.add("shown");
  finding?.scrollIntoView({ block: "nearest" });
}

function listen() {
  const player = document.getElementById("player");
  const lanes = document.getElementById("lanes");
  const head = document.getElementById("playhead");
  const note = document.getElementById("player-note");
  const follow = document.getElementById("follow");
  const pane = document.querySelector(".transcript");
  const nameWidth = () => document.querySelector(".lane-name").parentElement.getBoundingClientRect().width - wave().width;
  const wave = () => (document.querySelector(".lane svg") ?? document.getElementById("marks")).getBoundingClientRect();
  let length = Number(lanes.getAttribute("aria-valuemax"));
  let quietUntil = 0;
  let last = null;
  let word = null;
  // Of two rapid calls to play the later decides; its refusal is a browser's rule, not an error.
  const play = () => audio.play().then(() => say(""), () => say(player.dataset.press));
  const say = (words) => (note.textContent = words);

  const total = () => (Number.isFinite(audio.duration) && audio.duration > 0 ? audio.duration : length);

  function seek(to, andPlay) {
    if (audio.readyState < 1) {
      audio.addEventListener("loadedmetadata", () => seek(to, andPlay), { once: true }); // its length is not known yet
      return;
    }
    const at = Math.min(Math.max(0, to), Math.max(0, total() - 0.05));
    audio.currentTime = at;
    quietUntil = 0;
    if (andPlay) play();
    show(at);
  }

  function show(at) {
    const whole = total();
    document.getElementById("now").textContent = clock(at);
    document.getElementById("length").textContent = clock(whole);
    const share = whole ? Math.min(1, at / whole) : 0;
    const box = wave();
    head.hidden = false;
    head.style.left = `${nameWidth() + share * box.width}px`;
    for (const clip of document.querySelectorAll(".clip")) clip.setAttribute("width", String(share * 800));
    lanes.setAttribute("aria-valuenow", at.toFixed(1));
    lanes.setAttribute("aria-valuetext", clock(at));
    mark(at);
  }

  function mark(at) {
    const now = turns.filter((t) => t.start <= at && at < t.end);
    for (const t of turns) current(t.node, now.includes(t));
    const newest = now.at(-1) ?? null;
    const said = newest?.words.filter((w) => w.at <= at).at(-1)?.word ?? null;
    if (said !== word) {
      word?.classList.remove("said");
      word = said;
    }
    word?.classList.toggle("said", !audio.paused);
    if (newest && newest !== last) {
      last = newest;
      if (follow.checked && performance.now() > quietUntil) scrollTo(newest.node);
    }
  }

  function scrollTo(node) {
    if (pane.scrollHeight > pane.clientHeight) {
      pane.scrollTop += node.getBoundingClientRect().top - pane.getBoundingClientRect().top - pane.clientHeight / 3;
    } else if (!audio.paused) {
      node.scrollIntoView({ block: "nearest" });
    }
  }

  function frame() {
    show(audio.currentTime);
    if (!audio.paused) requestAnimationFrame(frame);
  }

  audio.addEventListener("play", () => {
    player.classList.add("playing");
    requestAnimationFrame(frame);
  });
  for (const name of ["pause", "ended"]) {
    audio.addEventListener(name, () => {
      player.classList.remove("playing");
      show(audio.currentTime);
    });
  }
  audio.addEventListener("seeked", () => show(audio.currentTime));
  audio.addEventListener("loadedmetadata", () => {
    length = total();
    lanes.setAttribute("aria-valuemax", length.toFixed(1));
    placeMarks();
  });
  audio.addEventListener("error", () => {
    const copy = audio.dataset.fallback;
    if (!copy) {
      say(player.dataset.noSound);
      return;
    }
    delete audio.dataset.fallback;
    const at = audio.currentTime || Number(asked.get("t")) || 0;
    audio.src = copy;
    audio.load();
    seek(at, asked.has("play"));
  });

  function placeMarks() {
    for (const button of document.querySelectorAll(".mark-button")) {
      button.style.left = `${Math.min(100, (100 * Number(button.dataset.seek)) / (total() || 1))}%`;
    }
  }

  document.getElementById("toggle").addEventListener("click", toggle);
  function toggle() {
    if (audio.paused) play();
    else audio.pause();
  }

  for (const button of document.querySelectorAll("[data-speed]")) {
    button.addEventListener("click", () => {
      audio.playbackRate = Number(button.dataset.speed);
      for (const other of document.querySelectorAll("[data-speed]")) {
        other.setAttribute("aria-pressed", String(other === button));
      }
    });
  }

  document.getElementById("share").addEventListener("click", async () => {
    const address = new URL(location.pathname, location.href);
    address.searchParams.set("t", audio.currentTime.toFixed(1));
    history.replaceState(null, "", address);
    try {
      await navigator.clipboard.writeText(String(address));
      say(player.dataset.copied);
    } catch {
      say(String(address)); // no clipboard without HTTPS: the address is shown, and stands in the address bar
    }
  });

  document.addEventListener("click", (event) => {
    const target = sought(event);
    if (!target) return;
    seek(moment(target), true);
    revealFor(target);
  });

  const pointed = (event) => {
    const box = wave();
    return ((event.clientX - box.left) / box.width) * total();
  };
  lanes.addEventListener("pointerdown", (event) => {
    lanes.setPointerCapture(event.pointerId);
    seek(pointed(event), false);
  });
  lanes.addEventListener("pointermove", (event) => {
    if (lanes.hasPointerCapture(event.pointerId)) seek(pointed(event), false);
  });
  lanes.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -5, ArrowRight: 5, ArrowDown: -1, ArrowUp: 1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    seek(audio.currentTime + step, false);
  });
  const isOurs = (event) =>
    event.key === " " && !event.ctrlKey && !event.metaKey && !event.altKey && !typing(event.target) &&
    !document.querySelector("dialog[open]") && !event.target.closest?.("button:not(.turn-time, #toggle), a, summary, input");
  document.addEventListener("keydown", (event) => {
    if (!isOurs(event)) return;
    event.preventDefault();
    if (!event.repeat) toggle();
  });
  document.addEventListener("keyup", (event) => isOurs(event) && event.preventDefault()); // or the button is clicked too
  for (const name of ["wheel", "touchmove"]) {
    pane.addEventListener(name, () => (quietUntil = performance.now() + 4000), { passive: true });
  }
  addEventListener("resize", () => show(audio.currentTime));

  draw(player, () => {
    placeMarks();
    show(audio.currentTime);
  }, say);
  placeMarks();
  start(seek);
}

function start(seek) {
  const at = Number(asked.get("t"));
  if (asked.has("t") && Number.isFinite(at)) seek(at, asked.has("play"));
  if (asked.has("play")) {
    const address = new URL(location.href);
    address.searchParams.delete("play"); // reloading the page must not start the sound again
    history.replaceState(history.state, "", address);
  }
}

async function draw(player, done, say) {
  const answer = await fetch(player.dataset.peaks).catch(() => null);
  if (!answer?.ok) {
    say(player.dataset.noWave);
    return;
  }
  const { channels } = await answer.json();
  const lanes = [...document.querySelectorAll(".lane")];
  const loudest = Math.max(0.05, ...channels.flat());
  lanes.forEach((lane, number) => {
    const peaks = channels[number];
    if (peaks) lane.append(drawing(peaks, loudest, number));
  });
  done();
}

function drawing(peaks, loudest, number) {
  const svg = element("svg", { viewBox: "0 0 800 44", preserveAspectRatio: "none", "aria-hidden": "true" });
  const step = 800 / peaks.length;
  const bars = peaks.map((peak, i) => {
    const half = Math.max(0.4, (peak / loudest) * 21);
    return `M${(i * step).toFixed(1)} ${(22 - half).toFixed(1)}h${(step * 0.75).toFixed(2)}v${(2 * half).toFixed(1)}h-${(step * 0.75).toFixed(2)}z`;
  });
  const d = bars.join("");
  const clip = element("clipPath", { id: `clip-${number}` });
  clip.append(element("rect", { class: "clip", x: "0", y: "0", width: "0", height: "44" }));
  svg.append(
    clip,
    element("path", { class: "wave-later", d }),
    element("path", { class: "wave-played", d, "clip-path": `url(#clip-${number})` }),
  );
  return svg;
}

function element(name, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

if (audio) listen();
else read();
waitForResult();

// A call that waits: ask now and then, and show the page again when it is inspected.
function waitForResult() {
  const waiting = document.querySelector("[data-wait]");
  if (!waiting) return;
  setInterval(async () => {
    const answer = await fetch(waiting.dataset.wait).catch(() => null);
    if (answer?.status === 200) location.reload();
  }, 5000);
}
