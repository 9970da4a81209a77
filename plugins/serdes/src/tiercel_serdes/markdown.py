"""`io.kestra.plugin.serdes.markdown`: `MarkdownToHtml`, `MarkdownToText` and `HtmlToMarkdown`.

Properties and defaults are those of Kestra's serdes plugin. Documents are read whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from tiercel.plugin import Example, Metric, MetricInfo, Output, Property, RunContext, TaskError
from tiercel_serdes.converter import FileConverter, bad_input, codec_of
from tiercel_serdes.library import library

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["DocumentOutput", "HtmlToMarkdown", "MarkdownToHtml", "MarkdownToText"]

_LARGEST = 64 << 20


class DocumentOutput(Output):
    """A document in another form."""

    uri: str
    """The stored file."""


class _DocumentTask(FileConverter[DocumentOutput]):
    """Base of the tasks that convert one document as a whole."""

    metrics: ClassVar[tuple[MetricInfo, ...]] = (
        MetricInfo("bytes", "counter", "How many bytes were written."),
    )

    def _read(self, ctx: RunContext, charset: str) -> str:
        with self._open(ctx) as stream:
            data = stream.read(_LARGEST + 1)
        if len(data) > _LARGEST:
            raise TaskError(f"The document is larger than {_LARGEST} bytes", retryable=False)
        with bad_input("text"):
            return data.decode(codec_of(charset))

    def _written(self, ctx: RunContext, text: str, suffix: str, charset: str) -> DocumentOutput:
        codec = codec_of(charset)
        try:
            data = text.encode(codec)
        except UnicodeEncodeError as error:
            raise TaskError(
                f"Character {error.object[error.start]!r} cannot be written in {codec}",
                retryable=False,
            ) from error
        with self._create(ctx, suffix) as writer:
            writer.write(data)
        ctx.metric(Metric.counter("bytes", len(data)))
        return DocumentOutput(uri=writer.uri)


class MarkdownToHtml(_DocumentTask):
    """Convert a Markdown document (CommonMark) to HTML. HTML in it stays as it is."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Make the body of a mail.",
            """\
id: markdown_to_html
namespace: company.team

tasks:
  - id: document
    type: io.kestra.plugin.core.storage.Write
    content: |
      # Report
      All is **well**.
    extension: .md

  - id: to_html
    type: io.kestra.plugin.serdes.markdown.MarkdownToHtml
    from: "{{ outputs.document.uri }}"
""",
        ),
    )

    charset: Property[str] = Property.of("UTF-8")
    """The character set of both files, by its Java or Python name."""

    def run(self, ctx: RunContext) -> DocumentOutput:
        """Convert the document.

        Raises:
            TaskError: it is not text of that character set.
        """
        charset = ctx.render(self.charset)
        html = _parser().render(self._read(ctx, charset))
        return self._written(ctx, html, ".html", charset)


class MarkdownToText(_DocumentTask):
    """Take the marks off a Markdown document: what stays are its words, one block a line."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Make a plain message of a report.",
            """\
id: markdown_to_text
namespace: company.team

tasks:
  - id: document
    type: io.kestra.plugin.core.storage.Write
    content: |
      ## News
      - Read more at [example.com](https://example.com)
    extension: .md

  - id: to_text
    type: io.kestra.plugin.serdes.markdown.MarkdownToText
    from: "{{ outputs.document.uri }}"
""",
        ),
    )

    charset: Property[str] = Property.of("UTF-8")
    """The character set of both files, by its Java or Python name."""

    def run(self, ctx: RunContext) -> DocumentOutput:
        """Convert the document.

        Raises:
            TaskError: it is not text of that character set.
        """
        charset = ctx.render(self.charset)
        text = _plain(_parser().parse(self._read(ctx, charset)))
        return self._written(ctx, text.strip(), ".txt", charset)


class HtmlToMarkdown(_DocumentTask):
    """Convert an HTML document to Markdown."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Make a page short enough for a language model.",
            """\
id: html_to_markdown
namespace: company.team

tasks:
  - id: page
    type: io.kestra.plugin.core.storage.Write
    content: "<nav>Menu</nav><h1>Report</h1><p>All is <strong>well</strong>.</p>"
    extension: .html

  - id: to_markdown
    type: io.kestra.plugin.serdes.markdown.HtmlToMarkdown
    from: "{{ outputs.page.uri }}"
    ignoreTags:
      - nav
""",
        ),
    )

    ignore_tags: Property[list[str]] | None = None
    """Elements that are left out, with all that is in them."""
    base_uri: Property[str] | None = None
    """The address that relative links and images are completed with."""

    def run(self, ctx: RunContext) -> DocumentOutput:
        """Convert the document.

        Raises:
            TaskError: it is not UTF-8.
        """
        markdownify = library("markdownify", "markdown")
        soup = library("bs4", "markdown").BeautifulSoup(self._read(ctx, "UTF-8"), "html.parser")
        ignored = ctx.render(self.ignore_tags)
        for element in soup.select(", ".join(ignored)) if ignored else ():
            element.decompose()
        _complete(soup, ctx.render(self.base_uri))
        converter = markdownify.MarkdownConverter(heading_style="ATX", bullets="*")
        text = converter.convert_soup(soup).strip()
        return self._written(ctx, f"{text}\n", ".md", "UTF-8")


def _complete(soup: Any, base: str | None) -> None:
    """Complete the relative addresses of a document."""
    from urllib.parse import urljoin

    if base:
        for name, key in (("a", "href"), ("img", "src")):
            for element in soup.find_all(name, attrs={key: True}):
                element[key] = urljoin(base, element[key])


def _parser() -> Any:
    return library("markdown_it", "markdown").MarkdownIt("commonmark", {"html": True})


def _plain(tokens: Sequence[Any]) -> str:
    """Return the text of Markdown tokens."""
    parts: list[str] = []
    for token in tokens:
        match token.type:
            case "inline":
                parts.append(_plain(token.children))
            case "list_item_open":
                parts.append("- ")
            case "text" | "code_inline":
                parts.append(token.content)
            case "code_block" | "fence":
                parts.append(token.content)
            case "softbreak":
                parts.append(" ")
            case "image":
                parts.append(_plain(token.children))
            case "hardbreak" | "paragraph_close" | "heading_close":
                parts.append("\n")
    return "".join(parts)
