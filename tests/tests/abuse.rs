//! Everybody who would like to have somebody else's certificates. Each has something: a paper, a number, a telephone, a badge, time. No account is taken over.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tests::{
    Answer, people,
    recovering::{NEW, OTHER, Scene, registered},
    service,
};

/// The owner's person, and the certificates that nobody else may come to see.
const OWNER: u64 = 21;

/// A scene with the owner's certificates.
async fn scene() -> (Scene, Vec<String>) {
    let scene = Scene::start().await;
    let ids = scene.certified(OWNER, 1).await;
    (scene, ids)
}

/// Whatever was tried and however long one waits: the owner's number opens the owner's certificates, and no other does.
async fn nothing_was_taken(scene: &Scene, ids: &[String]) {
    scene.wait().await;
    for number in [NEW, OTHER] {
        assert!(scene.opens(number, ids).await.iter().all(|opened| !opened), "{number} opens the owner's certificates");
    }
    assert!(scene.opens(&registered(OWNER), ids).await.iter().all(|opened| *opened), "the owner is locked out");
}

/// What a caller sees of an answer, without what is random in it.
fn shape(answer: &Answer) -> (u16, BTreeMap<String, String>, Value) {
    let told = ["content-type", "cache-control", "www-authenticate"];
    let headers = answer.headers.iter().filter(|(name, _)| told.contains(&name.as_str()));
    let mut body = answer.json();
    for name in ["recoveryId", "codeExpiresAt"] {
        if let Some(member) = body.get_mut(name) {
            *member = json!(member.as_str().map(str::len));
        }
    }
    (answer.status, headers.map(|(name, value)| (name.clone(), value.clone())).collect(), body)
}

/// The status of a refusal, and how it is called.
fn kind(answer: &Answer) -> (u16, String) {
    let problem = answer.json()["type"].as_str().unwrap_or_default().to_owned();
    (answer.status, problem.rsplit(':').next().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_wrong_paper_a_wrong_number_and_a_certificate_that_is_not_there_look_the_same() {
    let (scene, ids) = scene().await;
    let owner = registered(OWNER);
    let paper = scene.paper(&ids[0]).await;
    let elsewhere = Scene::start().await;
    let foreign = elsewhere.paper(&elsewhere.certified(OWNER, 1).await[0]).await;
    let mut altered = paper.clone();
    altered["credentialSubject"]["name"] = json!("Somebody Else");
    let mut swapped = paper.clone();
    swapped["evidence"][0]["certificateId"] = json!("99999999999999999999");
    let revoked = scene.certified(22, 1).await;
    let revoked_paper = scene.paper(&revoked[0]).await;
    scene.send(Method::DELETE, &format!("/divoc/api/v1/certificate/{}", revoked[0]), "certifier", None).await;
    let superseded = scene.certified(23, 1).await;
    let superseded_paper = scene.paper(&superseded[0]).await;
    let mut corrected = people::event(23, 1);
    corrected["recipient"]["name"] = json!("Asha Corrected");
    let newer = scene.correct(&corrected).await;
    let suspended = scene.certified(24, 1).await;
    let suspended_paper = scene.paper(&suspended[0]).await;
    let until = json!({ "until": "2030-01-01T00:00:00Z" });
    let path = format!("/divoc/api/v1/certificate/{}/suspension", suspended[0]);
    assert_eq!(scene.send(Method::PUT, &path, "admin", Some(&until)).await.status, 200);

    let tries = [
        ("a wrong number", &paper, OTHER.to_owned()),
        ("another person's number", &paper, registered(22)),
        ("another country's paper", &foreign, owner.clone()),
        ("an altered paper", &altered, owner.clone()),
        ("a swapped id", &swapped, owner.clone()),
        ("a revoked paper", &revoked_paper, registered(22)),
        ("a superseded paper", &superseded_paper, registered(23)),
        ("a suspended paper", &suspended_paper, registered(24)),
        ("no credential", &json!({ "type": "nothing" }), owner.clone()),
    ];
    let right = scene.ask(&paper, &owner, "+91 90000 00010").await;
    let mut told: Option<(u16, BTreeMap<String, String>, Value)> = None;
    for (number, (name, paper, registered)) in tries.into_iter().enumerate() {
        let new = format!("+91 90000 000{:02}", 11 + number);
        let asked = scene.ask(paper, &registered, &new).await;
        assert_eq!(shape(&asked), shape(&right), "{name}");
        let proven = scene.prove(asked.json()["recoveryId"].as_str().unwrap(), &scene.code(&new)).await;
        assert_eq!((proven.status, &proven.json()["type"]), (403, &json!("urn:divoc:problem:no-recovery")), "{name}");
        assert_eq!(&shape(&proven), told.get_or_insert_with(|| shape(&proven)), "{name}");
        assert!(scene.messages(&registered).is_empty(), "{name}: its owner was alarmed for nothing");
    }
    nothing_was_taken(&scene, &ids).await;
    assert_eq!(scene.opens(OTHER, &[newer, superseded[0].clone(), suspended[0].clone()]).await, [false; 3]);
}

#[tokio::test]
async fn a_stolen_paper_allows_five_guesses_of_its_number_a_week() {
    let (scene, ids) = scene().await;
    let paper = scene.paper(&ids[0]).await;
    let mut guesses = 0;
    let mut refused = 0;
    for day in 0..7 {
        for guess in 0..10 {
            let answer =
                scene.ask(&paper, &format!("+91 90000 {day}{guess}000"), &format!("+91 90000 1{day}{guess}00")).await;
            match answer.status {
                202 => guesses += 1,
                429 => refused += 1,
                status => panic!("{status}: {}", answer.text()),
            }
        }
        service::pass(86_000);
    }
    assert_eq!((guesses, refused), (5, 65));
    nothing_was_taken(&scene, &ids).await;
}

#[tokio::test]
async fn whoever_has_a_number_tries_no_more_than_five_papers_a_day_against_it() {
    let (scene, ids) = scene().await;
    let mut statuses = Vec::new();
    for person in 30..37 {
        let paper = scene.paper(&scene.certified(person, 1).await[0]).await;
        statuses.push(scene.ask(&paper, &registered(OWNER), &format!("+91 90000 00{person}")).await.status);
    }
    assert_eq!(statuses, [202, 202, 202, 202, 202, 429, 429]);
    nothing_was_taken(&scene, &ids).await;
}

#[tokio::test]
async fn one_address_tries_no_more_than_twenty_times_an_hour_whatever_it_sends() {
    let (scene, ids) = scene().await;
    let mut statuses = Vec::new();
    for _ in 0..25 {
        statuses.push(scene.send(Method::POST, "/divoc/api/citizen/recovery", "", Some(&json!({}))).await.status);
    }
    assert_eq!(statuses, [[422; 20].as_slice(), &[429; 5]].concat());
    nothing_was_taken(&scene, &ids).await;
}

#[tokio::test]
async fn the_new_numbers_code_cannot_be_guessed() {
    // The thief has paper and number, and names a telephone that is not theirs, so that nobody finds them.
    let (scene, ids) = scene().await;
    let id = scene.asked(&scene.paper(&ids[0]).await, &registered(OWNER), NEW).await;
    let right = scene.code(NEW);
    let wrong = (0..1000).map(|number| format!("{number:06}")).filter(|code| *code != right);
    let mut statuses = Vec::new();
    for code in wrong.take(8) {
        statuses.push(scene.prove(&id, &code).await.status);
    }
    assert_eq!(statuses, [403, 403, 403, 403, 403, 429, 429, 429]);
    // Even the right one is too late, and another request gives no new tries.
    assert_eq!(scene.prove(&id, &right).await.status, 429);
    assert_eq!(scene.ask(&scene.paper(&ids[0]).await, &registered(OWNER), NEW).await.status, 429);
    assert!(scene.messages(&registered(OWNER)).is_empty());
    nothing_was_taken(&scene, &ids).await;
}

#[tokio::test]
async fn guesses_at_once_count_as_one_after_the_other() {
    let (scene, ids) = scene().await;
    let id = scene.asked(&scene.paper(&ids[0]).await, &registered(OWNER), NEW).await;
    let right = scene.code(NEW);
    let wrong: Vec<String> = (0..40).map(|number| format!("{number:06}")).filter(|code| *code != right).collect();
    let client = scene.service.client.clone();
    let mut guesses = tokio::task::JoinSet::new();
    for code in wrong {
        let (client, path) = (client.clone(), format!("/divoc/api/citizen/recovery/{id}/proof"));
        guesses.spawn(async move {
            let body = Some(("application/json", json!({ "otp": code }).to_string().into_bytes()));
            client.send(Method::POST, &path, "", &[], body).await.unwrap().status
        });
    }
    let statuses = guesses.join_all().await;
    assert!(statuses.iter().filter(|status| **status == 403).count() <= 5, "{statuses:?}");
    assert!(!statuses.contains(&202));
    nothing_was_taken(&scene, &ids).await;
}

#[tokio::test]
async fn a_code_for_one_thing_is_none_for_another_and_is_used_once() {
    let (scene, ids) = scene().await;
    let (owner, paper) = (registered(OWNER), scene.paper(&ids[0]).await);
    let log_in = async |number: &str, otp: &str| {
        scene
            .send(Method::POST, "/divoc/api/citizen/verifyOTP", "", Some(&json!({ "phone": number, "otp": otp })))
            .await
            .status
    };
    // The code that proves the new number logs nobody in.
    let id = scene.asked(&paper, OTHER, NEW).await;
    let code = scene.code(NEW);
    assert_eq!(log_in(NEW, &code).await, 401);
    // A used one proves nothing again, under another recovery neither.
    assert_eq!(scene.prove(&id, &code).await.status, 403);
    let again = scene.asked(&paper, &owner, NEW).await;
    let newer = scene.code(NEW);
    if newer != code {
        assert_eq!(kind(&scene.prove(&again, &code).await), (403, "code".to_owned()));
    }
    // The code that the owner gets to log in proves no new number.
    assert_eq!(
        scene.send(Method::POST, "/divoc/api/citizen/generateOTP", "", Some(&json!({ "phone": owner }))).await.status,
        200
    );
    let own = scene.code(&owner);
    if own != newer {
        assert_eq!(kind(&scene.prove(&again, &own).await), (403, "code".to_owned()));
    }
    // A code that is too old.
    service::pass(301);
    assert_eq!(kind(&scene.prove(&again, &newer).await), (403, "code".to_owned()));
    nothing_was_taken(&scene, &ids).await;
}

#[tokio::test]
async fn a_stolen_paper_alone_moves_nothing() {
    let (scene, ids) = scene().await;
    let paper = scene.paper(&ids[0]).await;
    // The thief does not know the number, and tries what stands on the paper, and their own.
    for guess in [OTHER, "9999000021", "+91 12345 67890"] {
        let id = scene.asked(&paper, guess, NEW).await;
        assert_eq!(kind(&scene.prove(&id, &scene.code(NEW)).await), (403, "no-recovery".to_owned()));
        assert_eq!(scene.prove(&id, "123456").await.status, 403, "the same request again");
    }
    nothing_was_taken(&scene, &ids).await;
}

#[tokio::test]
async fn a_number_alone_moves_nothing() {
    // Somebody has the owner's old number now, with a new SIM, and knows their name and code; or has somebody else's paper.
    let (scene, ids) = scene().await;
    let own = scene.paper(&scene.certified(25, 1).await[0]).await;
    let made_up =
        json!({ "credentialSubject": { "refId": people::code(OWNER) }, "evidence": [{ "certificateId": ids[0] }] });
    for paper in [&own, &made_up] {
        let id = scene.asked(paper, &registered(OWNER), NEW).await;
        assert_eq!(kind(&scene.prove(&id, &scene.code(NEW)).await), (403, "no-recovery".to_owned()));
    }
    assert!(scene.messages(&registered(OWNER)).is_empty());
    nothing_was_taken(&scene, &ids).await;
}

#[tokio::test]
async fn a_session_of_the_old_number_opens_nothing_after_it_was_replaced() {
    // The owner's SIM was stolen; the thief has a token for twelve hours. Two officers see the owner.
    let (scene, ids) = scene().await;
    let old = registered(OWNER);
    let thief = scene.citizen(&old);
    let path = format!("/certificate/api/credential/{}", ids[0]);
    assert_eq!(thief.get(&path, "me").await.unwrap().status, 200);
    let mine = thief.get("/divoc/api/citizen/certificates", "me").await.unwrap().json();
    assert_eq!(mine["certificates"].as_array().unwrap().len(), 1);
    // The thief printed it, and asks for a number of their own.
    let paper = scene.paper(&ids[0]).await;
    let recovery = scene.waiting(&paper, &old, OTHER).await;

    let request = scene.officer("officer-a", "F-1").asked(&people::code(OWNER), NEW).await;
    assert_eq!(scene.officer("officer-b", "F-1").approve(&request, NEW).await.status, 200);
    for path in [
        path.clone(),
        format!("/certificate/api/certificate/{}", ids[0]),
        format!("/certificate/api/certificatePDF/{}", people::code(OWNER)),
        format!("/certificate/api/certificate/QRCode/{}", ids[0]),
        format!("/divoc/api/v1/certificate/{}/history", ids[0]),
    ] {
        let with_thief = thief.get(&path, "me").await.unwrap();
        let with_nobody = scene.citizen("+91 90000 00099").get(&path, "me").await.unwrap();
        assert_eq!((with_thief.status, with_thief.json()), (404, with_nobody.json()), "{path}");
    }
    let left = thief.get("/divoc/api/citizen/certificates", "me").await.unwrap().json();
    assert!(left["certificates"].as_array().is_none_or(Vec::is_empty), "{left}");
    // What the thief began comes to nothing, and cannot be begun again.
    scene.wait().await;
    assert_eq!(scene.state(&recovery).await, "refused");
    let again = scene.asked(&paper, &old, OTHER).await;
    assert_eq!(scene.prove(&again, &scene.code(OTHER)).await.status, 403);
    assert_eq!(
        (scene.opens(NEW, &ids).await, scene.opens(OTHER, &ids).await, scene.opens(&old, &ids).await),
        (vec![true], vec![false], vec![false])
    );
}

#[tokio::test]
async fn whoever_is_not_the_owner_stops_no_move() {
    let (scene, ids) = scene().await;
    let old = registered(OWNER);
    let id = scene.waiting(&scene.paper(&ids[0]).await, &old, NEW).await;
    let token = scene.objection(&old);
    let (own, secret) = token.split_once('.').unwrap();
    let object = async |token: String| {
        scene
            .send(Method::POST, "/divoc/api/citizen/recovery/objection", "", Some(&json!({ "token": token })))
            .await
            .status
    };
    for forged in [
        id.clone(),
        format!("{own}."),
        format!("{own}.{}", secret.to_lowercase() + "x"),
        format!("other.{secret}"),
        format!("{own}.{secret}."),
    ] {
        assert_eq!(object(forged).await, 404);
    }
    for stranger in [NEW, OTHER] {
        let path = format!("/divoc/api/citizen/recovery/{id}");
        assert_eq!(scene.citizen(stranger).send(Method::DELETE, &path, "me", &[], None).await.unwrap().status, 404);
    }
    scene.wait().await;
    assert_eq!(scene.opens(NEW, &ids).await, [true]);
    // Too late is too late, and says so.
    assert_eq!(object(token.clone()).await, 404);
    assert_eq!(scene.opens(NEW, &ids).await, [true]);
}

#[tokio::test]
async fn a_paper_moves_once() {
    // The owner moved to a new number. Whoever has the paper, and knows the old one, has nothing.
    let (scene, ids) = scene().await;
    let (old, paper) = (registered(OWNER), scene.paper(&ids[0]).await);
    scene.waiting(&paper, &old, NEW).await;
    scene.wait().await;
    let id = scene.asked(&paper, &old, OTHER).await;
    assert_eq!(scene.prove(&id, &scene.code(OTHER)).await.status, 403);
    scene.wait().await;
    assert_eq!((scene.opens(NEW, &ids).await, scene.opens(OTHER, &ids).await), (vec![true], vec![false]));
    // And a report with the old number brings nothing back.
    let mut again = people::event(OWNER, 1);
    again["vaccination"]["batch"] = json!("CORRECTED");
    let newest = scene.correct(&again).await;
    assert_eq!(
        (scene.opens(NEW, std::slice::from_ref(&newest)).await, scene.opens(&old, &[newest]).await),
        (vec![true], vec![false])
    );
}

#[tokio::test]
async fn of_two_who_wait_the_first_moves_and_the_second_is_refused() {
    let (scene, ids) = scene().await;
    let (old, paper) = (registered(OWNER), scene.paper(&ids[0]).await);
    let owner = scene.waiting(&paper, &old, NEW).await;
    service::pass(3600);
    let thief = scene.waiting(&paper, &old, OTHER).await;
    scene.wait().await;
    assert_eq!((scene.state(&owner).await, scene.state(&thief).await), (json!("done"), json!("refused")));
    assert_eq!((scene.opens(NEW, &ids).await, scene.opens(OTHER, &ids).await), (vec![true], vec![false]));
}

#[tokio::test]
async fn one_officer_alone_moves_nothing() {
    let (scene, ids) = scene().await;
    let officer = scene.officer("officer-a", "F-1");
    let id = officer.asked(&people::code(OWNER), NEW).await;
    let refused = officer.approve(&id, NEW).await;
    assert_eq!((refused.status, &refused.json()["type"]), (403, &json!("urn:divoc:problem:same-officer")));
    // Nor with a second token of the same person, nor under another facility's name.
    assert_eq!(scene.officer("officer-a", "F-1").approve(&id, NEW).await.status, 403);
    assert_eq!(scene.officer("officer-a", "F-2").approve(&id, NEW).await.status, 404);
    // Nor do those who are no officers.
    for role in ["certifier", "fetcher", "citizen", "verifier", "admin"] {
        let path = format!("/divoc/api/v1/rebindings/{id}/approval");
        let answer = scene.send(Method::POST, &path, role, Some(&json!({ "phone": NEW }))).await;
        assert_eq!(answer.status, 403, "{role}");
    }
    nothing_was_taken(&scene, &ids).await;
}

#[tokio::test]
async fn officers_of_two_facilities_move_nothing() {
    let (scene, ids) = scene().await;
    let id = scene.officer("officer-a", "F-1").asked(&people::code(OWNER), NEW).await;
    let elsewhere = scene.officer("officer-b", "F-2");
    let unknown = elsewhere.approve("there-is-no-such-request", NEW).await;
    assert_eq!(shape(&elsewhere.approve(&id, NEW).await), shape(&unknown));
    assert_eq!((elsewhere.withdraw(&id).await.status, elsewhere.waiting().await), (404, json!([])));
    // Two requests, one in each facility, are not one request of two officers.
    elsewhere.asked(&people::code(OWNER), NEW).await;
    nothing_was_taken(&scene, &ids).await;
}

#[tokio::test]
async fn a_withdrawn_request_is_approved_by_nobody() {
    let (scene, ids) = scene().await;
    let (first, second) = (scene.officer("officer-a", "F-1"), scene.officer("officer-b", "F-1"));
    let id = first.asked(&people::code(OWNER), NEW).await;
    assert_eq!(second.withdraw(&id).await.status, 204);
    assert_eq!(second.withdraw(&id).await.status, 404);
    assert_eq!(second.approve(&id, NEW).await.status, 404);
    nothing_was_taken(&scene, &ids).await;
}

#[tokio::test]
async fn an_approval_and_a_withdrawal_at_once_have_one_outcome() {
    for _ in 0..5 {
        let (scene, ids) = scene().await;
        let (first, second) = (scene.officer("officer-a", "F-1"), scene.officer("officer-b", "F-1"));
        let id = first.asked(&people::code(OWNER), NEW).await;
        let (approved, withdrawn) = tokio::join!(second.approve(&id, NEW), first.withdraw(&id));
        let outcome = (approved.status, withdrawn.status, scene.opens(NEW, &ids).await[0]);
        assert!(matches!(outcome, (200, 404, true) | (404, 204, false)), "{outcome:?}");
    }
}

#[tokio::test]
async fn an_officers_request_that_was_approved_with_another_number_changes_nothing() {
    let (scene, ids) = scene().await;
    let id = scene.officer("officer-a", "F-1").asked(&people::code(OWNER), NEW).await;
    let second = scene.officer("officer-b", "F-1");
    for phone in [OTHER, "nobody", ""] {
        assert_eq!(second.approve(&id, phone).await.status, 422);
    }
    nothing_was_taken(&scene, &ids).await;
}

#[tokio::test]
async fn officers_are_counted_one_by_one_and_by_facility() {
    let (scene, ids) = scene().await;
    let mut accepted = 0;
    for officer in 0..8 {
        let desk = scene.officer(&format!("officer-{officer}"), "F-1");
        let mut own = 0;
        for phone in 0..52 {
            let answer = desk.ask(&people::code(OWNER), &format!("+91 90000 {officer}{phone:02}00")).await;
            assert!(matches!(answer.status, 201 | 429), "{}", answer.text());
            own += u64::from(answer.status == 201);
        }
        assert!(own <= 50, "{own} by one officer");
        accepted += own;
    }
    assert_eq!(accepted, 300, "by one facility");
    let desk = scene.officer("another", "F-2");
    let id = desk.asked(&people::code(OWNER), NEW).await;
    let guesser = scene.officer("guesser", "F-2");
    let mut statuses = Vec::new();
    for _ in 0..102 {
        statuses.push(guesser.approve(&id, OTHER).await.status);
    }
    assert_eq!((statuses[99], statuses[100], statuses[101]), (422, 429, 429));
    nothing_was_taken(&scene, &ids).await;
}

#[tokio::test]
async fn whoever_searches_without_being_staff_learns_nothing() {
    let (scene, ids) = scene().await;
    let known = json!({ "phone": registered(OWNER), "birthDate": "1979-06-01" });
    let unknown = json!({ "phone": OTHER, "birthDate": "1979-06-01" });
    for role in ["certifier", "citizen", "verifier", "admin", ""] {
        let [one, other] = [&known, &unknown]
            .map(|body| scene.send(Method::POST, "/divoc/api/v1/beneficiaries/search", role, Some(body)));
        let (one, other) = (one.await, other.await);
        assert_eq!(shape(&one), shape(&other), "{role}");
        assert!(matches!(one.status, 401 | 403), "{role}");
    }
    // Staff who have the number and no date of birth find nobody either.
    let guess = json!({ "phone": registered(OWNER), "birthDate": "1950-06-01" });
    let found = scene.send(Method::POST, "/divoc/api/v1/beneficiaries/search", "officer", Some(&guess)).await;
    assert_eq!(found.json(), json!({ "beneficiaries": [] }));
    nothing_was_taken(&scene, &ids).await;
}

#[tokio::test]
async fn log_in_tells_nobody_whose_number_has_certificates_before_and_after_a_move() {
    let (scene, ids) = scene().await;
    let id = scene.officer("officer-a", "F-1").asked(&people::code(OWNER), NEW).await;
    let ask = async |number: &str| {
        scene.send(Method::POST, "/divoc/api/citizen/generateOTP", "", Some(&json!({ "phone": number }))).await
    };
    let before = [shape(&ask(&registered(OWNER)).await), shape(&ask(NEW).await), shape(&ask(OTHER).await)];
    assert_eq!(scene.officer("officer-b", "F-1").approve(&id, NEW).await.status, 200);
    let after = [shape(&ask(&registered(OWNER)).await), shape(&ask(NEW).await), shape(&ask(OTHER).await)];
    assert!(before.iter().chain(&after).all(|told| *told == before[0]), "{before:?} {after:?}");
    // Codes went to whoever had certificates then, and to nobody else.
    assert_eq!([registered(OWNER).as_str(), NEW, OTHER].map(|number| scene.messages(number).len()), [1, 1, 0]);
    assert_eq!(scene.opens(NEW, &ids).await, [true]);
}
