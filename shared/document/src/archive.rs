//! What makes the PDF last and speak: PDF/A-3 (ISO 19005-3) with the credential attached, PDF/UA-1 (ISO 14289-1) metadata, a colour profile.

use lopdf::{Document, Object, Stream, dictionary, text_string};

use crate::{
    PrintError,
    pdf::{About, packed},
};

/// Adds metadata, colour profile and the attached credential to the catalogue. `date` is a PDF date.
///
/// # Errors
/// When the document has no catalogue, which no writer leaves out.
pub(crate) fn keep(document: &mut Document, about: &About<'_>, date: Option<&str>) -> Result<(), PrintError> {
    // Left as it is: readers of metadata look for it in the bare file.
    let metadata = Stream::new(dictionary! { "Type" => "Metadata", "Subtype" => "XML" }, metadata(about).into_bytes());
    let metadata = document.add_object(metadata.with_compression(false));
    let profile = packed(&profile())?;
    let profile = document.add_object(Stream::new(dictionary! { "N" => 3, "Filter" => "FlateDecode" }, profile));
    let intent = dictionary! {
        "Type" => "OutputIntent",
        "S" => "GTS_PDFA1",
        "OutputConditionIdentifier" => Object::string_literal("sRGB"),
        "Info" => Object::string_literal("sRGB IEC61966-2.1"),
        "DestOutputProfile" => profile,
    };

    let mut parameters = dictionary! { "Size" => i64::try_from(about.credential.len()).unwrap_or(i64::MAX) };
    if let Some(date) = date {
        parameters.set("ModDate", Object::string_literal(date));
    }
    let attached = dictionary! {
        "Type" => "EmbeddedFile",
        "Subtype" => Object::Name(b"application/json".to_vec()),
        "Params" => parameters,
        "Filter" => "FlateDecode",
    };
    let attached = document.add_object(Stream::new(attached, packed(about.credential.as_bytes())?));
    let file = document.add_object(dictionary! {
        "Type" => "Filespec",
        "F" => Object::string_literal(ATTACHED),
        "UF" => text_string(ATTACHED),
        "Desc" => text_string("The signed credential"),
        "AFRelationship" => "Source",
        "EF" => dictionary! { "F" => attached, "UF" => attached },
    });

    let root = document.catalog_mut().map_err(|error| PrintError::Page(error.to_string()))?;
    root.set("Metadata", metadata);
    root.set("OutputIntents", vec![intent.into()]);
    root.set("AF", vec![file.into()]);
    let names = vec![Object::string_literal(ATTACHED), file.into()];
    root.set("Names", dictionary! { "EmbeddedFiles" => dictionary! { "Names" => names } });
    Ok(())
}

/// XMP (ISO 16684-1): title, dates, what the file conforms to; `pdfuaid` described as PDF/A asks of what it doesn't know.
fn metadata(about: &About<'_>) -> String {
    let language = about.languages.first().map_or("", |language| &language.tag);
    let title = escaped(&about.title);
    let issued = escaped(about.issued);
    let start = '\u{feff}';
    format!(
        r#"<?xpacket begin="{start}" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/" xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
<dc:format>application/pdf</dc:format>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<dc:language><rdf:Bag><rdf:li>{language}</rdf:li></rdf:Bag></dc:language>
<xmp:CreateDate>{issued}</xmp:CreateDate><xmp:ModifyDate>{issued}</xmp:ModifyDate>
<pdfaid:part>3</pdfaid:part><pdfaid:conformance>A</pdfaid:conformance>
<pdfuaid:part>1</pdfuaid:part>
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
<pdfaSchema:schema>PDF/UA identification</pdfaSchema:schema><pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI><pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>
<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource"><pdfaProperty:name>part</pdfaProperty:name><pdfaProperty:valueType>Integer</pdfaProperty:valueType><pdfaProperty:category>internal</pdfaProperty:category><pdfaProperty:description>Part of ISO 14289</pdfaProperty:description></rdf:li></rdf:Seq></pdfaSchema:property>
</rdf:li></rdf:Bag></pdfaExtension:schemas>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="r"?>"#,
    )
}

/// Text within XML.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A colour profile of version 2.1 (ICC.1:2001-04) with the primaries of sRGB, adapted to D50, and its curve as a power of 2.2.
fn profile() -> Vec<u8> {
    let text = |text: &str| [b"text\0\0\0\0", text.as_bytes(), &[0]].concat();
    let description = {
        let length = u32::try_from(NAME.len() + 1).unwrap_or_default().to_be_bytes();
        // The name once more in Unicode and in Macintosh script: both empty.
        [b"desc\0\0\0\0".as_slice(), &length, NAME.as_bytes(), &[0], &[0; 8], &[0; 3], &[0; 67]].concat()
    };
    let point = |[x, y, z]: [u32; 3]| {
        [b"XYZ \0\0\0\0".as_slice(), &x.to_be_bytes(), &y.to_be_bytes(), &z.to_be_bytes()].concat()
    };
    // One entry: an exponent with eight bits after the point.
    let curve = [b"curv\0\0\0\0".as_slice(), &1_u32.to_be_bytes(), &0x0233_u16.to_be_bytes()].concat();
    let white = [0xf6d6, 0x1_0000, 0xd32d];
    let tags: [(&[u8; 4], Vec<u8>); 9] = [
        (b"desc", description),
        (b"cprt", text("CC0")),
        (b"wtpt", point(white)),
        (b"rXYZ", point([0x6fa2, 0x38f5, 0x0390])),
        (b"gXYZ", point([0x6299, 0xb785, 0x18da])),
        (b"bXYZ", point([0x24a0, 0x0f84, 0xb6cf])),
        (b"rTRC", curve.clone()),
        (b"gTRC", curve.clone()),
        (b"bTRC", curve),
    ];
    let count = u32::try_from(tags.len()).unwrap_or_default();
    let (mut table, mut data) = (count.to_be_bytes().to_vec(), Vec::new());
    let start = 128 + 4 + 12 * count;
    for (name, mut bytes) in tags {
        let place = start + u32::try_from(data.len()).unwrap_or_default();
        table.extend_from_slice(name);
        table.extend_from_slice(&place.to_be_bytes());
        table.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or_default().to_be_bytes());
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        data.append(&mut bytes);
    }
    let size = start + u32::try_from(data.len()).unwrap_or_default();
    let mut header = Vec::with_capacity(128);
    header.extend_from_slice(&size.to_be_bytes());
    header.extend_from_slice(&[0; 4]);
    header.extend_from_slice(&0x0210_0000_u32.to_be_bytes());
    header.extend_from_slice(b"mntrRGB XYZ ");
    for part in [2021_u16, 1, 1, 0, 0, 0] {
        header.extend_from_slice(&part.to_be_bytes());
    }
    header.extend_from_slice(b"acsp");
    header.resize(68, 0);
    for part in white {
        header.extend_from_slice(&u32::to_be_bytes(part));
    }
    header.resize(128, 0);
    [header, table, data].concat()
}

const NAME: &str = "sRGB";

/// The name of the file within the file.
const ATTACHED: &str = "certificate.json";
