"""Flask-Login and Flask-WTF on the same session."""

import os

from flask import request
from flask_login import LoginManager, UserMixin, current_user, login_fresh, login_user, logout_user
from flask_wtf.csrf import ValidationError, generate_csrf, validate_csrf


class User(UserMixin):
    def __init__(self, name):
        self.id = name


def add_routes(app):
    users = LoginManager(app)
    users.session_protection = os.environ.get("SESSION_PROTECTION", "basic")
    users.user_loader(User)

    @app.post("/users/in")
    def sign_in():
        login_user(User(request.get_json(force=True)))
        return ""

    @app.post("/users/out")
    def sign_out():
        logout_user()
        return ""

    @app.post("/users/me")
    def me():
        return [current_user.get_id()]

    @app.post("/users/fresh")
    def is_fresh():
        return [current_user.is_authenticated and login_fresh()]

    @app.post("/csrf")
    def token():
        return [generate_csrf()]

    @app.post("/csrf/check")
    def check():
        try:
            validate_csrf(request.get_json(force=True))
        except ValidationError as error:
            return str(error), 400
        return ""
