//! A country's template: what stands on each kind of page, in which sizes and colours. Read from TOML; a key that is not known here is refused, a fault named
//! with its line. A template says nothing that runs, and names files of its own folder only.

use std::{collections::BTreeMap, ops::Range};

use serde::{Deserialize, Deserializer};
use toml::Spanned;

use crate::{
    File, PrintError,
    language::{Languages, Word, Wording, placeholders},
    paint::{Colour, Raster, Shape},
};

/// A whole template. Lengths are millimetres, text sizes points.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Template {
    /// The country, for the people who choose a template.
    #[allow(dead_code, reason = "read by people")]
    name: String,
    pub(crate) language: Choice,
    /// The telephone number in [`Word::HelpLine`].
    pub(crate) helpline: String,
    #[serde(deserialize_with = "offset")]
    pub(crate) time_zone: time::UtcOffset,
    /// What a dose beyond the course is called.
    pub(crate) extra_dose: ExtraDose,
    pub(crate) page: Sheet,
    pub(crate) colours: Colours,
    pub(crate) sizes: Sizes,
    #[serde(default)]
    pub(crate) fonts: FontFiles,
    pub(crate) logo: Mark,
    pub(crate) symbol: SymbolPlace,
    /// What stands at the bottom of a page.
    pub(crate) footer: Vec<Word>,
    pub(crate) identity: Identity,
    /// Codes as certificates carry them; what is not here is shown as it is.
    #[serde(default)]
    pub(crate) countries: BTreeMap<String, String>,
    /// When the next dose is due; the first whose name is in the vaccine's.
    #[serde(default)]
    pub(crate) intervals: Vec<Interval>,
    /// The country's own words.
    #[serde(default)]
    pub(crate) wording: Wording,
    pub(crate) domestic: Design,
    pub(crate) international: Design,
    pub(crate) test: Design,
    pub(crate) card: Design,
}

impl Template {
    /// # Errors
    /// With the line, when the text is no template or what it says cannot be printed.
    pub(crate) fn parse(text: &str) -> Result<Self, PrintError> {
        let template: Self = toml::from_str(text).map_err(|error| PrintError::Template(error.to_string()))?;
        let mut faults = Faults { text, found: Vec::new() };
        let named =
            template.language.offered.iter().chain([&template.language.default]).chain(&template.language.beside);
        for tag in named.chain(template.language.regions.values()) {
            if !Languages::tags().any(|tag_known| tag_known == tag.get_ref()) {
                faults.add(tag.span(), &format!("there is no language {}", tag.get_ref()));
            } else if !template.language.offered.iter().any(|offered| offered.get_ref() == tag.get_ref()) {
                faults.add(tag.span(), &format!("{} is not offered", tag.get_ref()));
            }
        }
        let known = Languages::new(Wording::new());
        for (tag, words) in &template.wording {
            if !Languages::tags().any(|known| known == tag.get_ref()) {
                faults.add(tag.span(), &format!("there is no language {}", tag.get_ref()));
            }
            for (word, text) in words {
                let wanted = known.get("en").map_or("", |english| english.word(*word));
                if placeholders(text.get_ref()) != placeholders(wanted) {
                    let why = format!("{word:?} has the placeholders of {wanted:?}");
                    faults.add(text.span(), &why);
                }
            }
        }
        if !(0.3..=1.0).contains(template.sizes.floor.get_ref()) {
            faults.add(template.sizes.floor.span(), "floor lies between 0.3 and 1");
        }
        if *template.sizes.lines.get_ref() == 0 {
            faults.add(template.sizes.lines.span(), "a text has at least one line");
        }
        for design in [&template.domestic, &template.international, &template.test, &template.card] {
            design.check(&template, &mut faults);
        }
        faults.result().map(|()| template)
    }

    /// The design of a kind of page.
    pub(crate) fn design(&self, kind: crate::Kind) -> &Design {
        match kind {
            crate::Kind::Domestic => &self.domestic,
            crate::Kind::International => &self.international,
            crate::Kind::Test => &self.test,
            crate::Kind::Card => &self.card,
        }
    }

    /// Every picture that is made of a file, to be read once.
    pub(crate) fn marks_mut(&mut self) -> impl Iterator<Item = &mut Mark> {
        let designs = [&mut self.domestic, &mut self.international, &mut self.test, &mut self.card];
        let signed = designs.into_iter().flat_map(|design| &mut design.blocks).filter_map(|block| match block {
            Block::Signature(block) => Some([&mut block.signature, &mut block.seal]),
            _ => None,
        });
        std::iter::once(&mut self.logo).chain(signed.flatten().flatten())
    }
}

/// Faults of a template, each with its line.
struct Faults<'a> {
    text: &'a str,
    found: Vec<String>,
}

impl Faults<'_> {
    fn add(&mut self, span: Range<usize>, why: &str) {
        let before = self.text.get(..span.start).unwrap_or_default();
        self.found.push(format!("line {}: {why}", before.matches('\n').count() + 1));
    }

    fn result(self) -> Result<(), PrintError> {
        if self.found.is_empty() { Ok(()) } else { Err(PrintError::Template(self.found.join("\n"))) }
    }
}

/// Which languages there are, and which is taken.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Choice {
    pub(crate) default: Spanned<String>,
    /// Stands before the document's language where the document is in two.
    pub(crate) beside: Option<Spanned<String>>,
    pub(crate) offered: Vec<Spanned<String>>,
    /// By the facility's state or region, in lower case.
    #[serde(default)]
    pub(crate) regions: BTreeMap<String, Spanned<String>>,
}

/// What a dose beyond the course is called.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ExtraDose {
    /// India's word.
    Precaution,
    /// Everyone else's.
    Booster,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sheet {
    pub(crate) size: Paper,
    pub(crate) margin: f32,
    /// Where the page begins, below its upper edge.
    pub(crate) top: f32,
    /// How high the coloured bands at both ends are.
    pub(crate) band: f32,
    /// Marks where a sheet is folded in the middle.
    #[serde(default)]
    pub(crate) fold: bool,
}

/// A sheet of paper.
#[derive(Clone, Copy, Deserialize)]
pub(crate) enum Paper {
    A4,
    Letter,
    /// ID-1 of ISO/IEC 7810: a bank card.
    #[serde(rename = "card")]
    Card,
}

impl Paper {
    /// Width and height in millimetres.
    pub(crate) fn size(self) -> [f32; 2] {
        match self {
            Self::A4 => [210.0, 297.0],
            Self::Letter => [215.9, 279.4],
            Self::Card => [85.6, 54.0],
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Colours {
    pub(crate) ink: Colour,
    pub(crate) muted: Colour,
    pub(crate) accent: Colour,
    pub(crate) highlight: Colour,
    pub(crate) tint: Colour,
    pub(crate) rule: Colour,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sizes {
    pub(crate) title: f32,
    pub(crate) subtitle: f32,
    pub(crate) issuer: f32,
    pub(crate) heading: f32,
    pub(crate) label: f32,
    pub(crate) value: f32,
    pub(crate) table: f32,
    pub(crate) small: f32,
    /// The share of its size to which a long text shrinks before it wraps.
    pub(crate) floor: Spanned<f32>,
    /// The most lines of one text; a longer one ends in "…".
    pub(crate) lines: Spanned<usize>,
}

/// Font files in the order in which a character is looked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FontFiles {
    pub(crate) regular: Vec<String>,
    /// Bold text falls back to the regular fonts.
    pub(crate) bold: Vec<String>,
}

impl Default for FontFiles {
    fn default() -> Self {
        Self { regular: REGULAR.map(str::to_owned).to_vec(), bold: vec!["NotoSans_700Bold.ttf".to_owned()] }
    }
}

/// A picture of the country's own: outlines, or a PNG of the template's folder.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mark {
    /// Its height, and the width of outlines.
    pub(crate) size: f32,
    /// The side of the square in which the outlines are drawn; y grows downwards.
    #[serde(default = "hundred")]
    pub(crate) grid: f32,
    #[serde(default)]
    pub(crate) paths: Vec<Shape>,
    /// A PNG's name.
    file: Option<String>,
    #[serde(skip)]
    pub(crate) raster: Option<Raster>,
}

impl Mark {
    /// Reads the PNG, if the mark is one.
    ///
    /// # Errors
    /// When the template's folder has no such file, or it is no picture that can be printed.
    pub(crate) fn read(&mut self, files: &[File]) -> Result<(), PrintError> {
        let Some(name) = &self.file else { return Ok(()) };
        let file = files.iter().find(|(known, _)| known == name);
        let (_, bytes) =
            file.ok_or_else(|| PrintError::Picture(name.clone(), "is not in the template's folder".to_owned()))?;
        self.raster = Some(Raster::read(name, bytes.as_ref().as_ref())?);
        Ok(())
    }

    /// Width by height.
    pub(crate) fn aspect(&self) -> f32 {
        self.raster.as_ref().map_or(1.0, Raster::aspect)
    }
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SymbolPlace {
    /// The code itself; the quiet zone comes on top.
    pub(crate) size: Spanned<f32>,
    /// In modules.
    pub(crate) quiet_zone: Spanned<f32>,
    /// Whether [`Word::Scan`] stands below.
    #[serde(default)]
    pub(crate) caption: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Identity {
    pub(crate) separator: String,
    /// By a word that begins a part of the identity's IRI. Only the last four characters are ever shown, except of a passport on an international page.
    pub(crate) documents: Vec<IdentityDocument>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IdentityDocument {
    pub(crate) word: String,
    pub(crate) name: Word,
    /// What stands before the last four characters; without it, an X for each hidden one.
    pub(crate) mask: Option<String>,
}

/// Days from one dose to the next.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Interval {
    /// A part of the vaccine's name, in lower case without spaces; empty: any vaccine.
    pub(crate) vaccine: String,
    pub(crate) from: u16,
    pub(crate) until: Option<u16>,
}

/// One kind of page.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Design {
    /// In place of the title that follows from the dose.
    pub(crate) title: Option<Word>,
    /// In place of the template's.
    pub(crate) page: Option<Sheet>,
    pub(crate) symbol: Option<SymbolPlace>,
    pub(crate) footer: Option<Vec<Word>>,
    /// Text sizes, as a share of the template's.
    #[serde(default = "one")]
    pub(crate) scale: f32,
    /// Days as `YYYY-MM-DD`, the same in every language.
    #[serde(default)]
    pub(crate) iso_dates: bool,
    /// The page from top to bottom.
    pub(crate) blocks: Vec<Block>,
}

impl Design {
    fn check(&self, template: &Template, faults: &mut Faults<'_>) {
        let symbol = self.symbol.as_ref().unwrap_or(&template.symbol);
        let size = *symbol.size.get_ref();
        if size < SMALLEST_SYMBOL {
            let why =
                format!("a QR code of {size} mm is too small to be scanned from paper: at least {SMALLEST_SYMBOL}");
            faults.add(symbol.size.span(), &why);
        }
        if *symbol.quiet_zone.get_ref() < QUIET_ZONE {
            faults.add(symbol.quiet_zone.span(), &format!("readers want a quiet zone of {QUIET_ZONE} modules"));
        }
        let sheet = self.page.as_ref().unwrap_or(&template.page);
        let [width, height] = sheet.size.size();
        if size + sheet.top > height || size + 2.0 * sheet.margin > width {
            faults.add(symbol.size.span(), &format!("a QR code of {size} mm does not fit the page"));
        }
        for block in &self.blocks {
            match block {
                Block::Fields(fields) if *fields.columns.get_ref() == 0 => {
                    faults.add(fields.columns.span(), "columns: at least one is needed");
                }
                _ => {}
            }
        }
    }
}

/// A part of the page.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Block {
    Issuer(Place),
    Title(Place),
    Fields(Fields),
    Doses(Doses),
    Signature(Signature),
}

impl Block {
    /// Whether the block stands in the narrow column beside the QR code.
    pub(crate) fn beside_symbol(&self) -> bool {
        match self {
            Self::Issuer(block) | Self::Title(block) => block.beside_symbol,
            Self::Fields(block) => block.beside_symbol,
            Self::Doses(_) | Self::Signature(_) => false,
        }
    }
}

/// A block of which nothing is to say but where it stands.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Place {
    #[serde(default)]
    pub(crate) beside_symbol: bool,
}

/// Facts in a grid, a label above each. A fact that the certificate doesn't state is left out.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fields {
    #[serde(default)]
    pub(crate) beside_symbol: bool,
    pub(crate) heading: Option<Word>,
    pub(crate) columns: Spanned<u16>,
    pub(crate) facts: Vec<Field>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Field {
    pub(crate) fact: Fact,
    /// In place of the fact's own.
    label: Option<Word>,
    /// Takes a row of its own.
    #[serde(default)]
    pub(crate) wide: bool,
    /// In the highlight colour.
    #[serde(default)]
    pub(crate) highlight: bool,
}

impl Field {
    pub(crate) fn label(&self) -> Word {
        self.label.unwrap_or_else(|| self.fact.label())
    }
}

/// A table with a row for each dose.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Doses {
    pub(crate) heading: Option<Word>,
    pub(crate) columns: Vec<Column>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Column {
    pub(crate) fact: Fact,
    pub(crate) share: f32,
    label: Option<Word>,
}

impl Column {
    pub(crate) fn label(&self) -> Word {
        self.label.unwrap_or_else(|| self.fact.label())
    }
}

/// The issuer's signature and seal side by side, each over its caption.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Signature {
    pub(crate) signature: Option<Mark>,
    pub(crate) seal: Option<Mark>,
}

macro_rules! facts {
    ($($(#[doc = $doc:literal])? $fact:ident => $label:ident,)*) => {
        /// What a certificate states, as text.
        #[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
        #[serde(rename_all = "snake_case")]
        pub(crate) enum Fact { $($(#[doc = $doc])? $fact,)* }

        impl Fact {
            /// What the fact is called.
            fn label(self) -> Word {
                match self { $(Self::$fact => Word::$label,)* }
            }
        }
    };
}

facts! {
    Name => Name,
    #[doc = " Empty when the date of birth is stated: they would say the same twice, and the age is older every year."]
    Age => Age,
    BirthDate => BirthDate,
    Gender => Gender,
    Nationality => Nationality,
    Identity => Identity,
    #[doc = " In full; empty when the identity is no passport."]
    Passport => Passport,
    BeneficiaryId => BeneficiaryId,
    Residence => Residence,
    CertificateId => CertificateId,
    Status => Status,
    #[doc = " Empty when the course is complete."]
    NextDose => NextDose,
    Dose => Dose,
    Vaccine => Vaccine,
    VaccineType => VaccineType,
    Date => Date,
    Batch => Batch,
    Manufacturer => Manufacturer,
    Vaccinator => Vaccinator,
    Facility => Facility,
    Country => Country,
    ValidFrom => ValidFrom,
    ValidUntil => ValidUntil,
    Disease => Disease,
    TestType => TestType,
    TestName => TestName,
    SampleOrigin => SampleOrigin,
    SampleDate => SampleDate,
    ResultDate => ResultDate,
    TestResult => TestResult,
    Laboratory => Laboratory,
    Tester => Tester,
}

fn offset<'de, D: Deserializer<'de>>(source: D) -> Result<time::UtcOffset, D::Error> {
    let text = String::deserialize(source)?;
    let format = time::macros::format_description!("[offset_hour sign:mandatory]:[offset_minute]");
    time::UtcOffset::parse(&text, &format)
        .map_err(|_| serde::de::Error::custom("a time zone is an offset such as +05:30"))
}

fn one() -> f32 {
    1.0
}

fn hundred() -> f32 {
    100.0
}

/// Millimetres. The densest code has 177 modules a side: a quarter of a millimetre each is what a telephone reads from a laser print.
const SMALLEST_SYMBOL: f32 = 45.0;
/// Modules (ISO/IEC 18004, 9.1).
const QUIET_ZONE: f32 = 4.0;

const REGULAR: [&str; 14] = [
    "NotoSans_400Regular.ttf",
    "NotoSansBengali_400Regular.ttf",
    "NotoSansTamil_400Regular.ttf",
    "NotoSansTelugu_400Regular.ttf",
    "NotoSansGujarati_400Regular.ttf",
    "NotoSansGurmukhi_400Regular.ttf",
    "NotoSansKannada_400Regular.ttf",
    "NotoSansMalayalam_400Regular.ttf",
    "NotoSansOriya_400Regular.ttf",
    "NotoSansSinhala_400Regular.ttf",
    "NotoNaskhArabic_400Regular.ttf",
    "NotoSansOlChiki_400Regular.ttf",
    "NotoSansMeeteiMayek_400Regular.ttf",
    "NotoSansThai_400Regular.ttf",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_that_cannot_be_printed_is_refused_with_the_line() {
        for (right, wrong, why) in [
            ("default = \"hi\"", "default = \"tlh\"", "there is no language tlh"),
            ("default = \"hi\"", "default = \"fr\"", "fr is not offered"),
            ("time_zone = \"+05:30\"", "time_zone = \"IST\"", "a time zone is an offset"),
            ("ink = \"#14213d\"", "ink = \"navy\"", "a colour is #rrggbb"),
            ("floor = 0.8", "floor = 0.0", "floor lies between"),
            ("lines = 4", "lines = 0", "at least one line"),
            ("columns = 2", "columns = 0", "columns"),
            ("size = 54", "size = 44", "too small to be scanned"),
            ("size = 54", "size = 300", "does not fit the page"),
            ("quiet_zone = 4", "quiet_zone = 1", "quiet zone of 4"),
            ("M 50 2 C", "M 50 2 Q", "an outline is made of"),
            ("size = \"A4\"", "size = \"B5\"", "unknown variant `B5`"),
            ("extra_dose = \"precaution\"", "extra_dose = \"more\"", "unknown variant `more`"),
            ("[page]\n", "[page]\npaper = \"A4\"\n", "unknown field `paper`"),
            ("fact = \"gender\"", "fact = \"sex\"", "unknown variant `sex`"),
            ("[page]\n", "[wording.tlh]\n\n[page]\n", "no language tlh"),
            ("[page]\n", "[wording.en]\ndose_of = \"dose\"\n\n[page]\n", "has the placeholders of"),
        ] {
            let text = crate::samples::INDIA.replacen(right, wrong, 1);
            assert_ne!(text, crate::samples::INDIA, "{right}");
            let Err(PrintError::Template(message)) = Template::parse(&text) else { panic!("accepted: {wrong}") };
            let said = wrong.lines().rfind(|line| !right.contains(line)).unwrap();
            let line = text.lines().position(|line| line.contains(said)).unwrap() + 1;
            assert!(message.contains(why), "{wrong}: {message}");
            assert!(message.contains(&format!("line {line}")), "{wrong}, line {line}: {message}");
        }
    }
}
