"""What was built, in numbers: size, zipped size, and the time from exec until a function asks for its first piece of work.

Usage: measure.py [TIMES]. Looks at .aws-sam/build. Start time only where the build is for this machine's processor: wall time, and the CPU time in it, which
other work on the machine disturbs less.
"""

import io
import os
import platform
import socket
import statistics
import subprocess
import sys
import time
import zipfile
from pathlib import Path

# Enough for a function to start; nothing is asked before the first request.
ENVIRONMENT = {
    "AWS_LAMBDA_FUNCTION_NAME": "measured",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
    "AWS_LAMBDA_FUNCTION_VERSION": "1",
    "AWS_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "TABLE_NAME": "table",
    "BUCKET_NAME": "bucket",
    "SIGNING_KEY_ARN": "arn:aws:kms:eu-central-1:000000000000:key/none",
    "STATUS_KEY_ARN": "arn:aws:kms:eu-central-1:000000000000:key/none",
    "LISTS_BUCKET_NAME": "lists",
    "UPLOADS_BUCKET_NAME": "uploads",
    "FACTS_BUCKET_NAME": "facts",
    "CERTIFY_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/000000000000/certify.fifo",
    "BULK_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/000000000000/bulk.fifo",
    "MAIL_FROM": "no-reply@example.org",
    "CONTACT_KEY_ARN": "arn:aws:kms:eu-central-1:000000000000:key/none",
    "OIDC_ISSUER": "https://example.org",
    "OIDC_AUDIENCE": "certificates",
    "OIDC_KEY_SET_URL": "https://example.org/keys",
    "FONTS_DIR": str(Path("fonts/ttf").resolve()),
    "PAGE_DIR": str(Path("target/page").resolve()),
}


def milliseconds_to_first_request(bootstrap: Path) -> tuple[float, float]:
    """From just before exec until the runtime API sees the request for the next invocation: wall time, CPU time."""
    with socket.create_server(("127.0.0.1", 0)) as api:
        api.settimeout(10)
        address = f"127.0.0.1:{api.getsockname()[1]}"
        started = time.perf_counter()
        process = subprocess.Popen([bootstrap], env=ENVIRONMENT | {"AWS_LAMBDA_RUNTIME_API": address}, stdout=subprocess.DEVNULL)
        try:
            connection, _ = api.accept()
            with connection:
                assert b"/invocation/next" in connection.recv(4096)
                return (time.perf_counter() - started) * 1000, cpu_milliseconds(process.pid)
        finally:
            process.kill()
            process.wait()


def cpu_milliseconds(process: int) -> float:
    """What the process's threads have spent so far (Linux counts in nanoseconds)."""
    threads = Path(f"/proc/{process}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e6


def zipped(path: Path) -> int:
    """Bytes of the zip that Lambda is given."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(path, "bootstrap")
    return len(buffer.getvalue())


def main() -> None:
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    ours = {"x86_64": "x86_64", "aarch64": "arm64"}.get(platform.machine())
    runs_here = Path(".aws-sam/architecture").read_text().strip() == ours
    print(f"{'function':<32} {'kB':>7} {'zip kB':>7} {'median ms to first request':>28} {'least':>7} {'median CPU ms':>14}")
    for bootstrap in sorted(Path(".aws-sam/build").glob("*/bootstrap")):
        took = [milliseconds_to_first_request(bootstrap) for _ in range(times)] if runs_here else []
        wall, cpu = zip(*took) if took else ((), ())
        shown = [f"{statistics.median(wall):.1f}", f"{min(wall):.1f}", f"{statistics.median(cpu):.1f}"] if took else ["-"] * 3
        size, packed = os.path.getsize(bootstrap) // 1000, zipped(bootstrap) // 1000
        print(f"{bootstrap.parent.name:<32} {size:>7} {packed:>7} {shown[0]:>28} {shown[1]:>7} {shown[2]:>14}")


if __name__ == "__main__":
    main()
