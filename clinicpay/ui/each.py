"""{% each row in rows %}…{% endeach %}: the rows of a list, by one pattern instead of a walk over nodes for each."""

from html import escape
from typing import Any

from django.template import Node, TemplateSyntaxError
from django.template.base import Parser, TextNode, Token, VariableNode
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString

PLAIN = "In {% each %} stand texts and {{ row.key }} alone; what has to be worked out belongs in the table's cells."


class Each(Node):
    """Draws dicts of texts and ready HTML; what is no SafeString is escaped."""

    def __init__(self, rows: Any, pattern: str, keys: list[str]) -> None:
        self.rows, self.pattern, self.keys = rows, pattern, keys

    def render(self, context: Any) -> SafeString:
        """The rows one after the other."""
        pattern, keys = self.pattern, self.keys
        rows = self.rows.resolve(context)
        drawn = (pattern % tuple([_drawn(row[key]) for key in keys]) for row in rows)
        return SafeString("".join(drawn))


def _drawn(cell: Any) -> Any:
    """As conditional_escape does it, which asks each cell whether it is lazy, and so takes twice the time."""
    kind = type(cell)
    if kind is SafeString or cell == "":
        return cell
    return escape(cell) if kind is str else conditional_escape(cell)


def each(parser: Parser, token: Token) -> Each:
    """Compile the tag. Raises TemplateSyntaxError for anything in it but texts and keys of the row."""
    _, name, _in, rows = token.split_contents()
    pieces, keys = [], []
    for node in parser.parse(("endeach",)):
        if isinstance(node, TextNode):
            pieces.append(node.s.replace("%", "%%"))
        else:
            pieces.append("%s")
            keys.append(_key(node, name))
    parser.delete_first_token()
    return Each(parser.compile_filter(rows), "".join(pieces), keys)


def _key(node: Node, name: str) -> str:
    """Which cell of the row a node draws."""
    expression = node.filter_expression if isinstance(node, VariableNode) else None
    of, _, key = str(getattr(expression, "token", "")).partition(".")
    if of != name or not key.isidentifier():
        raise TemplateSyntaxError(PLAIN)
    return key
