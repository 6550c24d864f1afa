"""Imports a private key that a CA issued into AWS KMS, step by step, and proves that KMS signs with it.

Usage: import-key.py KEY.pem [--cert CERTIFICATE.pem] [--key-id ARN] [--description TEXT] [--yes]

KEY.pem is a PKCS #8 or traditional private key, RSA-2048 (e = 65537), P-256, secp256k1 or Ed25519; a passphrase is asked for. Without --key-id a KMS key of
origin EXTERNAL is made, with KMS's default policy; with it, material is imported (again) into that key. Nothing is written to disk, and the private key
leaves this process only wrapped for KMS. Use a machine that is wiped afterwards.

Credentials and Region are those of the AWS command line. Needed: kms:CreateKey, kms:DescribeKey, kms:GetParametersForImport, kms:ImportKeyMaterial,
kms:GetPublicKey, and kms:Sign for the proof. Put the policy of infra/README.md in the default's place afterwards.
"""

import argparse
import getpass
import os
import sys
from pathlib import Path

import boto3
from botocore.exceptions import ClientError
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, keywrap, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

# What wraps the material: RSA_AES_KEY_WRAP_SHA_256 for every kind, the only one that RSA keys fit into.
WRAPPING, WRAPPING_KEY = "RSA_AES_KEY_WRAP_SHA_256", "RSA_4096"


class Fault(Exception):
    """What stands in the way, in a sentence for the operator."""


def say(step: str, detail: str = "") -> None:
    print(f"[{step}] {detail}", file=sys.stderr, flush=True)


def load(path: Path):
    """The private key in the file; asks for a passphrase where there is one."""
    pem = path.read_bytes()
    if path.stat().st_mode & 0o077:
        say("warning", f"others may read {path}: chmod 600")
    try:
        return serialization.load_pem_private_key(pem, password=None)
    except TypeError:
        return serialization.load_pem_private_key(pem, password=getpass.getpass(f"passphrase of {path}: ").encode())
    except ValueError:
        raise Fault(f"{path} is no private key in PEM") from None


def spec_of(key) -> str:
    """The KMS key spec of a key that certificates can be signed with."""
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size == 2048 and key.public_key().public_numbers().e == 65537:
        return "RSA_2048"
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in (known := {"secp256r1": "ECC_NIST_P256", "secp256k1": "ECC_SECG_P256K1"}):
        return known[key.curve.name]
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ECC_NIST_EDWARDS25519"
    raise Fault("certificates are signed with RSA-2048 (e = 65537), P-256, secp256k1 or Ed25519; this key is another")


def spki(key) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def check_certificate(path: Path, key) -> None:
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    if spki(certificate.public_key()) != spki(key.public_key()):
        raise Fault(f"{path} certifies another key")
    say("certificate", f"fits, valid until {certificate.not_valid_after_utc:%Y-%m-%d}")


def wrap(material: bytes, wrapping_key: bytes) -> bytes:
    """An AES key of one use under KMS's RSA key, then the material under the AES key (RFC 5649)."""
    once = os.urandom(32)
    outer = serialization.load_der_public_key(wrapping_key)
    oaep = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)
    return outer.encrypt(once, oaep) + keywrap.aes_key_wrap_with_padding(once, material)


def make(kms, spec: str, description: str) -> str:
    made = kms.create_key(Origin="EXTERNAL", KeySpec=spec, KeyUsage="SIGN_VERIFY", Description=description)
    return made["KeyMetadata"]["Arn"]


def check_target(kms, key_id: str, spec: str) -> str:
    known = kms.describe_key(KeyId=key_id)["KeyMetadata"]
    for what, wanted in (("Origin", "EXTERNAL"), ("KeySpec", spec), ("KeyUsage", "SIGN_VERIFY")):
        if known.get(what) != wanted:
            raise Fault(f"{key_id}: its {what} is {known.get(what)}, not {wanted}")
    return known["Arn"]


def bring(kms, arn: str, key) -> None:
    """Material in; what it held before must have been the same key, or KMS refuses."""
    asked = kms.get_parameters_for_import(KeyId=arn, WrappingAlgorithm=WRAPPING, WrappingKeySpec=WRAPPING_KEY)
    say("wrapping key", f"received, good for 24 hours, until {asked['ParametersValidTo']:%Y-%m-%d %H:%M}")
    material = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    kms.import_key_material(
        KeyId=arn, ImportToken=asked["ImportToken"], EncryptedKeyMaterial=wrap(material, asked["PublicKey"]),
        ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE",
    )
    say("material", "imported; it does not expire")


def prove(kms, arn: str, key) -> None:
    """KMS shows the same public key, and a signature of its verifies under it."""
    if kms.get_public_key(KeyId=arn)["PublicKey"] != spki(key.public_key()):
        raise Fault("KMS shows another public key: do not use this one")
    message, public = b"a proof that this key signs, and no certificate", key.public_key()
    algorithm = {rsa.RSAPublicKey: "RSASSA_PSS_SHA_256", ed25519.Ed25519PublicKey: "ED25519_SHA_512"}
    algorithm = next((name for kind, name in algorithm.items() if isinstance(public, kind)), "ECDSA_SHA_256")
    signature = kms.sign(KeyId=arn, Message=message, MessageType="RAW", SigningAlgorithm=algorithm)["Signature"]
    try:
        if algorithm == "RSASSA_PSS_SHA_256":
            public.verify(signature, message, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
        elif algorithm == "ECDSA_SHA_256":
            public.verify(signature, message, ec.ECDSA(hashes.SHA256()))
        else:
            public.verify(signature, message)
    except InvalidSignature:
        raise Fault("a signature by KMS does not verify: do not use this key") from None
    say("proof", f"KMS signs with it ({algorithm})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("key", type=Path)
    parser.add_argument("--cert", type=Path)
    parser.add_argument("--key-id")
    parser.add_argument("--description", default="Signs certificates; imported")
    parser.add_argument("--yes", action="store_true", help="do not ask before the import")
    wanted = parser.parse_args()
    try:
        key = load(wanted.key)
        spec = spec_of(key)
        say("key", f"{spec}")
        if wanted.cert:
            check_certificate(wanted.cert, key)
        kms = boto3.client("kms")
        target = wanted.key_id or f"a new key in {kms.meta.region_name}"
        if not wanted.yes and input(f"Import into {target}? Type yes: ") != "yes":
            raise Fault("nothing was done")
        arn = check_target(kms, wanted.key_id, spec) if wanted.key_id else make(kms, spec, wanted.description)
        say("target", arn)
        bring(kms, arn, key)
        prove(kms, arn, key)
    except (Fault, ClientError, OSError) as fault:
        sys.exit(f"import-key: {fault}")
    say("next", "set its key policy (infra/README.md), put the ARN into ExistingSigningKeyArn, and destroy the file")
    print(arn)


if __name__ == "__main__":
    main()
