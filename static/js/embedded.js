// Tells the page around our frame how high its content is: no secret, so it goes to whatever page that is.
(() => {
  "use strict";

  new ResizeObserver(() => {
    window.parent.postMessage({ optinHeight: document.body.getBoundingClientRect().height }, "*");
  }).observe(document.body);
})();
