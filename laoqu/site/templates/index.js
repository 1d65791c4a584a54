// The language of the page, and one search: places by their names, words in the text of the plan.
(() => {
  "use strict";
  const data = JSON.parse(document.getElementById("places").textContent);
  const byId = (id) => document.getElementById(id);
  const lang = () => (byId("lang-en").checked ? "en" : "zh");
  const asked = location.hash.slice(1);
  const reader = navigator.language.startsWith("zh") ? "zh" : "en";
  byId(`lang-${["zh", "en"].includes(asked) ? asked : reader}`).checked = true;
  const form = byId("find"), box = form.querySelector("input"), found = byId("found");
  form.hidden = false;

  // Characters in their plain forms, one for one: what is typed and the plan alike.
  const simple = (text) => [...text].map((each) => {
    const plain = each.normalize("NFKC");
    return data.simple[plain] ?? (plain.length === each.length ? plain : each);
  }).join("").toLowerCase();
  const [chinese, english] = [data.text, data.english].map((rows) => rows.map((row) => [row, simple(row[2])]));
  const fold = (text) => simple(text).normalize("NFD").replace(/(?<=.)革命老区$/, "")
    .replace(/ (autonomous )?(prefecture|county|city|district|banner)\b/g, "").replace(/[^\p{L}\p{N}]/gu, "");
  const areas = Object.keys(data.areas).map((id) => ({
    n: data.names.zh[id], e: data.names.en[id], k: "", s: [id],
    o: [], m: [], a: { [id]: "" }, c: {}, w: "", v: "",
  }));
  const known = [...areas, ...data.places].map((it) => ({ ...it, keys: [fold(it.n), fold(it.e), it.k, ...it.s], above: fold(it.w + it.v) }));

  // A name, also behind or before what it lies in (甘肃环县); its beginning, a part; what lies in it.
  const within = (part, whole) => {
    let at = -1;
    return [...part].every((each) => (at = whole.indexOf(each, at + 1)) >= 0);
  };
  const rank = (it, wanted) => {
    const full = (key) => key.length > 1 && (wanted.endsWith(key) || (wanted.startsWith(key) && /^[a-z]/.test(key)));
    if (it.keys.includes(wanted)) return 0;
    if (it.keys.some((key) => full(key) && within(wanted.replace(key, ""), it.above))) return 1;
    if (it.keys.some((key) => key.startsWith(wanted))) return 2;
    if (it.keys.some((key) => key.includes(wanted))) return 3;
    return it.above.includes(wanted) ? 4 : 9;
  };
  const element = (tag, text = "", more = {}) => Object.assign(document.createElement(tag), { textContent: text, ...more });
  const anchor = (text, href) => element("a", text, { href });
  const inPlan = (text, where) => (data.plan[lang()] ? anchor(text, data.plan[lang()] + where) : element("span", text));
  const place = (it, words) => {
    const made = element("li"), en = lang() === "en", clauses = Object.entries(it.c);
    const names = (key, all) => (all.length ? words[key].replace("{names}", all.join("、")) : "");
    const notes = [en ? it.v : it.w, names("formerly", it.o), names("merged", it.m)].filter(Boolean);
    made.append(element("strong", it.n, { lang: "zh-Hans" }), ` ${en ? it.e : ""} `, element("small", notes.join(en ? "; " : "；")));
    for (const [id, basis] of Object.entries(it.a)) {
      const said = typeof basis === "number" ? words.counties.replace("{n}", basis) : words[basis] ?? "";
      const line = element("div", "→ ");
      line.append(anchor(data.names[lang()][id], data.areas[id][lang()] ?? `#${id}`), " ", element("small", said));
      made.append(line);
    }
    if (!Object.keys(it.a).length) made.append(element("div", clauses.length ? words.noarea : words.unknown));
    if (data.cards[it.k]) made.append(anchor(words.card, `#card-${it.k}`));
    if (clauses.length) {
      const [before, after] = words.named.split("{clauses}"), line = element("div", before, { className: "note" });
      clauses.forEach(([each, id]) => line.append(inPlan(data.clauses[lang()][each], `?place=${encodeURIComponent(it.n)}#${id}`), " "));
      line.append(after);
      made.append(line);
    }
    return made;
  };
  const passage = ([id, clause, text], at, length) => {
    const made = element("li"), chinese = /[\u4e00-\u9fff]/.test(text);
    const from = chinese ? Math.max(0, at - 18) : text.lastIndexOf(" ", Math.max(0, at - 30)) + 1;
    const words = element("q", text.slice(from, at), { lang: chinese ? "zh-Hans" : "en", className: "stays" });
    words.append(element("mark", text.slice(at, at + length)), text.slice(at + length, at + length + 30));
    made.append(inPlan(data.clauses[lang()][clause] ?? id, `#${id}`), " ", words);
    return made;
  };
  const search = () => {
    const words = data.words[lang()], typed = box.value.trim(), wanted = fold(typed), text = simple(typed);
    const say = (key, n) => words[key].replace("{name}", typed).replace("{n}", n);
    const list = (key, rows) => {
      const shown = element("ul");
      shown.append(...rows.slice(0, 8).map((make) => make()));
      found.append(element("h2", say(key, rows.length)), shown);
      if (rows.length > 8) found.append(element("p", say("more", rows.length - 8)));
    };
    found.replaceChildren();
    if (!wanted) return;
    const ranked = known.map((it) => [rank(it, wanted), it]).filter(([at]) => at < 9).sort((a, b) => a[0] - b[0]);
    const hits = ranked.map(([, it]) => () => place(it, words));
    const rows = (/^[\x20-\x7e]+$/.test(text) ? english : chinese).map(([row, plain]) => [row, plain.indexOf(text)]);
    const said = rows.filter(([, at]) => at >= 0).map(([row, at]) => () => passage(row, at, text.length));
    if (hits.length) list("places", hits);
    if (said.length) list("text", said);
    if (!hits.length) found.append(element("p", say(said.length ? "noplace" : "none")));
  };
  const settle = () => {
    document.documentElement.lang = lang() === "en" ? "en" : "zh-Hans";
    search();
  };
  byId("languages").addEventListener("change", () => {
    try { history.replaceState(null, "", `#${lang()}`); } catch { /* a file may not */ }
    settle();
  });
  // A county's entry may lie in a province that is folded.
  const open = () => {
    const target = byId(location.hash.slice(1));
    target?.closest("details")?.setAttribute("open", "");
    target?.scrollIntoView({ block: "center" });
  };
  addEventListener("hashchange", open);
  box.addEventListener("input", search);
  form.addEventListener("submit", (event) => event.preventDefault());
  settle();
  open();
})();
