//! What other systems ask for and are told.

use super::*;

#[tokio::test]
async fn digilocker_and_partners_are_given_what_they_ask_for() {
    let mut stack = Stack::up().await;
    let (certifier, admin, partner) = (stack.token("certifier"), stack.token("admin"), stack.token("partner"));
    let certify = stack.function("certify").await;
    let issued = ok(certify.answer(event("certify", &[(TOKEN, &certifier)])).await, "application/json").json();
    let id = issued["certificates"][0]["certificateId"].as_str().unwrap();

    // 1. DigiLocker is refused until its key is set, and then given the document.
    let pull = event("digilocker", &[]);
    let refused = stack.function("digilocker").await.answer(pull.clone()).await;
    assert_eq!((refused.status, refused.header("content-type")), (401, "application/xml"));
    stack.deployed.insert("DIGILOCKER_KEY_CIPHERTEXT", stack.secret("a key that DigiLocker was told").await);
    let locker = stack.function("digilocker").await;
    let pulled = ok(locker.answer(pull).await, "application/xml").text();
    assert!(pulled.contains("<ResponseStatus Status=\"1\" ts=\"2021-11-22T12:00:00+05:30\" txn=\"1637562600\">"));
    assert!(pulled.contains(&format!("<URI>in.gov.covin-VACER-{id}</URI><DocContent>JVBERi0")));

    // 2. A partner has no access before it is registered, and then sees whom it asks for.
    let partners = stack.function("partner").await;
    let ask = event("partner", &[(TOKEN, &partner)]);
    problem(&partners.answer(ask.clone()).await, 403, "not-admitted");
    let register = stack.function("partners_admin").await;
    let set = event("partners_admin", &[(TOKEN, &admin), ("sample-partner", "development-partner")]);
    assert_eq!(register.answer(set).await.status, 201);
    let rows = ok(partners.answer(ask.clone()).await, "application/json").json();
    assert_eq!(rows["certificates"][0]["certificateId"], id);
    let body = ask["body"].as_str().unwrap();
    let print = redirected(event("partner", &[(TOKEN, &partner)]), "/cert/external/pdf/certificate", Some(body));
    assert!(ok(partners.answer(print).await, "application/pdf").body.starts_with(b"%PDF-"));
    let summary = redirected(event("partner", &[(TOKEN, &partner)]), "/cert/external/kyc", Some(body));
    assert_eq!(ok(partners.answer(summary).await, "application/json").json()["status"], "PARTIALLY_VACCINATED");

    // 3. None of them says anything of the person.
    let routes = [&locker, &partners, &register].map(|function| requests(&function.log()));
    assert_eq!(routes.map(|requests| requests.len()), [1, 4, 1]);
}

#[tokio::test]
async fn what_is_told_of_certificates_leaves_through_functions_of_their_own() {
    let mut stack = Stack::up().await;
    let (url, told) = vaccinating_system().await;
    stack.deployed.extend(
        [
            ("ACK_CALLBACK_URL", url.as_str()),
            ("PUBLIC_URL", "https://certificates.health.example"),
            ("NOTIFY_SMS", "on"),
            ("NOTIFY_EMAIL", "on"),
            ("MAIL_FROM", "no-reply@health.example"),
            ("MAIL_EVENTS", ""),
        ]
        .map(|(name, value)| (name, value.to_owned())),
    );
    let identities = aws_sdk_sesv2::Client::new(&stack.emulator.sdk());
    identities.create_email_identity().email_identity("health.example").send().await.unwrap();
    let certify = stack.function("certify").await;
    let worker = stack.function("post_worker").await;

    // 1. Two doses of somebody with a mailbox: acknowledged, and told in the language of the facility's state.
    let body = fs::read_to_string(root().join("events/certify/two-doses.json")).unwrap();
    let report =
        redirected(event("certify", &[(TOKEN, &stack.token("certifier"))]), "/divoc/api/v1/certify", Some(&body));
    ok(certify.answer(report).await, "application/json");
    worker.outcome(event("post_worker", &[])).await.unwrap();
    let doses: BTreeSet<_> = told.lock().unwrap().iter().map(|body| body["dose"].as_u64().unwrap()).collect();
    assert_eq!(doses, [1, 2].into());
    let contacts =
        |contact: &Value| contact.as_str().unwrap().split_once(':').unwrap().1.replace(' ', "").to_lowercase();
    let person = serde_json::from_str::<Value>(&body).unwrap()[0]["recipient"]["contact"].clone();
    let person: Vec<_> = person.as_array().unwrap().iter().map(contacts).collect();
    let sent = stack.emulator.get("/_ministack/sns/sms-messages");
    assert!(sent.contains(&person[0]) && sent.contains("https://certificates.health.example/portal/"), "{sent}");
    let sent = stack.emulator.get("/_ministack/ses/messages");
    assert!(sent.contains(&person[1]) && sent.contains("no-reply@health.example"), "{sent}");

    // 2. The mail bounced, and the next one is not sent.
    let bounces = stack.function("post_bounces").await;
    let bounce = event("post_bounces", &[("nobody@example.org", &person[1])]);
    bounces.outcome(bounce).await.unwrap();
    let before = stack.emulator.get("/_ministack/ses/messages").matches(&person[1]).count();
    let corrected = body.replacen("\"batch\": \"", "\"batch\": \"X", 2);
    let mut correct = redirected(
        event("certify", &[(TOKEN, &stack.token("certifier"))]),
        "/divoc/api/v1/certificate",
        Some(&corrected),
    );
    correct["requestContext"]["http"]["method"] = "PUT".into();
    ok(certify.answer(correct).await, "application/json");
    worker.outcome(event("post_worker", &[])).await.unwrap();
    assert_eq!(stack.emulator.get("/_ministack/ses/messages").matches(&person[1]).count(), before);
    assert_eq!(told.lock().unwrap().len(), 4);

    // 3. An administrator sees that nothing was given up.
    let post = stack.function("post").await;
    let dead = ok(post.answer(event("post", &[(TOKEN, &stack.token("admin"))])).await, "application/json").json();
    assert_eq!(dead, json!({ "parcels": [], "next": null }));

    // 4. The logs tell how it went, and nothing of whom.
    let lines: Vec<Value> = worker.log().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let rounds: Vec<_> = lines.iter().filter(|line| line["message"] == "post delivered").collect();
    assert_eq!((rounds.len(), &rounds[0]["post_lag_seconds"], &rounds[0]["told"]), (2, &json!(0), &json!(6)));
    for function in [&certify, &worker, &bounces, &post] {
        requests(&function.log());
        assert!(person.iter().all(|contact| !function.log().contains(contact.trim_start_matches('+'))));
    }
}

/// A system that is told of certificates, and what it was told.
async fn vaccinating_system() -> (String, Arc<Mutex<Vec<Value>>>) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&told);
    let hear = async move |Json(body): Json<Value>| kept.lock().unwrap().push(body);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/ack", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/ack", routing::post(hear))).await });
    (url, told)
}
