"""Counting guesses in one step of the cache's server, so that of many at once each is seen (decision 0042)."""

from allauth.account.adapter import get_adapter
from django.core.cache import cache
from django.http import HttpRequest


def counted(key: str, window: int) -> int:
    """Count one more; how many there were within `window` seconds of the first."""
    cache.add(key, 0, window)
    try:
        return int(cache.incr(key))
    except ValueError:  # it has just expired
        cache.set(key, 1, window)
        return 1


def guesses_so_far(key: str) -> int:
    """How many were counted, without counting."""
    return int(cache.get(key) or 0)


def client_of(request: HttpRequest) -> str:
    """Whence a request comes, as far as the trusted proxies say."""
    return str(get_adapter(request).get_client_ip(request))
