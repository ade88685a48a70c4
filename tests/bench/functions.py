"""The functions that are measured: the least that each language can do."""

HELLO = {
    "python": {"app.py": b"def handler(event, context):\n    return 'v0'\n"},
    "node": {"app.js": b"exports.handler = async () => 'v0';\n"},
}
EDITED = {
    "python": "def handler(event, context):\n    return 'v{}'\n",
    "node": "exports.handler = async () => 'v{}';\n",
}
FIRST_LINE = {
    "python": "def handler(event, context):\n    print('first line')\n    return 1\n",
    "node": "exports.handler = async () => { console.log('first line'); return 1; };\n",
}
SLEEPER = {
    "app.py": b"import time\ndef handler(event, context):\n    time.sleep(10)\n    return 1\n"
}
FILE = {"python": "app.py", "node": "app.js"}
