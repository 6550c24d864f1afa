"""The template as it is, deployed to an emulator of AWS that enforces IAM, key policies and tokens; then requests and rights are put to the proof.

Usage: run.py [STEP ...] [--key-spec=SPEC] [--existing-key] [--keep]

Steps, in this order, each needing those before it that it names; all of them unless said:
  open          what anyone may ask, and that nothing else answers without a token
  rights        every role may do what it needs and nothing more
  import        a CA-issued private key goes into KMS and signs there
  certificates  certify, then PDF, HEAD, QR code and credential, with the tokens of several callers
--key-spec is the template's SigningKeySpec; RSA_2048 unless said.
--existing-key makes the key outside the stack, as a country does that imports its CA's.
--keep leaves the emulator up at the end and prints how to reach it.
"""

import sys
import time

import callers
import deployment
import imports
import journey
import rights
from emulator import Emulator

STEPS = {"open": journey.what_is_open, "rights": rights.prove, "import": imports.prove, "certificates": journey.certificates}


def main() -> int:
    wanted = [word for word in sys.argv[1:] if not word.startswith("--")] or list(STEPS)
    key_spec = next((word.removeprefix("--key-spec=") for word in sys.argv if word.startswith("--key-spec=")), "RSA_2048")
    if unknown := set(wanted) - set(STEPS):
        sys.exit(f"no such step: {', '.join(unknown)}\n{__doc__}")
    with Emulator(keep="--keep" in sys.argv) as emulator:
        folder = timed("building the functions", deployment.build)
        people = timed("making callers", lambda: callers.Callers(emulator))
        stack = timed("deploying", lambda: deployment.deploy(emulator, folder, people, key_spec, "--existing-key" in sys.argv))
        failed = 0
        for step in wanted:
            report = timed(step, lambda: STEPS[step](stack, people))
            failed += report.failed
        print(f"\n{'FAILED: ' + str(failed) if failed else 'all proven'}")
        return 1 if failed else 0


def timed(what: str, work):
    print(f"== {what}", flush=True)
    started = time.monotonic()
    result = work()
    print(f"   {time.monotonic() - started:.1f} s", flush=True)
    return result


if __name__ == "__main__":
    sys.exit(main())
