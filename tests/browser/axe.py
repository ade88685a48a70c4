"""What axe finds wrong with a page."""

from playwright.sync_api import Page

from tests import needs

SCRIPT = needs.ROOT / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def violations(page: Page) -> list[str]:
    """A line for every rule that what is on screen breaks."""
    page.evaluate(SCRIPT.read_text())
    found = page.evaluate(
        """rules => axe.run(document, {
            runOnly: rules, rules: {"label-content-name-mismatch": {enabled: true}},
        }).then(it => it.violations)""",
        RULES,
    )
    return [f"{one['id']}: {[node['html'][:150] for node in one['nodes']]}" for one in found]
