// The Test tab of a function.
import "./result.css";
import "../editor/controls.css";
import { TestPanelElement } from "./test-panel";

customElements.define("virga-test-panel", TestPanelElement);
