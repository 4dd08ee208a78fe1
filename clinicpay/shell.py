"""What every page shows around its content: navigation by role, clinic, person, theme."""

from typing import Any

from django.http import HttpRequest


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context for templates/base.html. No queries: error pages use it in a broken transaction too."""
    return {"theme": request.COOKIES.get("theme", "")}
