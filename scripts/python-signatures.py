"""Writes the public names and parameters of two Python libraries as JSON, for the tables in docs/coming-from.

    pip install --target LIBS websockets==17.1 websocket-client==1.9.2
    PYTHONPATH=LIBS python3 scripts/python-signatures.py > test/data/python-signatures.json
    npx prettier --write test/data/python-signatures.json

The output has one group for each table. It contains names only: no defaults, types, or documentation.
"""

import argparse
import ast
import asyncio
import importlib
import importlib.metadata
import inspect
import json
import pathlib
import re
import textwrap


def parameters(function):
    """Returns the names of the parameters of a function or a class, without `self` and `**kwargs`."""
    try:
        found = inspect.signature(function).parameters.values()
    except ValueError:
        return []
    return [p.name for p in found if p.name != "self" and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]


def shown(name, value):
    """Returns `name(a, b)` for a function or an exception class with parameters, and `name` for anything else."""
    is_error = inspect.isclass(value) and issubclass(value, Exception)
    if is_error and value.__init__ in (Exception.__init__, BaseException.__init__):
        return name
    if inspect.isroutine(value) or (is_error and parameters(value)):
        return f"{name}({', '.join(parameters(value))})"
    return name


def assigned(klass):
    """Returns the public attributes that the constructors of a class assign."""
    names = []
    for base in reversed(klass.__mro__):
        if base.__module__.split(".")[0] not in ("websockets", "websocket") or "__init__" not in base.__dict__:
            continue
        tree = ast.parse(textwrap.dedent(inspect.getsource(base.__dict__["__init__"])))
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                if isinstance(node.value, ast.Name) and node.value.id == "self":
                    names.append(node.attr)
    return names


def members(klass):
    """Returns the public members of a class: methods, properties, attributes, and the protocols of `async for` and `async with`."""
    special = ("__aiter__", "__await__", "__aenter__", "__enter__", "__iter__")
    methods = [
        shown(name, getattr(klass, name))
        for name in dir(klass)
        if not name.startswith("_") or name in special
    ]
    known = {name.split("(")[0] for name in methods}
    return sorted(methods + [name for name in set(assigned(klass)) if not name.startswith("_") and name not in known])


def exceptions(module):
    found = [(name, value) for name, value in vars(module).items() if inspect.isclass(value)]
    return [
        shown(name, value)
        for name, value in found
        if issubclass(value, Exception) and value.__module__ == module.__name__
    ]


def source(package, *files):
    folder = pathlib.Path(importlib.import_module(package).__file__).parent
    return "\n".join((folder / file).read_text() for file in files or [p for p in folder.rglob("*.py") if "test" not in str(p)])


def uses(text, *patterns):
    return sorted({name for pattern in patterns for name in re.findall(pattern, text)})


def command_line(text):
    """Returns the arguments that a program declares with argparse: the long form, if it has one."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "add_argument":
            found.append([a.value for a in node.args][-1])
    return found


def of_websockets():
    import websockets
    from websockets import exceptions as errors
    from websockets import frames, protocol, proxy, uri
    from websockets.asyncio.client import ClientConnection, connect, unix_connect
    from websockets.datastructures import Headers
    from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

    in_exceptions = {name.split("(")[0] for name in exceptions(errors)}
    folder = pathlib.Path(websockets.__file__).parent
    return {
        "connect": parameters(connect),
        "unix_connect": parameters(unix_connect),
        "create_connection": parameters(asyncio.BaseEventLoop.create_connection)[1:],
        "ClientConnection": members(ClientConnection),
        "exceptions": exceptions(errors),
        "CloseCode": [code.name for code in frames.CloseCode],
        "State": [state.name for state in protocol.State],
        "ClientPerMessageDeflateFactory": parameters(ClientPerMessageDeflateFactory),
        "Headers": [name for name in vars(Headers) if not name.startswith("_")],
        "names": [
            shown(name, getattr(websockets, name))
            for name in sorted(websockets.__all__)
            if name not in in_exceptions and name not in ("connect", "unix_connect", "ClientConnection", "CloseCode", "State")
        ],
        "modules": sorted(
            ".".join(path.relative_to(folder.parent).with_suffix("").parts)
            for path in folder.rglob("*.py")
            if path.name not in ("__init__.py", "__main__.py")
        ),
        "environment": uses(source("websockets"), r'"(WEBSOCKETS_[A-Z_]+)"'),
        "command line": command_line(source("websockets", "cli.py")),
    }


def of_websocket_client():
    import websocket
    from websocket import ABNF, WebSocket, WebSocketApp, create_connection
    from websocket import _exceptions as errors

    grouped = {"WebSocketApp", "WebSocket", "create_connection", "ABNF", "Any", "Optional"}
    in_exceptions = {name.split("(")[0] for name in exceptions(errors)}
    options = source("websocket", "_core.py", "_handshake.py", "_http.py")
    return {
        "WebSocketApp": parameters(WebSocketApp),
        "WebSocketApp members": members(WebSocketApp),
        "run_forever": parameters(WebSocketApp.run_forever),
        "create_connection": sorted(
            {*parameters(create_connection), *parameters(WebSocket)}
            | set(uses(options, r'\boptions\.(?:get|pop)\(\s*"(\w+)"', r'\boptions\["(\w+)"\]', r'"(\w+)" in options'))
        ),
        "sslopt": uses(options, r'sslopt(?:\.get\(|\[)\s*"(\w+)"'),
        "WebSocket": members(WebSocket),
        "environment": uses(source("websocket"), r'environ\.get\("([A-Z_]+)"\)', r'"(https?_proxy|no_proxy)"'),
        "exceptions": exceptions(errors),
        "ABNF": members(ABNF),
        "names": [
            shown(name, value)
            for name, value in sorted(vars(websocket).items())
            if not name.startswith("_")
            and not inspect.ismodule(value)
            and name not in grouped
            and name not in in_exceptions
        ],
        "wsdump": command_line(source("websocket", "_wsdump.py")),
    }


def main():
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    result = {
        "websockets": {"version": importlib.metadata.version("websockets"), "groups": of_websockets()},
        "websocket-client": {"version": importlib.metadata.version("websocket-client"), "groups": of_websocket_client()},
    }
    print(json.dumps(result, indent=2))


main()
