//! Fetch, from outside: the right certificate in every form, to those who may see it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use credential::qr;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{Answer, Service, people, pixels};

async fn certify(service: &Service, schema: &str, events: Value) -> Vec<String> {
    let answer = service.client.certify(schema, &events).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let items = answer.json()["certificates"].as_array().unwrap().clone();
    items.iter().map(|item| item["certificateId"].as_str().unwrap().to_owned()).collect()
}

async fn get(service: &Service, path: &str) -> Answer {
    service.client.get(path, "fetcher").await.unwrap()
}

#[tokio::test]
async fn the_latest_certificate_is_the_highest_dose_whatever_the_order_of_arrival() {
    let service = Service::start().await;
    let second = certify(&service, "v1", json!([people::event(1, 2)])).await;
    let first = certify(&service, "v1", json!([people::event(1, 1)])).await;
    let code = people::code(1);
    let latest = get(&service, &format!("/certificate/api/certificatePDF/{code}")).await;
    assert_eq!(latest.status, 200);
    assert!(latest.body.starts_with(b"%PDF-"));
    assert_eq!(latest.header("content-disposition"), format!("inline; filename=\"certificate-{}.pdf\"", second[0]));
    assert_eq!(latest.header("content-type"), "application/pdf");
    assert_eq!(latest.header("cache-control"), "private, no-cache");
    assert_eq!(get(&service, &format!("/cert/api/certificatePDF/{code}")).await.body, latest.body);
    assert_eq!(get(&service, &format!("/cert/api/certificatePDF/{code}/2")).await.body, latest.body);
    assert_eq!(get(&service, &format!("/certificate/api/certificate/{}", second[0])).await.body, latest.body);
    assert_eq!(
        get(&service, &format!("/certificate/api/certificatePDF?certificateId={}", second[0])).await.body,
        latest.body
    );
    let earlier = get(&service, &format!("/cert/api/certificatePDF/{code}/1")).await;
    assert_eq!(earlier.header("content-disposition"), format!("inline; filename=\"certificate-{}.pdf\"", first[0]));
    assert_ne!(earlier.body, latest.body);
    let id = get(&service, &format!("/cert/api/certificateId/{code}/1")).await;
    assert_eq!(id.json(), json!({ "certificateId": first[0] }));
}

#[tokio::test]
async fn what_is_not_there_is_404_in_every_form() {
    let service = Service::start().await;
    certify(&service, "v1", json!([people::event(2, 1)])).await;
    let code = people::code(2);
    let absent = [
        "/certificate/api/certificatePDF/NOBODY".to_owned(),
        "/certificate/api/certificateQRCode/NOBODY".to_owned(),
        "/certificate/api/certificate/99999999999999999999".to_owned(),
        "/certificate/api/certificate/QRCode/99999999999999999999".to_owned(),
        "/certificate/api/credential/99999999999999999999".to_owned(),
        "/certificate/api/credential/..%2F..%2Fetc".to_owned(),
        format!("/cert/api/certificatePDF/{code}/2"),
        format!("/cert/api/certificatePDF/{code}/0"),
        format!("/cert/api/certificateId/{code}/3"),
    ];
    for path in absent {
        let answer = get(&service, &path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.json()["type"], "urn:divoc:problem:no-certificate", "{path}");
    }
    assert_eq!(get(&service, &format!("/cert/api/certificatePDF/{code}/two")).await.status, 400);
}

#[tokio::test]
async fn head_tells_whether_there_is_a_certificate_and_of_which_dose() {
    let service = Service::start().await;
    certify(&service, "v1", json!([people::event(3, 1)])).await;
    let code = people::code(3);
    for (path, status) in [
        (format!("/certificate/api/certificatePDF/{code}"), 200),
        (format!("/cert/api/certificate/{code}"), 200),
        (format!("/cert/api/certificate/{code}/1"), 200),
        (format!("/cert/api/certificate/{code}/2"), 404),
        ("/certificate/api/certificatePDF/NOBODY".to_owned(), 404),
        ("/cert/api/certificate/NOBODY".to_owned(), 404),
    ] {
        for role in ["certifier", "fetcher", "admin"] {
            let answer = service.client.head(&path, role).await.unwrap();
            assert_eq!((answer.status, answer.body.as_slice()), (status, &b""[..]), "{path} as {role}");
        }
    }
}

#[tokio::test]
async fn the_qr_code_holds_the_credential_byte_for_byte_at_every_size() {
    let service = Service::start().await;
    let id = &certify(&service, "v1", json!([people::event(4, 1)])).await[0];
    let credential = get(&service, &format!("/certificate/api/credential/{id}")).await;
    assert_eq!(credential.header("content-type"), "application/json");
    for look in ["", "?scale=2", "?scale=8&margin=2", "?margin=10"] {
        let code = people::code(4);
        let picture = get(&service, &format!("/certificate/api/certificateQRCode/{code}{look}")).await;
        assert_eq!(picture.status, 200);
        assert_eq!(picture.header("content-type"), "image/png");
        let json = qr::read(&pixels::read_png(&picture.body).unwrap()).unwrap();
        assert_eq!(json.as_bytes(), credential.body, "{look}");
    }
    let svg = get(&service, &format!("/certificate/api/certificate/QRCode/{id}?format=svg&size=300")).await;
    assert_eq!(svg.header("content-type"), "image/svg+xml");
    assert!(svg.text().starts_with("<svg") && svg.text().contains("300"));
    for wrong in ["?format=gif", "?scale=0", "?scale=17", "?scale=x", "?size=1", "?margin=99", "?margin=-1"] {
        let answer = get(&service, &format!("/certificate/api/certificate/QRCode/{id}{wrong}")).await;
        assert_eq!(answer.status, 400, "{wrong}");
        assert_eq!(answer.header("content-type"), "application/problem+json", "{wrong}");
    }
}

#[tokio::test]
async fn who_has_the_document_is_told_so() {
    let service = Service::start().await;
    let id = &certify(&service, "v1", json!([people::event(5, 1)])).await[0];
    for path in [
        format!("/certificate/api/certificate/{id}"),
        format!("/certificate/api/certificate/QRCode/{id}"),
        format!("/certificate/api/credential/{id}"),
    ] {
        let first = get(&service, &path).await;
        let tag = first.header("etag").to_owned();
        assert!(tag.len() > 20 && tag.starts_with('"'), "{path}: {tag}");
        let again = service.client.send(Method::GET, &path, "fetcher", &[("if-none-match", &tag)], None).await.unwrap();
        assert_eq!((again.status, again.body.len(), again.header("etag")), (304, 0, tag.as_str()), "{path}");
        let changed =
            service.client.send(Method::GET, &path, "fetcher", &[("if-none-match", "\"other\"")], None).await.unwrap();
        assert_eq!((changed.status, changed.body), (200, first.body), "{path}");
    }
}

#[tokio::test]
async fn the_second_fetch_of_a_pdf_comes_from_the_files_and_a_later_dose_is_another_page() {
    let service = Service::start().await;
    certify(&service, "v1", json!([people::event(6, 1)])).await;
    let path = format!("/certificate/api/certificatePDF/{}", people::code(6));
    let first = get(&service, &path).await;
    assert_eq!(get(&service, &path).await, first);
    certify(&service, "v1", json!([people::event(6, 2)])).await;
    let second = get(&service, &path).await;
    assert_ne!(second.header("etag"), first.header("etag"));
    assert_ne!(second.body, first.body);
}

#[tokio::test]
async fn a_citizen_sees_what_is_registered_to_their_number_and_nothing_else() {
    let service = Service::start().await;
    let mine = &certify(&service, "v1", json!([people::event(7, 1)])).await[0];
    let theirs = &certify(&service, "v1", json!([people::event(8, 1)])).await[0];
    let phone = people::telephone(7).replace("tel:", "");
    let client = service.client.clone().with_token("me", service.running.token_for_citizen(&phone));
    let paths = |person: u64, id: &str| {
        let code = people::code(person);
        vec![
            format!("/certificate/api/certificatePDF/{code}"),
            format!("/certificate/api/certificateQRCode/{code}"),
            format!("/certificate/api/certificate/{id}"),
            format!("/certificate/api/certificate/QRCode/{id}"),
            format!("/certificate/api/credential/{id}"),
            format!("/cert/api/certificatePDF/{code}/1"),
            format!("/cert/api/certificateId/{code}/1"),
        ]
    };
    for path in paths(7, mine) {
        assert_eq!(client.get(&path, "me").await.unwrap().status, 200, "{path}");
    }
    // A stranger's certificate and none at all look the same.
    for (strange, absent) in paths(8, theirs).into_iter().zip(paths(999, "99999999999999999999")) {
        let (strange, absent) = (client.get(&strange, "me").await.unwrap(), client.get(&absent, "me").await.unwrap());
        assert_eq!(strange.status, 404);
        assert_eq!(strange.body, absent.body);
    }
    let code = people::code(8);
    assert_eq!(client.head(&format!("/certificate/api/certificatePDF/{code}"), "me").await.unwrap().status, 404);
    assert_eq!(
        client.head(&format!("/certificate/api/certificatePDF/{}", people::code(7)), "me").await.unwrap().status,
        200
    );
    // The number as people write it is the same number.
    let national = client.with_token("me", service.running.token_for_citizen(phone.trim_start_matches("+91")));
    assert_eq!(national.get(&format!("/certificate/api/certificate/{mine}"), "me").await.unwrap().status, 200);
}

#[tokio::test]
async fn codes_with_unusual_characters_are_found() {
    let service = Service::start().await;
    let mut event = people::event(9, 1);
    event["preEnrollmentCode"] = json!("A/B c?#é");
    certify(&service, "v1", json!([event])).await;
    let code = tests::client::segment("A/B c?#é");
    assert_eq!(get(&service, &format!("/certificate/api/certificatePDF/{code}")).await.status, 200);
    assert_eq!(get(&service, &format!("/certificate/api/certificatePDF/{code}?x=1")).await.status, 200);
}
