//! Counts what the table's stream tells.

use issuer::App;
use serde_json::Value;
use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let answer = async |app: App, event: Value| {
        let told = aws::facts_of_changes(&app.config.analytics, &event)?;
        let counted = app.tally.count(&told.facts).await?;
        if told.unreadable > 0 {
            // Tried again they would be no more readable, and everything behind them would wait.
            tracing::error!(analytics.unreadable = told.unreadable, "changes that nobody can read are not counted");
        }
        tracing::info!(analytics.counted = counted, "counted");
        Ok(Value::Null)
    };
    functions::run_trigger(answer, aws::app()).await
}
