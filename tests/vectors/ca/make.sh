#!/usr/bin/env bash
# Makes the chains of this folder anew: ./make.sh. Private keys are thrown away; the dates are far off, and tests name the instant they look at.
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

ca() { # name, subject, issuer or nothing, more extensions
    openssl req -new -newkey rsa:3072 -nodes -keyout "$work/$1.key" -subj "$2" -out "$work/$1.csr" 2>/dev/null
    printf 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n%b' "${4:-}" > "$work/$1.ext"
    sign "$1" "${3:-$1}" "$work/$1.ext"
}

sign() { # name, issuer, extensions
    local by=(-CA "$work/$2.crt" -CAkey "$work/$2.key" -CAcreateserial)
    if [ "$1" = "$2" ]; then by=(-signkey "$work/$1.key"); fi
    openssl x509 -req -in "$work/$1.csr" "${by[@]}" -days "${days:-36500}" -sha256 -extfile "$3" -out "$work/$1.crt" 2>/dev/null
}

leaf() { # name, key's options, issuer
    # shellcheck disable=SC2086
    openssl req -new $2 -nodes -keyout "$work/$1.key" -subj "/C=IN/O=Example Ministry/CN=$1" -out "$work/$1.csr" 2>/dev/null
    printf 'basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=1.3.6.1.4.1.1847.2022.1.20\n' > "$work/leaf.ext"
    sign "$1" "$3" "$work/leaf.ext"
    openssl x509 -in "$work/$1.crt" -noout -pubkey > "$1.public.pem"
}

ca root "/C=IN/O=Example CA/CN=Root"
ca issuing "/C=IN/O=Example CA/CN=Issuing" root "authorityKeyIdentifier=keyid\n"
ca stranger "/C=IN/O=Example CA/CN=Stranger"
leaf rsa "-newkey rsa:2048" issuing
leaf p256 "-newkey ec -pkeyopt ec_paramgen_curve:P-256" issuing
leaf secp256k1 "-newkey ec -pkeyopt ec_paramgen_curve:secp256k1" issuing
leaf ed25519 "-newkey ed25519" issuing
leaf selfmade "-newkey rsa:2048" selfmade
leaf underling "-newkey rsa:2048" rsa
days=1 leaf short "-newkey rsa:2048" issuing
for name in rsa p256 secp256k1 ed25519; do
    cat "$work/$name.crt" "$work/issuing.crt" "$work/root.crt" > "$name.chain.pem"
    openssl verify -CAfile "$work/root.crt" -untrusted "$work/issuing.crt" "$work/$name.crt"
done
for name in root issuing stranger selfmade underling short; do cp "$work/$name.crt" "$name.pem"; done
