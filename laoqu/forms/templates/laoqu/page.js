// Sorting, filtering, a contents list that follows the reader. Without it the page is all there.
(() => {
  "use strict";
  const all = (query, from = document) => [...from.querySelectorAll(query)];
  const words = document.body.dataset;
  const collator = new Intl.Collator(document.documentElement.lang, { numeric: true });

  // The head of a group stays over its rows.
  const groups = (body) => {
    const found = [{ head: null, rows: [] }];
    for (const row of body.rows) {
      if (row.matches(".group")) found.push({ head: row, rows: [] });
      else found.at(-1).rows.push(row);
    }
    return found;
  };

  const key = (row, at, number) => {
    const cell = row.cells[at];
    const text = cell?.dataset.sort ?? cell?.innerText.trim() ?? "";
    return number ? Number.parseFloat(text.replace("−", "-")) : text;
  };
  const compare = (a, b) => {
    if (typeof a === "string") return collator.compare(a, b);
    return (Number.isNaN(a) - Number.isNaN(b)) || a - b || 0;
  };

  const sortable = (table) => {
    const printed = new Map(all("tbody tr", table).map((row, i) => [row, i]));
    const heads = all("thead th", table);
    heads.forEach((head, at) => {
      if (head.matches(".plain") || !head.textContent.trim()) return;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        // Up, down, and back to the printed order, which means something.
        const next = { ascending: "descending", descending: "" }[head.ariaSort] ?? "ascending";
        heads.forEach((each) => each.removeAttribute("aria-sort"));
        if (next) head.ariaSort = next;
        const number = head.matches(".num");
        const sign = next === "descending" ? -1 : 1;
        for (const body of table.tBodies) {
          for (const { head: top, rows } of groups(body)) {
            rows.sort((a, b) => next
              ? sign * compare(key(a, at, number), key(b, at, number))
              : printed.get(a) - printed.get(b));
            body.append(...(top ? [top] : []), ...rows);
          }
        }
      });
    });
  };

  const filterable = (table) => {
    const tools = document.createElement("p");
    const box = document.createElement("input");
    const count = document.createElement("output");
    const name = document.createElement("label");
    tools.className = "filter";
    box.type = "search";
    box.autocomplete = "off";
    name.append(words.filter, " ", box);
    tools.append(name, " ", count);
    (table.closest(".scroll") ?? table).before(tools);
    const plain = (text) => text.replaceAll("\u2009", "").toLocaleLowerCase();
    box.addEventListener("input", () => {
      const wanted = plain(box.value.trim());
      let shown = 0, total = 0;
      for (const { head, rows } of [...table.tBodies].flatMap(groups)) {
        for (const row of rows) row.hidden = !plain(row.textContent).includes(wanted);
        const here = rows.filter((row) => !row.hidden).length;
        if (head) head.hidden = !here;
        shown += here;
        total += rows.length;
      }
      count.value = wanted ? words.count.replace("{shown}", shown).replace("{all}", total) : "";
    });
  };

  // A column of sentences asks for more room than one of words, before the table must scroll.
  const roomy = (table) => all("thead th:not(.num)", table).forEach((head) => {
    const cells = all("tbody tr:not(.group)", table).map((row) => row.cells[head.cellIndex]);
    const longest = Math.max(...cells.map((cell) => cell?.textContent.length ?? 0));
    const size = longest > 60 ? "long" : longest > 20 ? "middling" : "short";
    cells.forEach((cell) => cell?.classList.add(size));
  });

  for (const table of all("main table")) {
    roomy(table);
    const rows = all("tbody tr:not(.group)", table).length;
    if (!table.tHead || rows < 4) continue;
    sortable(table);
    if (rows > 12 && words.filter) filterable(table);
  }

  // A box that need not scroll is no stop for the keyboard, and its head may stick to the page.
  const boxes = all(".scroll, figure.laoqu");
  const fit = () => boxes.forEach((box) => {
    const over = box.scrollWidth > box.clientWidth;
    box.classList.toggle("fits", !over);
    if (over) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  });
  if (boxes.length) new ResizeObserver(fit).observe(document.querySelector("main"));

  const contents = document.querySelector("nav details");
  const links = all("nav ol a");
  const targets = links.map((link) => document.querySelector(link.hash));
  const follow = () => {
    const at = targets.findLastIndex((it) => it.getBoundingClientRect().top < innerHeight * 0.3);
    links.forEach((link, i) => {
      if (i === at) link.ariaCurrent = "true";
      else link.removeAttribute("aria-current");
    });
  };
  const observer = new IntersectionObserver(follow, { rootMargin: "0px 0px -70% 0px" });
  targets.forEach((target) => observer.observe(target));
  const narrow = matchMedia("(max-width: 71.99rem)");
  const fold = () => { if (contents) contents.open = !narrow.matches; };
  fold();
  narrow.addEventListener("change", fold);
  links.forEach((link) => link.addEventListener("click", fold));

  // Paper cannot be clicked.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = all("main details:not([open])");
    closed.forEach((each) => { each.open = true; });
  });
  addEventListener("afterprint", () => closed.forEach((each) => { each.open = false; }));
})();
