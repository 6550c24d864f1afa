//! A country's template: what stands on the page, in which words, sizes and colours. Read from TOML; a key that is not known here is refused.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

use crate::{
    PrintError,
    paint::{Colour, Shape},
};

/// A whole template. Lengths are millimetres, text sizes points.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Template {
    /// Languages that are printed, in order; the first is the fallback.
    pub(crate) languages: Vec<String>,
    /// BCP 47 tags by language.
    pub(crate) language_tags: BTreeMap<String, String>,
    #[serde(deserialize_with = "offset")]
    pub(crate) time_zone: time::UtcOffset,
    pub(crate) date_format: String,
    pub(crate) document_title: String,
    pub(crate) page: Sheet,
    pub(crate) colours: Colours,
    pub(crate) sizes: Sizes,
    pub(crate) fonts: FontFiles,
    pub(crate) logo: Logo,
    pub(crate) symbol: SymbolPlace,
    pub(crate) titles: Titles,
    pub(crate) status: Statuses,
    pub(crate) dose: DoseNames,
    pub(crate) identity: Identity,
    pub(crate) countries: BTreeMap<String, String>,
    pub(crate) blocks: Vec<Block>,
    pub(crate) footer: Footer,
}

impl Template {
    /// # Errors
    /// With the line, when the text is no template; or when what it says cannot be printed.
    pub(crate) fn parse(text: &str) -> Result<Self, PrintError> {
        let template: Self = toml::from_str(text).map_err(|error| PrintError::Template(error.to_string()))?;
        let refuse = |why: &str| Err(PrintError::Template(why.to_owned()));
        if template.languages.is_empty() {
            return refuse("languages: at least one is needed");
        }
        if time::format_description::parse_borrowed::<2>(&template.date_format).is_err() {
            return refuse("date_format: not a date format");
        }
        if template.blocks.iter().any(|block| matches!(block, Block::Fields(fields) if fields.columns == 0)) {
            return refuse("blocks.fields.columns: at least one is needed");
        }
        if !(0.3..=1.0).contains(&template.sizes.floor) || template.sizes.lines == 0 {
            return refuse("sizes: floor lies between 0.3 and 1, and a text has at least one line");
        }
        if template.fonts.regular.is_empty() {
            return refuse("fonts.regular: at least one is needed");
        }
        Ok(template)
    }
}

/// A text once per language.
#[derive(Deserialize)]
#[serde(transparent)]
pub(crate) struct Words(pub(crate) BTreeMap<String, String>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sheet {
    pub(crate) width: f32,
    pub(crate) height: f32,
    pub(crate) margin: f32,
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
    pub(crate) floor: f32,
    /// The most lines of one text.
    pub(crate) lines: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FontFiles {
    pub(crate) regular: Vec<String>,
    pub(crate) bold: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Logo {
    pub(crate) size: f32,
    pub(crate) grid: f32,
    pub(crate) paths: Vec<Shape>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SymbolPlace {
    pub(crate) size: f32,
    /// In modules.
    pub(crate) quiet_zone: f32,
    pub(crate) caption: Words,
    pub(crate) alternative: Words,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Titles {
    pub(crate) provisional: Words,
    pub(crate) r#final: Words,
    pub(crate) precaution: Words,
    pub(crate) later_precaution: Words,
    pub(crate) unknown: Words,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Statuses {
    pub(crate) partly: Counted,
    pub(crate) fully: Counted,
    pub(crate) precaution: Counted,
    pub(crate) later_precaution: Counted,
}

/// Words for one dose and for several.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Counted {
    pub(crate) one: Words,
    pub(crate) many: Words,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DoseNames {
    pub(crate) primary: Words,
    pub(crate) precaution: Words,
    pub(crate) later_precaution: Words,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Identity {
    pub(crate) separator: String,
    pub(crate) documents: Vec<IdentityDocument>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IdentityDocument {
    pub(crate) word: String,
    pub(crate) name: Words,
    /// What stands before the last four characters; without it, an X for each hidden one.
    pub(crate) mask: Option<String>,
}

/// A part of the page.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Block {
    Issuer(Issuer),
    Title(TitleBlock),
    Fields(Fields),
    Doses(Doses),
}

impl Block {
    /// Whether the block stands in the narrow column left of the QR code.
    pub(crate) fn beside_symbol(&self) -> bool {
        match self {
            Self::Issuer(block) => block.beside_symbol,
            Self::Title(block) => block.beside_symbol,
            Self::Fields(block) => block.beside_symbol,
            Self::Doses(_) => false,
        }
    }
}

/// The logo and who issues.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Issuer {
    #[serde(default)]
    pub(crate) beside_symbol: bool,
    pub(crate) text: Words,
}

/// The title, from [`Titles`].
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TitleBlock {
    #[serde(default)]
    pub(crate) beside_symbol: bool,
}

/// Facts in a grid, a label above each. A fact that the certificate doesn't state is left out.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fields {
    #[serde(default)]
    pub(crate) beside_symbol: bool,
    pub(crate) heading: Option<Words>,
    pub(crate) columns: u16,
    pub(crate) facts: Vec<Field>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Field {
    pub(crate) fact: Fact,
    pub(crate) label: Words,
    /// Takes a row of its own.
    #[serde(default)]
    pub(crate) wide: bool,
    /// In the highlight colour.
    #[serde(default)]
    pub(crate) highlight: bool,
}

/// A table with a row for each dose.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Doses {
    pub(crate) heading: Option<Words>,
    pub(crate) columns: Vec<Column>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Column {
    pub(crate) fact: Fact,
    pub(crate) share: f32,
    pub(crate) label: Words,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Footer {
    pub(crate) lines: Vec<Words>,
}

/// What a certificate states, as text.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Fact {
    Name,
    /// Empty when the date of birth is stated: they would say the same twice, and the age is older every year.
    Age,
    BirthDate,
    Gender,
    Nationality,
    Identity,
    BeneficiaryId,
    Residence,
    CertificateId,
    Status,
    Dose,
    Vaccine,
    VaccineType,
    Date,
    Batch,
    Manufacturer,
    Vaccinator,
    Facility,
    Country,
    ValidFrom,
    ValidUntil,
}

fn offset<'de, D: Deserializer<'de>>(source: D) -> Result<time::UtcOffset, D::Error> {
    let text = String::deserialize(source)?;
    let format = time::macros::format_description!("[offset_hour sign:mandatory]:[offset_minute]");
    time::UtcOffset::parse(&text, &format)
        .map_err(|_| serde::de::Error::custom("a time zone is an offset such as +05:30"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_india_prints_stands_in_english_and_hindi() {
        let template = Template::parse(crate::INDIA).unwrap();
        let titles = &template.titles;
        let mut words =
            vec![&titles.provisional, &titles.r#final, &titles.precaution, &titles.later_precaution, &titles.unknown];
        words.extend(&template.footer.lines);
        for block in &template.blocks {
            match block {
                Block::Issuer(issuer) => words.push(&issuer.text),
                Block::Title(_) => {}
                Block::Fields(fields) => {
                    words.extend(fields.facts.iter().map(|field| &field.label).chain(&fields.heading));
                }
                Block::Doses(doses) => {
                    words.extend(doses.columns.iter().map(|column| &column.label).chain(&doses.heading));
                }
            }
        }
        for word in words {
            assert_eq!(word.0.keys().collect::<Vec<_>>(), ["en", "hi"]);
        }
    }

    #[test]
    fn a_template_that_cannot_be_printed_is_refused() {
        for (right, wrong, why) in [
            ("languages = [\"en\", \"hi\"]", "languages = []", "languages"),
            ("time_zone = \"+05:30\"", "time_zone = \"IST\"", "a time zone is an offset"),
            ("date_format = \"[day]", "date_format = \"[dag]", "date_format"),
            ("ink = \"#14213d\"", "ink = \"navy\"", "a colour is #rrggbb"),
            ("floor = 0.8", "floor = 0", "floor"),
            ("columns = 2", "columns = 0", "columns"),
            ("M 50 2 C", "M 50 2 Q", "an outline is made of"),
        ] {
            let text = crate::INDIA.replace(right, wrong);
            assert_ne!(text, crate::INDIA, "{right}");
            let Err(PrintError::Template(message)) = Template::parse(&text) else { panic!("accepted: {wrong}") };
            assert!(message.contains(why), "{wrong}: {message}");
        }
    }
}
