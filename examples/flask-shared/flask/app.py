"""The Flask side of the shared login.

The session is Flask-Session's; nothing here knows that another program uses it too.
"""

import os
from collections import namedtuple
from pathlib import Path

from flask import Flask, flash, get_flashed_messages, redirect, render_template, request, session
from flask_session import Session

AXUM_URL = os.environ["AXUM_URL"]
Flash = namedtuple("Flash", "category message")

# The template is the axum side's as well: both engines read this much of Jinja.
app = Flask(__name__, template_folder=Path(__file__).parent.parent / "templates")
app.config.from_mapping(
    SECRET_KEY=os.environ["SECRET_KEY"],
    SESSION_TYPE=os.environ["SESSION_TYPE"],
    SESSION_USE_SIGNER=True,
    SESSION_COOKIE_SAMESITE="Lax",
    # A request that only reads does not write the session back over what axum did meanwhile.
    SESSION_REFRESH_EACH_REQUEST=False,
)
if app.config["SESSION_TYPE"] == "redis":
    from redis import Redis

    app.config["SESSION_REDIS"] = Redis.from_url(os.environ["SESSION_REDIS"])
else:
    from flask_sqlalchemy import SQLAlchemy

    app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["SESSION_SQLALCHEMY"]
    app.config["SESSION_SQLALCHEMY"] = SQLAlchemy(app)
Session(app)


@app.get("/")
def home():
    session["seen_flask"] = session.get("seen_flask", 0) + 1
    return render_template(
        "page.html",
        here="Flask",
        there="axum",
        there_url=AXUM_URL,
        flashes=[Flash(*each) for each in get_flashed_messages(with_categories=True)],
        user=session.get("_user_id", ""),
        seen_flask=session["seen_flask"],
        seen_axum=session.get("seen_axum", 0),
    )


@app.post("/sign-in")
def sign_in():
    session["_user_id"] = request.form["name"]
    # Flask-Session leaves this to the application: an id from before the login must not stay.
    app.session_interface.regenerate(session)
    return redirect("/", 303)


@app.post("/sign-out")
def sign_out():
    session.clear()
    return redirect("/", 303)


@app.post("/message")
def message():
    flash(request.form["text"])
    return redirect(AXUM_URL, 303)


if __name__ == "__main__":
    host, port = os.environ["FLASK_ADDRESS"].split(":")
    app.run(host, int(port))
