// Cards beside the text, and filters that dim what does not fit. Without it text and marks stand.
(() => {
  "use strict";
  const all = (query, from = document) => [...from.querySelectorAll(query)];
  const byId = (id) => document.getElementById(id);
  const fold = (text) => text.normalize("NFKC").toLowerCase().replace(/[\s'’\-–]/g, "");
  const say = (url) => { try { history.replaceState(null, "", url); } catch { /* a file may not */ } };
  const form = byId("filter"), words = form.dataset;

  // One card at a time; one opened by click or key stays until it is closed.
  let card = null, pinned = false, back = null, timer = 0;
  const hide = () => {
    card?.classList.remove("open");
    all(".now").forEach((each) => each.classList.remove("now"));
    if (card?.contains(document.activeElement)) back?.focus();
    [card, pinned] = [null, false];
  };
  const show = (mark, pin) => {
    const next = byId(mark.hash.slice(1));
    if (!next || (pinned && !pin)) return;
    if (card !== next) hide();
    [card, pinned, back] = [next, pin, mark];
    card.classList.add("open");
    mark.closest(".measure")?.classList.add("now");
  };
  const marks = '.plan .t a[href^="#k-"]';
  document.addEventListener("click", (event) => {
    const mark = event.target.closest(marks);
    if (mark) {
      event.preventDefault();
      show(mark, true);
      card?.focus({ preventScroll: true });
      say(`#${mark.hash.slice(3)}`);
    } else if (event.target.closest(".close")) {
      event.preventDefault();
      hide();
    } else if (!event.target.closest(".card")) hide();
  });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
  const wide = matchMedia("(min-width: 72rem) and (hover: hover)");
  const soon = (event, then, wait) => {
    const mark = event.target.closest?.(marks);
    if (!mark || !wide.matches) return;
    clearTimeout(timer);
    timer = setTimeout(() => then(mark), wait);
  };
  document.addEventListener("mouseover", (event) => soon(event, (mark) => show(mark, false), 120));
  document.addEventListener("mouseout", (event) => soon(event, () => { if (!pinned) hide(); }, 400));
  document.addEventListener("focusin", (event) => {
    if (event.target.matches(":focus-visible")) soon(event, (mark) => show(mark, false), 0);
  });
  for (const cite of all(".card .cite")) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = words.copy;
    button.addEventListener("click", async () => {
      getSelection().selectAllChildren(cite);
      try { await navigator.clipboard.writeText(cite.textContent); } catch { document.execCommand("copy"); }
      button.textContent = words.copied;
    });
    cite.after(button);
  }

  const fields = all("select, input[list]", form);
  const measures = all(".measure[id]"), names = all(".plan :is(.place, .area)");
  const NEAR = ["named", "place"];
  let hits = [];
  const reach = (mark, area) => {
    const found = mark.dataset.area ?? "";
    return found === "*" ? found : found.split(" ").find((each) => each.startsWith(`${area}:`))?.split(":")[1];
  };
  const fits = (mark, name, value) => {
    if (name === "place") return all(":is(.place, .area).hit", mark).length > 0;
    if (name !== "area") return mark.dataset[name] === value;
    const how = reach(mark, value);
    return NEAR.includes(how) || (how && byId("with-common").checked);
  };
  const filter = () => {
    const asked = fields.map((each) => [each.name, each.value.trim()]).filter(([, value]) => value);
    const { area, place } = Object.fromEntries(asked);
    for (const each of names) {
      const named = place ? fold(each.dataset.find).includes(fold(place))
        : area && (each.dataset.area ?? "").includes(`${area}:`);
      each.classList.toggle("hit", Boolean(named));
    }
    hits = measures.filter((each) => asked.length && asked.every(([name, value]) => fits(each, name, value)));
    measures.forEach((each) => each.classList.toggle("hit", hits.includes(each)));
    document.body.classList.toggle("chosen", asked.length > 0);
    const count = (how) => hits.filter((each) => reach(each, area) === how).length;
    const said = area ? words.near.replace("{named}", count("named")).replace("{place}", count("place")) : "";
    form.querySelector("output").value = asked.length ? words.found.replace("{n}", hits.length) + said : "";
    all(".tools", form).forEach((each) => { each.hidden = !asked.length; });
    return asked;
  };
  form.addEventListener("input", () => {
    const asked = new URLSearchParams(filter()).toString();
    say(asked ? `?${asked}` : location.pathname);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => { filter(); say(location.pathname); }));
  byId("next").addEventListener("click", () => {
    const next = hits.find((each) => each.getBoundingClientRect().top > innerHeight * 0.55) ?? hits[0];
    next?.scrollIntoView({ block: "center" });
  });
  const asked = new URLSearchParams(location.search);
  fields.forEach((each) => { each.value = asked.get(each.name) ?? ""; });
  form.hidden = false;
  filter();

  const arrive = () => {
    const target = byId(decodeURIComponent(location.hash.slice(1)));
    const mark = target?.matches("a") ? target : target?.querySelector(":scope > .k");
    if (mark) {
      target.scrollIntoView({ block: "center" });
      show(mark, true);
    } else if (hits.length && !location.hash) hits[0].scrollIntoView({ block: "center" });
  };
  addEventListener("hashchange", arrive);
  arrive();
})();
