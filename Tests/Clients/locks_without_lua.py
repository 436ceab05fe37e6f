"""redis-py's lock with WATCH, MULTI and EXEC in place of its three Lua scripts.

For servers without Lua. kombu takes such a lock whenever a Celery worker starts, so without
scripts a worker ends at once; `install()` in the module of the Celery application is all it needs.
The lock's keys and values are the same, so it excludes other clients' locks, and they exclude it.
"""

import redis.client
from redis.exceptions import LockNotOwnedError
from redis.lock import Lock


class TransactionLock(Lock):
    """A lock whose release and prolongation are transactions."""

    def register_scripts(self):
        pass

    def do_release(self, expected_token):
        self._when_owned(expected_token, lambda pipe: pipe.delete(self.name))

    def do_extend(self, additional_time, replace_ttl):
        def extend(pipe):
            rest = 0 if replace_ttl else max(0, self.redis.pttl(self.name))
            pipe.pexpire(self.name, int(additional_time * 1000) + rest)

        self._when_owned(self.local.token, extend)
        return True

    def do_reacquire(self):
        self._when_owned(self.local.token,
                         lambda pipe: pipe.pexpire(self.name, int(self.timeout * 1000)))
        return True

    def _when_owned(self, token, change):
        def attempt(pipe):
            encode = self.redis.get_encoder().encode
            held = pipe.get(self.name)
            if held is None or encode(held) != encode(token):
                raise LockNotOwnedError("this lock is no longer owned", lock_name=self.name)
            pipe.multi()
            change(pipe)

        self.redis.transaction(attempt, self.name)


def install():
    """Make it what `Redis.lock` returns."""
    redis.client.Lock = TransactionLock


def install_if_needed(client):
    """Install it when the server knows no EVALSHA; whether that was so."""
    known = client.command_list(pattern="evalsha")
    if not known:
        install()
    return not known
