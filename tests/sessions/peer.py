"""Django 4.2's own session engines, for tests/sessions.rs.

peer.py ENGINE FOLDER: reads a JSON list of commands from standard input and prints a JSON list of
answers. {"write": DATA} saves a new session and answers its key; {"read": KEY} answers what Django
finds under the key, and how many seconds it has left. {"play": STEPS, "cookie": ..., "status": ...} saves
a session, has a view do the steps behind the session middleware, and answers what became of the
cookie, of Vary, and of the data.
"""

import importlib
import json
import os
import sys

import django
from django.conf import settings

engine, folder = sys.argv[1:]
settings.configure(
    SECRET_KEY="peer-secret-key-for-comparison-only",
    SESSION_ENGINE="django.contrib.sessions.backends." + engine,
    SESSION_FILE_PATH=folder,
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": os.path.join(folder, "db.sqlite3"),
        }
    },
    INSTALLED_APPS=["django.contrib.sessions"],
    USE_TZ=True,
)
django.setup()
if engine == "db":
    from django.core.management import call_command

    # The table is there already, made by us; Django only notes that.
    call_command("migrate", "sessions", fake_initial=True, verbosity=0)
from django.contrib.sessions.exceptions import SessionInterrupted
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse

store = importlib.import_module(settings.SESSION_ENGINE).SessionStore

LIVE = {"a": 1, "cart": {"x": {"n": 1}}}


def step(session, name, *arguments):
    """One step of a view; what is not there cannot be deleted, and a view that tries is careful."""
    if name == "get":
        session.get(*arguments)
    elif name == "set":
        session[arguments[0]] = arguments[1]
    elif name == "del" and arguments[0] in session:
        del session[arguments[0]]
    elif name == "pop":
        # Loaded first: where loading makes a new session, a pop that loads forgets that it was modified
        # (`self.modified = self.modified or ...` reads it too early). That is a slip, and not ours to repeat.
        session.keys()
        session.pop(arguments[0], None)
    elif name == "nested" and "cart" in session:
        session["cart"]["x"]["n"] += 1
    elif name == "modified":
        session.modified = True
    elif name == "expiry":
        session.set_expiry(arguments[0])
    elif name == "key":
        session.session_key
    elif name in ("clear", "flush", "cycle_key", "keys"):
        getattr(session, name)()


def play(steps, cookie, status):
    before = store()
    before.update(LIVE)
    before.save()
    live = before.session_key
    request = HttpRequest()
    if cookie is not None:
        request.COOKIES["sessionid"] = cookie.replace("LIVE", live)

    def view(request):
        for name, *arguments in steps:
            step(request.session, name, *arguments)
        return HttpResponse(status=status)

    try:
        response = SessionMiddleware(view)(request)
    except SessionInterrupted:
        return {"interrupted": True, "live": dict(store(live).items())}
    answer = {"vary": response.get("Vary") == "Cookie", "live": dict(store(live).items())}
    morsel = response.cookies.get("sessionid")
    if morsel is None:
        answer["cookie"] = "leave"
    elif morsel.value == "":
        answer["cookie"] = "delete"
    else:
        answer["cookie"] = "same" if morsel.value == live else "new"
        answer["max_age"] = None if morsel["max-age"] == "" else morsel["max-age"]
        answer["data"] = dict(store(morsel.value).items())
    return answer


answers = []
for command in json.load(sys.stdin):
    if "write" in command:
        session = store()
        session.update(command["write"])
        session.save()
        answers.append({"key": session.session_key})
    elif "play" in command:
        answers.append(play(command["play"], command["cookie"], command["status"]))
    else:
        session = store(command["read"])
        answers.append({"data": dict(session.items()), "age": session.get_expiry_age()})
json.dump(answers, sys.stdout)
