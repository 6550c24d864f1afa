//! The printed page as a whole.

use std::sync::{Arc, LazyLock};

use credential::{
    Facts, Signed,
    qr::{Form, Payload, Symbol},
};

use crate::{
    File, Kind, Look, Page, Printer,
    copied::copied,
    embed::Embedded,
    ink::Drawing,
    layout::{Area, Ink, Item, Layout},
    samples::{INDIA, NAMES, certificate, file, folder, history, international, named, pages, tested},
    structure::Structure,
    text::{Line, Shaper},
};

#[test]
fn the_same_page_gives_the_same_bytes() {
    let (first, second) = (printer(), &Printer::new(&folder(INDIA), &fonts()).unwrap());
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
    let other_words = Printer::new(&folder(&INDIA.replace("1075", "1076")), &fonts()).unwrap();
    assert_ne!(other_words.version(), version);
    let mut other_fonts = fonts();
    let thai = other_fonts.iter_mut().find(|(name, _)| name.contains("Thai")).unwrap();
    thai.1 = Arc::new([thai.1.as_ref().as_ref(), &[0]].concat());
    assert_ne!(Printer::new(&folder(INDIA), &other_fonts).unwrap().version(), version);
}

#[test]
fn the_page_is_read_from_the_issuer_to_the_footer() {
    let page = texts(&certificate(1, 2), &[]);
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
    assert!(readable.contains("/Lang(en)"));
    assert!(!readable.contains("Bhaya"));
}

#[test]
fn titles_say_how_the_dose_stands_to_the_course() {
    let title =
        |dose, total| texts(&certificate(dose, total), &[]).into_iter().skip(2).take(3).collect::<Vec<_>>().join(" ");
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
    let page = texts(&certificate(3, 2), &history(3, 2)).join("\n");
    let facts = [
        "Certificate ID / प्रमाणपत्र आईडी\n987654323",
        "Vaccination Status / टीकाकरण की स्थिति\nFully Vaccinated (2 Doses) and a Precaution Dose",
        "Name / नाम\nBhaya Mitra",
        "Age / आयु\n26",
        "Gender / लिंग\nMale / पुरुष",
        "ID Verified / सत्यापित पहचान पत्र\nAadhaar / आधार # XXXX XXXX XXXX 3334",
        "Beneficiary Reference ID / लाभार्थी संदर्भ आईडी\n1234567890124",
        "Residing at / निवास स्थान\n123, Koramangala, Bengaluru South, Karnataka",
        "Vaccine Name / टीके का नाम\nCoVax",
        // 19:21 UTC is the next day in India.
        "Date of Dose / खुराक की तिथि\n03 Mar 2021",
        "Manufacturer / निर्माता\nCOVPharma Limited",
        "Batch Number / बैच संख्या\nMB3428BX",
        "Valid From / वैधता आरंभ\n02 Mar 2021",
        "Valid Until / वैधता समाप्ति\n02 Dec 2025",
        "Vaccinated by / टीकाकर्मी\nSooraj Singh",
        "Vaccinated at / टीकाकरण केंद्र\nABC Medical Center, Bengaluru South, Karnataka",
        "03 Jan 2021\n1 of 2\nCoVax\nCOVPharma Limited\nMB3428BX\nIndia\n03 Feb 2021\n2 of 2\nCoVax\nCOVPharma Limited\nMB3428BX\nIndia\n03 Mar 2021\nPrecaution dose\nCoVax",
    ];
    for fact in facts {
        assert!(page.contains(fact), "{fact} is missing in\n{page}");
    }
    assert!(!page.contains("Date of Birth") && !page.contains("Vaccine Type"), "{page}");
}

#[test]
fn an_international_page_states_birth_date_passport_and_vaccine_type() {
    let look = Look { kind: Kind::International, language: "en", bilingual: true };
    let page = drawn(&page(&international(2), &[]), &look, lines).join("\n");
    for fact in [
        "International Certificate of COVID-19 Vaccination",
        "Date of Birth\n1995-03-14",
        "Passport Number\nZ1234567",
        "Vaccine Type\nXM1NL1, COVID-19 vaccine, inactivated virus",
        "Date of Dose\n2021-02-03",
    ] {
        assert!(page.contains(fact), "{fact} is missing in\n{page}");
    }
    assert!(!page.contains("Age\n"), "{page}");
}

#[test]
fn a_tests_page_states_sample_and_result() {
    let look = Look { kind: Kind::Test, language: "hi", bilingual: true };
    let page = drawn(&page(&tested(), &[]), &look, lines).join("\n");
    for fact in [
        "COVID-19 Test Certificate",
        "Negative / नेगेटिव",
        "29 Aug 2021 00:00",
        "29 Aug 2021 11:45",
        "RT-PCR",
        "Nasopharyngeal swab",
    ] {
        assert!(page.contains(fact), "{fact} is missing in\n{page}");
    }
}

#[test]
fn the_language_is_the_callers_or_the_regions_or_the_countrys() {
    let (printer, mut facts) = (printer(), certificate(1, 2));
    assert_eq!(printer.language(None, &facts), Some("kn"));
    assert_eq!(printer.language(Some("TAM"), &facts), Some("ta"));
    assert_eq!(printer.language(Some("fr"), &facts), None);
    facts.evidence[0].facility.address.address_region = " Tamil Nadu ".to_owned();
    assert_eq!(printer.language(None, &facts), Some("ta"));
    facts.evidence[0].facility.address.address_region = "Atlantis".to_owned();
    assert_eq!(printer.language(None, &facts), Some("hi"));
}

#[test]
fn a_page_is_in_one_language_or_two() {
    let (facts, history) = (certificate(1, 2), []);
    let labels = |language, bilingual| {
        drawn(&page(&facts, &history), &Look { kind: Kind::Domestic, language, bilingual }, lines).join("\n")
    };
    assert!(labels("hi", true).contains("\nName / नाम\n"));
    assert!(labels("hi", false).contains("\nनाम\n"));
    assert!(labels("en", true).contains("\nName\n"));
}

#[test]
fn those_who_read_from_the_right_find_the_page_on_the_other_side() {
    let facts = certificate(1, 2);
    let place = |language| {
        drawn(&page(&facts, &[]), &Look { kind: Kind::Domestic, language, bilingual: true }, |layout| {
            let code = layout.items.iter().find(|item| matches!(item.ink, Ink::Symbol)).unwrap().area;
            code.x + code.width / 2.0 < layout.width / 2.0
        })
    };
    assert!(place("ur") && place("sd") && place("ks"));
    assert!(!place("en") && !place("ta"));
}

#[test]
fn every_language_of_every_kind_fits_its_page() {
    let printer = printer();
    for (kind, facts) in [
        (Kind::Domestic, certificate(3, 2)),
        (Kind::International, international(2)),
        (Kind::Test, tested()),
        (Kind::Card, certificate(2, 2)),
    ] {
        let history = history(3, 2);
        for language in printer.languages() {
            let look = Look { kind, language, bilingual: true };
            drawn(&page(&facts, &history), &look, |layout| tidy(layout, &format!("{kind:?} {language}")));
        }
    }
}

#[test]
fn every_script_can_stand_in_every_language() {
    let printer = printer();
    for name in NAMES {
        let facts = named(name);
        for language in printer.languages() {
            let look = Look { kind: Kind::Domestic, language, bilingual: true };
            drawn(&page(&facts, &[]), &look, |layout| {
                assert!(lines(layout).contains(&name.to_owned()), "{name} {language}");
                let glyphs =
                    layout.items.iter().filter_map(line).flat_map(|line| &line.runs).flat_map(|run| &run.glyphs);
                assert_eq!(glyphs.filter(|glyph| glyph.id == 0).count(), 0, "{name} {language}");
            });
        }
    }
}

#[test]
fn every_letter_of_every_offered_language_has_a_picture() {
    printer().check().unwrap();
    let latin =
        INDIA.replace("[language]\n", "[fonts]\nregular = [\"NotoSans_400Regular.ttf\"]\nbold = []\n\n[language]\n");
    let refused = Printer::new(&folder(&latin), &fonts()).unwrap().check().unwrap_err().to_string();
    assert!(refused.starts_with("font as: no font has"), "{refused}");
}

#[test]
fn the_pdf_claims_what_it_keeps_and_carries_the_credential() {
    let pdf = print(printer(), &certificate(1, 2), &history(1, 2));
    let readable = String::from_utf8_lossy(&pdf);
    for part in [
        "<pdfaid:part>3</pdfaid:part><pdfaid:conformance>A</pdfaid:conformance>",
        "<pdfuaid:part>1</pdfuaid:part>",
        "/OutputIntents",
        "/GTS_PDFA1",
        "/AFRelationship/Source",
        "(certificate.json)",
        "/Marked true",
        "/Tabs/S",
    ] {
        assert!(readable.contains(part), "{part} is missing");
    }
    let document = lopdf::Document::load_mem(&pdf).unwrap();
    let attached = document.objects.values().filter_map(|object| object.as_stream().ok());
    let attached = attached.filter(|stream| {
        stream.dict.get(b"Type").is_ok_and(|name| name == &lopdf::Object::Name(b"EmbeddedFile".to_vec()))
    });
    let texts: Vec<_> = attached.map(|stream| stream.decompressed_content().unwrap()).collect();
    assert_eq!(texts, [CREDENTIAL.as_bytes()]);
}

/// Origin: printpdf's own writer, over every template, kind and script.
#[test]
fn the_page_is_written_as_printpdf_writes_it() {
    for template in crate::TEMPLATES {
        let printer = Printer::new(&crate::template(template).unwrap(), &fonts()).unwrap();
        let hard = pages().into_iter().map(|(facts, history)| (Kind::Domestic, facts, history));
        let kinds = [
            (Kind::International, international(2), history(2, 2)),
            (Kind::Test, tested(), Vec::new()),
            (Kind::Card, certificate(2, 2), Vec::new()),
        ];
        for (kind, facts, history) in hard.chain(kinds) {
            let look = Look { kind, language: printer.languages()[0], bilingual: true };
            let (languages, shaper) = (printer.printed(&look), Shaper::new(&printer.fonts));
            let layout = printer.layout(&page(&facts, &history), &look, &languages, &shaper);
            let mut drawing = Drawing::new(layout.height, &languages);
            drawing.page(&layout, &mut Embedded::new(&printer.fonts), &mut Structure::default());
            let ours = crate::content::encoded(&drawing.ops).unwrap();
            assert!(ours == by_printpdf(drawing.ops), "{template} {kind:?} {}", facts.credential_subject.name);
        }
    }
}

fn by_printpdf(ops: Vec<printpdf::Op>) -> Vec<u8> {
    let sheet = printpdf::Rect::from_wh(printpdf::Pt(1.0), printpdf::Pt(1.0));
    let mut document = printpdf::PdfDocument::default();
    let page = printpdf::PdfPage { media_box: sheet.clone(), trim_box: sheet.clone(), crop_box: sheet, ops };
    document.pages.push(page);
    let mut warnings = Vec::new();
    let document = document.to_lopdf_document(&printpdf::PdfSaveOptions::default(), &mut warnings);
    assert!(warnings.is_empty(), "{warnings:?}");
    let page = document.get_dictionary(document.page_iter().next().unwrap()).unwrap();
    let content = document.get_object(page.get(b"Contents").unwrap().as_reference().unwrap()).unwrap();
    content.as_stream().unwrap().content.clone()
}

#[test]
fn a_picture_for_a_screen_is_of_the_size_asked_for() {
    let (printer, facts) = (printer(), certificate(1, 2));
    let (page, look) = (page(&facts, &[]), Look { kind: Kind::Domestic, language: "ta", bilingual: true });
    let png = printer.png(&page, &look, 72).unwrap();
    let info = png::Decoder::new(std::io::Cursor::new(&png)).read_info().unwrap().info().size();
    assert_eq!(info, (595, 842));
    let svg = printer.svg(&page, &look).unwrap();
    assert!(
        svg.contains("viewBox=\"0 0 595.28 841.89\"")
            && svg.contains("<title>Vaccination certificate 987654321</title>")
    );
    assert!(!svg.contains("Bhaya") && svg.len() < 400_000, "{}", svg.len());
}

#[test]
fn a_picture_of_the_country_is_refused_when_it_is_missing_or_broken_or_too_large() {
    let text = INDIA.replacen("size = 15\n", "size = 15\nfile = \"mark.png\"\n", 1);
    assert_ne!(text, INDIA);
    let with = |bytes: Option<Vec<u8>>| {
        let mut files = folder(&text);
        files.extend(bytes.map(|bytes| file("mark.png", bytes)));
        Printer::new(&files, &fonts()).map(|_| ()).map_err(|error| error.to_string())
    };
    assert_eq!(with(None).unwrap_err(), "picture mark.png: is not in the template's folder");
    assert!(with(Some(b"GIF89a".to_vec())).unwrap_err().starts_with("picture mark.png: "));
    assert_eq!(with(Some(vec![0; 600_000])).unwrap_err(), "picture mark.png: 600000 bytes; at most 524288");
    let square = |side: u32| {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, side, 1);
        encoder.set_color(png::ColorType::Rgba);
        encoder.write_header().unwrap().write_image_data(&vec![0; usize::try_from(side).unwrap() * 4]).unwrap();
        file
    };
    assert_eq!(with(Some(square(2000))).unwrap_err(), "picture mark.png: 2000 by 1 dots; at most 1200 each way");
    assert_eq!(with(Some(square(20))), Ok(()));
}

#[test]
fn nothing_overlaps_and_nothing_leaves_the_page() {
    for (facts, history) in pages() {
        let look = Look { kind: Kind::Domestic, language: "hi", bilingual: true };
        drawn(&page(&facts, &history), &look, |layout| tidy(layout, "hard"));
    }
}

/// Asserts that boxes keep to the page and apart, and the QR code has its quiet zone.
fn tidy(layout: &Layout<'_>, name: &str) {
    let sheet = Area { x: 0.0, y: 0.0, width: layout.width, height: layout.height };
    let solid: Vec<&Item> = layout.items.iter().filter(|item| !matches!(item.ink, Ink::Fill(_))).collect();
    for (number, item) in solid.iter().enumerate() {
        let inside = shared(item.area, sheet) > 0.999 * item.area.width * item.area.height;
        assert!(inside, "{name}: {} leaves the page", shown(item));
        for other in &solid[..number] {
            // Half a point is rounding, not overlap.
            assert!(shared(item.area, other.area) < 0.5, "{name}: {} over {}", shown(item), shown(other));
        }
    }
    let code = solid.iter().find(|item| matches!(item.ink, Ink::Symbol)).unwrap().area;
    let quiet = 3.99 * code.width / f32::from(u16::try_from(symbol().modules()).unwrap());
    let zone = Area {
        x: code.x - quiet,
        y: code.y - quiet,
        width: code.width + 2.0 * quiet,
        height: code.height + 2.0 * quiet,
    };
    assert!(code.width >= 45.0 / 25.4 * 72.0);
    // On a card the margin is as wide as the quiet zone within a tenth of a millimetre; white paper goes on beyond a sheet's edge.
    for item in layout.items.iter().filter(|item| !matches!(item.ink, Ink::Symbol)) {
        assert!(shared(item.area, zone) < 0.01, "{name}: {} in the quiet zone", shown(item));
    }
}

#[test]
fn a_character_that_no_font_has_is_seen_to_be_missing() {
    let page = texts(&named("Asha \u{1f600}\u{7} 李 Rao"), &[]);
    assert!(page.contains(&"Asha \u{fffd} \u{fffd} Rao".to_owned()), "{page:?}");
}

#[test]
fn a_direction_override_cannot_turn_a_name_round() {
    let page = texts(&named("Asha \u{202e}oaR\u{202c}"), &[]);
    assert!(page.contains(&"Asha oaR".to_owned()), "{page:?}");
}

#[test]
fn a_long_text_wraps_whole_and_an_endless_one_ends_in_an_ellipsis() {
    let long = "Venkatanarasimharajuvaripeta ".repeat(8);
    let page = texts(&named(&long), &[]).join(" ");
    assert!(page.contains(long.trim()), "{page}");
    let page = texts(&named(&"क्ष".repeat(3000)), &[]);
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
        for text in [name.as_str(), "Name / नाम", "03 Feb 2021", "1234567890124"] {
            assert!(copied.contains(text), "{text} is missing in {copied}");
        }
    }
}

#[test]
fn every_language_can_be_copied() {
    let facts = certificate(1, 2);
    for language in printer().languages() {
        let pdf =
            printer().pdf(&page(&facts, &[]), &Look { kind: Kind::Domestic, language, bilingual: false }).unwrap();
        let label = printer().languages.get(language).unwrap().word(crate::language::Word::BeneficiaryHeading);
        let leftward = label.chars().any(|letter| ('\u{600}'..='\u{6ff}').contains(&letter));
        // Vowel marks come before or after their letter, as the reader orders what it turns round: Kashmiri writes them.
        let letters =
            |text: &str| text.chars().filter(|letter| !('\u{64b}'..='\u{65f}').contains(letter)).collect::<String>();
        let label = if leftward { letters(label).chars().rev().collect() } else { label.to_owned() };
        let copied = if leftward { letters(&copied(&pdf)) } else { copied(&pdf) };
        assert!(copied.contains(&label), "{language}: {label} is missing in {copied}");
    }
}

#[test]
fn a_font_that_is_missing_or_broken_is_refused_by_name() {
    let name = "NotoSansTamil_400Regular.ttf";
    let without: Vec<_> = fonts().into_iter().filter(|(file, _)| file != name).collect();
    let refused = Printer::new(&folder(INDIA), &without.clone()).err().unwrap();
    assert_eq!(refused.to_string(), format!("font {name}: was not given"));
    let broken = without.into_iter().chain([file(name, b"no font".to_vec())]).collect::<Vec<_>>();
    let refused = Printer::new(&folder(INDIA), &broken).err().unwrap();
    assert_eq!(refused.to_string(), format!("font {name}: is no TrueType font"));
}

/// The fonts, as `fonts/fetch.sh` puts them.
pub(crate) fn fonts() -> Vec<File> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fonts/ttf");
    let files =
        std::fs::read_dir(folder).expect("the fonts are not in fonts/ttf: run fonts/fetch.sh (make fonts) first");
    let files = files.map(|file| file.unwrap().path()).filter(|file| file.extension().is_some_and(|end| end == "ttf"));
    let fonts: Vec<File> = files
        .map(|path: std::path::PathBuf| {
            file(path.file_name().unwrap().to_str().unwrap(), std::fs::read(&path).unwrap())
        })
        .collect();
    assert!(!fonts.is_empty(), "fonts/ttf is empty: run fonts/fetch.sh (make fonts) first");
    fonts
}

/// One for all tests: a printer is shared between threads.
fn printer() -> &'static Printer {
    static PRINTER: LazyLock<Printer> = LazyLock::new(|| Printer::new(&folder(INDIA), &fonts()).unwrap());
    &PRINTER
}

fn symbol() -> &'static Symbol {
    static SYMBOL: LazyLock<Symbol> = LazyLock::new(|| {
        let signed = include_str!("../../../tests/vectors/rsa/v1_did_subject/signed.json");
        Symbol::of(&Payload::of(&Signed::from_stored(signed.to_owned()), Form::Utf8).unwrap())
    });
    &SYMBOL
}

fn page<'a>(certificate: &'a Facts, history: &'a [Facts]) -> Page<'a> {
    Page { certificate, history, symbol: symbol(), credential: CREDENTIAL }
}

const CREDENTIAL: &str = "{\"synthetic\":true}";
const LOOK: Look = Look { kind: Kind::Domestic, language: "hi", bilingual: true };

fn print(printer: &Printer, certificate: &Facts, history: &[Facts]) -> Vec<u8> {
    printer.pdf(&page(certificate, history), &LOOK).unwrap()
}

/// What `look_at` finds on a page.
fn drawn<T>(page: &Page<'_>, look: &Look, look_at: impl Fn(&Layout<'_>) -> T) -> T {
    let (languages, shaper) = (printer().printed(look), Shaper::new(&printer().fonts));
    look_at(&printer().layout(page, look, &languages, &shaper))
}

/// The lines of a page in reading order.
fn texts(certificate: &Facts, history: &[Facts]) -> Vec<String> {
    drawn(&page(certificate, history), &LOOK, lines)
}

fn lines(layout: &Layout<'_>) -> Vec<String> {
    let read = layout.items.iter().filter(|item| item.role != crate::layout::Role::Decoration);
    read.filter_map(line).map(|line| line.text.clone()).collect()
}

fn line<'a>(item: &'a Item<'_>) -> Option<&'a Line> {
    match &item.ink {
        Ink::Text { line, .. } => Some(line),
        _ => None,
    }
}

fn shown(item: &Item<'_>) -> String {
    format!("{:?} {:?} {:?}", item.role, line(item).map(|line| &line.text), item.area)
}

/// The area that two boxes share, in square points.
fn shared(one: Area, other: Area) -> f32 {
    let width = one.right().min(other.right()) - one.x.max(other.x);
    let height = one.bottom().min(other.bottom()) - one.y.max(other.y);
    width.max(0.0) * height.max(0.0)
}
