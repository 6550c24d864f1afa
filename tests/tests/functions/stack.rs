//! What is deployed beside the functions: emulators of AWS's services, keys, queues and an identity provider.

use super::*;

/// What is deployed beside the functions, and the country's identity provider.
pub(super) struct Stack {
    pub(super) emulator: Emulator,
    pub(super) identity: DevelopmentIdentity,
    pub(super) template: Template,
    pub(super) deployed: HashMap<&'static str, String>,
    pub(super) store: aws::DynamoStore,
    pub(super) bucket: aws_sdk_s3::Client,
}

impl Stack {
    pub(super) async fn up() -> Self {
        let emulator = Emulator::start();
        let sdk = emulator.sdk();
        let records = aws_sdk_dynamodb::Client::new(&sdk);
        aws::create_table(&records, "certificates").await.unwrap();
        let by_path = aws_sdk_s3::config::Builder::from(&sdk).force_path_style(true).build();
        let bucket = aws_sdk_s3::Client::from_conf(by_path);
        bucket.create_bucket().bucket("pictures").send().await.unwrap();
        bucket.create_bucket().bucket("lists").send().await.unwrap();
        bucket.create_bucket().bucket("facts").send().await.unwrap();
        let kms = aws_sdk_kms::Client::new(&sdk);
        let identity = DevelopmentIdentity::from_pem(&keys::generate(Suite::Es256).unwrap()).unwrap();
        let mut deployed = nowhere();
        deployed.extend([
            ("SIGNING_KEY_ARN", new_key(&kms, KeySpec::Rsa2048, KeyUsageType::SignVerify).await),
            ("CONTACT_KEY_ARN", new_key(&kms, KeySpec::Hmac256, KeyUsageType::GenerateVerifyMac).await),
            ("STATUS_KEY_ARN", new_key(&kms, KeySpec::EccNistP256, KeyUsageType::SignVerify).await),
            ("OIDC_KEY_SET_URL", published_by(&identity).await),
            ("CERTIFY_QUEUE_URL", new_queue(&aws_sdk_sqs::Client::new(&sdk), "certify.fifo").await),
        ]);
        Self {
            emulator,
            identity,
            template: Template::read(),
            deployed,
            store: aws::DynamoStore::new(records, "certificates"),
            bucket,
        }
    }

    pub(super) fn token(&self, role: &str) -> String {
        self.identity.token(role, "").unwrap()
    }

    pub(super) async fn function(&self, name: &str) -> Function {
        let mut environment = self.template.environment(name, &self.deployed);
        environment.extend([
            ("AWS_ENDPOINT_URL".to_owned(), self.emulator.url.clone()),
            ("AWS_ACCESS_KEY_ID".to_owned(), "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY".to_owned(), "test".to_owned()),
        ]);
        Function::start(name, environment).await
    }

    /// What lies in the queue, as Lambda brings it to a function.
    pub(super) async fn brought(&self, lane: &str) -> Vec<Value> {
        let queue = aws_sdk_sqs::Client::new(&self.emulator.sdk());
        let url = queue.get_queue_url().queue_name(format!("{lane}.fifo")).send().await.unwrap().queue_url.unwrap();
        let names = [MessageSystemAttributeName::All];
        let request = queue.receive_message().queue_url(url).max_number_of_messages(10);
        let answer = request.set_message_system_attribute_names(Some(names.into())).send().await.unwrap();
        let record = |message: aws_sdk_sqs::types::Message| {
            let attributes = message.attributes.unwrap().into_iter();
            let attributes: HashMap<_, _> = attributes.map(|(name, value)| (name.as_str().to_owned(), value)).collect();
            json!({ "messageId": message.message_id, "body": message.body, "attributes": attributes, "eventSource": "aws:sqs" })
        };
        answer.messages.unwrap_or_default().into_iter().map(record).collect()
    }

    /// A secret of DigiLocker's as the operator encrypts it.
    pub(super) async fn secret(&self, text: &str) -> String {
        let kms = aws_sdk_kms::Client::new(&self.emulator.sdk());
        let key = new_key(&kms, KeySpec::SymmetricDefault, KeyUsageType::EncryptDecrypt).await;
        let sent = kms.encrypt().key_id(key).plaintext(aws_sdk_kms::primitives::Blob::new(text));
        let answer = sent.encryption_context("purpose", "digilocker").send().await.unwrap();
        base64::Engine::encode(&base64::prelude::BASE64_STANDARD, answer.ciphertext_blob().unwrap())
    }

    /// The text messages that were sent: to whom, and what.
    pub(super) fn sent(&self) -> Vec<(String, String)> {
        let answer = self.emulator.get("/_ministack/sns/sms-messages");
        let sent: Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
        let sent = sent["sms_messages"].as_object().unwrap().values().flat_map(|to| to.as_array().unwrap());
        let text = |message: &Value, name: &str| message[name].as_str().unwrap().to_owned();
        sent.map(|message| (text(message, "PhoneNumber"), text(message, "Message"))).collect()
    }

    /// Suspends imported certificates.
    pub(super) async fn suspend_many(&self, count: u64) {
        let at = OffsetDateTime::now_utc();
        for number in 0..count {
            let certificate_id = CertificateId::parse(&format!("9876543{number:03}")).unwrap();
            let status = Status::Suspended { until: at + time::Duration::DAY };
            self.store.note(&StatusChange { at, certificate_id, status }).await.unwrap();
        }
    }

    /// The newest revocation list, as a verifier fetches it.
    pub(super) async fn newest_list(&self, status: &Function) -> RevocationList {
        let text = ok(status.answer(event("status", &[])).await, "application/jose").text();
        let keys: Vec<_> = self.store.keys().await.unwrap().into_iter().map(|known| known.method).collect();
        RevocationList::open(&text, &keys).unwrap()
    }

    /// Everything in the bucket.
    pub(super) async fn kept(&self) -> HashMap<String, Vec<u8>> {
        let listed = self.bucket.list_objects_v2().bucket("pictures").send().await.unwrap();
        let mut kept = HashMap::new();
        for key in listed.contents().iter().map(|object| object.key().unwrap()) {
            let object = self.bucket.get_object().bucket("pictures").key(key).send().await.unwrap();
            kept.insert(key.to_owned(), object.body.collect().await.unwrap().to_vec());
        }
        kept
    }

    /// The code that was sent last to the contact, found by trying them all: the table does not tell it, and who lacks the key can't try.
    pub(super) async fn code_of(&self, contact: &str) -> String {
        let kms = aws_sdk_kms::Client::new(&self.emulator.sdk());
        let mac =
            kms.generate_mac().key_id(&self.deployed["CONTACT_KEY_ARN"]).mac_algorithm(MacAlgorithmSpec::HmacSha256);
        let pepper = mac.message(Blob::new("contact hashes, version 1")).send().await.unwrap();
        let sign = |key: &[u8], text: &str| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes());
        let contact_key = pepper.mac().unwrap().as_ref();
        let who = URL_SAFE_NO_PAD.encode(sign(contact_key, contact));
        let sheet =
            self.store.sheet(Drawer::Challenges, &who, "log-in", OffsetDateTime::now_utc()).await.unwrap().unwrap();
        let kept: Value = serde_json::from_str(&sheet.text).unwrap();
        let kept = URL_SAFE_NO_PAD.decode(kept["code"].as_str().unwrap()).unwrap();
        let key = hmac::Key::new(hmac::HMAC_SHA256, sign(contact_key, "one-time codes, version 1").as_ref());
        let mut codes = (0..1_000_000).map(|number| format!("{number:06}"));
        let fits = |code: &String| hmac::verify(&key, format!("code\nlog-in\n{who}\n{code}").as_bytes(), &kept).is_ok();
        codes.find(fits).unwrap()
    }

    pub(super) async fn keep(&self, key: &str, bytes: &'static [u8]) {
        let body = aws_sdk_s3::primitives::ByteStream::from_static(bytes);
        self.bucket.put_object().bucket("pictures").key(key).body(body).send().await.unwrap();
    }
}

/// The URL of a FIFO queue made now.
async fn new_queue(client: &aws_sdk_sqs::Client, name: &str) -> String {
    let request = client.create_queue().queue_name(name).attributes(QueueAttributeName::FifoQueue, "true");
    request.send().await.unwrap().queue_url.unwrap()
}

/// What a deployment without parts of its own says to its functions.
pub(super) fn nowhere() -> HashMap<&'static str, String> {
    let fonts = root().join("fonts/ttf").to_string_lossy().into_owned();
    HashMap::from([
        ("TABLE_NAME", "certificates".to_owned()),
        ("BUCKET_NAME", "pictures".to_owned()),
        ("SIGNING_KEY_ARN", "arn:aws:kms:us-east-1:000000000000:key/none".to_owned()),
        ("CONTACT_KEY_ARN", "arn:aws:kms:us-east-1:000000000000:key/none".to_owned()),
        ("STATUS_KEY_ARN", "arn:aws:kms:us-east-1:000000000000:key/none".to_owned()),
        ("LISTS_BUCKET_NAME", "lists".to_owned()),
        ("UPLOADS_BUCKET_NAME", "uploads".to_owned()),
        ("FACTS_BUCKET_NAME", "facts".to_owned()),
        ("MAIL_FROM", "no-reply@health.example".to_owned()),
        ("MAIL_EVENTS", String::new()),
        ("OIDC_ISSUER", ISSUER.to_owned()),
        ("OIDC_AUDIENCE", AUDIENCE.to_owned()),
        ("OIDC_KEY_SET_URL", "https://idp.example.org/keys".to_owned()),
        ("FONTS_DIR", fonts),
        ("CERTIFY_QUEUE_URL", "https://sqs.us-east-1.amazonaws.com/000000000000/certify.fifo".to_owned()),
        ("BULK_QUEUE_URL", "https://sqs.us-east-1.amazonaws.com/000000000000/bulk.fifo".to_owned()),
        ("PAGE_DIR", root().join("target/page").to_string_lossy().into_owned()),
    ])
}

/// Where the provider's keys can be had, until the test is over.
pub(super) async fn published_by(identity: &DevelopmentIdentity) -> String {
    let keys = Json(identity.key_set().await.unwrap());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/keys", listener.local_addr().unwrap());
    let routes = Router::new().route("/keys", get(async || keys));
    tokio::spawn(async { axum::serve(listener, routes).await });
    url
}
