"""Build pages of the site from files outside docs/: the changelog, the results, and the source that pages link to.

MkDocs calls these functions by their names. Nothing that they generate is committed.
"""

import re
from pathlib import Path, PurePosixPath
from posixpath import normpath, relpath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parent.parent
PAGES = {"project/changelog.md": "CHANGELOG.md", "project/performance.md": "benchmarks/RESULTS.md"}
"""Pages of the site, and the files of the checkout that they show."""
LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)(#[^)\s]*)?\)")
EXAMPLE = re.compile(r"^Example: (makemore .*)$", re.MULTILINE)
"""The example in the help of a command."""
LANGUAGES = {".md": "markdown", ".py": "python", ".service": "ini", ".sql": "sql", ".toml": "toml", ".yaml": "yaml"}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages of `PAGES`, and one page for each source file that a page links to."""
    for uri, source in PAGES.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, uri, content=text))
    linked = {
        path
        for file in files.documentation_pages()
        for target, _ in LINK.findall(file.content_string)
        if (path := _checkout_path(file.src_uri, target)) and not _is_page(path)
    }
    for folder in sorted(path for path in linked if (ROOT / path).is_dir()):
        linked.update(f"{folder}/{file.name}" for file in (ROOT / folder).iterdir() if file.is_file())
    for path in sorted(linked):
        files.append(
            File.generated(config, _source_uri(path), content=_source(path), inclusion=InclusionLevel.NOT_IN_NAV)
        )
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Point links to files of the checkout at the pages that show them, and show examples of commands as code."""
    here = page.file.src_uri

    def resolved(link: re.Match[str]) -> str:
        path = _checkout_path(here, link[1])
        if path is None:
            return link[0]
        uri = next((uri for uri, source in PAGES.items() if source == path), None)
        uri = uri or (path.removeprefix("docs/") if _is_page(path) else _source_uri(path))
        return f"]({relpath(uri, PurePosixPath(here).parent)}{link[2] or ''})"

    return EXAMPLE.sub(r"```console\n$ \1\n```", LINK.sub(resolved, markdown))


def _checkout_path(uri: str, target: str) -> str | None:
    """Return the path in the checkout of a link's target, or None if it is not a file there."""
    if uri.startswith("source/"):
        return None
    origin = PurePosixPath(PAGES.get(uri, f"docs/{uri}"))
    path = normpath(f"{origin.parent}/{target}")
    return path if not path.startswith("..") and (ROOT / path).exists() else None


def _is_page(path: str) -> bool:
    return path.startswith("docs/") or path in PAGES.values()


def _source_uri(path: str) -> str:
    return f"source/{path}/index.md" if (ROOT / path).is_dir() else f"source/{path}.md"


def _source(path: str) -> str:
    """Return a page that shows a file, or lists the files of a folder."""
    head = f"---\ntitle: {path}\nsearch:\n  exclude: true\nhide: [navigation, toc]\n---\n\n# `{path}`\n\n"
    file = ROOT / path
    if file.is_dir():
        names = sorted(entry.name for entry in file.iterdir() if entry.is_file())
        return head + "".join(f"- [{name}]({name}.md)\n" for name in names)
    language = LANGUAGES.get(file.suffix, "text")
    return f"{head}``````{language}\n{file.read_text(encoding='utf-8')}\n``````\n"
