//! The documents behind a ticket: page, QR code, credential. Fetching them costs no further use of the link.

use super::{language, open::link_of, printed};
use crate::{
    App, Error,
    body::Body,
    fetch::{Look, credential, qr},
    http::Json,
    print::{Wish, picture},
};
use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use credential::Code;

pub(super) async fn document(State(app): State<App>, body: Json) -> Result<Response, Error> {
    let mut request = Body::of(&body.0);
    let ticket = request.required("ticket");
    let form = Form::read(&mut request);
    let language = language(&app, &mut request)?;
    let (ticket, form) = request.done(ticket.zip(form))?;
    let link = link_of(&app, ticket).await?;
    let selection = link.selection(&app).await?;
    let language = printed(&app, language.or(link.language.as_deref()))?;
    let headers = HeaderMap::new();
    let mut response = match form {
        Form::Page(format) => {
            let wish = Wish { language, format: Some(format.to_owned()), ..Wish::default() };
            picture(&app, &selection, &wish, &headers).await?
        }
        Form::Qr => qr(&app, &selection, &Look::default(), &headers)?,
        Form::Credential => credential(&app, &selection, &headers)?,
    };
    // Not theirs to keep: on a shared computer it is gone with the page.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// What a reader may have.
#[derive(Clone, Copy)]
enum Form {
    Page(&'static str),
    Qr,
    Credential,
}

impl Form {
    fn read(request: &mut Body<'_>) -> Option<Self> {
        let format = request.required("format")?;
        let form = match format {
            "pdf" => Self::Page("pdf"),
            "png" => Self::Page("png"),
            "svg" => Self::Page("svg"),
            "qr" => Self::Qr,
            "json" => Self::Credential,
            _ => {
                request.fault("/format", Code::Enum, "it is none of pdf, png, svg, json, qr");
                return None;
            }
        };
        Some(form)
    }
}
