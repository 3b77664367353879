//! `cenotaph serve`: builds the service and runs it until a signal stops it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::arguments::{Common, ServeCommand};
use crate::cli::output::Output;
use crate::cli::{Exit, SystemClock, logs, session};
use crate::config::{Settings, receipt_key, system_entropy};
use crate::engine::jobs::{Runner, Wake};
use crate::engine::{
    CaseOpening, CaseParts, Cases, DeletionParts, Deletions, Engine, Outbox, OutboxParts,
    UploadParts, Uploads, attend, attend_cases, attend_drawings, attend_outbox, attend_uploads,
};
use crate::http::{App, Bound, CONTROL_SOCKET, Parts, serve};
use crate::pools::Pools;
use crate::remote::Remote;

/// Upper bounds of the histogram buckets, seconds: from a lookup to a long decode.
const BUCKETS_S: [f64; 14] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, 600.0];
/// How often samples are moved into buckets, so that they do not accumulate while nobody reads the metrics.
const UPKEEP: Duration = Duration::from_secs(5);

pub(super) fn run(common: &Common, command: &ServeCommand, output: &mut Output) -> Result<Exit> {
    let settings = session::settings_listening(common, command.listen.as_deref())?;
    logs::start(&settings.log);
    let engine = session::writing_with(&settings, "cenotaph serve", output)?;
    first_key(&engine, output)?;
    let metrics = metrics()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("async")
        .build()
        .context("cannot start threads")?;
    runtime.block_on(serve_until_stopped(settings, engine, metrics))?;
    // A decode that exceeds the grace period is abandoned: its upload is checked again at the next start.
    runtime.shutdown_background();
    Ok(Exit::Done)
}

async fn serve_until_stopped(
    settings: Settings,
    engine: Engine,
    metrics: PrometheusHandle,
) -> Result<()> {
    let control = settings.http.control_socket.then(|| settings.data.join(CONTROL_SOCKET));
    let listen = settings.http.listen;
    let bound = Bound::bind(listen, control.as_deref()).await;
    let bound = bound.with_context(|| format!("cannot listen on {listen}"))?;
    let address = bound.address()?;
    tokio::spawn(upkeep(metrics.clone()));
    let render_metrics = Box::new(move || metrics.render());
    let (parts, runner) = build(settings, engine, render_metrics)?;
    let app = App::new(parts);
    app.spawn(runner.run(app.ending().clone()));
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tracing::info!(%address, version = env!("CARGO_PKG_VERSION"), "listening");
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    serve(app, bound, stop).await;
    tracing::info!("stopped");
    Ok(())
}

/// Builds the parts of the service, and the runner of their jobs.
fn build(
    settings: Settings,
    engine: Engine,
    render_metrics: Box<dyn Fn() -> String + Send + Sync>,
) -> Result<(Parts, Runner)> {
    let engine = Arc::new(engine);
    let pools = Pools::new(&settings.pools);
    let environment = session::environment(SystemClock);
    let remote = Remote::new(&settings.remote, pools.clone())?;
    let mut runner = Runner::new(pools.clone(), environment.clock.clone(), settings.runner);
    let opening = CaseOpening { options: settings.cases.clone(), ..CaseOpening::default() };
    let wake = Wake::default();
    let uploads = Arc::new(Uploads::open(UploadParts {
        engine: engine.clone(),
        pools: pools.clone(),
        remote: remote.clone(),
        environment: environment.clone(),
        options: settings.uploads,
        outbox: wake.clone(),
        cases: opening.clone(),
    })?);
    attend_uploads(&uploads, &mut runner, settings.pools.decode_max);
    let cases = Arc::new(Cases::open(CaseParts {
        engine: engine.clone(),
        uploads: uploads.clone(),
        pools: pools.clone(),
        environment: environment.clone(),
        options: settings.cases,
        changes: opening.changes,
    })?);
    attend_cases(&cases, &mut runner);
    attend_drawings(&cases, &mut runner);
    let deletions = Deletions::open(DeletionParts {
        engine: engine.clone(),
        remote: remote.clone(),
        pools: pools.clone(),
        environment: environment.clone(),
        receipt_key: receipt_key(&settings.keys, &mut system_entropy)?,
        options: settings.deletions,
        outbox: wake.clone(),
    })?;
    attend(&deletions, &mut runner);
    let outbox = Arc::new(Outbox::new(OutboxParts {
        engine: engine.clone(),
        pools: pools.clone(),
        remote,
        environment: environment.clone(),
        options: settings.outbox,
        wake,
    }));
    attend_outbox(&outbox, &mut runner);
    let options = settings.http;
    let parts = Parts {
        engine,
        uploads,
        cases,
        deletions,
        outbox,
        pools,
        environment,
        options,
        render_metrics,
    };
    Ok((parts, runner))
}

/// The first start creates an API key and prints it: without one, nobody could call the service.
fn first_key(engine: &Engine, output: &mut Output) -> Result<()> {
    if let Some((key, token)) = engine.create_first_api_key(&session::environment(SystemClock))? {
        output.remark(&format!(
            "cenotaph: created the first API key, {}, with every scope. Its secret is on stdout and is not shown again.",
            key.id
        ));
        output.say(token.reveal())?;
    }
    Ok(())
}

fn metrics() -> Result<PrometheusHandle> {
    let builder = PrometheusBuilder::new();
    let seconds = Matcher::Suffix("_seconds".to_owned());
    let builder = builder.set_buckets_for_metric(seconds, &BUCKETS_S)?;
    Ok(builder.install_recorder()?)
}

async fn upkeep(metrics: PrometheusHandle) {
    loop {
        tokio::time::sleep(UPKEEP).await;
        metrics.run_upkeep();
    }
}
