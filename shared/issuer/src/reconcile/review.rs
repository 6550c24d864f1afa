//! Contradictions between certificates and later reports: an administrator sees them and decides.
//!
//! Who accepts has the certificate corrected by what the later report said; who declines leaves it as it is. The same decision again gives the first answer.

use super::{
    statement::Statement,
    work::{Verdict, Word, compare},
};
use crate::{
    App, Error,
    auth::{Admins, By, Caller},
    body::Body,
    certify::Mandate,
    error::rfc3339,
    http::Json,
    ports::{Commit, Drawer, Sheet},
};
use anyhow::{Context, Result, anyhow};
use axum::{
    Router,
    extract::{Path, Query, State},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use credential::{CertificateId, Difference, Dose};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

/// The list and the decision.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/divoc/api/v1/reconciliations", get(list))
        .route("/divoc/api/v1/reconciliations/{reconciliationId}/decision", post(decide))
}

#[derive(Deserialize)]
#[serde(default)]
struct Page {
    state: String,
    after: Option<String>,
}

impl Default for Page {
    fn default() -> Self {
        Self { state: OPEN.to_owned(), after: None }
    }
}

/// Some of them in order of time; `next` is where the next page begins.
async fn list(State(app): State<App>, By(..): By<Admins>, Query(page): Query<Page>) -> Result<Response, Error> {
    let Some(folder) = [OPEN, DECIDED].into_iter().find(|state| *state == page.state) else {
        return Err(Error::Parameter("state", "open or decided".into()));
    };
    let after = page.after.as_deref();
    let sheets = app.cabinet.sheets(Drawer::Reconciliations, folder, after, A_PAGE, (app.clock)()).await?;
    let next = (sheets.len() == A_PAGE).then(|| sheets.last().map(|sheet| sheet.name.clone())).flatten();
    let told = sheets.iter().map(|sheet| Ok(Contradiction::parse(sheet)?.told(&sheet.name)));
    Ok(axum::Json(json!({ "reconciliations": told.collect::<Result<Vec<_>>>()?, "next": next })).into_response())
}

async fn decide(
    State(app): State<App>,
    By(caller, ..): By<Admins>,
    Path(id): Path<String>,
    body: Json,
) -> Result<Response, Error> {
    let mut body = Body::of(&body.0);
    let decision = body
        .required("decision")
        .map(|_| body.word("decision", [Decision::Accepted, Decision::Declined], Decision::as_str, Decision::Declined));
    let decision = body.done(decision)?;
    for _ in 0..TURNS {
        let now = (app.clock)();
        let Some(open) = app.cabinet.sheet(Drawer::Reconciliations, OPEN, &id, now).await? else {
            return decided(&app, &id, decision).await;
        };
        let contradiction = Contradiction::parse(&open)?;
        let ending = contradiction.ending(&app, &caller, decision).await?;
        let closed = contradiction.closed(decision, ending, &caller, now);
        let decided = Sheet::new(Drawer::Reconciliations, DECIDED, &id, closed.text()?).until(now + KEPT);
        // A sheet whose time is over is gone: it is in one folder or in the other.
        if app.cabinet.put(&[open.saying("").until(now), decided], now).await? == Commit::Stored {
            tracing::info!(reconciliation.id = id, decision = decision.as_str(), "contradiction decided");
            return Ok(axum::Json(closed.told(&id)).into_response());
        }
    }
    Err(Error::Unavailable(anyhow!("a contradiction changed {TURNS} times while it was being decided")))
}

/// What stands of one that is decided already.
async fn decided(app: &App, id: &str, decision: Decision) -> Result<Response, Error> {
    let sheet = app.cabinet.sheet(Drawer::Reconciliations, DECIDED, id, (app.clock)()).await?;
    let there = Contradiction::parse(&sheet.ok_or(Error::NoRequest)?)?;
    let same = there.decision.as_ref().is_some_and(|made| made.decision == decision);
    if same { Ok(axum::Json(there.told(id)).into_response()) } else { Err(Error::Decided) }
}

/// A certificate and a later report that say different things. Personal data: the beneficiary's code; the person is sealed.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Contradiction {
    /// What the later report says, about this dose alone; gone once it is decided.
    statement: Option<Statement>,
    /// The certificate of the earlier dose, and of the later.
    certificate_id: String,
    dose: u8,
    reported_with: String,
    reported_at: String,
    differences: Vec<Value>,
    /// Why it was not corrected at once.
    why: String,
    decision: Option<Made>,
}

/// A decision and what came of it.
#[derive(Serialize, Deserialize)]
struct Made {
    decision: Decision,
    ending: Ending,
    by: String,
    at: String,
}

/// What an administrator says.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Decision {
    Accepted,
    Declined,
}

impl Decision {
    fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Declined => "declined",
        }
    }
}

/// What a decision came to.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Ending {
    /// The certificate stays as it was.
    Left,
    /// This one took its place.
    Corrected(String),
    /// It says by now what was reported.
    Agrees,
    /// It does not stand any more.
    Absent,
}

impl Contradiction {
    pub(super) fn new(
        statement: Statement,
        dose: Dose,
        certificate: &CertificateId,
        differences: &[Difference],
        why: &str,
    ) -> Result<Self> {
        let difference = |difference: &Difference| json!({ "member": difference.member, "certified": difference.certified, "reported": difference.reported });
        Ok(Self {
            certificate_id: certificate.as_str().to_owned(),
            dose: dose.number(),
            reported_with: statement.certificate()?.as_str().to_owned(),
            reported_at: rfc3339(statement.at()),
            differences: differences.iter().map(difference).collect(),
            why: why.to_owned(),
            decision: None,
            statement: Some(statement),
        })
    }

    /// The sheet that it begins as, under a name made of the report's.
    pub(super) fn open(&self, report: &str) -> Result<Sheet> {
        Ok(Sheet::new(Drawer::Reconciliations, OPEN, format!("{report}-{:02}", self.dose), self.text()?))
    }

    fn parse(sheet: &Sheet) -> Result<Self> {
        serde_json::from_str(&sheet.text).map_err(|_| anyhow!("a contradiction that is none"))
    }

    fn text(&self) -> Result<String> {
        serde_json::to_string(self).context("writing a contradiction")
    }

    /// What the decision comes to; the certificate is corrected before that is written down, and corrected once.
    async fn ending(&self, app: &App, caller: &Caller, decision: Decision) -> Result<Ending, Error> {
        let (Decision::Accepted, Some(statement)) = (decision, &self.statement) else { return Ok(Ending::Left) };
        let dose = statement.doses((app.clock)())?.into_iter().next().context("a contradiction about no dose")?;
        let mandate = Mandate::to_reconcile(&caller.subject);
        Ok(match compare(app, statement, &dose, &mandate, Word::Administrator).await? {
            Verdict::Absent => Ending::Absent,
            Verdict::Agrees => Ending::Agrees,
            Verdict::Corrected(id) => Ending::Corrected(id.as_str().to_owned()),
            Verdict::Undecided { why, .. } => return Err(Error::WrongStatus(why)),
        })
    }

    /// The same once it is decided: what was said of the person is not needed any more.
    fn closed(self, decision: Decision, ending: Ending, caller: &Caller, now: OffsetDateTime) -> Self {
        let made = Made { decision, ending, by: caller.subject.clone(), at: rfc3339(now) };
        Self { statement: None, decision: Some(made), ..self }
    }

    /// As administrators see it: nothing of the person.
    fn told(&self, id: &str) -> Value {
        let made = self.decision.as_ref();
        json!({
            "reconciliationId": id,
            "certificateId": self.certificate_id,
            "dose": self.dose,
            "reportedWith": self.reported_with,
            "reportedAt": self.reported_at,
            "differences": self.differences,
            "why": self.why,
            "state": made.map_or(OPEN, |made| made.decision.as_str()),
            "decidedBy": made.map(|made| &made.by),
            "decidedAt": made.map(|made| &made.at),
            "ending": made.map(|made| made.ending.as_str()),
            "successor": made.and_then(|made| made.ending.successor()),
        })
    }
}

impl Ending {
    fn as_str(&self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Corrected(_) => "corrected",
            Self::Agrees => "agrees",
            Self::Absent => "absent",
        }
    }

    fn successor(&self) -> Option<&str> {
        if let Self::Corrected(id) = self { Some(id) } else { None }
    }
}

const OPEN: &str = "open";
const DECIDED: &str = "decided";
const A_PAGE: usize = 50;
const TURNS: usize = 5;
/// How long decisions are shown; the log of the certificates keeps what was done for ever.
const KEPT: Duration = Duration::days(90);
