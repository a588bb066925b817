"""What the tests of HTML pages share."""

from html.parser import HTMLParser

VOID = {"meta", "img", "source", "br", "hr", "link"}


class PageChecker(HTMLParser):
    """Checks that a page runs no script and that tags are closed in order; collects its text and what it refers to."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []
        self.references: list[str] = []
        self.anchors: set[str] = set()
        self.alts: list[str] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = dict(attributes)
        assert tag not in ("script", "iframe")
        self.references += [values[name] or "" for name in ("src", "srcset", "href") if name in values]
        self.anchors |= {f"#{values['id']}"} if "id" in values else set()
        if tag == "img":
            self.alts.append(values.get("alt") or "")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)
