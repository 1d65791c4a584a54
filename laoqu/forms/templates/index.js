// The language of the page, and the search for a place.
(() => {
  "use strict";
  const data = JSON.parse(document.getElementById("places").textContent);
  const choice = (lang) => document.getElementById(`lang-${lang}`);
  const lang = () => (choice("en").checked ? "en" : "zh");
  const asked = location.hash.slice(1);
  const reader = navigator.language.startsWith("zh") ? "zh" : "en";
  choice(["zh", "en"].includes(asked) ? asked : reader).checked = true;

  const form = document.getElementById("find");
  const box = form.querySelector("input");
  const found = document.getElementById("found");
  form.hidden = false;

  const fold = (text) => text.normalize("NFKC").toLowerCase().replace(/[\s'’\-–·]/g, "");
  const known = [
    ...data.areas.map((it) => ({ n: it.zh, e: it.en, s: it.full, k: "", o: [], w: "", v: "",
      a: { [it.id]: "" }, c: [] })),
    ...data.places,
  ].map((it) => ({ ...it, keys: [it.n, it.s, it.e, ...it.o].map(fold), above: fold(it.w + it.v) }));
  const areas = new Map(data.areas.map((it) => [it.id, it]));

  // Exact, then the beginning, then a part of the name, then what it lies in. A code begins alike
  // for what lies near: no part of it is looked for.
  const rank = (it, wanted) => {
    if (it.keys.includes(wanted) || it.k === wanted) return 0;
    if (it.keys.some((each) => each.startsWith(wanted)) || it.k.startsWith(wanted)) return 1;
    if (it.keys.some((each) => each.includes(wanted))) return 2;
    return it.above.includes(wanted) ? 3 : 9;
  };
  const element = (tag, text, className = "") => {
    const made = document.createElement(tag);
    made.textContent = text;
    if (className) made.className = className;
    return made;
  };
  const row = (it, words) => {
    const made = document.createElement("li");
    const en = lang() === "en";
    const name = element("strong", it.n);
    name.lang = "zh-Hans";
    made.append(name, ` ${en ? it.e : ""} `);
    const notes = [en ? it.v : it.w];
    const old = it.o.join("、");
    if (old) notes.push(words.formerly.replace("{names}", old));
    made.append(element("small", notes.filter(Boolean).join(en ? "; " : "；")));
    for (const [id, basis] of Object.entries(it.a)) {
      const area = areas.get(id);
      const href = area.href[lang()] ?? Object.values(area.href)[0];
      const link = element(href ? "a" : "span", en ? area.en : area.full);
      if (href) link.href = href;
      const said = typeof basis === "number"
        ? words.counties.replace("{n}", basis) : words[basis] ?? "";
      const line = element("div", "→ ");
      line.append(link, " ", element("small", said));
      made.append(line);
    }
    if (!Object.keys(it.a).length) {
      made.append(element("div", it.c.length ? words.noarea : words.unknown));
    }
    if (it.d) {
      const line = element("div", words.card);
      for (const [kind, path] of it.d[lang()]) {
        const link = element("a", data.forms[lang()][kind]);
        link.href = path;
        link.setAttribute("aria-label", `${words.card} ${it.n} ${link.textContent}`);
        line.append(" ", link);
      }
      made.append(line);
    }
    const clauses = it.c.map((each) => data.clauses[lang()][each]).join(en ? "; " : "；");
    if (clauses) made.append(element("div", words.named.replace("{clauses}", clauses), "note"));
    return made;
  };
  const search = () => {
    const words = data.words[lang()];
    const wanted = fold(box.value);
    found.replaceChildren();
    if (!wanted) return;
    const hits = known.map((it) => [rank(it, wanted), it]).filter(([at]) => at < 9);
    hits.sort((a, b) => a[0] - b[0]);
    if (!hits.length) found.append(element("p", words.none.replace("{name}", box.value.trim())));
    const list = document.createElement("ul");
    list.append(...hits.slice(0, 12).map(([, it]) => row(it, words)));
    if (hits.length) found.append(list);
    if (hits.length > 12) found.append(element("p", words.more.replace("{n}", hits.length - 12)));
  };
  const settle = () => {
    document.documentElement.lang = lang() === "en" ? "en" : "zh-Hans";
    search();
  };
  document.getElementById("languages").addEventListener("change", () => {
    history.replaceState(null, "", `#${lang()}`);
    settle();
  });
  box.addEventListener("input", search);
  form.addEventListener("submit", (event) => event.preventDefault());
  settle();
})();
