"""``make llm``: the demo model behind llama.cpp's server on loopback, and the chat page with it.

The first time it fetches the model (1.1 GB, in parts) and compiles llama.cpp's server in an environment of its own
(15 to 30 minutes on two cores); after that it is up in seconds. Small and slow: a demo, no recommendation.
"""

from __future__ import annotations

import argparse
import os
import shlex
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import venv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from app.bootstrap import say
from app.llm.demo_model import FILE_NAME, ready_model
from index.errors import ModelError, WenceError

SERVER_PACKAGE = "llama-cpp-python[server]==0.3.36"
MODEL_NAME = FILE_NAME.removesuffix(".gguf")
CONTEXT_TOKENS = 4096
TIMEOUT_S = 300.0
MAX_TOKENS = 200
_START_S = 300.0
_STOP_S = 10.0


def main(argv: Sequence[str] | None = None) -> int:
    """Set up what is missing, then serve until interrupted; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m app.llm_demo", description="the chat with the demo model")
    parser.add_argument("--build", type=Path, default=Path("build/llm"), metavar="DIR", help="default: build/llm")
    parser.add_argument("--python", type=Path, metavar="FILE", help="a Python that has llama-cpp-python[server]")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads of the model's server (default: 2)")
    parser.add_argument("--setup", action="store_true", help="only fetch, check and compile")
    parser.add_argument("--server", action="store_true", help="serve the model alone, for python -m eval llm")
    options = parser.parse_args(argv)
    try:
        model = ready_model(options.build, say)
        python = options.python or ready_server(options.build / "venv")
        if options.setup:
            return 0
        with model_server(python, model, threads=options.threads) as url:
            say(f"llm: serving at {url}; for other commands: {shlex.join(environment(url))}")
            return wait() if options.server else serve(url)
    except WenceError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def environment(url: str) -> list[str]:
    """Return the variables that make every command use the model at ``url``."""
    return [
        "WENCE_LLM=openai",
        f"WENCE_LLM_URL={url}",
        f"WENCE_LLM_MODEL={MODEL_NAME}",
        f"WENCE_LLM_TIMEOUT_S={TIMEOUT_S:g}",
        f"WENCE_LLM_MAX_TOKENS={MAX_TOKENS}",
    ]


def ready_server(folder: Path) -> Path:
    """Return the Python of an environment that has llama.cpp's server; it is made and compiled where missing.

    Raises:
        ModelError: it cannot be compiled; the message ends with the last line of pip.

    """
    python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    if not python.is_file():
        say(f"llm: making an environment in {folder}")
        venv.create(folder, with_pip=True)
    probe = [str(python), "-c", "import llama_cpp.server.app"]
    if subprocess.run(probe, capture_output=True, check=False).returncode:
        say(f"llm: compiling {SERVER_PACKAGE}, 15 to 30 minutes; a C++ compiler and cmake are needed")
        command = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--quiet", SERVER_PACKAGE]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise ModelError(f"cannot compile {SERVER_PACKAGE}: {last}; install a C++ compiler and cmake")
    return python


@contextmanager
def model_server(python: Path, model: Path, *, threads: int) -> Iterator[str]:
    """Give the address of llama.cpp's server over ``model``, on a free port of loopback, ended with the block.

    Raises:
        ModelError: it does not come up.

    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [python, "-m", "llama_cpp.server", "--model", model, "--model_alias", MODEL_NAME]
    command += ["--host", "127.0.0.1", "--port", str(port), "--n_ctx", str(CONTEXT_TOKENS)]
    # One thread writes as fast as two, which wait for each other; reading the prompt gains from all.
    command += ["--n_threads", "1", "--n_threads_batch", str(threads), "--interrupt_requests", "False"]
    log = model.parent / "server.log"
    with log.open("wb") as sink:
        process = subprocess.Popen([str(part) for part in command], stdout=sink, stderr=subprocess.STDOUT)
    try:
        url = f"http://127.0.0.1:{port}/v1"
        _wait_until_up(process, url, log)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_up(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + _START_S
    # Without the environment's proxy: the server is on this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with opener.open(f"{url}/models", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    raise ModelError(f"the server of the demo model does not come up; see {log}")


def serve(url: str) -> int:
    """Serve the chat page with the model at ``url``; return the exit status."""
    from app import cli

    # The settings of every other command hold too: these only come on top.
    for variable in environment(url):
        name, value = variable.split("=", 1)
        os.environ[name] = value
    return cli.main(["serve"])


def wait() -> int:
    """Wait until interrupted."""
    while True:
        time.sleep(3600)


if __name__ == "__main__":
    sys.exit(main())
