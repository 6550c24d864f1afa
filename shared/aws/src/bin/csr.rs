//! Prints a certificate request by a signing key in KMS: `csr KEY_ARN 'C=IN, O=Ministry of Health, CN=Certificates 2027' [USAGE …]`.
//!
//! Usages are `divoc`, `shc`, `dcc`, `test`, `vaccination`, `recovery` (WHO's network) or object identifiers. Credentials and Region come from where the AWS
//! command line takes them; `kms:GetPublicKey` and `kms:Sign` on the key are needed.

use anyhow::{Context, Result, anyhow, bail};
use aws::{KmsSigner, sdk_config};
use issuer::x509::{Subject, Usage};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [key, subject, usages @ ..] = arguments.as_slice() else {
        bail!(
            "usage: csr KEY_ARN 'C=IN, O=Ministry of Health, CN=Certificates 2027' [divoc|shc|dcc|test|vaccination|recovery|OID …]"
        );
    };
    let subject = Subject::parse(subject).map_err(|fault| anyhow!("the subject: {fault}"))?;
    let usages = usages.iter().map(|name| Usage::parse(name).with_context(|| format!("{name} is no usage")));
    let usages = usages.collect::<Result<Vec<_>>>()?;
    let signer = KmsSigner::new(aws_sdk_kms::Client::new(&sdk_config().await), key);
    print!("{}", signer.request(&subject, &usages).await?);
    Ok(())
}
