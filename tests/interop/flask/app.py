"""The Flask side: sessions of Flask-Session, steered over HTTP.

Configured by the environment variables that the Rust side reads. Every route takes JSON by POST.
Prints its address, and ends with its standard input. For tests on loopback only: `/set/python`
evaluates what it is sent.
"""

import collections
import os
import sys
import threading
from datetime import timedelta

import flask
from flask import Flask, request, session
from werkzeug.serving import WSGIRequestHandler, make_server

import backends
import values

try:
    from flask_session import Session
except ImportError:
    from flask_sessionstore import Session

FLAGS = ["SESSION_PERMANENT", "SESSION_USE_SIGNER", "SESSION_REFRESH_EACH_REQUEST"]
FLAGS += ["SESSION_COOKIE_HTTPONLY", "SESSION_COOKIE_SECURE"]
TEXTS = ["SECRET_KEY", "SESSION_TYPE", "SESSION_KEY_PREFIX", "SESSION_SERIALIZATION_FORMAT"]
TEXTS += ["SESSION_COOKIE_NAME", "SESSION_COOKIE_DOMAIN", "SESSION_COOKIE_PATH"]
TEXTS += ["SESSION_COOKIE_SAMESITE"]


def create_app(env):
    app = Flask(__name__)
    app.config.update({name: env[name] for name in TEXTS if name in env})
    app.config.update({name: env[name] == "true" for name in FLAGS if name in env})
    if "PERMANENT_SESSION_LIFETIME" in env:
        lifetime = timedelta(seconds=int(env["PERMANENT_SESSION_LIFETIME"]))
        app.config["PERMANENT_SESSION_LIFETIME"] = lifetime
    if "SECRET_KEY_FALLBACKS" in env:
        app.config["SECRET_KEY_FALLBACKS"] = flask.json.loads(env["SECRET_KEY_FALLBACKS"])
    backends.configure(app, env)
    Session(app)
    backends.prepare(app)
    add_routes(app)
    if env.get("FLASK_EXTENSIONS") == "true":
        import extensions

        extensions.add_routes(app)
    return app


def add_routes(app):
    @app.post("/set")
    def set_value():
        key, value = request.get_json(force=True)
        session[key] = value
        return ""

    @app.post("/set/python")
    def set_python():
        for key, expression in request.get_json(force=True):
            session[key] = values.evaluate(expression)
        return ""

    @app.post("/set/python/keys")
    def set_python_keys():
        for key, expression in request.get_json(force=True):
            session[values.evaluate(key)] = values.evaluate(expression)
        return ""

    @app.post("/get")
    def get_value():
        return [session.get(request.get_json(force=True))]

    @app.post("/show")
    def show_values():
        return [[key, repr(value)] for key, value in session.items() if key != "_permanent"]

    @app.post("/show/whole")
    def show_whole():
        return [repr({key: value for key, value in session.items() if key != "_permanent"})]

    @app.post("/remove")
    def remove():
        session.pop(request.get_json(force=True), None)
        return ""

    @app.post("/permanent")
    def is_permanent():
        return [session.permanent]

    @app.post("/permanent/set")
    def set_permanent():
        session.permanent = request.get_json(force=True)
        return ""

    @app.post("/flash")
    def add_flash():
        category, message = request.get_json(force=True)
        flask.flash(message, category)
        return ""

    @app.post("/flashes")
    def take_flashes():
        return [list(flash) for flash in flask.get_flashed_messages(with_categories=True)]

    @app.post("/login")
    def login():
        session["_user_id"] = request.get_json(force=True)
        return ""

    @app.post("/clear")
    @app.post("/logout")
    def clear():
        session.clear()
        return ""

    @app.post("/regenerate")
    def regenerate():
        app.session_interface.regenerate(session)
        return ""

    add_signals(app)


def add_signals(app):
    signals = collections.defaultdict(threading.Event)

    @app.post("/hold/<name>")
    def hold(name):
        # Flask opens the session before the handler; a key means that the handler writes it.
        key = request.get_json(force=True)
        signals[f"{name}:reached"].set()
        signals[name].wait()
        if key is not None:
            session[key] = "late"
        return ""

    # The session is not looked at, so it is not written either.
    @app.post("/signals/<name>/set")
    def set_signal(name):
        signals[name].set()
        return ""

    @app.post("/signals/<name>/wait")
    def wait_for_signal(name):
        signals[name].wait()
        return ""


class Quiet(WSGIRequestHandler):
    def log_request(self, *args):
        pass


def end_with_input():
    sys.stdin.buffer.read()
    os._exit(0)


def main():
    app = create_app(os.environ)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    print(f"127.0.0.1:{server.port}", flush=True)
    threading.Thread(target=end_with_input, daemon=True).start()
    server.serve_forever()


if __name__ == "__main__":
    main()
