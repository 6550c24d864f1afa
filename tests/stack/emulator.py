"""ministack: an AWS in one process, on a free port of this machine alone."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

import boto3
from botocore.config import Config

REGION = "eu-central-1"
# The emulator's root: allowed everything, as it makes the stack.
ROOT = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


class Emulator:
    """Up between `with` and its end. `environment` is what a tool needs to talk to it."""

    def __init__(self, keep: bool = False):
        self.keep = keep
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.home = tempfile.mkdtemp(prefix="stack-")
        path = {"PATH": os.environ["PATH"], "HOME": self.home, "TMPDIR": self.home}
        self.environment = path | ROOT | {"AWS_ENDPOINT_URL": self.url, "AWS_DEFAULT_REGION": REGION, "AWS_REGION": REGION}

    def __enter__(self):
        settings = {
            "AUTH": "true",  # IAM, key policies and signatures are enforced
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "IOT_MTLS_ENABLED": "0",  # another port, on every interface
            "MINISTACK_REGION": REGION,
            "LOG_LEVEL": "INFO",
        }
        self.log = open(f"{self.home}/emulator.log", "wb")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ministack"],
            env=self.environment | settings,
            cwd=self.home,
            stdout=self.log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.wait()
        return self

    def wait(self):
        until = time.monotonic() + 60
        while time.monotonic() < until and self.process.poll() is None:
            try:
                urllib.request.urlopen(f"{self.url}/_ministack/health", timeout=1)
                return
            except OSError:
                time.sleep(0.1)
        sys.exit(f"the emulator did not start; see {self.home}/emulator.log")

    def __exit__(self, kind, *_):
        if self.keep:
            print(f"the emulator stays at {self.url}, process {self.process.pid}, log {self.home}/emulator.log")
            return
        # Its own session, so its group is the emulator and the functions it runs, nothing else.
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(timeout=20)
        if kind is None:
            shutil.rmtree(self.home, ignore_errors=True)

    def client(self, service: str, credentials: dict | None = None):
        """A client with the rights of `credentials` (as STS hands them out), or of root."""
        keys = credentials or {"AccessKeyId": "test", "SecretAccessKey": "test", "SessionToken": None}
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
            config=Config(retries={"max_attempts": 1}, parameter_validation=True, s3={"addressing_style": "path"}),
        )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
