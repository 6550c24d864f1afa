//! Signs a document with a key made for the occasion: `sign DOCUMENT PEM > CREDENTIAL` binds and signs the JSON in DOCUMENT and writes the public key to PEM.
//! It gives `tests/oracle/verify.js`, DIVOC's verifier, something of ours to judge.

use aws_lc_rs::{
    encoding::{AsDer as _, PublicKeyX509Der},
    rand::SystemRandom,
    rsa::KeySize,
    signature::{KeyPair as _, RSA_PSS_SHA256, RsaKeyPair},
};
use credential::{PublicKey, Suite, Unsigned, binding};
use std::{env::args, error::Error, fs};
use time::OffsetDateTime;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = args().skip(1).collect();
    let [document, pem] = arguments.as_slice() else { return Err("usage: sign DOCUMENT PEM".into()) };
    let mut document = serde_json::from_str(&fs::read_to_string(document)?)?;
    binding::bind(&mut document);

    let pair = RsaKeyPair::generate(KeySize::Rsa2048)?;
    let public: PublicKeyX509Der = pair.public_key().as_der()?;
    fs::write(pem, PublicKey::from_der(public.as_ref())?.to_pem())?;

    let prepared = Unsigned::new(document).prepare(Suite::Ps256, "did:india", OffsetDateTime::now_utc())?;
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(&RSA_PSS_SHA256, &SystemRandom::new(), prepared.signing_input(), &mut signature)?;
    println!("{}", prepared.seal(&signature)?.as_str());
    Ok(())
}
