"""Pictures of pages as a reader sees them, in a wide and a narrow window, light and dark, and what is wrong with them.

    python examples/screenshots.py run/report.html other/report.html --out shots
    python examples/screenshots.py --make pages --out shots     (a page of every kind, from examples/pages.py)

It opens every page in headless Chromium, which must be installed, saves a PNG for each window, and prints how far down
the first picture begins, the texts that are cut, the pictures that scroll, what the browser complained of, and the
page's bytes. Its exit status is 1 if a first picture begins below 700 pixels, or a text is cut, or a picture scrolls.
"""

import argparse
import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

WIDTHS, HEIGHT, LOWEST, TALLEST = (400, 1400), 900, 700, 6000
# A text is cut where it leaves the picture that it is in; a caption of a table where it leaves the window.
FINDINGS = """(() => {
  const seen = (element) => element.getClientRects().length > 0;
  const pictures = [...document.querySelectorAll("figure svg, figure img, figure .plot")].filter(seen);
  const cut = [...document.querySelectorAll("figure svg text")].filter((text) => {
    const inner = text.getBoundingClientRect(), outer = text.ownerSVGElement.getBoundingClientRect();
    return inner.width && (inner.left < outer.left - 0.5 || inner.right > outer.right + 0.5);
  });
  const wide = [...document.querySelectorAll("caption")].filter((caption) => {
    const text = document.createRange();
    text.selectNodeContents(caption);
    return text.getBoundingClientRect().right > innerWidth;
  });
  const scrolls = [...document.querySelectorAll("figure, figure div")].filter(
    (box) => box.scrollWidth > box.clientWidth + 1 && getComputedStyle(box).overflowX !== "visible");
  return {
    first: pictures.length ? Math.round(pictures[0].getBoundingClientRect().top + scrollY) : -1,
    pictures: pictures.length,
    cut: [...new Set([...cut, ...wide].map((text) => text.textContent))],
    scrolls: scrolls.map((box) => (box.closest("figure").textContent || "").trim().slice(0, 60)),
    sideways: document.documentElement.scrollWidth > innerWidth,
    height: document.documentElement.scrollHeight,
  };
})()"""


class Browser:
    """Headless Chromium with one page, spoken to through a pipe."""

    def __init__(self, program: str | None = None) -> None:
        program = program or chromium()
        if program is None:
            raise FileNotFoundError("expected Chromium on the path, got none; `apt-get install chromium` brings it")
        self._home = tempfile.TemporaryDirectory()
        to_read, self._write = os.pipe()
        self._read, to_write = os.pipe()
        arguments = "--headless --no-sandbox --disable-gpu --hide-scrollbars --no-first-run --remote-debugging-pipe"
        # It reads file 3 and writes file 4.
        shell = f'exec "$0" "$@" 3<&{to_read} 4>&{to_write}'
        self._process = subprocess.Popen(
            ["bash", "-c", shell, program, *arguments.split(), f"--user-data-dir={self._home.name}", "about:blank"],
            pass_fds=(to_read, to_write),
            stderr=subprocess.DEVNULL,
        )
        os.close(to_read)
        os.close(to_write)
        self._rest, self._number, self._session = b"", 0, ""
        self.events: list[dict[str, Any]] = []
        """What the browser told unasked, the oldest first."""
        (page, *_) = (one for one in self.ask("Target.getTargets")["targetInfos"] if one["type"] == "page")
        found = self.ask("Target.attachToTarget", targetId=page["targetId"], flatten=True)
        self._session = found["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.ask(f"{domain}.enable")

    def __enter__(self) -> Self:
        """This."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        os.close(self._write)
        self._process.wait(20)
        os.close(self._read)
        self._home.cleanup()

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the DevTools protocol and its answer.

        Args:
            method: Such as "Page.navigate".
            parameters: Its own.

        Returns:
            The answer.

        Raises:
            RuntimeError: The browser refuses.
        """
        self._number += 1
        said: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        said |= {"sessionId": self._session} if self._session else {}
        os.write(self._write, json.dumps(said).encode() + b"\0")
        while (message := self._next()).get("id") != self._number:
            self.events.append(message)
        if "error" in message:
            raise RuntimeError(f"{method}: {message['error']}")
        result: dict[str, Any] = message["result"]
        return result

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            read = os.read(self._read, 1 << 20)
            if not read:
                raise RuntimeError("the browser ended")
            self._rest += read
        text, _, self._rest = self._rest.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        return message

    def open(self, page: Path | str, width: int = WIDTHS[1], *, dark: bool = False, scripts: bool = True) -> None:
        """Show a page and wait until it is loaded.

        Args:
            page: A file, or an address.
            width: Of the window, in pixels.
            dark: Whether the reader prefers dark pages.
            scripts: Whether scripts run.
        """
        self.events.clear()
        self.ask(
            "Emulation.setDeviceMetricsOverride", width=width, height=HEIGHT, deviceScaleFactor=1, mobile=width < 600
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", features=[scheme])
        self.ask("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.ask("Page.navigate", url=page if isinstance(page, str) else page.resolve().as_uri())
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self._next())

    def value(self, expression: str) -> Any:
        """What an expression is in the page, or comes to if it promises something.

        Args:
            expression: JavaScript.

        Returns:
            Its value.
        """
        asked = {"expression": expression, "returnByValue": True, "awaitPromise": True}
        return self.ask("Runtime.evaluate", **asked)["result"].get("value")

    def picture(self, height: int) -> bytes:
        """The page as a PNG.

        Args:
            height: How much of it, from the top, in pixels.

        Returns:
            The file's content.
        """
        width = self.ask("Page.getLayoutMetrics")["cssLayoutViewport"]["clientWidth"]
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        shot = self.ask("Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True)
        return base64.b64decode(shot["data"])

    def complaints(self) -> list[str]:
        """Errors of scripts, and what the page's own policy forbade."""
        found = []
        for event in self.events:
            if event.get("method") == "Runtime.exceptionThrown":
                found.append(str(event["params"]["exceptionDetails"].get("exception", {}).get("description")))
            elif event.get("method") == "Log.entryAdded" and event["params"]["entry"]["level"] == "error":
                found.append(event["params"]["entry"]["text"])
        return found


def chromium() -> str | None:
    """Where Chromium is; None where there is none."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def findings(browser: Browser) -> dict[str, Any]:
    """What is there to see on the page that is open, and what of it is wrong.

    Args:
        browser: With a page.

    Returns:
        "first" (where the first picture begins, in pixels), "pictures", "cut", "scrolls", "sideways" and "height".
    """
    found: dict[str, Any] = browser.value(FINDINGS)
    return found


def main() -> int:
    """Opens the pages."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", nargs="*", type=Path)
    parser.add_argument("--make", type=Path, metavar="FOLDER", help="make a page of every kind there")
    parser.add_argument("--out", type=Path, default=Path("screenshots"))
    parser.add_argument("--light-only", action="store_true", help="not dark")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    if options.make:
        from pages import make_pages

        options.pages += make_pages(options.make)
    is_good = True
    with Browser() as browser:
        for page in options.pages:
            print(f"{page}: {page.stat().st_size:,} bytes")
            for width in WIDTHS:
                for dark in (False, True)[: 1 if options.light_only else 2]:
                    browser.open(page, width, dark=dark)
                    found = findings(browser)
                    name = f"{page.resolve().parent.name}-{page.stem}-{width}{'-dark' if dark else ''}.png"
                    (options.out / name).write_bytes(browser.picture(min(found["height"], TALLEST)))
                    complaints = browser.complaints()
                    is_good &= not (complaints or found["cut"] or found["scrolls"] or found["sideways"])
                    is_good &= 0 <= found["first"] <= LOWEST
                    print(f"  {name}: {json.dumps(found, ensure_ascii=False)}", *complaints, sep="\n    ")
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
