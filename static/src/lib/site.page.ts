// Loaded on every page: htmx, Bootstrap's behaviours and the small things of the frame.
import "bootstrap/js/dist/dropdown";
import "bootstrap/js/dist/offcanvas";
import "bootstrap/js/dist/collapse";
import "bootstrap/js/dist/tab";
import "bootstrap/js/dist/modal";
import "htmx.org";
import { watchConfirmations } from "./confirm";
import { watchCopyButtons } from "./copy";
import { watchFlash } from "./flash";
import { csrfToken } from "./http";
import { watchNavigation, watchSearch } from "./navigation";
import "./relative-time";
import { watchTheme } from "./theme";

document.addEventListener("htmx:config:request", (event) => {
  const { ctx } = (event as CustomEvent).detail;
  ctx.request.headers["X-CSRFToken"] = csrfToken();
});
watchConfirmations();
watchCopyButtons();
watchFlash();
watchNavigation();
watchSearch();
watchTheme();
