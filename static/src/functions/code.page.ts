// The Code tab of a function. Monaco starts to load before anything else.
import "../editor/style-nonce";
import "../editor/controls.css";
import "../editor/editor.css";
import "./result.css";
import { CodeEditorElement } from "./code-editor";

CodeEditorElement.monaco = import("../editor/monaco");
customElements.define("virga-editor", CodeEditorElement);
