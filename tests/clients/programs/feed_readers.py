"""Say what readers of feeds find: run by the Python of their environment.

``feed URL…`` reads Atom with feedparser and JSON Feed by its own rules; ``schema SCHEMA
DOCUMENT`` validates with jsonschema; ``tracker REPOSITORY`` asks the release tracker
nvchecker.  The last line printed is JSON.
"""

import json
import subprocess
import sys
import urllib.request


def fetch(url):
    """Return the body at *url*."""
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read()


def feed(*urls):
    """Read feeds."""
    found = {}
    for url in urls:
        body = fetch(url)
        found[url] = json_feed(json.loads(body)) if url.endswith(".json") else atom(body)
    return found


def atom(body):
    """Read Atom with feedparser."""
    import feedparser

    found = feedparser.parse(body)
    return {
        "problem": str(found.bozo_exception) if found.bozo else None,
        "entries": [
            {
                "id": entry.id,
                "title": entry.title,
                "updated": entry.updated,
                "files": [[one.href, int(one.length)] for one in entry.enclosures],
            }
            for entry in found.entries
        ],
    }


def json_feed(document):
    """Read JSON Feed 1.1 (https://jsonfeed.org/version/1.1): what it requires is there."""
    required = [document["version"] == "https://jsonfeed.org/version/1.1", document["title"]]
    entries = document["items"]
    required += [isinstance(one["id"], str) for one in entries]
    required += ["content_text" in one or "content_html" in one for one in entries]
    return {
        "problem": None if all(required) else "something that is required is missing",
        "entries": [
            {
                "id": one["id"],
                "title": one["title"],
                "updated": one["date_published"],
                "files": [[file["url"], file["size_in_bytes"]] for file in one["attachments"]],
            }
            for one in entries
        ],
    }


def schema(schema_url, url):
    """Validate a document."""
    import jsonschema

    validator = jsonschema.Draft202012Validator(json.loads(fetch(schema_url)))
    return [error.message for error in validator.iter_errors(json.loads(fetch(url)))]


def tracker(repository):
    """Ask nvchecker for the newest release; it is told in a file, and tells in its log."""
    with open("nvchecker.toml", "w") as file:
        file.write(
            '[__config__]\nhttplib = "aiohttp"\n'
            f'[micropython]\nsource = "github"\ngithub = "{repository}"\n'
            "use_latest_release = true\n"
        )
    words = [sys.executable, "-m", "nvchecker", "--logger", "json", "-c", "nvchecker.toml"]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    return {"version": next(event["version"] for event in events if event.get("version"))}


print(json.dumps({"feed": feed, "schema": schema, "tracker": tracker}[sys.argv[1]](*sys.argv[2:])))
