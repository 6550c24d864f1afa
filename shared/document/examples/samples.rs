//! Prints sample certificates to look at: `cargo run -p document --example samples -- FOLDER`, after `make fonts`.

use std::{fs, path::Path};

use credential::{
    Facts, Signed,
    qr::{Form, Payload, Symbol},
};
use document::{INDIA, Page, Printer};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("usage: samples FOLDER")?;
    let mut fonts = Vec::new();
    for file in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fonts/ttf"))? {
        let path = file?.path();
        fonts.push((path.file_name().unwrap_or_default().to_string_lossy().into_owned(), fs::read(&path)?));
    }
    let printer = Printer::new(INDIA, fonts)?;
    let signed = Signed::from_stored(include_str!("../../../tests/vectors/rsa/v1_did_subject/signed.json").to_owned());
    let symbol = Symbol::of(&Payload::of(&signed, Form::Utf8)?);
    let print = |name: &str, change: &dyn Fn(&mut Facts)| -> Result<(), Box<dyn std::error::Error>> {
        let mut certificate = signed.facts();
        change(&mut certificate);
        let doses = certificate.evidence().map_or(1, |vaccination| vaccination.dose);
        let dose = |dose| {
            let mut earlier = certificate.clone();
            earlier.evidence.iter_mut().for_each(|vaccination| vaccination.dose = dose);
            earlier
        };
        let history: Vec<_> = (1..=doses).map(dose).collect();
        let pdf = printer.pdf(&Page { certificate: &certificate, history: &history, symbol: &symbol })?;
        fs::write(Path::new(&folder).join(name).with_extension("pdf"), pdf)?;
        Ok(())
    };
    for doses in 1..=3 {
        print(&format!("dose-{doses}"), &|facts| facts.evidence.iter_mut().for_each(|one| one.dose = doses))?;
    }
    print("international", &|facts| {
        facts.credential_subject.id = "did:Passport:Z1234567".into();
        facts.credential_subject.dob = "1988-03-14".into();
        for vaccination in &mut facts.evidence {
            vaccination.dose = 2;
            vaccination.icd11_code = "XM0GQ8".into();
            vaccination.prophylaxis = "COVID-19 vaccine, RNA based".into();
        }
    })?;
    for (script, name) in NAMES {
        print(script, &|facts| facts.credential_subject.name = name.into())?;
    }
    print("long", &|facts| {
        facts.credential_subject.name = "Venkatanarasimharajuvaripeta Subrahmanya ".repeat(6);
        facts.credential_subject.address.street_address =
            "Flat 12B, Third Floor, Building No 7, Old Mahabalipuram Road, ".repeat(3);
        facts.evidence.iter_mut().for_each(|one| one.manufacturer = "ABCDEFGHIJKLMNOPQRSTUVWXYZ".repeat(3));
    })
}

const NAMES: [(&str, &str); 12] = [
    ("bengali", "রবীন্দ্রনাথ চট্টোপাধ্যায়"),
    ("devanagari", "श्रीमती लक्ष्मी त्र्यंबकेश्वर कृष्णमूर्ति"),
    ("gujarati", "હર્ષદભાઈ ત્રિવેદી"),
    ("gurmukhi", "ਗੁਰਪ੍ਰੀਤ ਸਿੰਘ"),
    ("kannada", "ಶ್ರೀಕೃಷ್ಣ ಭಟ್ಟ"),
    ("malayalam", "കൃഷ്ണൻകുട്ടി ശ്രീനിവാസൻ"),
    ("odia", "ଶ୍ରୀକୃଷ୍ଣ ମହାପାତ୍ର"),
    ("santali", "ᱥᱟᱱᱛᱟᱲᱤ"),
    ("sinhala", "ශ්‍රී ක්‍රිෂ්ණා"),
    ("tamil", "கிருஷ்ணமூர்த்தி ஸ்ரீனிவாசன்"),
    ("telugu", "వెంకటేశ్వర్లు శ్రీనివాస్"),
    ("urdu", "محمد عبداللہ خان قریشی"),
];
