"""How a page is made: answers, lists, filters, forms, charts, PDF. Knows no model; see docs/ui.md."""
