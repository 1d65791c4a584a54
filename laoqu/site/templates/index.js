// The language of the page, and one search: places by their names, words in the text of the plan.
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

  const simple = (text) => [...text.normalize("NFKC")].map((each) => data.simple[each] ?? each).join("");
  const fold = (text) => simple(text).normalize("NFD").toLowerCase().replace(/[\u0300-\u036f\s'’\-–·]/g, "");
  // Huan County, Huanxian and Huan are one name; so are Jinggangshan and Jinggangshan City.
  const LATIN = /(autonomouscounty|autonomousprefecture|county|city|district|banner|xian|shi|qu|qi)$/;
  const base = (text) => (/^[a-z]/.test(text) && text.replace(LATIN, "")) || text;
  const known = [
    ...Object.keys(data.areas).map((id) => ({ n: data.names.zh[id], e: data.names.en[id], s: [id], k: "",
      o: [], m: [], w: "", v: "", a: { [id]: "" }, c: [] })),
    ...data.places,
  ].map((it) => ({ ...it, keys: [it.n, it.e, ...it.s, ...it.o, ...it.m].map(fold), above: fold(it.w + it.v) }));

  // Exact, then with what it lies in, then the beginning, a part, and all that lies in it.
  const rank = (it, wanted) => {
    if (it.keys.includes(wanted) || it.k === wanted) return 0;
    if (it.keys.some((key) => base(key) === base(wanted))) return 1;
    const led = (key) => wanted.endsWith(key) && key.length > 1 && it.above.includes(wanted.slice(0, -key.length));
    const tailed = (key) => wanted.startsWith(key) && it.above.includes(wanted.slice(key.length).replace(/^,/, ""));
    if (it.keys.some((key) => led(key) || (/^[a-z]/.test(key) && tailed(key)))) return 1;
    if (it.keys.some((key) => key.startsWith(wanted)) || (it.k && it.k.startsWith(wanted))) return 2;
    if (it.keys.some((key) => key.includes(wanted))) return 3;
    return it.above.includes(wanted) ? 4 : 9;
  };
  const element = (tag, text = "", className = "") => Object.assign(document.createElement(tag), { textContent: text, className });
  const anchor = (text, href) => Object.assign(element("a", text), { href });
  const place = (it, words) => {
    const made = element("li"), en = lang() === "en";
    const name = element("strong", it.n);
    name.lang = "zh-Hans";
    const names = (key, all) => (all.length ? words[key].replace("{names}", all.join("、")) : "");
    const notes = [en ? it.v : it.w, names("formerly", it.o), names("merged", it.m)];
    made.append(name, ` ${en ? it.e : ""} `, element("small", notes.filter(Boolean).join(en ? "; " : "；")));
    for (const [id, basis] of Object.entries(it.a)) {
      const said = typeof basis === "number" ? words.counties.replace("{n}", basis) : words[basis] ?? "";
      const line = element("div", "→ ");
      line.append(anchor(data.names[lang()][id], data.areas[id][lang()] ?? `#${id}`), " ", element("small", said));
      made.append(line);
    }
    if (!Object.keys(it.a).length) made.append(element("div", it.c.length ? words.noarea : words.unknown));
    if (data.cards[it.k]) made.append(anchor(words.card, `#card-${it.k}`));
    if (it.c.length) {
      const [before, after] = words.named.split("{clauses}"), line = element("div", before, "note");
      it.c.forEach((each) => line.append(anchor(data.clauses[lang()][each], `${lang()}/plan.html?place=${encodeURIComponent(it.n)}#${each}`), " "));
      line.append(after);
      made.append(line);
    }
    return made;
  };
  const passage = ([id, clause, text], at, length) => {
    const made = element("li"), link = anchor(data.clauses[lang()][clause] ?? id, `${lang()}/plan.html#${id}`);
    const chinese = /[\u4e00-\u9fff]/.test(text);
    const from = chinese ? Math.max(0, at - 18) : text.lastIndexOf(" ", Math.max(0, at - 30)) + 1;
    const words = element("q", text.slice(from, at));
    words.lang = chinese ? "zh-Hans" : "en";
    words.className = "stays";
    words.append(element("mark", text.slice(at, at + length)), text.slice(at + length, at + length + 30));
    made.append(link, " ", words);
    return made;
  };
  const list = (title, rows, most, words) => {
    found.append(element("h2", title));
    const shown = element("ul");
    shown.append(...rows.slice(0, most).map((make) => make()));
    found.append(shown);
    if (rows.length > most) found.append(element("p", words.more.replace("{n}", rows.length - most)));
  };
  const search = () => {
    const words = data.words[lang()], typed = box.value.trim(), wanted = fold(typed);
    found.replaceChildren();
    if (!wanted) return;
    const hits = known.map((it) => [rank(it, wanted), it]).filter(([at]) => at < 9).sort((a, b) => a[0] - b[0]);
    const title = (key, n) => words[key].replace("{name}", typed).replace("{n}", n);
    if (hits.length) list(title("places", hits.length), hits.map(([, it]) => () => place(it, words)), 8, words);
    else found.append(element("p", title("none", 0)));
    const text = simple(typed), rows = [];
    for (const row of /^[\x20-\x7e]+$/.test(text) ? data.english : data.text) {
      const where = row[2].toLowerCase().indexOf(text.toLowerCase());
      if (text.length > 1 && where >= 0) rows.push(() => passage(row, where, text.length));
    }
    if (rows.length) list(title("text", rows.length), rows, 8, words);
    else if (!hits.length) found.append(element("p", title("notext", 0)));
  };
  const settle = () => {
    document.documentElement.lang = lang() === "en" ? "en" : "zh-Hans";
    search();
  };
  document.getElementById("languages").addEventListener("change", () => {
    try { history.replaceState(null, "", `#${lang()}`); } catch { /* a file may not */ }
    settle();
  });
  // A county's entry may lie in a province that is folded.
  const open = () => {
    const target = document.getElementById(location.hash.slice(1));
    target?.closest("details")?.setAttribute("open", "");
    if (target) target.scrollIntoView({ block: "center" });
  };
  addEventListener("hashchange", open);
  box.addEventListener("input", search);
  form.addEventListener("submit", (event) => event.preventDefault());
  settle();
  open();
})();
