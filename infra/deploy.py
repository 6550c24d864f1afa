"""Deploys what `make build` built, with the settings of one stage in samconfig.toml.

Usage: deploy.py STAGE. Stops before AWS is asked anything when a setting is empty or the build is for another processor.
"""

import os
import sys
import tomllib
from pathlib import Path

BUILT_FOR = Path(".aws-sam/architecture")


def faults(stage: str, config: dict, built_for: str | None) -> list[str]:
    """What stands in the way of deploying `stage`, a sentence each."""
    if stage not in config:
        return [f"samconfig.toml has no stage {stage}"]
    settings = dict(pair.split("=", 1) for pair in config[stage]["deploy"]["parameters"]["parameter_overrides"])
    found = [f"{name} is empty: set it for {stage} in samconfig.toml" for name, value in settings.items() if not value]
    wanted = settings.get("Architecture", "arm64")
    if built_for is None:
        found.append("nothing is built: run make build")
    elif built_for != wanted:
        found.append(f"built for {built_for}, but {stage} runs on {wanted}: run make build ARCHITECTURE={wanted}")
    return found


def main() -> None:
    stage = sys.argv[1]
    built_for = BUILT_FOR.read_text().strip() if BUILT_FOR.exists() else None
    if found := faults(stage, tomllib.loads(Path("samconfig.toml").read_text()), built_for):
        sys.exit("\n".join(f"deploy: {fault}" for fault in found))
    sam = Path(sys.executable).parent / "sam"
    os.execv(sam, [str(sam), "deploy", "--config-env", stage])


if __name__ == "__main__":
    main()
