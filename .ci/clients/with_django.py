"""Django's cache on Redis, its sessions included.
   with_django.py PORT"""

import sys
import time

import django
from django.conf import settings

settings.configure(
    CACHES={
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": f"redis://127.0.0.1:{sys.argv[1]}/3",
        }
    },
    SESSION_ENGINE="django.contrib.sessions.backends.cache",
)
django.setup()

from django.contrib.sessions.backends.cache import SessionStore
from django.core.cache import cache

cache.clear()
cache.set("a", {"nested": [1, 2, 3]}, timeout=30)
assert cache.get("a") == {"nested": [1, 2, 3]}
assert cache.get("missing", "default") == "default"
assert cache.add("a", 1) is False and cache.add("b", 1) is True
assert cache.incr("b", 5) == 6 and cache.decr("b") == 5
assert cache.touch("b", 30) is True and cache.touch("missing") is False
cache.set_many({f"k{number}": number for number in range(200)}, timeout=30)
assert cache.get_many(["k0", "k199", "k200"]) == {"k0": 0, "k199": 199}
cache.delete_many(["k0", "k1"])
assert cache.has_key("k2") and not cache.has_key("k1")
assert cache.get_or_set("c", lambda: 9, timeout=30) == 9
cache.set("gone", 1, timeout=0.05)
cache.set("d", 1, version=2)
assert cache.get("d") is None and cache.incr_version("d", version=2) == 3
try:
    cache.incr("nothing")
except ValueError:
    pass
else:
    raise SystemExit("a missing counter was counted up")
session = SessionStore()
session["user"] = 7
session.save()
assert SessionStore(session_key=session.session_key)["user"] == 7
session.flush()
time.sleep(0.1)
assert cache.get("gone") is None
cache.clear()
assert cache.get("a") is None
print("Django's cache works")
