//! What citizens do: share, log in, take a certificate into a wallet, and get back what a lost number hides.

use super::*;

#[tokio::test]
async fn a_certificate_is_shared_by_a_link_and_by_a_mail() {
    let stack = Stack::up().await;
    let certify = stack.function("certify").await;
    let report = event("certify", &[(TOKEN, &stack.token("certifier"))]);
    let issued = ok(certify.answer(report).await, "application/json").json();
    let id = issued["certificates"][0]["certificateId"].as_str().unwrap();
    let citizen = stack.identity.token("citizen", "+91 99999 00101").unwrap();
    let share = stack.function("share").await;
    let asked = event("share", &[(TOKEN, &citizen), (CERTIFICATE, id)]);

    // 1. A link is made, opened by somebody without a token, and shows its documents.
    let shared = share.answer(asked.clone()).await;
    assert_eq!(shared.status, 201, "{}", shared.text());
    let shared = shared.json();
    let token = shared["url"].as_str().unwrap().strip_prefix("/share/#").unwrap();
    let read = async |path: &str, body: Value| {
        let mut request = redirected(asked.clone(), path, Some(&body.to_string()));
        request["headers"].as_object_mut().unwrap().remove("authorization").unwrap();
        share.answer(request).await
    };
    let body = json!({ "token": token, "passcode": "2412" });
    problem(&read("/divoc/api/share/open", json!({ "token": token, "passcode": "2413" })).await, 403, "passcode");
    let opened = ok(read("/divoc/api/share/open", body.clone()).await, "application/json").json();
    assert_eq!((&opened["usesLeft"], &opened["certificate"]["certificateId"]), (&json!(1), &json!(id)));
    let document = json!({ "ticket": opened["ticket"], "format": "pdf" });
    let pdf = ok(read("/divoc/api/share/document", document).await, "application/pdf");
    assert!(pdf.body.starts_with(b"%PDF-"));

    // 2. It is listed, and ended.
    let mut list = redirected(asked.clone(), "/divoc/api/citizen/links", None);
    list["requestContext"]["http"]["method"] = "GET".into();
    let listed = ok(share.answer(list).await, "application/json").json();
    assert_eq!(listed["links"][0]["linkId"], shared["linkId"]);
    let path = format!("/divoc/api/citizen/links/{}", shared["linkId"].as_str().unwrap());
    let mut end = redirected(asked.clone(), &path, None);
    end["requestContext"]["http"]["method"] = "DELETE".into();
    assert_eq!(share.answer(end).await.status, 204);
    problem(&read("/divoc/api/share/open", body).await, 404, "no-link");

    // 3. A mail goes out, once.
    let identities = aws_sdk_sesv2::Client::new(&stack.emulator.sdk());
    identities.create_email_identity().email_identity("health.example").send().await.unwrap();
    let mail = format!("/divoc/api/citizen/certificates/{id}/mail");
    for _ in 0..2 {
        let mail = redirected(asked.clone(), &mail, Some(r#"{"email":"reader@example.org"}"#));
        assert_eq!(share.answer(mail).await.status, 202);
    }
    let sent = stack.emulator.get("/_ministack/ses/messages");
    assert_eq!(sent.matches("reader@example.org").count(), 1, "{sent}");

    assert_eq!(requests(&share.log()).len(), 9);
    assert!(!share.log().contains(token) && !share.log().contains("reader"), "{}", share.log());
}

#[tokio::test]
async fn a_citizen_offers_a_certificate_and_a_wallet_fetches_it() {
    let stack = Stack::up().await;
    let certify = stack.function("certify").await;
    let report = event("certify", &[(TOKEN, &stack.token("certifier"))]);
    let issued = ok(certify.answer(report).await, "application/json").json();
    let id = issued["certificates"][0]["certificateId"].as_str().unwrap();
    let citizen = stack.identity.token("citizen", "9999900101").unwrap();
    let wallet = stack.function("wallet").await;
    let offer = event("wallet", &[(TOKEN, &citizen), (CERTIFICATE, id)]);
    let offered = wallet.answer(offer.clone()).await;
    assert_eq!(offered.status, 201, "{}", offered.text());
    let offered = offered.json()["credential_offer"].clone();
    assert_eq!(offered["credential_issuer"], "https://a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com");
    let grant = "urn:ietf:params:oauth:grant-type:pre-authorized_code";
    let code = offered["grants"][grant]["pre-authorized_code"].as_str().unwrap();

    // API Gateway hands forms on in base64.
    let form = BASE64_STANDARD.encode(format!("grant_type={grant}&pre-authorized_code={code}"));
    let mut exchange = redirected(offer.clone(), "/wallet/token", Some(&form));
    exchange["isBase64Encoded"] = true.into();
    exchange["headers"]["content-type"] = "application/x-www-form-urlencoded".into();
    let token = ok(wallet.answer(exchange.clone()).await, "application/json").json();
    assert_eq!(wallet.answer(exchange).await.json()["error"], "invalid_grant");
    let asked = json!({ "credential_configuration_id": "VaccinationCertificate" }).to_string();
    let mut fetch = redirected(offer.clone(), "/wallet/credential", Some(&asked));
    fetch["headers"]["authorization"] = format!("Bearer {}", token["access_token"].as_str().unwrap()).into();
    let given = ok(wallet.answer(fetch.clone()).await, "application/json").text();
    let credential = stack.function("certificate_credential").await;
    let get = event("certificate_credential", &[(TOKEN, &stack.token("fetcher")), (CERTIFICATE, id)]);
    let stored = ok(credential.answer(get).await, "application/json").text();
    assert_eq!(given, format!(r#"{{"credentials":[{{"credential":{stored}}}]}}"#));

    // The database goes away, and wallets are asked to come back.
    drop(stack.emulator);
    let gone = wallet.answer(fetch).await;
    assert_eq!((gone.status, gone.header("retry-after")), (503, "2"));
    let log = wallet.log();
    assert_eq!(requests(&log).len(), 5);
    assert!(!log.contains(code), "{log}");
}

#[tokio::test]
async fn citizens_log_in_through_a_user_pool_that_asks_the_service_whom_to_believe() {
    let mut stack = Stack::up().await;
    let challenge = stack.function("login_challenge").await;
    let pool = Arc::new(Pool::new(challenge));
    let (iss, url) = pool.clone().serve().await;
    stack.deployed.extend([
        ("CITIZEN_OIDC_ISSUER", iss),
        ("CITIZEN_CLIENT_ID", "portal".to_owned()),
        ("CITIZEN_OIDC_KEY_SET_URL", published_by(&pool.people).await),
        ("CITIZEN_SIGN_IN_URL", url),
    ]);
    let certify = stack.function("certify").await;
    let report = event("certify", &[(TOKEN, &stack.token("certifier"))]);
    let issued = ok(certify.answer(report).await, "application/json").json();

    // 1. Whoever has certificates and whoever has none is answered alike. The message itself is not sent here, which is logged.
    let citizen = stack.function("citizen").await;
    let asked = ok(citizen.answer(event("citizen", &[])).await, "application/json");
    let unknown = event("citizen", &[("+91 99999 00101", "+91 90000 00098")]);
    assert_eq!(ok(citizen.answer(unknown).await, "application/json").text(), asked.text());

    // 2. The pool does not know the citizen yet: it makes them a user, for the ticket is good, and lets them in.
    let prove =
        |body: Value| redirected(event("citizen", &[]), "/divoc/api/citizen/verifyOTP", Some(&body.to_string()));
    let code = stack.code_of("tel:919999900101").await;
    let proven = prove(json!({ "phone": "+91 99999 00101", "otp": code }));
    let token =
        ok(citizen.answer(proven.clone()).await, "application/json").json()["token"].as_str().unwrap().to_owned();
    problem(&citizen.answer(proven).await, 401, "wrong-code");
    let first = ["InitiateAuth", "RespondToAuthChallenge", "SignUp", "InitiateAuth", "RespondToAuthChallenge"];
    assert_eq!(*pool.calls.lock().unwrap(), first);

    // 3. The token shows what is theirs, and makes nobody a certifier.
    let mut list = redirected(event("citizen", &[]), "/divoc/api/citizen/certificates", None);
    list["requestContext"]["http"]["method"] = "GET".into();
    list["headers"]["authorization"] = format!("Bearer {token}").into();
    list["body"] = Value::Null;
    let seen = ok(citizen.answer(list).await, "application/json").json();
    assert_eq!(seen["certificates"][0]["certificateId"], issued["certificates"][0]["certificateId"]);
    problem(&certify.answer(event("certify", &[(TOKEN, &token)])).await, 403, "forbidden");
    let credential = stack.function("certificate_credential").await;
    let id = issued["certificates"][0]["certificateId"].as_str().unwrap();
    let get = event("certificate_credential", &[(TOKEN, &token), (CERTIFICATE, id)]);
    ok(credential.answer(get).await, "application/json");

    // 4. The next time the pool knows them.
    ok(citizen.answer(event("citizen", &[])).await, "application/json");
    let code = stack.code_of("tel:919999900101").await;
    let again = prove(json!({ "phone": "+91 99999 00101", "otp": code }));
    ok(citizen.answer(again).await, "application/json");
    assert_eq!(pool.calls.lock().unwrap()[5..], ["InitiateAuth", "RespondToAuthChallenge"]);

    // 5. Nobody gets in, or is made a user, without a ticket.
    let guess = pool.trigger.outcome(event("login_challenge", &[])).await.unwrap();
    assert_eq!(guess["response"], json!({ "answerCorrect": false }));
    let mut stranger = event("login_challenge", &[]);
    stranger["triggerSource"] = "PreSignUp_SignUp".into();
    assert!(pool.trigger.outcome(stranger.clone()).await.is_err());
    stranger["triggerSource"] = "PostConfirmation_ConfirmSignUp".into();
    assert!(pool.trigger.outcome(stranger).await.is_err());

    // 6. The logs name nobody.
    assert_eq!(requests(&citizen.log()).len(), 7);
    assert!(citizen.log().contains("code sent") && !citizen.log().contains("code-not-sent"));
    let told = format!("{}{}", citizen.log(), pool.trigger.log());
    assert!(!told.contains("99999"), "{told}");
}

#[tokio::test]
async fn lost_numbers_are_recovered_by_officers_and_with_the_paper() {
    let mut stack = Stack::up().await;
    stack.deployed.insert("RECOVERY_WAIT_SECONDS", "1".to_owned());
    let (certifier, officer) = (stack.token("certifier"), stack.token("officer"));
    let other = stack.identity.token_of("officer", "another-officer", "", FACILITY).unwrap();
    let certify = stack.function("certify").await;
    let issued = ok(certify.answer(event("certify", &[(TOKEN, &certifier)])).await, "application/json").json();
    let id = issued["certificates"][0]["certificateId"].as_str().unwrap();
    let recovery = stack.function("recovery").await;
    let ask = |token: &str, path: &str, body: &Value| {
        redirected(event("recovery", &[(TOKEN, token)]), path, Some(&body.to_string()))
    };

    // 1. Staff find the person.
    let found = ok(recovery.answer(event("recovery", &[(TOKEN, &officer)])).await, "application/json").json();
    let found = &found["beneficiaries"][0];
    assert_eq!([&found["beneficiaryId"], &found["certificates"][0]["certificateId"]], ["10000000000101", id]);

    // 2. Two officers move the certificate.
    let wish = json!({ "beneficiaryId": found["beneficiaryId"], "phone": "+91 90000 00001" });
    let asked = recovery.answer(ask(&officer, "/divoc/api/v1/rebindings", &wish)).await;
    assert_eq!(asked.status, 201, "{}", asked.text());
    let path = format!("/divoc/api/v1/rebindings/{}/approval", asked.json()["rebindingId"].as_str().unwrap());
    let approval = json!({ "phone": "+91 90000 00001" });
    problem(&recovery.answer(ask(&officer, &path, &approval)).await, 403, "same-officer");
    assert_eq!(ok(recovery.answer(ask(&other, &path, &approval)).await, "application/json").json()["state"], "done");

    // 3. With the paper it moves on: a code, a word to the number before, and the schedule.
    let get = event("certificate_credential", &[(TOKEN, &officer), (CERTIFICATE, id)]);
    let paper = ok(stack.function("certificate_credential").await.answer(get).await, "application/json").json();
    let wish = json!({ "paper": paper, "registeredPhone": "+91 90000 00001", "newPhone": "+91 90000 00002" });
    let asked = recovery.answer(ask("", "/divoc/api/citizen/recovery", &wish)).await;
    assert_eq!(asked.status, 202, "{}", asked.text());
    let asked = asked.json();
    let path = format!("/divoc/api/citizen/recovery/{}", asked["recoveryId"].as_str().unwrap());
    let code = stack.sent().into_iter().find(|(to, _)| to == "+919000000002").unwrap().1[..6].to_owned();
    let proven = recovery.answer(ask("", &format!("{path}/proof"), &json!({ "otp": code }))).await;
    assert_eq!((proven.status, &proven.json()["state"]), (202, &json!("waiting")), "{}", proven.text());
    assert!(stack.sent().iter().any(|(to, text)| to == "+919000000001" && text.contains("/portal/#objection=")));
    let mut progress = ask("", &path, &json!(null));
    progress["requestContext"]["http"]["method"] = "GET".into();
    let worker = stack.function("recovery_worker").await;
    for _ in 0..500 {
        worker.outcome(event("recovery_worker", &[])).await.unwrap();
        if ok(recovery.answer(progress.clone()).await, "application/json").json()["state"] == "done" {
            break;
        }
    }
    assert!(stack.sent().iter().any(|(to, text)| to == "+919000000002" && text.contains("now registered")));

    // 4. None of them says anything of the person.
    requests(&recovery.log());
    requests(&worker.log());
}
