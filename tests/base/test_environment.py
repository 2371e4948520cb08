"""Secrets leave the environment when they are read, and no program that is started gets them."""

import ast
from pathlib import Path

import sealwax
from sealwax.base.environment import NO_SECRETS, for_children, take_secrets

STARTS = {"run", "Popen", "call", "check_call", "check_output", "getoutput", "getstatusoutput"}
OTHER_STARTS = {"system", "popen", "fork", "forkpty", "webbrowser", "multiprocessing"}


def test_secrets_are_taken_out() -> None:
    environment = {
        "SEALWAX_PASSPHRASE": "one",
        "SEALWAX_RECOVERY_KEY": "two",
        "SEALWAX_INVITATION": "three",
        "SEALWAX_HOME": "/home",
        "PATH": "/bin",
    }
    secrets = take_secrets(environment)
    assert (secrets.passphrase, secrets.recovery_key, secrets.invitation) == ("one", "two", "three")
    assert environment == {"SEALWAX_HOME": "/home", "PATH": "/bin"}
    assert take_secrets(environment) == NO_SECRETS
    assert "one" not in repr(secrets)


def test_children_get_no_settings_of_ours() -> None:
    given = {"SEALWAX_PASSPHRASE": "one", "SEALWAX_HOME": "/home", "PATH": "/bin", "LANG": "C"}
    assert for_children(given) == {"PATH": "/bin", "LANG": "C"}


def test_every_program_is_started_with_an_environment_for_it() -> None:
    """Looks at the whole source: a start that names no environment hands on ours."""
    found, bare = 0, []
    for path in Path(sealwax.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and _starts(node.func):
                found += 1
                if not _is_cleaned(node):
                    bare.append(f"{path}:{node.lineno}")
            assert not _starts_otherwise(node), f"{path}: start programs by subprocess"
    assert found
    assert bare == []


def _starts(called: ast.expr) -> bool:
    return (
        isinstance(called, ast.Attribute)
        and isinstance(called.value, ast.Name)
        and called.value.id == "subprocess"
        and called.attr in STARTS
    )


def _is_cleaned(call: ast.Call) -> bool:
    given = next((one.value for one in call.keywords if one.arg == "env"), None)
    return given is not None and "for_children(os.environ)" in ast.unparse(given)


def _starts_otherwise(node: ast.AST) -> bool:
    if isinstance(node, ast.Import):
        return any(one.name.split(".")[0] in OTHER_STARTS for one in node.names)
    if isinstance(node, ast.ImportFrom):
        return (node.module or "").split(".")[0] in {*OTHER_STARTS, "subprocess"}
    return (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
        and (node.attr in OTHER_STARTS or node.attr.startswith(("exec", "spawn", "posix_spawn")))
    )
