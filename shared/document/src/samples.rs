//! Certificates of people who do not exist, easy and hard ones.

use credential::{
    Facts,
    facts::{Address, Evidence, Facility, Named, Subject},
};

/// India's template.
pub(crate) const INDIA: &str = include_str!("../templates/india/template.toml");

/// The files of a template's folder that has nothing but this text.
pub(crate) fn folder(text: &str) -> Vec<crate::File> {
    vec![file("template.toml", text.as_bytes().to_vec())]
}

pub(crate) fn file(name: &str, bytes: Vec<u8>) -> crate::File {
    (name.to_owned(), std::sync::Arc::new(bytes))
}

/// Easy and hard pages.
pub(crate) fn pages() -> Vec<(Facts, Vec<Facts>)> {
    let mut long = named(&"Venkatanarasimharajuvaripeta Subrahmanya ".repeat(6));
    long.credential_subject.address.street_address =
        "Flat 12B, Third Floor, Building No 7, Old Mahabalipuram Road, ".repeat(4);
    long.evidence[0].manufacturer = "ABCDEFGHIJKLMNOPQRSTUVWXYZ".repeat(9);
    long.evidence[0].vaccine = "మహాత్మా గాంధీ ".repeat(40);
    long.evidence[0].certificate_id = "0123456789".repeat(12);
    let mut pages = vec![
        (certificate(1, 2), history(1, 2)),
        (certificate(2, 2), history(2, 2)),
        (certificate(3, 2), history(3, 2)),
        (international(2), history(2, 2)),
        (certificate(9, 2), history(9, 2)),
        (long.clone(), vec![long; 9]),
        (Facts::default(), Vec::new()),
    ];
    pages.extend(NAMES.map(|name| (named(name), Vec::new())));
    pages
}

/// A v1 certificate of a person who does not exist.
pub(crate) fn certificate(dose: u64, total_doses: u64) -> Facts {
    let text = str::to_owned;
    let address = Address {
        street_address: text("123, Koramangala"),
        district: text("Bengaluru South"),
        address_region: text("Karnataka"),
        address_country: text("IN"),
        ..Address::default()
    };
    Facts {
        types: vec!["VerifiableCredential".to_owned(), "ProofOfVaccinationCredential".to_owned()],
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
            address: address.clone(),
            ..Subject::default()
        },
        issuance_date: text("2021-08-28T11:35:43.776Z"),
        evidence: vec![Evidence {
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
            facility: Facility {
                name: text("ABC Medical Center"),
                address: Address { street_address: String::new(), ..address },
            },
            ..Evidence::default()
        }],
    }
}

/// The certificates of doses 1 to `dose`.
pub(crate) fn history(dose: u64, total_doses: u64) -> Vec<Facts> {
    (1..=dose).map(|dose| certificate(dose, total_doses)).collect()
}

/// A v3 certificate.
pub(crate) fn international(dose: u64) -> Facts {
    let mut facts = certificate(dose, 2);
    facts.contexts[1] = "https://divoc.dev/credentials/vaccination/v2".to_owned();
    facts.credential_subject.id = "did:Passport:Z1234567".to_owned();
    facts.credential_subject.dob = "1995-03-14".to_owned();
    facts.evidence[0].icd11_code = "XM1NL1".to_owned();
    facts.evidence[0].prophylaxis = "COVID-19 vaccine, inactivated virus".to_owned();
    facts
}

pub(crate) fn named(name: &str) -> Facts {
    let mut facts = certificate(1, 2);
    facts.credential_subject.name = name.to_owned();
    facts
}

/// A test's result.
pub(crate) fn tested() -> Facts {
    let mut facts = certificate(1, 2);
    facts.types[1] = "ProofOfTestCertificateCredential".to_owned();
    facts.credential_subject.age = String::new();
    facts.credential_subject.dob = "1995-03-14".to_owned();
    facts.evidence = vec![Evidence {
        certificate_id: "98765430".to_owned(),
        test_type: "RT-PCR".to_owned(),
        test_name: "Synthetic SARS-CoV-2 Kit".to_owned(),
        disease: "COVID-19".to_owned(),
        sample_origin: "Nasopharyngeal swab".to_owned(),
        sample_collection_timestamp: "2021-08-28T18:30:00.000Z".to_owned(),
        result_timestamp: "2021-08-29T06:15:00.000Z".to_owned(),
        result: "Negative".to_owned(),
        ..facts.evidence[0].clone()
    }];
    facts
}

/// Made-up names in the scripts of India and its neighbours.
pub(crate) const NAMES: [&str; 16] = [
    "श्रीमती लक्ष्मी त्र्यंबकेश्वर कृष्णमूर्ति",
    "கிருஷ்ணமூர்த்தி ஸ்ரீனிவாசன்",
    "রবীন্দ্রনাথ চট্টোপাধ্যায়",
    "వెంకటేశ్వర్లు శ్రీనివాస్",
    "હર્ષદભાઈ ત્રિવેદી",
    "ਗੁਰਪ੍ਰੀਤ ਸਿੰਘ",
    "ಶ್ರೀಕೃಷ್ಣ ಭಟ್ಟ",
    "കൃഷ്ണൻകുട്ടി ശ്രീനിവാസൻ",
    "ଶ୍ରୀକୃଷ୍ଣ ମହାପାତ୍ର",
    "محمد عبداللہ خان قریشی",
    "ශ්‍රී ක්‍රිෂ්ණා",
    "ᱥᱟᱱᱛᱟᱲᱤ",
    "ꯃꯤꯇꯩꯂꯣꯟ",
    "สมชาย ใจดี",
    "Zoë Ångström-Đặng Ωμέγα Иван",
    "Asha रमेश 12 ரவி",
];
