"""Files of others, given back: to be saved, never to run as a page of ours."""

from django.http import HttpResponse
from django.utils.http import content_disposition_header


def download(data: bytes, name: str, kind: str) -> HttpResponse:
    """`data` under its `name` (RFC 6266); a browser that opened it nevertheless would keep it in a sandbox."""
    response = HttpResponse(data, content_type=kind)
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or "attachment"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    return response
