"""redis-py, blocking: one protocol and one parser a run.

--protocol 2 or 3; --parser hiredis or python. The parser in Python is what redis-py takes when
hiredis is not installed, which is what this script makes it believe.
"""

import sys

from harness import HOST, Suite, arguments

options = arguments(protocol=3, parser="hiredis")
if options.parser == "python":
    sys.modules["hiredis"] = None

import redis  # noqa: E402
import redis_py_connection  # noqa: E402
import redis_py_data  # noqa: E402
import redis_py_keys  # noqa: E402
import redis_py_talk  # noqa: E402
from redis.backoff import NoBackoff  # noqa: E402
from redis.retry import Retry  # noqa: E402

suite = Suite(f"redis-py {redis.__version__} RESP{options.protocol} {options.parser}")


def connect(**more):
    """A client whose replies have the same shape in both protocols."""
    settings = {
        "host": HOST, "port": options.port, "protocol": options.protocol,
        "decode_responses": True, "legacy_responses": False, "socket_timeout": 10.0,
        "retry": Retry(NoBackoff(), 1),
    }
    return redis.Redis(**{**settings, **more})


parser = type(connect().connection_pool.make_connection()._parser).__name__
assert ("Hiredis" in parser) == (options.parser == "hiredis"), parser
redis_py_data.declare(suite, connect)
redis_py_keys.declare(suite, connect)
redis_py_talk.declare(suite, connect)
redis_py_connection.declare(suite, connect, options.protocol)
suite.run(options)
suite.exit()
