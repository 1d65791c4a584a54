// Sorting, filtering, copying. Without it the page is all there.
(() => {
  "use strict";
  const all = (query, from = document) => [...from.querySelectorAll(query)];
  const words = document.body.dataset;
  const collator = new Intl.Collator(document.documentElement.lang, { numeric: true });
  const button = (name) => Object.assign(document.createElement("button"), { type: "button", className: name });
  const plain = (text) => text.replaceAll("\u2009", "").toLocaleLowerCase();

  const sortable = (table) => {
    const printed = new Map(all("tbody tr", table).map((row, i) => [row, i]));
    const heads = all("thead th", table);
    heads.forEach((head, at) => {
      const sort = button("sort");
      sort.append(...head.childNodes);
      head.append(sort);
      sort.addEventListener("click", () => {
        // Up, down, and back to the printed order, which means something.
        const next = { ascending: "descending", descending: "" }[head.ariaSort] ?? "ascending";
        heads.forEach((each) => each.removeAttribute("aria-sort"));
        if (next) head.ariaSort = next;
        const sign = next === "descending" ? -1 : 1;
        const key = (row) => (row.cells[at]?.textContent.trim() ?? "").replace("−", "-");
        for (const body of table.tBodies) {
          const rows = [...body.rows].filter((row) => !row.matches(".group"));
          rows.sort((a, b) => (next ? sign * collator.compare(key(a), key(b)) : printed.get(a) - printed.get(b)));
          body.append(...rows);
        }
      });
    });
  };

  const filterable = (table) => {
    const tools = Object.assign(document.createElement("p"), { className: "filter" });
    const box = Object.assign(document.createElement("input"), { type: "search", autocomplete: "off" });
    const count = document.createElement("output");
    const name = document.createElement("label");
    name.append(words.filter, " ", box);
    tools.append(name, " ", count);
    table.closest(".scroll").before(tools);
    box.addEventListener("input", () => {
      const wanted = plain(box.value.trim());
      const rows = all("tbody tr:not(.group)", table);
      for (const row of rows) row.hidden = !plain(row.textContent).includes(wanted);
      for (const head of all("tr.group", table)) {
        head.hidden = ![...head.parentNode.rows].some((row) => row !== head && !row.hidden);
      }
      const shown = rows.filter((row) => !row.hidden).length;
      count.value = wanted ? words.count.replace("{shown}", shown).replace("{all}", rows.length) : "";
    });
  };

  for (const table of all("section.table table")) {
    // The order of groups means something; a long list is one that is folded.
    const rows = all("tbody tr:not(.group)", table).length;
    if (rows > 3 && !table.querySelector("tr.group")) sortable(table);
    if (rows > 12 && table.closest("details")) filterable(table);
  }

  for (const text of all("pre.copy")) {
    const copy = button("copy-button");
    copy.textContent = words.copy;
    copy.addEventListener("click", async () => {
      await navigator.clipboard.writeText(text.textContent);
      copy.textContent = words.copied;
    });
    text.before(copy);
  }

  // A box that need not scroll is no stop for the keyboard, and its head may stick to the page.
  const boxes = all(".scroll");
  const fit = () => boxes.forEach((box) => {
    const over = box.scrollWidth > box.clientWidth;
    box.classList.toggle("fits", !over);
    if (over) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  });
  if (boxes.length) new ResizeObserver(fit).observe(document.querySelector("main"));

  // A link into a folded part opens it.
  const open = () => document.getElementById(decodeURIComponent(location.hash.slice(1)))?.closest("details")?.setAttribute("open", "");
  addEventListener("hashchange", open);
  open();

  // The contents are open where they stand beside the text.
  const contents = document.querySelector("nav details");
  const narrow = matchMedia("(max-width: 71.99rem)");
  const fold = () => { if (contents) contents.open = !narrow.matches; };
  fold();
  narrow.addEventListener("change", fold);
  all("nav ol a").forEach((link) => link.addEventListener("click", fold));
})();
