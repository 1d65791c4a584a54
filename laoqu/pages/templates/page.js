// Folding and opening. Without it the page is all there.
(() => {
  "use strict";
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
  document.querySelectorAll("nav ol a").forEach((link) => link.addEventListener("click", fold));
})();
