"""The client of each backend, from the environment variables that the Rust side reads."""

import importlib.util


def configure(app, env):
    """Sets what Flask-Session wants to know of the backend, but for its name."""
    {
        "redis": redis,
        "memcached": memcached,
        "filesystem": filesystem,
        "mongodb": mongodb,
        "sqlalchemy": sqlalchemy,
        "dynamodb": dynamodb,
    }[env["SESSION_TYPE"]](app, env)


def prepare(app):
    """Makes the table that Flask-Session before 0.6 leaves to the application."""
    database = app.config.get("SESSION_SQLALCHEMY")
    if database is not None:
        with app.app_context():
            database.create_all()


def redis(app, env):
    from redis import Redis

    app.config["SESSION_REDIS"] = Redis.from_url(env["SESSION_REDIS"])


def memcached(app, env):
    from pymemcache.client.base import Client

    # By default pymemcache does not wait for the answer to a write: the browser may have the
    # response, and another process read the old record, before Memcached has the new one.
    def connect():
        return Client(env["SESSION_MEMCACHED"], default_noreply=False)

    app.config["SESSION_MEMCACHED"] = PerThread(connect)


def filesystem(app, env):
    app.config["SESSION_FILE_DIR"] = env["SESSION_FILE_DIR"]


def mongodb(app, env):
    from pymongo import MongoClient

    app.config["SESSION_MONGODB"] = MongoClient(env["SESSION_MONGODB"])
    app.config["SESSION_MONGODB_DB"] = env["SESSION_MONGODB_DB"]


def sqlalchemy(app, env):
    from flask_sqlalchemy import SQLAlchemy

    app.config["SQLALCHEMY_DATABASE_URI"] = env["SESSION_SQLALCHEMY"]
    app.config["SQLALCHEMY_TRACK_MODIFICATIONS"] = False
    app.config["SESSION_SQLALCHEMY"] = SQLAlchemy(app)
    if "SESSION_SQLALCHEMY_TABLE" in env:
        app.config["SESSION_SQLALCHEMY_TABLE"] = env["SESSION_SQLALCHEMY_TABLE"]


def dynamodb(app, env):
    import boto3

    app.config["SESSION_DYNAMODB_TABLE"] = env["SESSION_DYNAMODB_TABLE"]
    if importlib.util.find_spec("flask_sessionstore"):
        return dynamodb_of_the_fork(app, env)
    app.config["SESSION_DYNAMODB"] = boto3.resource(
        "dynamodb",
        endpoint_url=env["SESSION_DYNAMODB"],
        region_name=env["SESSION_DYNAMODB_REGION"],
    )


def dynamodb_of_the_fork(app, env):
    """Flask-Sessionstore leaves the table to the application."""
    import boto3

    endpoint, table = env["SESSION_DYNAMODB"], env["SESSION_DYNAMODB_TABLE"]

    # It looks for its table in the first answer of ListTables, which has a hundred at most.
    class OneTable(boto3.Session):
        def client(self, *args, **kwargs):
            client = super().client(*args, **kwargs)
            client.list_tables = lambda: {"TableNames": [table]}
            return client

    session = OneTable(region_name=env["SESSION_DYNAMODB_REGION"])
    app.config["SESSION_DYNAMODB"] = session
    app.config["SESSION_DYNAMODB_ENDPOINT_URL"] = endpoint
    session.client("dynamodb", endpoint_url=endpoint).create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "SessionId", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "SessionId", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


class PerThread:
    """pymemcache's client is one connection, and requests come in threads."""

    def __init__(self, connect):
        import threading

        self._local, self._connect = threading.local(), connect

    def _client(self):
        if not hasattr(self._local, "client"):
            self._local.client = self._connect()
        return self._local.client

    def get(self, *args, **kwargs):
        return self._client().get(*args, **kwargs)

    def set(self, *args, **kwargs):
        return self._client().set(*args, **kwargs)

    def delete(self, *args, **kwargs):
        return self._client().delete(*args, **kwargs)
