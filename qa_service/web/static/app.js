// Keyboard and help for every page. Lists are marked up with data-list, data-item, data-primary and data-play.

const help = document.getElementById("help");
const items = () => [...document.querySelectorAll("[data-list] [data-item]")];
const selected = () => document.querySelector("[data-item].selected");

export const typing = (target) =>
  target instanceof HTMLElement && (target.matches("input:not([type=checkbox]), select, textarea") || target.isContentEditable);

function select(item) {
  selected()?.classList.remove("selected");
  item.classList.add("selected");
  (item.querySelector("[data-primary]") ?? item).focus({ preventScroll: true });
  item.scrollIntoView({ block: "nearest" });
}

function move(step) {
  const all = items();
  if (!all.length) return;
  const at = all.indexOf(selected());
  const start = at < 0 ? all.indexOf(document.querySelector("[data-item].now")) : at;
  select(all[Math.min(all.length - 1, Math.max(0, start < 0 && step < 0 ? 0 : start + step))]);
}

function goToSearch() {
  const box = document.querySelector("[data-search]");
  if (box) {
    box.focus();
    box.select();
  } else {
    location.assign("/search");
  }
}

const follow = (selector) => document.querySelector(selector)?.click();

const keys = {
  j: () => move(1),
  k: () => move(-1),
  "/": goToSearch,
  "?": () => help.showModal(),
  "[": () => follow("a[rel=prev]"),
  "]": () => follow("a[rel=next]"),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || help?.open) return;
  if (typing(event.target)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (keys[event.key]) {
    event.preventDefault();
    keys[event.key]();
  } else if (event.key === " " && !document.getElementById("audio")) {
    // Where there is no recording, the moment is opened as by Enter.
    const play = selected()?.querySelector("a[data-play]") ?? selected()?.querySelector("a[data-primary]");
    if (play) {
      event.preventDefault();
      play.click();
    }
  }
});

document.querySelector("[data-help]")?.addEventListener("click", () => help.showModal());
