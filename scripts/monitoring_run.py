"""Runs the example `watching` on a Redis that is stopped for a while and started again, with visitors
and with a Prometheus that fetches its metrics."""

import contextlib
import http.client
import json
import os
import pathlib
import random
import socket
import subprocess
import tempfile
import threading
import time
import urllib.parse
import urllib.request

# Seconds since the start at which Redis is stopped and comes back, and at which all is over.
STOPPED, BACK, OVER = 70, 100, 180
WARM_UP = 20
VISITORS = 6
CONFIG = """
global: {{ scrape_interval: 1s }}
scrape_configs:
  - job_name: watching
    static_configs: [{{ targets: ["127.0.0.1:{port}"] }}]
"""


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def until(is_there, what):
    """Waits for a server that has been started."""
    for _ in range(300):
        with contextlib.suppress(OSError):
            if is_there():
                return
        time.sleep(0.1)
    raise SystemExit(f"{what} did not answer")


def answers(port, path="/"):
    return lambda: urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2).status == 200


def connects(port):
    return lambda: socket.create_connection(("127.0.0.1", port), 1).close() is None


class Visitor(threading.Thread):
    """Looks at pages, and sometimes changes something. Beside it come, now and then, somebody new and
    a scanner with an id of its own making."""

    def __init__(self, port, is_over):
        super().__init__(daemon=True)
        self.port, self.is_over, self.cookie = port, is_over, None

    def run(self):
        while not self.is_over.wait(random.uniform(0.05, 0.25)):
            # A failure is what the pictures show.
            with contextlib.suppress(OSError, http.client.HTTPException):
                if random.random() < 0.1:
                    self.twice()
                else:
                    self.fetch(random.choice(["/", "/look", "/look", "/look"]))
                if random.random() < 0.03:
                    self.get("/", None)
                if random.random() < 0.01:
                    self.get("/look", "session=guessed")

    def twice(self):
        """Two requests at once that change the same value, as a page may send."""
        other = threading.Thread(target=self.fetch, args=("/",), daemon=True)
        other.start()
        self.fetch("/")
        other.join()

    def fetch(self, path):
        self.cookie = self.get(path, self.cookie) or self.cookie

    def get(self, path, cookie):
        """Fetches a page, and returns the cookie that it sets."""
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        with contextlib.closing(client):
            client.request("GET", path, headers={"Cookie": cookie} if cookie else {})
            response = client.getresponse()
            response.read()
            return (response.headers["Set-Cookie"] or "").split(";")[0]


@contextlib.contextmanager
def process(*command, **environment):
    """A program that ends with the block."""
    null = subprocess.DEVNULL
    child = subprocess.Popen(
        command, stdin=null, stdout=null, stderr=null, env={**os.environ, **environment}
    )
    try:
        yield
    finally:
        child.terminate()
        child.wait()


def sleep_until(moment):
    time.sleep(max(moment - time.monotonic(), 0))


def ask(port, expression, first, last, step):
    """Prometheus' answer for a stretch of time: the labels and the values of each curve."""
    query = urllib.parse.urlencode(
        {"query": expression, "start": first, "end": last, "step": step}
    )
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/query_range?{query}") as answer:
        found = json.load(answer)["data"]["result"]
    return [(curve["metric"], [(at, float(v)) for at, v in curve["values"]]) for curve in found]


def run(program, questions, step):
    """Answers each expression for the time of the run, from its `WARM_UP` on, whose end is 0."""
    redis_port, site, metrics, asked = (free_port() for _ in range(4))
    with tempfile.TemporaryDirectory() as folder:
        config = pathlib.Path(folder, "prometheus.yml")
        config.write_text(CONFIG.format(port=metrics))
        # Sessions outlive the outage, as they should.
        redis = ["redis-server", "--port", str(redis_port), "--dir", folder, "--save", ""]
        redis += ["--bind", "127.0.0.1", "--appendonly", "yes"]
        watching = dict(
            SESSION_TYPE="redis",
            SESSION_REDIS=f"redis://127.0.0.1:{redis_port}",
            PORT=str(site),
            METRICS_PORT=str(metrics),
        )
        prometheus = [
            "prometheus",
            f"--config.file={config}",
            f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address=127.0.0.1:{asked}",
        ]
        is_over = threading.Event()
        with contextlib.ExitStack() as running:
            with process(*redis):
                until(connects(redis_port), "redis-server")
                running.enter_context(process(program, **watching))
                until(answers(metrics, "/metrics"), "the example")
                running.enter_context(process(*prometheus))
                until(answers(asked, "/-/ready"), "prometheus")
                start, began = time.monotonic(), time.time()
                for _ in range(VISITORS):
                    Visitor(site, is_over).start()
                sleep_until(start + STOPPED)
            sleep_until(start + BACK)
            with process(*redis):
                sleep_until(start + OVER)
                is_over.set()
                first = began + WARM_UP
                answered = [ask(asked, question, first, began + OVER, step) for question in questions]
    return [
        [(labels, [(at - first, value) for at, value in curve]) for labels, curve in curves]
        for curves in answered
    ]
