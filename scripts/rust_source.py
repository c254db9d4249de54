"""Reads Rust as tokens, for scripts that look at what code says without compiling it."""

import re

TOKEN = re.compile(
    r"""(?P<skip>\s+|//[^\n]*)
    |(?P<comment>/\*)
    |(?P<raw>[bc]?r(?P<hashes>\#*)"(?:.|\n)*?"(?P=hashes))
    |(?P<text>[bc]?"(?:\\(?:.|\n)|[^"\\])*")
    |(?P<char>b?'(?:\\.[^'\n]*|[^\\'\n])')
    |(?P<life>'\w+)
    |(?P<name>(?:r\#)?[^\W\d]\w*)
    |(?P<punct>::|.)""",
    re.VERBOSE,
)
OPENING, CLOSING = "([{", ")]}"
WHOLE_STATEMENTS = {"use", "const", "static", "type", "let"}


def tokens_of(source):
    """(text, line) of each token; comments are left out. A string is one token: its quote, or `b"`
    where it is of bytes, and what follows up to the other quote, as it is written."""
    tokens, at, line = [], 0, 1
    while at < len(source):
        match = TOKEN.match(source, at)
        end = match.end()
        if match["comment"]:
            end = end_of_comment(source, at)
        elif match["raw"] or match["text"]:
            prefix, text = match[0].split('"', 1)
            text = text[: len(text) - len(match["hashes"] or "") - 1]
            tokens.append((("b" if "b" in prefix else "") + '"' + text, line))
        elif match["name"]:
            tokens.append((match[0].removeprefix("r#"), line))
        elif match["punct"]:
            tokens.append((match[0], line))
        line += source.count("\n", at, end)
        at = end
    return tokens


def end_of_comment(source, at):
    """They nest."""
    depth = 0
    for mark in re.compile(r"/\*|\*/").finditer(source, at):
        depth += 1 if mark[0] == "/*" else -1
        if depth == 0:
            return mark.end()
    return len(source)


class Cursor:
    """A place in the tokens of a file."""

    def __init__(self, tokens):
        self.tokens, self.at = tokens, 0

    def is_at_end(self):
        return self.at >= len(self.tokens)

    def peek(self, ahead=0):
        index = self.at + ahead
        return self.tokens[index][0] if 0 <= index < len(self.tokens) else ""

    def next(self):
        self.at += 1
        return self.peek(-1)

    def group(self):
        """The tokens within the bracket that opens here; goes past the one that closes it."""
        first, depth = self.at + 1, 0
        while not self.is_at_end():
            token = self.next()
            depth += (token in OPENING) - (token in CLOSING)
            if depth == 0:
                break
        return [text for text, _ in self.tokens[first : self.at - 1]]

    def is_at_attribute(self):
        return self.peek() == "#" and self.peek(1) in ("[", "!")

    def attribute(self):
        """The tokens of the attribute that begins here; goes past it."""
        self.at += 2 if self.peek(1) == "!" else 1
        return self.group()

    def skip_item(self):
        """Past what an attribute stands before: an item, a statement, a field or an arm."""
        while self.peek() == "#":
            self.attribute()
        words = {self.peek(ahead) for ahead in range(5)}
        ends_at_brace = not words & WHOLE_STATEMENTS or "fn" in words
        while not self.is_at_end() and self.peek() not in CLOSING:
            token = self.peek()
            if token in OPENING:
                self.group()
                if token == "{" and ends_at_brace:
                    return
            else:
                self.at += 1
                if token in (";", ","):
                    return


def is_test(attribute):
    """`cfg(test)` and `cfg(all(test, ..))`."""
    return "".join(attribute).startswith(("cfg(test)", "cfg(all(test,"))
