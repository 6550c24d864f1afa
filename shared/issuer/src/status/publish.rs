//! Publication of status lists: what changed becomes a new, numbered list. Safe to be run at any time, by anyone, as often as anyone likes.

use crate::{
    App,
    auth::derived_secret,
    ports::{KeyChange, KeyReason, Published, StatusChange},
};
use anyhow::{Context, Result, bail};
use credential::{
    CertificateId, Position, RevocationList, Status, VerificationMethod,
    bitstring::{self, Bitstring, Purpose},
    jws::Prepared,
    revocations::{is_status_method, status_method},
};
use serde_json::json;
use std::{collections::BTreeSet, time::Duration};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tokio::time::timeout;

/// Where the pointer to the newest list lies.
pub(super) const LATEST: &str = "status/latest";

/// Where a whole list lies.
pub(super) fn list_key(number: u64) -> String {
    format!("status/revocations/{number}")
}

/// Where the delta lies that leads from a list to the next.
pub(super) fn delta_key(from: u64) -> String {
    format!("status/deltas/{from}")
}

/// Where the W3C's list lies.
pub(super) fn bitstring_key(list: u64, purpose: Purpose) -> String {
    bitstring::path(list, purpose).trim_start_matches('/').to_owned()
}

/// Publishes what changed since the last time, and answers with the list that stands then. The first time makes list number 1.
///
/// 1. The last list is read back, and every change noted since shortly before it was made. Whether a change was in that list already does not matter: of each
///    certificate the last change counts, and the last one is always among those that are read.
/// 2. If that says something new, or the list grows old, the next list is signed and kept under its number, unless there is one of that number: then another
///    run was faster, and what it kept is the next list, for us too. From here on everything follows from the kept lists, so that whoever comes later,
///    after a crash or at the same time, makes the same.
/// 3. The delta, and those lists of the W3C's form that changed or are new.
/// 4. The number is recorded. Before that, a next run starts again at step 1 and finds the list kept; after it, the list counts.
/// 5. The pointer for those who ask for the newest list.
///
/// # Errors
/// When records, files or key do not answer. The next run goes on.
pub async fn publish(app: &App) -> Result<RevocationList> {
    for _ in 0..MOST_ROUNDS {
        if let Round::Done(list) = round(app).await? {
            return Ok(list);
        }
    }
    bail!("other runs were faster {MOST_ROUNDS} times")
}

/// What became of steps 1 to 5.
enum Round {
    /// Everything that was noted is published.
    Done(RevocationList),
    /// Another run's list was made to count; it may lack what we know.
    Another,
}

async fn round(app: &App) -> Result<Round> {
    let keys = Keys::of(app).await?;
    let standing = app.journal.published().await.context("reading what was published")?;
    let earlier = match &standing {
        Some(standing) => kept_list(app, standing.number, &keys).await?,
        None => None,
    };
    let (read_until, next) = next_list(app, standing.as_ref(), earlier.as_ref()).await?;
    let stays = earlier.as_ref().filter(|earlier| next.agrees_with(earlier) && !is_due(app, earlier, read_until));
    let (list, read_until) = if let Some(list) = stays {
        (list.clone(), read_until)
    } else {
        let kept = keep_list(app, &next, &keys).await?;
        let made_at = kept.issued_at();
        (kept, made_at)
    };
    let mut touched = BTreeSet::new();
    if stays.is_none() {
        touched = keep_delta(app, &list, earlier.as_ref(), &keys).await?;
        tracing::info!(status.number = list.number(), status.entries = list.len(), "status list published");
    }
    let there = standing.as_ref().filter(|_| earlier.is_some()).map_or(0, |standing| standing.lists);
    let lists = lists_in_use(app, there).await?;
    touched.extend(there..lists);
    refresh(app, &list, &touched, &keys).await?;
    let published = Published { number: list.number(), read_until, lists };
    if standing.as_ref().is_none_or(|standing| is_news(standing, &published)) {
        app.journal.record(&published).await.context("recording what was published")?;
    }
    let newest = settle(app, list, &touched, &keys).await?;
    point_to(app, &newest).await?;
    Ok(if newest.agrees_with(&next) { Round::Done(newest) } else { Round::Another })
}

/// The status key under its name, and every status key there ever was: an earlier list may be an earlier key's.
struct Keys {
    signing: VerificationMethod,
    all: Vec<VerificationMethod>,
}

/// Runs that may be faster than ours before we give up.
const MOST_ROUNDS: usize = 5;
/// How far back a run reads beyond the last one: a change becomes visible up to 30 seconds after the minute it is noted under, and clocks differ.
const OVERLAP: time::Duration = time::Duration::minutes(3);
/// How old the record of what was read may grow while nothing happens.
const READ_AGAIN: time::Duration = time::Duration::minutes(5);
/// Lists of the W3C's form that one run makes at most: the rest come with the next ones.
const MOST_NEW: u64 = 200;
pub(super) const JOSE: &str = "application/jose";
pub(super) const VC_JWT: &str = "application/vc+jwt";
/// How long the key may take.
const SIGNING: Duration = Duration::from_secs(5);

/// What the next list would be, and up to when it says everything.
async fn next_list(
    app: &App,
    standing: Option<&Published>,
    earlier: Option<&RevocationList>,
) -> Result<(OffsetDateTime, RevocationList)> {
    let now = (app.clock)();
    let Some((standing, earlier)) = standing.zip(earlier) else {
        // Never made, or lost: from everything that ever happened.
        let changes = app.journal.all_changes().await.context("reading all changes")?;
        let number = standing.map_or(0, |standing| standing.number);
        let empty = RevocationList::empty(&app.config.profile.did, number, now, now);
        return Ok((now, empty.next(pairs(&changes), now, now + app.config.status_valid)));
    };
    // Should this clock be behind that of the last run, time stands still.
    let now = now.max(earlier.issued_at());
    let changes = app.journal.changes(standing.read_until - OVERLAP, now).await.context("reading changes")?;
    Ok((now, earlier.next(pairs(&changes), now, now + app.config.status_valid)))
}

/// Whether the list has served three quarters of its time.
fn is_due(app: &App, list: &RevocationList, now: OffsetDateTime) -> bool {
    now >= list.next_update() - app.config.status_valid / 4
}

fn pairs(changes: &[StatusChange]) -> impl Iterator<Item = (&CertificateId, Status)> {
    changes.iter().map(|change| (&change.certificate_id, change.status))
}

/// Keeps the list under its number; answers with the one that is kept there.
async fn keep_list(app: &App, next: &RevocationList, keys: &Keys) -> Result<RevocationList> {
    let number = next.number();
    // Asked first, for a signature costs more.
    if let Some(kept) = kept_list(app, number, keys).await? {
        return Ok(kept);
    }
    let text = signed(app, next.prepare(&keys.signing.key)).await?;
    if app.public_files.write(&list_key(number), text.as_bytes(), JOSE).await.context("keeping a list")? {
        return Ok(next.clone());
    }
    kept_list(app, number, keys).await?.with_context(|| format!("list {number} is kept and cannot be read"))
}

/// Keeps the delta from the list before, where that is known. Answers with the W3C's lists in which a bit changes.
async fn keep_delta(
    app: &App,
    list: &RevocationList,
    earlier: Option<&RevocationList>,
    keys: &Keys,
) -> Result<BTreeSet<u64>> {
    let at = list.issued_at();
    let nothing = RevocationList::empty(list.issuer(), list.number().saturating_sub(1), at, at);
    let delta = list.delta_from(earlier.unwrap_or(&nothing)).context("the kept list does not follow")?;
    if earlier.is_some() {
        let text = signed(app, delta.prepare(&keys.signing.key)).await?;
        app.public_files.write(&delta_key(delta.from()), text.as_bytes(), JOSE).await.context("keeping a delta")?;
    }
    let ended = earlier.map(|earlier| earlier.lists_of_suspensions_over(at)).unwrap_or_default();
    Ok(delta.lists().into_iter().chain(ended).collect())
}

/// How many lists of the W3C's form there shall be: as many as certificates have grown into.
async fn lists_in_use(app: &App, there: u64) -> Result<u64> {
    let needed = app.journal.numbers_taken().await.context("counting positions")?.div_ceil(Position::GIVEN).max(1);
    Ok(needed.min(there.saturating_add(MOST_NEW)).max(there))
}

/// Signs those of the W3C's lists anew that do not say yet what `list` does.
async fn refresh(app: &App, list: &RevocationList, numbers: &BTreeSet<u64>, keys: &Keys) -> Result<()> {
    let did = &app.config.profile.did;
    let base_url = if app.config.public_url.is_empty() { did } else { &app.config.public_url };
    let secret = positions_secret(app).await?;
    for (number, purpose) in numbers.iter().flat_map(|number| Purpose::ALL.map(|purpose| (*number, purpose))) {
        let bits = Bitstring::of(list, number, purpose, &secret);
        let key = bitstring_key(number, purpose);
        let there = app.public_files.read(&key).await.context("reading a status list")?;
        let there = there.and_then(|bytes| String::from_utf8(bytes).ok());
        let there = there.and_then(|text| Bitstring::open(&text, did, number, purpose, &keys.all).ok());
        if there.as_ref() != Some(&bits) {
            let text = signed(app, bits.prepare(did, base_url, list.issued_at(), &keys.signing.key)).await?;
            app.public_files.replace(&key, text.as_bytes(), VC_JWT).await.context("keeping a status list")?;
        }
    }
    Ok(())
}

/// Where another run recorded a newer list meanwhile, what we wrote of the W3C's lists may be older than what it wrote: it is made to say what the newest says.
async fn settle(app: &App, mut list: RevocationList, touched: &BTreeSet<u64>, keys: &Keys) -> Result<RevocationList> {
    loop {
        let newest = app.journal.published().await.context("reading what was published")?;
        let Some(newest) = newest.filter(|newest| newest.number > list.number()) else { return Ok(list) };
        let newer = kept_list(app, newest.number, keys).await?;
        list = newer.with_context(|| format!("list {} is recorded and cannot be read", newest.number))?;
        refresh(app, &list, touched, keys).await?;
    }
}

/// The pointer: whatever an older run may have written after a newer one, the next run mends.
async fn point_to(app: &App, list: &RevocationList) -> Result<()> {
    let pointer = json!({
        "issuer": list.issuer(),
        "number": list.number(),
        "issuedAt": list.issued_at().format(&Rfc3339)?,
        "nextUpdate": list.next_update().format(&Rfc3339)?,
        "revocations": format!("/{}", list_key(list.number())),
    });
    let pointer = pointer.to_string().into_bytes();
    if app.public_files.read(LATEST).await.context("reading the pointer")?.as_ref() != Some(&pointer) {
        app.public_files.replace(LATEST, &pointer, "application/json").await.context("keeping the pointer")?;
    }
    Ok(())
}

fn is_news(standing: &Published, published: &Published) -> bool {
    (standing.number, standing.lists) != (published.number, published.lists)
        || published.read_until - standing.read_until >= READ_AGAIN
}

/// The kept list of that number, if it is there and one of ours.
async fn kept_list(app: &App, number: u64, keys: &Keys) -> Result<Option<RevocationList>> {
    let bytes = app.public_files.read(&list_key(number)).await.with_context(|| format!("reading list {number}"))?;
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    let list = text.and_then(|text| RevocationList::open(&text, &keys.all).ok());
    Ok(list.filter(|list| list.number() == number && list.issuer() == app.config.profile.did))
}

async fn signed(app: &App, prepared: Prepared) -> Result<String> {
    let signature = timeout(SIGNING, app.status_signer.sign(prepared.signing_input())).await;
    let signature = signature.context("the status key took too long")?.context("signing a list")?;
    Ok(prepared.seal(&signature)?)
}

impl Keys {
    async fn of(app: &App) -> Result<Self> {
        let signing = signing_key(app).await?.clone();
        let published = app.key_ring.keys().await.context("reading published keys")?;
        let all =
            published.into_iter().map(|known| known.method).filter(|method| is_status_method(&method.id)).collect();
        Ok(Self { signing, all })
    }
}

/// The status key, published before it signs for the first time; once per process.
async fn signing_key(app: &App) -> Result<&VerificationMethod> {
    app.status_method
        .get_or_try_init(async || {
            let key = app.status_signer.public_key().await.context("reading the status key")?;
            let (id, purpose) = (status_method(&app.config.profile.did), credential::Purpose::StatusLists);
            let method = VerificationMethod { purpose, ..VerificationMethod::new(id, key) };
            let (actor, reason) = ("publish_status".to_owned(), KeyReason::FirstUse);
            let change = KeyChange { actor, reason, at: (app.clock)() };
            app.key_ring.publish(&method, &change).await.context("publishing the status key")?;
            Ok(method)
        })
        .await
}

/// The secret that draws a certificate's place in its list.
pub(crate) async fn positions_secret(app: &App) -> Result<[u8; 32]> {
    let pepper = app.pepper.contact_key().await.context("reading the contact key")?;
    Ok(derived_secret(&pepper, POSITIONS))
}

/// Never to be changed: with another label the same number would lead to another place.
const POSITIONS: &[u8] = b"positions in status lists, version 1";
