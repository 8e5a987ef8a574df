"""Django 4.2's own session engines, for tests/sessions.rs.

peer.py ENGINE FOLDER: reads a JSON list of commands from standard input and prints a JSON list of
answers. {"write": DATA} saves a new session and answers its key; {"read": KEY} answers what Django
finds under the key, and how many seconds it has left.
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
store = importlib.import_module("django.contrib.sessions.backends." + engine).SessionStore

answers = []
for command in json.load(sys.stdin):
    if "write" in command:
        session = store()
        session.update(command["write"])
        session.save()
        answers.append({"key": session.session_key})
    else:
        session = store(command["read"])
        answers.append({"data": dict(session.items()), "age": session.get_expiry_age()})
json.dump(answers, sys.stdout)
