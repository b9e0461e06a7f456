"""What the documentation site needs beside Markdown: commands, links, examples, pictures in its theme."""

import posixpath
import re
import runpy
from pathlib import Path
from typing import Any

import griffe
from mkdocs.structure.files import File

ROOT = Path(__file__).parents[1]
LINK = re.compile(r"(?<!!)\[((?:[^\[\]]|\[[^\]]*\])+)\]\((\.\./[^)\s]*)\)")


class Examples(griffe.Extension):
    """Shows the section `Example` of a docstring as code; griffe knows the plural alone."""

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rename the section.

        Args:
            obj: What was read.
        """
        if obj.docstring:
            obj.docstring.value = re.sub(r"(?m)^Example:$", "Examples:", obj.docstring.value)


def on_files(files: Any, config: Any) -> Any:
    """Add the page of commands, made of today's command line.

    Args:
        files: Of the site.
        config: The site's.

    Returns:
        The files with one more.
    """
    content = runpy.run_path(str(ROOT / "examples" / "reference.py"))["commands_page"]()
    files.append(File.generated(config, "reference/commands.md", content=content))
    return files


def on_post_build(config: Any, **_: Any) -> None:
    """Give the site's pictures its theme.

    Args:
        config: The site's.
    """
    in_theme = runpy.run_path(str(ROOT / "examples" / "site_pictures.py"))["in_theme"]
    for picture in Path(config.site_dir).rglob("pictures/*.svg"):
        picture.write_text(in_theme(picture.read_text(encoding="utf-8")), encoding="utf-8")


def on_page_markdown(markdown: str, page: Any, config: Any, **_: Any) -> str:
    """Turn links to files outside of the documents into links to the repository, or into their words.

    Args:
        markdown: Of a page.
        page: Which.
        config: The site's; without `repo_url` there is nothing to link to.

    Returns:
        The page as the site takes it.
    """
    folder = posixpath.dirname(f"docs/{page.file.src_uri}")

    def said(link: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(folder, link[2]))
        if path.startswith("docs/"):
            return link[0]
        return f"[{link[1]}]({config.repo_url.rstrip('/')}/blob/main/{path})" if config.repo_url else link[1]

    # Python's messages hold `L['inputs']['targets']`, which would be a reference.
    return LINK.sub(said, markdown).replace("']['", "']\\['")
