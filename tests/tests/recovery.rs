//! Recovery, from outside: with the paper, by two officers, and staff who find people without papers; also where a process dies half way.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use base64::{Engine, prelude::BASE64_STANDARD};
use issuer::{ports::Ledger, recovery::work};
use reqwest::Method;
use serde_json::{Value, json};
use tests::{
    Answer,
    doomed::Doomed,
    people,
    recovering::{NEW, OTHER, Scene, registered},
    service,
};
use time::Duration;

#[tokio::test]
async fn with_the_paper_and_the_old_number_certificates_move_to_the_new_one_after_three_days() {
    let scene = Scene::start().await;
    let ids = scene.certified(1, 2).await;
    let (old, paper) = (registered(1), scene.paper(&ids[1]).await);
    assert_eq!((scene.opens(&old, &ids).await, scene.opens(NEW, &ids).await), (vec![true, true], vec![false, false]));

    // 1. A code goes to the new number, and nothing else happens.
    let answer = scene.ask(&paper, &old, NEW).await;
    assert_eq!(answer.status, 202);
    let id = answer.json()["recoveryId"].as_str().unwrap().to_owned();
    assert!(answer.json()["codeExpiresAt"].is_string());
    assert_eq!((scene.messages(&old).len(), scene.messages(NEW).len()), (0, 1));
    assert_eq!(scene.state(&id).await, Value::Null);

    // 2. With the code it waits, and the old number is told, without a name.
    let proven = scene.prove(&id, &scene.code(NEW)).await;
    assert_eq!((proven.status, &proven.json()["state"]), (202, &json!("waiting")));
    let told = scene.messages(&old).pop().unwrap();
    assert!(told.contains("/portal/#objection=") && !told.contains("Asha") && !told.contains(&ids[1]), "{told}");
    assert_eq!(scene.prove(&id, "000000").await.json(), proven.json(), "the same request again gives the same answer");
    assert_eq!(scene.messages(&old).len(), 1);

    // 3. Until its time nothing changes.
    service::pass(71 * 3600);
    work(&scene.app).await.unwrap();
    assert_eq!(scene.state(&id).await, "waiting");
    assert_eq!((scene.opens(&old, &ids).await, scene.opens(NEW, &ids).await), (vec![true, true], vec![false, false]));

    // 4. Then everything is the new number's, and nothing is the old one's.
    scene.wait().await;
    assert_eq!(scene.state(&id).await, "done");
    assert_eq!((scene.opens(&old, &ids).await, scene.opens(NEW, &ids).await), (vec![false, false], vec![true, true]));
    assert_eq!(scene.messages(NEW).last().unwrap(), "Your health certificates are now registered to this number.");
    work(&scene.app).await.unwrap();
    assert_eq!(scene.messages(NEW).len(), 2, "who was told is not told again");

    // 5. Its history says so, and the log too, and neither says of whom.
    let history = scene.citizen(NEW).get(&format!("/divoc/api/v1/certificate/{}/history", ids[0]), "me").await.unwrap();
    let last = history.json()["certificates"][0]["events"].as_array().unwrap().last().unwrap().clone();
    assert_eq!([&last["event"], &last["actor"], &last["reason"]], ["rebound", "recovery-by-paper", "holder-request"]);
    let entries = rebound(&scene).await;
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0]["id"], ids[1].as_str());
}

#[tokio::test]
async fn a_paper_is_taken_as_text_as_credential_as_picture_and_as_pdf() {
    let scene = Scene::start().await;
    let ids = scene.certified(2, 1).await;
    let credential = scene.paper(&ids[0]).await;
    let fetch = async |path: &str| scene.service.client.get(&format!("{path}/{}", ids[0]), "fetcher").await.unwrap();
    let png = BASE64_STANDARD.encode(fetch("/certificate/api/certificate/QRCode").await.body);
    let pdf = BASE64_STANDARD.encode(fetch("/certificate/api/certificate").await.body);
    for paper in [json!({ "paper": credential.to_string() }), json!({ "picture": png }), json!({ "picture": pdf })] {
        let mut wish = paper;
        wish["registeredPhone"] = json!(registered(2));
        wish["newPhone"] = json!(NEW);
        wish["language"] = json!("hi-IN");
        let asked = scene.send(Method::POST, "/divoc/api/citizen/recovery", "", Some(&wish)).await;
        assert_eq!(asked.status, 202, "{}", asked.text());
        let id = asked.json()["recoveryId"].as_str().unwrap().to_owned();
        assert_eq!(scene.prove(&id, &scene.code(NEW)).await.json()["state"], "waiting");
    }
    let told = scene.messages(&registered(2)).pop().unwrap();
    assert!(told.contains("इस नंबर") && told.contains("Not you?"), "{told}");
}

#[tokio::test]
async fn all_that_is_wrong_with_a_request_is_said_at_once() {
    let scene = Scene::start().await;
    let ids = scene.certified(3, 1).await;
    let paper = scene.paper(&ids[0]).await;
    let cases = [
        (json!({}), json!(["/registeredPhone", "/newPhone", "/paper"])),
        (json!([]), json!([""])),
        (
            json!({ "paper": paper, "picture": "AA==", "registeredPhone": "nobody", "newPhone": 7 }),
            json!(["/registeredPhone", "/newPhone", "/picture"]),
        ),
        (
            json!({ "picture": "no base64!", "registeredPhone": NEW, "newPhone": "+919000000001" }),
            json!(["/newPhone", "/picture"]),
        ),
        (
            json!({ "picture": BASE64_STANDARD.encode("neither picture nor paper"), "registeredPhone": OTHER, "newPhone": NEW }),
            json!(["/picture"]),
        ),
        (json!({ "paper": "", "registeredPhone": OTHER, "newPhone": NEW }), json!(["/paper"])),
    ];
    for (wish, pointers) in cases {
        let answer = scene.send(Method::POST, "/divoc/api/citizen/recovery", "", Some(&wish)).await;
        assert_eq!(answer.status, 422, "{}", answer.text());
        let errors = answer.json()["errors"].as_array().unwrap().clone();
        let mut found: Vec<_> = errors.iter().map(|error| error["pointer"].clone()).collect();
        found.dedup();
        assert_eq!(Value::from(found), pointers, "{}", answer.text());
    }
    assert!(scene.service.running.outbox().sent().is_empty());
    let path = "/divoc/api/citizen/recovery/objection";
    assert_eq!(scene.send(Method::POST, path, "", Some(&json!({}))).await.status, 422);
    assert_eq!(scene.send(Method::POST, path, "", Some(&json!({ "token": "x.y" }))).await.status, 404);
    assert_eq!(scene.prove("unknown", "123456").await.status, 404);
    assert_eq!(scene.service.client.get("/divoc/api/citizen/recovery/unknown", "").await.unwrap().status, 404);
}

#[tokio::test]
async fn the_owner_of_the_registered_number_stops_a_move_with_the_link() {
    let scene = Scene::start().await;
    let ids = scene.certified(4, 1).await;
    let (old, paper) = (registered(4), scene.paper(&ids[0]).await);
    let id = scene.waiting(&paper, &old, NEW).await;
    let token = scene.objection(&old);
    let object = async || {
        scene.send(Method::POST, "/divoc/api/citizen/recovery/objection", "", Some(&json!({ "token": token }))).await
    };
    for _ in 0..2 {
        let answer = object().await;
        assert_eq!((answer.status, &answer.json()["state"]), (200, &json!("stopped")));
    }
    scene.wait().await;
    assert_eq!(scene.state(&id).await, "stopped");
    assert_eq!((scene.opens(&old, &ids).await, scene.opens(NEW, &ids).await), (vec![true], vec![false]));

    // For a month a paper moves nothing away from that number.
    let id = scene.asked(&paper, &old, OTHER).await;
    assert_eq!(scene.prove(&id, &scene.code(OTHER)).await.status, 403);
    service::pass(31 * 86_400);
    scene.waiting(&paper, &old, OTHER).await;
}

#[tokio::test]
async fn who_is_logged_in_with_the_registered_number_sees_a_move_and_stops_it() {
    let scene = Scene::start().await;
    let ids = scene.certified(5, 1).await;
    let old = registered(5);
    let id = scene.waiting(&scene.paper(&ids[0]).await, &old, NEW).await;
    let (owner, stranger) = (scene.citizen(&old), scene.citizen(OTHER));
    let path = format!("/divoc/api/citizen/recovery/{id}");
    let pending = owner.get("/divoc/api/citizen/recovery", "me").await.unwrap().json();
    assert_eq!([&pending["recoveries"][0]["recoveryId"], &pending["recoveries"][0]["state"]], [id.as_str(), "waiting"]);
    assert_eq!(stranger.get("/divoc/api/citizen/recovery", "me").await.unwrap().json(), json!({ "recoveries": [] }));
    assert_eq!(stranger.send(Method::DELETE, &path, "me", &[], None).await.unwrap().status, 404);
    assert_eq!(scene.state(&id).await, "waiting");
    for _ in 0..2 {
        assert_eq!(owner.send(Method::DELETE, &path, "me", &[], None).await.unwrap().status, 204);
    }
    assert_eq!(owner.get("/divoc/api/citizen/recovery", "me").await.unwrap().json(), json!({ "recoveries": [] }));
    scene.wait().await;
    assert_eq!((scene.state(&id).await, scene.opens(NEW, &ids).await), (json!("stopped"), vec![false]));
}

#[tokio::test]
async fn a_correction_meanwhile_moves_too_and_a_revocation_stops_the_move() {
    let scene = Scene::start().await;
    let (kept, taken) = (scene.certified(6, 1).await, scene.certified(7, 1).await);
    let corrected = scene.waiting(&scene.paper(&kept[0]).await, &registered(6), NEW).await;
    let revoked = scene.waiting(&scene.paper(&taken[0]).await, &registered(7), OTHER).await;
    let mut event = people::event(6, 1);
    event["recipient"]["name"] = json!("Asha Corrected");
    let newer = scene.correct(&event).await;
    let path = format!("/divoc/api/v1/certificate/{}?reason=fraud", taken[0]);
    assert_eq!(scene.send(Method::DELETE, &path, "certifier", None).await.status, 200);
    scene.wait().await;
    assert_eq!((scene.state(&corrected).await, scene.state(&revoked).await), (json!("done"), json!("refused")));
    assert_eq!(scene.opens(NEW, &[newer]).await, [true]);
    assert_eq!(scene.opens(OTHER, &taken).await, [false]);
}

#[tokio::test]
async fn two_officers_of_a_facility_move_certificates_at_once() {
    let scene = Scene::start().await;
    let ids = scene.certified(8, 2).await;
    let (first, second) = (scene.officer("officer-a", "F-1"), scene.officer("officer-b", "F-1"));
    let asked = first.ask(&people::code(8), NEW).await;
    assert_eq!(asked.status, 201, "{}", asked.text());
    let asked = asked.json();
    let id = asked["rebindingId"].as_str().unwrap();
    assert_eq!(
        [&asked["beneficiaryId"], &asked["state"], &asked["mine"]],
        [&json!(people::code(8)), &json!("waiting"), &json!(true)]
    );
    assert_eq!(first.ask(&people::code(8), NEW).await.json()["rebindingId"], id, "the same request again");
    let waiting = second.waiting().await;
    assert_eq!((waiting.as_array().unwrap().len(), &waiting[0]["mine"]), (1, &json!(false)));
    assert!(!waiting.to_string().contains("90000"), "{waiting}");
    assert_eq!(scene.opens(NEW, &ids).await, [false, false]);

    // The second officer types the number, too: a slip of either locks nobody out.
    let slip = second.approve(id, OTHER).await;
    assert_eq!((slip.status, &slip.json()["errors"][0]["pointer"]), (422, &json!("/phone")));
    for _ in 0..2 {
        let done = second.approve(id, "0091 90000-00001").await;
        assert_eq!((done.status, &done.json()["state"]), (200, &json!("done")), "{}", done.text());
    }
    assert_eq!(
        (scene.opens(&registered(8), &ids).await, scene.opens(NEW, &ids).await),
        (vec![false, false], vec![true, true])
    );
    assert_eq!(first.waiting().await, json!([]));
    assert_eq!(first.withdraw(id).await.status, 404);
    let entries = rebound(&scene).await;
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0]["actor"], "officer-a and officer-b");
}

#[tokio::test]
async fn officers_requests_are_read_with_all_their_faults_and_end_with_the_day() {
    let scene = Scene::start().await;
    scene.certified(9, 1).await;
    let (first, second) = (scene.officer("officer-a", "F-1"), scene.officer("officer-b", "F-1"));
    let body = scene.send(Method::POST, "/divoc/api/v1/rebindings", "officer", Some(&json!({ "phone": "none" }))).await;
    assert_eq!((body.status, body.json()["errors"].as_array().unwrap().len()), (422, 2));
    assert_eq!(first.ask("nobody-at-all", NEW).await.status, 404);
    let id = first.asked(&people::code(9), NEW).await;
    service::pass(86_401);
    assert_eq!(second.approve(&id, NEW).await.status, 404);
    assert_eq!(second.waiting().await, json!([]));
    assert_eq!(second.approve("unknown", NEW).await.status, 404);
    let nowhere = scene.officer("officer-c", "");
    let refused = nowhere.ask(&people::code(9), NEW).await;
    assert_eq!((refused.status, &refused.json()["type"]), (403, &json!("urn:divoc:problem:no-facility")));
}

#[tokio::test]
async fn whoever_had_no_telephone_is_given_one_by_officers() {
    let scene = Scene::start().await;
    let mut event = people::event(10, 1);
    event["recipient"]["contact"] = json!([]);
    let ids = scene.certify(&json!([event])).await;
    let id = scene.officer("officer-a", "F-1").asked(&people::code(10), NEW).await;
    assert_eq!(scene.officer("officer-b", "F-1").approve(&id, NEW).await.status, 200);
    assert_eq!(scene.opens(NEW, &ids).await, [true]);
}

#[tokio::test]
async fn what_is_reported_later_with_the_old_number_is_the_new_numbers() {
    let scene = Scene::start().await;
    let mut ids = scene.certified(11, 1).await;
    let id = scene.officer("officer-a", "F-1").asked(&people::code(11), NEW).await;
    assert_eq!(scene.officer("officer-b", "F-1").approve(&id, NEW).await.status, 200);

    // A second dose, a correction and a test, reported by systems that never heard of it.
    ids.extend(scene.certify(&json!([people::event(11, 2)])).await);
    let mut corrected = people::event(11, 1);
    corrected["recipient"]["name"] = json!("Asha Corrected");
    ids.push(scene.correct(&corrected).await);
    let tested = scene.service.client.certify("v1/test", &json!([people::test(11, 1)])).await.unwrap();
    ids.push(tested.json()["certificates"][0]["certificateId"].as_str().unwrap().to_owned());
    assert_eq!(
        (scene.opens(&registered(11), &ids).await, scene.opens(NEW, &ids).await),
        (vec![false; 4], vec![true; 4])
    );
    assert_eq!(family(&scene, &registered(11)).await, Vec::<String>::new());
    assert_eq!(family(&scene, NEW).await.len(), 3);

    // A number that nobody replaced speaks for itself: so a system reports that somebody has another one.
    let mut third = people::event(11, 2);
    third["recipient"]["contact"] = json!([format!("tel:{OTHER}")]);
    let newest = scene.correct(&third).await;
    assert_eq!(scene.opens(OTHER, &[ids[0].clone(), newest]).await, [false, true]);
}

#[tokio::test]
async fn staff_find_people_by_number_and_date_of_birth_and_the_log_says_who_looked() {
    let scene = Scene::start().await;
    let mut born = people::event(12, 1);
    born["recipient"]["dob"] = json!("1980-05-17");
    let exact = scene.service.client.certify("v3", &json!([born])).await.unwrap();
    assert_eq!(exact.status, 200, "{}", exact.text());
    let mut aged = people::event(13, 1);
    aged["recipient"]["contact"] = json!([people::telephone(12)]);
    scene.certify(&json!([aged])).await;
    let phone = registered(12);
    let divoc = async |phone: &str, dob: &str, role: &str| {
        let path = format!("/certificate/api/beneficiaries?phoneno={}&dob={dob}", tests::client::segment(phone));
        scene.service.client.get(&path, role).await.unwrap()
    };
    let row = |code: u64, dob: Value| json!({ "preEnrollmentCode": people::code(code), "name": format!("Asha Example {code}"), "gender": "Female", "dob": dob });
    for role in ["officer", "fetcher"] {
        assert_eq!(
            divoc(&phone, "1980-05-17", role).await.json(),
            json!([row(12, json!("1980-05-17")), row(13, Value::Null)])
        );
    }
    assert_eq!(divoc(&phone, "1980-05-18T00:00:00.000Z", "officer").await.json(), json!([row(13, Value::Null)]));
    assert_eq!(divoc(&phone, "1990-01-01", "officer").await.json(), json!([]));
    assert_eq!(divoc(NEW, "1980-05-17", "officer").await.json(), json!([]));
    for (phone, dob) in
        [("", "1980-05-17"), ("nobody", "1980-05-17"), (phone.as_str(), "17.05.1980"), (phone.as_str(), "")]
    {
        let refused = divoc(phone, dob, "officer").await;
        assert_eq!((refused.status, &refused.json()["detail"]), (400, &json!("Invalid Date of Birth or Phone number")));
    }

    let search = async |body: Value| {
        scene.send(Method::POST, "/divoc/api/v1/beneficiaries/search", "officer", Some(&body)).await
    };
    let found = search(json!({ "phone": phone, "birthDate": "1980-05-17" })).await.json();
    assert_eq!(found["beneficiaries"][1]["age"], "41");
    assert_eq!(
        found["beneficiaries"][0],
        json!({
            "beneficiaryId": people::code(12), "name": "Asha Example 12", "gender": "Female", "birthDate": "1980-05-17", "age": "41",
            "certificates": [{ "certificateId": exact.json()["certificates"][0]["certificateId"], "kind": "vaccination", "dose": 1, "status": "valid" }],
        })
    );
    let refused = search(json!({ "phone": 7, "birthDate": "yesterday" })).await;
    assert_eq!((refused.status, refused.json()["errors"].as_array().unwrap().len()), (422, 2));

    let searches = entries(&scene, "searched").await;
    assert_eq!(searches.len(), 6);
    assert!(searches.iter().all(|entry| entry["actor"].starts_with("development-")));
    let shown = entries(&scene, "shown").await;
    assert_eq!(shown.len(), 2 + 2 + 1 + 2);
    assert!(shown.iter().all(|entry| entry["actor"].starts_with("development-")));
}

#[tokio::test]
async fn searches_of_one_person_are_counted() {
    let scene = Scene::start().await;
    let search = async || {
        let body = json!({ "phone": NEW, "birthDate": "1980-05-17" });
        scene.send(Method::POST, "/divoc/api/v1/beneficiaries/search", "officer", Some(&body)).await
    };
    for _ in 0..120 {
        assert_eq!(search().await.status, 200);
    }
    let refused = search().await;
    assert_eq!((refused.status, &refused.json()["type"]), (429, &json!("urn:divoc:problem:too-many")));
    assert!(refused.header("retry-after").parse::<u64>().unwrap() <= 3600);
    service::pass(3600);
    assert_eq!(search().await.status, 200);
}

#[tokio::test]
async fn a_process_that_dies_at_any_write_of_a_proof_leaves_what_the_next_try_finishes() {
    // The writes: the code is used up, the number is proven, the old number is told, the move waits.
    for writes in 1..=4 {
        let mut doomed = None;
        let scene = Scene::with(|app| doomed = Some(Doomed::in_place_of(app))).await;
        let doomed = doomed.unwrap();
        let ids = scene.certified(14, 1).await;
        let (old, paper) = (registered(14), scene.paper(&ids[0]).await);
        let id = scene.asked(&paper, &old, NEW).await;
        doomed.die_after(writes);
        assert_eq!(scene.prove(&id, &scene.code(NEW)).await.status, 503, "{writes}");
        assert!(doomed.revive());
        if writes == 1 {
            // The code is gone, and with it nothing: another is asked for.
            assert_eq!(scene.prove(&id, &scene.code(NEW)).await.json()["type"], "urn:divoc:problem:code");
            assert!(scene.messages(&old).is_empty());
            scene.waiting(&paper, &old, NEW).await;
        } else {
            assert_eq!(scene.prove(&id, "000000").await.json()["state"], "waiting", "{writes}");
        }
        let told = scene.messages(&old).len();
        assert!((1..=2).contains(&told), "{writes}: {told}");
        // Whoever was told twice stops it with either link.
        let first = scene.messages(&old)[0].split("#objection=").nth(1).unwrap().trim().to_owned();
        let stopped = scene
            .send(Method::POST, "/divoc/api/citizen/recovery/objection", "", Some(&json!({ "token": first })))
            .await;
        assert_eq!(stopped.status, 200);
        scene.wait().await;
        assert_eq!(scene.opens(NEW, &ids).await, [false]);
    }
}

#[tokio::test]
async fn a_process_that_dies_at_any_write_of_a_move_leaves_what_the_next_run_finishes_once() {
    // The writes: the move with its sheet, the message, the lead that is taken away.
    for writes in 1..=3 {
        let mut doomed = None;
        let scene = Scene::with(|app| doomed = Some(Doomed::in_place_of(app))).await;
        let doomed = doomed.unwrap();
        let ids = scene.certified(15, 2).await;
        let id = scene.waiting(&scene.paper(&ids[1]).await, &registered(15), NEW).await;
        service::pass(tests::recovering::WAIT + 1);
        doomed.die_after(writes);
        assert!(work(&scene.app).await.is_err(), "{writes}");
        assert!(doomed.revive());
        for _ in 0..2 {
            work(&scene.app).await.unwrap();
        }
        assert_eq!(scene.state(&id).await, "done");
        assert_eq!(
            (scene.opens(NEW, &ids).await, scene.opens(&registered(15), &ids).await),
            (vec![true, true], vec![false, false])
        );
        assert_eq!(rebound(&scene).await.len(), 1, "{writes}");
    }
}

#[tokio::test]
async fn an_approval_that_dies_half_way_is_finished_by_the_same_request() {
    let mut doomed = None;
    let scene = Scene::with(|app| doomed = Some(Doomed::in_place_of(app))).await;
    let doomed = doomed.unwrap();
    let ids = scene.certified(16, 1).await;
    let (first, second) = (scene.officer("officer-a", "F-1"), scene.officer("officer-b", "F-1"));
    let id = first.asked(&people::code(16), NEW).await;
    for writes in 1..=2 {
        doomed.die_after(writes);
        assert_eq!(second.approve(&id, NEW).await.status, 503);
        assert!(doomed.revive());
    }
    assert_eq!(second.approve(&id, NEW).await.json()["state"], "done");
    assert_eq!(scene.opens(NEW, &ids).await, [true]);
    assert_eq!(rebound(&scene).await.len(), 1);
}

#[tokio::test]
async fn one_recovery_that_can_not_go_on_keeps_no_other_waiting() {
    let mut doomed = None;
    let scene = Scene::with(|app| doomed = Some(Doomed::in_place_of(app))).await;
    let doomed = doomed.unwrap();
    let (one, other) = (scene.certified(17, 1).await, scene.certified(18, 1).await);
    scene.waiting(&scene.paper(&one[0]).await, &registered(17), NEW).await;
    service::pass(60);
    scene.waiting(&scene.paper(&other[0]).await, &registered(18), OTHER).await;
    service::pass(tests::recovering::WAIT + 1);
    doomed.refuse_message(1);
    assert!(work(&scene.app).await.is_err());
    assert_eq!((scene.opens(NEW, &one).await, scene.opens(OTHER, &other).await), (vec![true], vec![true]));
    let told = scene.messages(NEW).len();
    work(&scene.app).await.unwrap();
    assert_eq!(scene.messages(NEW).len(), told + 1, "who could not be told is told by the next run");
}

/// The entries of the log about moves.
async fn rebound(scene: &Scene) -> Vec<std::collections::BTreeMap<String, String>> {
    entries(scene, "rebound").await
}

/// The entries of the log of a kind; none says anything personal.
async fn entries(scene: &Scene, event: &str) -> Vec<std::collections::BTreeMap<String, String>> {
    let now = service::clock() + Duration::MINUTE;
    let entries = scene.service.running.store().entries(now - Duration::minutes(5), now).await;
    let entries: Vec<_> = entries.unwrap().into_iter().filter(|entry| entry.members["event"] == event).collect();
    for entry in &entries {
        let told = format!("{entry:?}");
        assert!(["Asha", "SYN-", "90000", "+91"].iter().all(|personal| !told.contains(personal)), "{told}");
    }
    entries.into_iter().map(|entry| entry.members).collect()
}

/// The certificates that a citizen with that number is shown.
async fn family(scene: &Scene, number: &str) -> Vec<String> {
    let answer: Answer = scene.citizen(number).get("/divoc/api/citizen/certificates", "me").await.unwrap();
    let list = answer.json()["certificates"].as_array().cloned().unwrap_or_default();
    list.iter().map(|it| it["certificateId"].as_str().unwrap().to_owned()).collect()
}
