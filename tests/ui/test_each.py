"""The tag that draws a list's rows by one pattern."""

import pytest
from django.template import Context, Template, TemplateSyntaxError
from django.utils.safestring import SafeString


def drawn(inner, rows):
    return Template("{% load ui %}{% each row in rows %}" + inner + "{% endeach %}").render(Context({"rows": rows}))


def test_cells_stand_in_their_places_and_percent_signs_stay():
    rows = [{"ref": "PAY-001", "share": "5%"}, {"ref": "PAY-002", "share": ""}]

    assert drawn("<b>{{ row.ref }}</b> 100% {{ row.share }};", rows) == "<b>PAY-001</b> 100% 5%;<b>PAY-002</b> 100% ;"
    assert drawn("<b>{{ row.ref }}</b>", []) == ""


def test_only_ready_html_stays_as_it_is():
    rows = [{"memo": "<script>%s&", "pill": SafeString("<i>Paid</i>")}]

    assert drawn("{{ row.memo }}{{ row.pill }}", rows) == "&lt;script&gt;%s&amp;<i>Paid</i>"


@pytest.mark.parametrize("inner", ["{% if row.x %}{% endif %}", "{{ row.x|safe }}", "{{ other.x }}", "{{ row }}"])
def test_whatever_has_to_be_worked_out_is_refused(inner):
    with pytest.raises(TemplateSyntaxError, match="belongs in the table"):
        drawn(inner, [{"x": 1}])
