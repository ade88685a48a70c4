"""What a page does against its Content Security Policy: `window.violations`, from its start."""

WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.violations.push(`${event.violatedDirective} ${event.sourceFile}:${event.lineNumber}`);
});
"""
