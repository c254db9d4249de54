"""What pictures that are drawn from tables have in common."""

import base64
import html
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# It has a ground of its own, since a page may be dark where the reader's system is light.
STYLE = """
  :root { --ground: #fffdf9; --edge: #e3dccf; --ink: #1f2a24; --soft: #57625b; --ours: #2a5a43; --peer: #b9b1a0; }
  @media (prefers-color-scheme: dark) {
    :root { --ground: #1e2521; --edge: #343d37; --ink: #eee9df; --soft: #b0b8b1; --ours: #8cc7a6; --peer: #6d7a71; }
  }
  text { font: 13px system-ui, -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; fill: var(--ink); }
  .ground { fill: var(--ground); stroke: var(--edge); }
  .heading { font-size: 18px; font-weight: 600; }
  .title { font-size: 15px; font-weight: 600; }
  .soft { fill: var(--soft); }
  .ours { fill: var(--ours); }
  .peer { fill: var(--peer); }
  .strong { font-weight: 600; }
"""


def table_after(text, heading):
    """The columns and the rows, each its name and its cells, of the table that follows a sentence."""
    lines = text[text.index(heading) :].splitlines()
    start = next(at for at, line in enumerate(lines) if line.startswith("|"))
    rows = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    columns, _, *rows = rows
    return columns[1:], [(name.strip("*"), cells) for name, *cells in rows]


def label(x, y, text, kind="", anchor="start"):
    kind = f' class="{kind}"' if kind else ""
    anchor = f' text-anchor="{anchor}"' if anchor != "start" else ""
    return f'<text x="{x:g}" y="{y:g}"{kind}{anchor}>{html.escape(text)}</text>'


def box(x, y, width, height, kind):
    return f'<rect x="{x:g}" y="{y:g}" width="{width:.1f}" height="{height:g}" rx="2" class="{kind}"/>'


def svg(width, height, title, description, body):
    """The whole file; `body` is its elements."""
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height:g}" '
            f'width="{width}" height="{height:g}" role="img" aria-labelledby="title desc">',
            f'<title id="title">{html.escape(title)}</title>',
            f'<desc id="desc">{html.escape(description)}</desc>',
            f"<style>{STYLE}</style>",
            f'<rect x="0.5" y="0.5" width="{width - 1}" height="{height - 1:g}" rx="12" class="ground"/>',
            *body,
            "</svg>\n",
        ]
    )


def keep(usage, page, name, draw):
    """Draws a picture from the tables of a page, and writes it as text for the guide on docs.rs; with
    --check, exits 1 if what is there is another."""
    picture = draw((ROOT / page).read_text())
    as_text = base64.b64encode(picture.encode()).decode()
    files = {
        ROOT / "docs/pictures" / name: picture,
        ROOT / f"crates/web-session/src/guide/pictures/{name}.md": f"[{name}]: data:image/svg+xml;base64,{as_text}\n",
    }
    if sys.argv[1:] == []:
        for file, text in files.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
    elif sys.argv[1:] != ["--check"]:
        sys.exit(usage)
    for file, text in files.items():
        if not file.exists() or file.read_text() != text:
            sys.exit(f"{file.relative_to(ROOT)} is not drawn from the tables of {page}: run {sys.argv[0]}")
