//! The printed page as a whole.

use credential::{
    Facts,
    facts::{Address, Facility, Named, Subject, Vaccination},
};

use crate::{INDIA, Printer, symbol::Grid};

pub(crate) fn fonts() -> Vec<(String, Vec<u8>)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fonts/ttf");
    let files =
        std::fs::read_dir(folder).expect("the fonts are not in fonts/ttf: run fonts/fetch.sh (make fonts) first");
    let mut fonts: Vec<_> = files
        .map(|file| file.unwrap())
        .filter(|file| file.path().extension().is_some_and(|extension| extension == "ttf"))
        .map(|file| (file.file_name().into_string().unwrap(), std::fs::read(file.path()).unwrap()))
        .collect();
    assert!(!fonts.is_empty(), "fonts/ttf is empty: run fonts/fetch.sh (make fonts) first");
    fonts.sort();
    fonts
}

fn printer() -> Printer {
    Printer::new(INDIA, fonts()).unwrap()
}

/// A v1 certificate of a person who does not exist.
fn certificate(dose: u64, total_doses: u64) -> Facts {
    let text = str::to_owned;
    let country = |district: &str| Address {
        street_address: text("123, Koramangala"),
        district: text(district),
        address_region: text("Karnataka"),
        address_country: text("IN"),
        ..Address::default()
    };
    Facts {
        contexts: vec![
            text("https://www.w3.org/2018/credentials/v1"),
            text("https://divoc.dev/credentials/vaccination/v1"),
        ],
        credential_subject: Subject {
            id: text("did:in.gov.uidai.aadhaar:2342343334"),
            ref_id: text("1234567890124"),
            name: text("Bhaya Mitra"),
            gender: text("Male"),
            age: text("26"),
            nationality: text("Indian"),
            address: country("Bengaluru South"),
            ..Subject::default()
        },
        issuance_date: text("2021-08-28T11:35:43.776Z"),
        evidence: vec![Vaccination {
            certificate_id: format!("98765432{dose}"),
            batch: text("MB3428BX"),
            vaccine: text("CoVax"),
            manufacturer: text("COVPharma Limited"),
            date: format!("2021-0{dose}-02T19:21:18.646Z"),
            effective_start: format!("2021-0{dose}-02"),
            effective_until: text("2025-12-02"),
            dose,
            total_doses,
            verifier: Named { name: text("Sooraj Singh") },
            facility: Facility { name: text("ABC Medical Center"), address: country("Bengaluru South") },
            ..Vaccination::default()
        }],
    }
}

/// The certificate of dose `dose` of `total_doses` with all before it.
fn history(dose: u64, total_doses: u64) -> Vec<Facts> {
    (1..=dose).map(|dose| certificate(dose, total_doses)).collect()
}

fn international(dose: u64) -> Facts {
    let mut facts = certificate(dose, 2);
    facts.contexts[1] = "https://divoc.dev/credentials/vaccination/v2".to_owned();
    facts.credential_subject.id = "did:Passport:Z1234567".to_owned();
    facts.credential_subject.dob = "1995-03-14".to_owned();
    facts.evidence[0].icd11_code = "XM1NL1".to_owned();
    facts.evidence[0].prophylaxis = "COVID-19 vaccine, inactivated virus".to_owned();
    facts
}

fn named(name: &str) -> Facts {
    let mut facts = certificate(1, 2);
    facts.credential_subject.name = name.to_owned();
    facts
}

/// A picture as dense as a real code's.
fn grid() -> Grid {
    Grid::from_fn(149, |x, y| {
        let corner = |x: usize, y: usize| {
            x < 7 && y < 7 && (x == 0 || x == 6 || y == 0 || y == 6 || (x > 1 && x < 5 && y > 1 && y < 5))
        };
        let finder = |x: usize, y: usize| x < 8 && y < 8;
        let (right, below) = (148 - x, 148 - y);
        if finder(x, y) || finder(right, y) || finder(x, below) {
            return corner(x, y) || corner(right, y) || corner(x, below);
        }
        crate::hash::digest([&[u8::try_from(x).unwrap(), u8::try_from(y).unwrap()][..]]) % 2 == 0
    })
}

fn print(certificate: &Facts, history: &[Facts]) -> Vec<u8> {
    printer().print(certificate, history, &grid(), &["en", "hi"]).unwrap()
}

const HARD_NAMES: [(&str, &str); 12] = [
    ("devanagari", "श्रीमती लक्ष्मी त्र्यंबकेश्वर कृष्णमूर्ति"),
    ("tamil", "கிருஷ்ணமூர்த்தி ஸ்ரீனிவாசன்"),
    ("bengali", "রবীন্দ্রনাথ চট্টোপাধ্যায়"),
    ("telugu", "వెంకటేశ్వర్లు శ్రీనివాస్"),
    ("gujarati", "હર્ષદભાઈ ત્રિવેદી"),
    ("gurmukhi", "ਗੁਰਪ੍ਰੀਤ ਸਿੰਘ"),
    ("kannada", "ಶ್ರೀಕೃಷ್ಣ ಭಟ್ಟ"),
    ("malayalam", "കൃഷ്ണൻകുട്ടി ശ്രീനിവാസൻ"),
    ("odia", "ଶ୍ରୀକୃଷ୍ଣ ମହାପାତ୍ର"),
    ("urdu", "محمد عبداللہ خان 19 قریشی"),
    ("sinhala", "ශ්‍රී ක්‍රිෂ්ණා"),
    ("latin", "Zoë Ångström-Đặng"),
];

#[test]
fn dump_samples() {
    let Ok(folder) = std::env::var("SAMPLES") else { return };
    let write = |name: &str, pdf: Vec<u8>| std::fs::write(format!("{folder}/{name}.pdf"), pdf).unwrap();
    write("one", print(&certificate(1, 2), &history(1, 2)));
    write("two", print(&certificate(2, 2), &history(2, 2)));
    write("three", print(&certificate(3, 2), &history(3, 2)));
    write("v3", print(&international(2), &history(2, 2)));
    for (script, name) in HARD_NAMES {
        write(script, print(&named(name), &history(1, 2)));
    }
    let mut long = named(&"Venkatanarasimharajuvaripeta Subrahmanya ".repeat(6));
    long.credential_subject.address.street_address = "Flat 12B, Third Floor, Building No 7, Sai Krupa Cooperative Housing Society, Old Mahabalipuram Road, behind the Government Higher Secondary School".to_owned();
    long.evidence[0].manufacturer =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUVWXYZ".to_owned();
    write("long", print(&long, std::slice::from_ref(&long)));
}
