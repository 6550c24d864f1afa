"""A CA-issued private key of each kind goes into KMS, by the operator's own command, and signs there."""

import importlib.util
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from report import Report

TOOL = Path(__file__).parents[2] / "infra" / "import-key.py"


def prove(stack, _callers) -> Report:
    """The emulator unwraps as KMS documents it; what it does not check is KMS's refusal of other material for a key that had some."""
    report = Report()
    tool = loaded()
    kms = stack.emulator.client("kms")
    for make, spec in (
        (lambda: rsa.generate_private_key(65537, 2048), "RSA_2048"),
        (lambda: ec.generate_private_key(ec.SECP256R1()), "ECC_NIST_P256"),
        (lambda: ec.generate_private_key(ec.SECP256K1()), "ECC_SECG_P256K1"),
        (ed25519.Ed25519PrivateKey.generate, "ECC_NIST_EDWARDS25519"),
    ):
        key = make()
        report.equal(f"{spec}: the key's spec", tool.spec_of(key), spec)
        arn = tool.make(kms, spec, "proof")
        report.equal(f"{spec}: the target is taken", tool.check_target(kms, arn, spec), arn)
        tool.bring(kms, arn, key)
        report.equal(f"{spec}: it signs", fault(lambda: tool.prove(kms, arn, key)), None)
        told = fault(lambda: tool.prove(kms, arn, make()))
        report.equal(f"{spec}: another key is told", told, "KMS shows another public key: do not use this one")
    big = rsa.generate_private_key(65537, 3072)
    report.that("RSA-3072 is refused", fault(lambda: tool.spec_of(big)) is not None, "it was taken")
    own = kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    told = fault(lambda: tool.check_target(kms, own, "RSA_2048"))
    report.equal("a key that KMS made is no target", told, f"{own}: its Origin is AWS_KMS, not EXTERNAL")
    return report.close()


def loaded():
    """The command as a module; its name is none."""
    spec = importlib.util.spec_from_file_location("import_key", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def fault(work) -> str | None:
    """What the command would end with."""
    try:
        work()
    except Exception as found:  # The command's own class is known to it alone.
        return str(found)
    return None
