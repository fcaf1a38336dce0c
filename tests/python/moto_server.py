"""moto's AWS on a port of this machine, one request at a time.

Its own command answers many at once, though its Kinesis says of itself that it is not safe for concurrency: two
puts at one moment get the same sequence number, and the later one's records take the place of the earlier one's.

Usage: moto_server.py PORT
"""

import sys

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import run_simple

run_simple(
    "127.0.0.1",
    int(sys.argv[1]),
    DomainDispatcherApplication(create_backend_app),
    threaded=False,
    request_handler=MotoRequestHandler,
)
