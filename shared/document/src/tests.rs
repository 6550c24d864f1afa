//! The printed page as a whole.

use std::sync::LazyLock;

use credential::{
    Facts, Signed,
    qr::{Form, Payload, Symbol},
};

use crate::{
    INDIA, Page, PrintError, Printer,
    copied::copied,
    layout::{Area, Ink, Item, Layout},
    samples::{NAMES, certificate, history, international, named, pages},
    text::Line,
};

#[test]
fn the_same_page_gives_the_same_bytes() {
    let (first, second) = (printer(), &Printer::new(INDIA, fonts()).unwrap());
    let (facts, history) = (certificate(2, 2), history(2, 2));
    assert_eq!(print(first, &facts, &history), print(second, &facts, &history));
    assert_eq!(print(first, &facts, &history), print(first, &facts, &history));
}

#[test]
fn a_page_is_small() {
    let size = print(printer(), &certificate(3, 2), &history(3, 2)).len();
    assert!(size < 60_000, "{size} bytes");
}

#[test]
fn the_version_follows_template_and_fonts() {
    let version = printer().version().to_owned();
    assert_eq!(version.len(), 16);
    assert_eq!(printer().version(), version);
    let other_words = Printer::new(&INDIA.replace("1075", "1076"), fonts()).unwrap();
    assert_ne!(other_words.version(), version);
    let mut other_fonts = fonts();
    let thai = other_fonts.iter_mut().find(|(name, _)| name.contains("Thai")).unwrap();
    thai.1.push(0);
    assert_ne!(Printer::new(INDIA, other_fonts).unwrap().version(), version);
}

#[test]
fn the_page_is_read_from_the_issuer_to_the_footer() {
    let page = texts(printer(), &certificate(1, 2), &[]);
    let place = |start: &str| page.iter().position(|line| line.starts_with(start)).unwrap();
    let order = [
        "National",
        "Provisional",
        "Certificate ID",
        "Beneficiary Details",
        "Vaccination Details",
        "Doses",
        "This certificate",
    ];
    assert!(order.map(place).is_sorted(), "{page:?}");
}

#[test]
fn the_metadata_names_the_certificate_and_nobody() {
    let pdf = print(printer(), &certificate(1, 2), &history(1, 2));
    let readable = String::from_utf8_lossy(&pdf);
    assert!(readable.contains("/Title(Vaccination certificate 987654321)"));
    assert!(readable.contains("/CreationDate(D:20210828113543Z)"));
    assert!(readable.contains("/Lang(en-IN)"));
    assert!(!readable.contains("Bhaya"));
}

#[test]
fn titles_say_how_the_dose_stands_to_the_course() {
    let printer = printer();
    let title = |dose, total| {
        texts(printer, &certificate(dose, total), &[]).into_iter().skip(2).take(3).collect::<Vec<_>>().join(" ")
    };
    assert!(
        title(1, 2).starts_with("Provisional Certificate for COVID-19 Vaccination (Dose 1 of 2)"),
        "{}",
        title(1, 2)
    );
    assert!(
        title(2, 3).starts_with("Provisional Certificate for COVID-19 Vaccination (Dose 2 of 3)"),
        "{}",
        title(2, 3)
    );
    assert!(title(2, 2).starts_with("Final Certificate for COVID-19 Vaccination कोविड"), "{}", title(2, 2));
    assert!(title(1, 1).starts_with("Final Certificate for COVID-19 Vaccination कोविड"), "{}", title(1, 1));
    assert!(title(3, 2).starts_with("Certificate for COVID-19 Vaccination (Precaution Dose)"), "{}", title(3, 2));
    assert!(title(4, 2).starts_with("Certificate for COVID-19 Vaccination (Precaution Dose 2)"), "{}", title(4, 2));
    assert!(title(0, 0).starts_with("Certificate for COVID-19 Vaccination कोविड"), "{}", title(0, 0));
}

#[test]
fn a_domestic_page_states_every_fact() {
    let page = texts(printer(), &certificate(3, 2), &history(3, 2)).join("\n");
    let facts = [
        "Certificate ID / प्रमाण पत्र आईडी\n987654323",
        "Vaccination Status / टीकाकरण की स्थिति\nFully Vaccinated (2 Doses) and a Precaution Dose",
        "Beneficiary Name / लाभार्थी का नाम\nBhaya Mitra",
        "Age / उम्र\n26",
        "Gender / लिंग\nMale",
        "ID Verified / पहचान पत्र सत्यापित\nAadhaar # XXXX XXXX XXXX 3334",
        "Beneficiary Reference ID / लाभार्थी संदर्भ आईडी\n1234567890124",
        "Residing at / पता\n123, Koramangala, Bengaluru South, Karnataka",
        "Vaccine Name / टीके का नाम\nCoVax",
        // 19:21 UTC is the next day in India.
        "Date of Dose / खुराक की तारीख\n03 Mar 2021",
        "Manufacturer / निर्माता\nCOVPharma Limited",
        "Batch Number / बैच संख्या\nMB3428BX",
        "Valid From / मान्यता आरंभ\n02 Mar 2021",
        "Valid Until / मान्यता समाप्त\n02 Dec 2025",
        "Vaccinated by / टीका लगाने वाले का नाम\nSooraj Singh",
        "Vaccinated at / टीकाकरण का स्थान\nABC Medical Center, Bengaluru South, Karnataka",
        "03 Jan 2021\n1 of 2\nCoVax\nCOVPharma Limited\nMB3428BX\nIndia\n03 Feb 2021\n2 of 2\nCoVax\nCOVPharma Limited\nMB3428BX\nIndia\n03 Mar 2021\nPrecaution dose\nCoVax",
    ];
    for fact in facts {
        assert!(page.contains(fact), "{fact} is missing in\n{page}");
    }
    assert!(!page.contains("Date of Birth") && !page.contains("Vaccine Type"), "{page}");
}

#[test]
fn an_international_page_states_birth_date_and_vaccine_type() {
    let page = texts(printer(), &international(2), &[]).join("\n");
    assert!(page.contains("Date of Birth / जन्म तिथि\n14 Mar 1995"), "{page}");
    assert!(page.contains("ID Verified / पहचान पत्र सत्यापित\nPassport # XXXX4567"), "{page}");
    assert!(page.contains("Vaccine Type / टीके का प्रकार\nXM1NL1, COVID-19 vaccine, inactivated virus"), "{page}");
    assert!(!page.contains("Age / उम्र"), "{page}");
}

#[test]
fn labels_follow_the_languages_asked_for() {
    let (printer, facts) = (printer(), certificate(1, 2));
    let page = Page { certificate: &facts, history: &[], symbol: symbol() };
    let labels = |languages: &[&str]| lines(&printer.layout(&page, languages)).join("\n");
    assert!(labels(&["hi", "en"]).contains("लाभार्थी का नाम / Beneficiary Name"));
    assert!(labels(&["hi"]).contains("\nलाभार्थी का नाम\n"));
    // No word of this language stands in the template: it falls back.
    assert!(labels(&["ta"]).contains("\nBeneficiary Name\n"));
}

#[test]
fn nothing_overlaps_and_nothing_leaves_the_page() {
    let printer = printer();
    for (facts, history) in pages() {
        let layout = printer.layout(&Page { certificate: &facts, history: &history, symbol: symbol() }, &["en", "hi"]);
        let sheet = Area { x: 0.0, y: 0.0, width: layout.width, height: layout.height };
        let solid: Vec<&Item> = layout.items.iter().filter(|item| !matches!(item.ink, Ink::Fill(_))).collect();
        for (number, item) in solid.iter().enumerate() {
            assert!(
                shared(item.area, sheet) > 0.999 * item.area.width * item.area.height,
                "{} leaves the page",
                shown(item)
            );
            for other in &solid[..number] {
                // Half a point is rounding, not overlap.
                assert!(shared(item.area, other.area) < 0.5, "{} over {}", shown(item), shown(other));
            }
        }
        let code = solid.iter().find(|item| matches!(item.ink, Ink::Symbol)).unwrap().area;
        let quiet = 4.0 * code.width / f32::from(u16::try_from(symbol().modules()).unwrap());
        let zone = Area {
            x: code.x - quiet,
            y: code.y - quiet,
            width: code.width + 2.0 * quiet,
            height: code.height + 2.0 * quiet,
        };
        assert!(code.width >= 50.0 / 25.4 * 72.0);
        assert!(shared(zone, sheet) > 0.999 * zone.width * zone.height, "the quiet zone leaves the page");
        for item in layout.items.iter().filter(|item| !matches!(item.ink, Ink::Symbol)) {
            assert!(shared(item.area, zone) < 0.01, "{} in the quiet zone", shown(item));
        }
    }
}

#[test]
fn a_name_in_any_script_stands_on_the_page_without_a_missing_glyph() {
    let printer = printer();
    for name in NAMES {
        let facts = named(name);
        let layout = printer.layout(&Page { certificate: &facts, history: &[], symbol: symbol() }, &["en", "hi"]);
        assert!(lines(&layout).contains(&name.to_owned()), "{name}");
        let all = layout.items.iter().filter_map(line).flat_map(|line| &line.runs).flat_map(|run| &run.glyphs);
        assert_eq!(all.filter(|glyph| glyph.id == 0).count(), 0, "{name}");
    }
}

#[test]
fn a_character_that_no_font_has_is_seen_to_be_missing() {
    let page = texts(printer(), &named("Asha \u{1f600}\u{7} 李 Rao"), &[]);
    assert!(page.contains(&"Asha \u{fffd} \u{fffd} Rao".to_owned()), "{page:?}");
}

#[test]
fn a_direction_override_cannot_turn_a_name_round() {
    let page = texts(printer(), &named("Asha \u{202e}oaR\u{202c}"), &[]);
    assert!(page.contains(&"Asha oaR".to_owned()), "{page:?}");
}

#[test]
fn a_long_text_wraps_whole_and_an_endless_one_ends_in_an_ellipsis() {
    let long = "Venkatanarasimharajuvaripeta ".repeat(8);
    let page = texts(printer(), &named(&long), &[]).join(" ");
    assert!(page.contains(long.trim()), "{page}");
    let page = texts(printer(), &named(&"क्ष".repeat(3000)), &[]);
    assert_eq!(page.iter().filter(|line| line.starts_with("क्षक्ष") && line.ends_with('…')).count(), 1, "{page:?}");
}

#[test]
fn every_text_of_the_page_can_be_copied() {
    for name in NAMES {
        let pdf = print(printer(), &named(name), &history(2, 2));
        let copied = copied(&pdf);
        // Readers turn leftward text round by themselves; in the file it stands from left to right.
        let leftward = name.chars().any(|letter| ('\u{600}'..='\u{6ff}').contains(&letter));
        let name = if leftward { name.chars().rev().collect() } else { name.to_owned() };
        for text in [name.as_str(), "Beneficiary Name / लाभार्थी का नाम", "03 Feb 2021", "1234567890124"]
        {
            assert!(copied.contains(text), "{text} is missing in {copied}");
        }
    }
}

#[test]
fn an_unknown_key_in_a_template_is_refused_with_its_line() {
    let template = INDIA.replace("[page]\n", "[page]\npaper = \"A4\"\n");
    let Err(PrintError::Template(message)) = Printer::new(&template, fonts()) else { panic!("accepted") };
    let line = template.lines().position(|line| line.starts_with("paper")).unwrap() + 1;
    assert!(message.contains(&format!("line {line}")) && message.contains("unknown field `paper`"), "{message}");
    let Err(PrintError::Template(message)) =
        Printer::new(&INDIA.replace("fact = \"gender\"", "fact = \"sex\""), fonts())
    else {
        panic!("accepted")
    };
    assert!(message.contains("unknown variant `sex`"), "{message}");
}

#[test]
fn a_font_that_is_missing_or_broken_is_refused_by_name() {
    let name = "NotoSansTamil_400Regular.ttf";
    let without: Vec<_> = fonts().into_iter().filter(|(file, _)| file != name).collect();
    let refused = Printer::new(INDIA, without.clone()).err().unwrap();
    assert_eq!(refused.to_string(), format!("font {name}: was not given"));
    let broken = without.into_iter().chain([(name.to_owned(), b"no font".to_vec())]).collect();
    let refused = Printer::new(INDIA, broken).err().unwrap();
    assert_eq!(refused.to_string(), format!("font {name}: is no TrueType font"));
}

/// The fonts, as `fonts/fetch.sh` puts them.
pub(crate) fn fonts() -> Vec<(String, Vec<u8>)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fonts/ttf");
    let files =
        std::fs::read_dir(folder).expect("the fonts are not in fonts/ttf: run fonts/fetch.sh (make fonts) first");
    let files = files.map(|file| file.unwrap().path()).filter(|file| file.extension().is_some_and(|end| end == "ttf"));
    let fonts: Vec<_> = files
        .map(|file| (file.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(&file).unwrap()))
        .collect();
    assert!(!fonts.is_empty(), "fonts/ttf is empty: run fonts/fetch.sh (make fonts) first");
    fonts
}

/// One for all tests: a printer is shared between threads.
fn printer() -> &'static Printer {
    static PRINTER: LazyLock<Printer> = LazyLock::new(|| Printer::new(INDIA, fonts()).unwrap());
    &PRINTER
}

fn symbol() -> &'static Symbol {
    static SYMBOL: LazyLock<Symbol> = LazyLock::new(|| {
        let signed = include_str!("../../../tests/vectors/rsa/v1_did_subject/signed.json");
        Symbol::of(&Payload::of(&Signed::from_stored(signed.to_owned()), Form::Utf8).unwrap())
    });
    &SYMBOL
}

fn print(printer: &Printer, certificate: &Facts, history: &[Facts]) -> Vec<u8> {
    printer.pdf(&Page { certificate, history, symbol: symbol() }).unwrap()
}

/// The lines of a page in reading order.
fn texts(printer: &Printer, certificate: &Facts, history: &[Facts]) -> Vec<String> {
    lines(&printer.layout(&Page { certificate, history, symbol: symbol() }, &["en", "hi"]))
}

fn lines(layout: &Layout) -> Vec<String> {
    layout.items.iter().filter_map(line).map(|line| line.text.clone()).collect()
}

fn line(item: &Item) -> Option<&Line> {
    match &item.ink {
        Ink::Text { line, .. } => Some(line),
        _ => None,
    }
}

fn shown(item: &Item) -> String {
    format!("{:?} {:?} {:?}", item.role, line(item).map(|line| &line.text), item.area)
}

/// The area that two boxes share, in square points.
fn shared(one: Area, other: Area) -> f32 {
    let width = one.right().min(other.right()) - one.x.max(other.x);
    let height = one.bottom().min(other.bottom()) - one.y.max(other.y);
    width.max(0.0) * height.max(0.0)
}
