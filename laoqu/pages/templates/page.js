// Folding and opening. Without it the page is all there.
(() => {
  "use strict";
  const all = (query, from = document) => [...from.querySelectorAll(query)];
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
