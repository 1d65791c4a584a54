// Cards beside the text, and filters that dim what does not fit. Without it text and marks stand.
(() => {
  "use strict";
  const all = (query, from = document) => [...from.querySelectorAll(query)];
  const say = (url) => { try { history.replaceState(null, "", url); } catch { /* a file may not */ } };
  const cards = all(".card"), pieces = all(".plan [data-of]");
  const cardOf = (id) => document.getElementById(`k-${id}`);
  const mark = (name, ids) => pieces.forEach((each) => {
    each.classList.toggle(name, each.dataset.of.split(" ").some((id) => ids.has(id)));
  });

  // One card at a time: the browser closes the last one, by key and by a click elsewhere too.
  const show = (card) => { card.togglePopover(true); card.focus({ preventScroll: true }); };
  const marked = (event) => event.target.closest?.('.plan .t a[href^="#k-"]');
  document.addEventListener("click", async (event) => {
    const at = marked(event), card = event.target.closest(".card");
    if (at) {
      event.preventDefault();
      show(cardOf(at.hash.slice(3)));
      say(`#${at.hash.slice(3)}`);
    } else if (event.target.matches(".close")) {
      event.preventDefault();
      card.hidePopover();
    } else if (card && event.target.matches("button")) {
      getSelection().selectAllChildren(card.querySelector(".cite"));
      document.execCommand("copy");
      event.target.textContent = event.target.dataset.done;
    }
  });
  // With a pointer and room beside the text, a mark shows its card when it is pointed at.
  const wide = matchMedia("(min-width: 72rem) and (hover: hover)");
  let timer = 0;
  document.addEventListener("mouseover", (event) => {
    clearTimeout(timer);
    const at = marked(event);
    if (!at || !wide.matches || document.activeElement.closest(".card")) return;
    timer = setTimeout(() => cardOf(at.hash.slice(3)).togglePopover(true), 150);
  });
  document.addEventListener("toggle", (event) => {
    if (event.newState === "open") mark("now", new Set([event.target.id.slice(2)]));
    else if (event.newState) mark("now", new Set(all(".card:popover-open").map((each) => each.id.slice(2))));
  }, true);

  const form = document.getElementById("choice"), bar = document.getElementById("hits");
  const fields = [...form.elements].filter((each) => each.name);
  let hits = [];
  const filter = () => {
    const asked = fields.filter((each) => each.type !== "checkbox" && each.value.trim());
    const has = (card, name, value) => (card.dataset[name] ?? "").split(" ").includes(value);
    const fits = (card, name, value) => has(card, name, value)
      || (name === "area" && form.elements.common.checked && (has(card, "common", value) || has(card, "common", "*")));
    hits = cards.filter((card) => asked.length && asked.every((each) => fits(card, each.name, each.value.trim())));
    hits = hits.map((card) => card.id.slice(2));
    mark("hit", new Set(hits));
    hits = hits.map((id) => document.getElementById(id)).filter((each) => each.matches(".k"));
    document.body.classList.toggle("chosen", asked.length > 0);
    bar.querySelector("output").value = form.dataset.found.replace("{n}", hits.length);
    bar.hidden = !asked.length;
    return asked;
  };
  form.addEventListener("input", () => {
    const asked = new URLSearchParams(filter().map((each) => [each.name, each.value.trim()]));
    say(asked.size ? `?${asked}` : location.pathname);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => { filter(); say(location.pathname); }));
  bar.querySelector("button").addEventListener("click", () => {
    const next = hits.find((each) => each.getBoundingClientRect().top > innerHeight * 0.55) ?? hits[0];
    next?.scrollIntoView({ block: "center" });
  });
  const asked = new URLSearchParams(location.search);
  fields.forEach((each) => { if (asked.has(each.name)) each.value = asked.get(each.name); });
  form.parentElement.hidden = false;
  filter();

  const arrive = () => {
    const id = decodeURIComponent(location.hash.slice(1)), target = document.getElementById(id);
    (target ?? (location.hash ? null : hits[0]))?.scrollIntoView({ block: target?.matches("section") ? "start" : "center" });
    if (cardOf(id)) show(cardOf(id));
  };
  addEventListener("hashchange", arrive);
  arrive();
})();
