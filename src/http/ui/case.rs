//! The page of one case: the upload plays, what matches is marked in time and in the picture, and said in words; what is
//! decided stands in `decide`.

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::engine::CaseAction;
use crate::engine::wire::{CaseDetail, CaseLine, UploadLine, UploadLineMatch};
use crate::http::error::Problem;
use crate::http::extract::{Json, Path, Query};
use crate::http::ranged::ranged;
use crate::http::state::App;
use crate::http::ui::case_proof::{Best, Drawing, Other};
use crate::http::ui::decide::{Decide, LeadForm};
use crate::http::ui::form::Form;
use crate::http::ui::frame::{Frame, Page, Place};
use crate::http::ui::history::{self, Earlier, Happened};
use crate::http::ui::undo::{self, Undo};
use crate::http::ui::visitor::Visitor;
use crate::http::ui::{people, pictures, queue, words};
use crate::http::wire::parse_time;
use crate::model::{CaseId, CaseState, Reason, Role, UnixSeconds, UploadId};

#[derive(Template)]
#[template(path = "case.html")]
struct CasePage {
    frame: Frame,
    id: String,
    version: u32,
    /// The queue that one came from, as a query.
    from: String,
    title: String,
    by: String,
    verdict: &'static str,
    tags: Vec<(&'static str, String)>,
    claimed: (&'static str, String),
    message: Option<(&'static str, String)>,
    sensitive: bool,
    viewed_s: u32,
    file: FileState,
    headline: String,
    best: Option<Best>,
    no_match: &'static str,
    trouble: Option<String>,
    appeal: Option<String>,
    decide: Option<Decide>,
    /// Where nothing is to be decided: why, more about it, and whether the way on is shown.
    decided: (String, String, bool),
    lead: Option<LeadForm>,
    drawing: Drawing,
    members_title: String,
    members: Vec<Member>,
    /// The upload in the player where that is not the first one: id and name.
    other_upload: Option<(String, String)>,
    /// The id of the one behind it in the group.
    next_member: Option<String>,
    others: Vec<Other>,
    earlier: Vec<Earlier>,
    no_earlier: &'static str,
    history: Vec<Happened>,
    facts: Vec<(&'static str, String)>,
    undo: Option<Undo>,
}

/// How an upload can be shown.
enum FileState {
    Video,
    Sound,
    Still,
    /// The browser cannot play it: key pictures.
    Unplayable,
    Gone,
}

/// Another upload of the group.
struct Member {
    upload: String,
    title: String,
    by: String,
    came: String,
    kept: bool,
    /// It is in the player.
    plays: bool,
}

/// What an address asks of the page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ShowQuery {
    from: String,
    undo: String,
    #[serde(rename = "match")]
    rank: usize,
    /// Another upload of the group that is to be in the player.
    of: String,
}

/// `GET /review/cases/{id}`: whoever opens a case that is free works on it from now on.
pub async fn page(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(query): Query<ShowQuery>,
) -> Result<Response, Problem> {
    let id = named(&id)?;
    let reviewer = visitor.reviewer();
    // Refused when somebody else works on it, when it is for leads, or closed: then one only looks.
    let claim = app.ask_cases(move |cases| cases.act(id, CaseAction::Claim, reviewer)).await;
    drop(claim);
    shown(&app, &visitor, id, &query, StatusCode::OK, None).await
}

/// The page as it is after a decision was refused.
pub async fn refused(
    app: &App,
    visitor: &Visitor,
    id: CaseId,
    from: &str,
    problem: &Problem,
) -> Result<Response, Problem> {
    let query = ShowQuery { from: from.to_owned(), ..ShowQuery::default() };
    let words = format!("Nothing was decided. {}", words::plain(&problem.detail));
    let message = Some(("bad", words));
    shown(app, visitor, id, &query, problem.kind.status(), message).await
}

/// A case's id as an address has it.
pub fn named(id: &str) -> Result<CaseId, Problem> {
    id.parse().map_err(|_| Problem::not_found("case"))
}

/// What is asked of engine and store for the page.
struct Seen {
    detail: CaseDetail,
    /// The upload in the player.
    plays: Option<UploadId>,
    /// What kind of file there is to be shown; `None`: none.
    media_type: Option<&'static str>,
    sensitive: bool,
    viewed_s: u32,
    /// Whom a lead can give the case to; none for anybody else.
    people: Vec<(String, String)>,
    undo: Option<Undo>,
}

async fn shown(
    app: &App,
    visitor: &Visitor,
    id: CaseId,
    query: &ShowQuery,
    status: StatusCode,
    message: Option<(&'static str, String)>,
) -> Result<Response, Problem> {
    let seen = look(app, visitor, id, query).await?;
    let now = app.environment().now();
    let page = CasePage { message, ..CasePage::new(seen, visitor, query, now) };
    Ok((status, Page(page)).into_response())
}

async fn look(
    app: &App,
    visitor: &Visitor,
    id: CaseId,
    query: &ShowQuery,
) -> Result<Seen, Problem> {
    let (reviewer, wanted) = (visitor.reviewer(), query.of.parse::<UploadId>().ok());
    let found = app.ask_cases(move |cases| {
        let Some(detail) = cases.show(id, reviewer)? else { return Ok(None) };
        let first = detail.first.as_ref().and_then(|upload| upload.id.parse::<UploadId>().ok());
        let other = match wanted.filter(|wanted| Some(*wanted) != first) {
            Some(upload) => cases.of_upload(upload)?.filter(|case| *case == id).and(wanted),
            None => None,
        };
        let plays = other.or(first);
        // One can look as long as the case is not closed.
        let file = match plays.filter(|_| detail.case.state != CaseState::Closed) {
            Some(upload) => cases.view(upload, reviewer)?,
            None => None,
        };
        Ok(Some((detail, plays, file.map(|file| file.media_type))))
    });
    let (detail, plays, media_type) = found.await?.ok_or_else(|| Problem::not_found("case"))?;
    let sensitive = detail.case.sensitive || detail.group.iter().any(|member| member.sensitive);
    let user = visitor.user.id;
    let viewed_s = match sensitive {
        true => app.ask(move |engine, environment| engine.viewed_s(user, environment)).await?,
        false => 0,
    };
    let people = if visitor.is(Role::Lead) { people::names(app).await? } else { Vec::new() };
    let undo = undo::of(app, visitor, &query.undo, &query.from).await?;
    Ok(Seen { detail, plays, media_type, sensitive, viewed_s, people, undo })
}

impl CasePage {
    fn new(seen: Seen, visitor: &Visitor, query: &ShowQuery, now: UnixSeconds) -> CasePage {
        let Seen { detail, plays, media_type, sensitive, viewed_s, people, undo } = seen;
        let members = members(&detail, plays);
        let (other_upload, next_member) = in_the_player(&detail, &members);
        let line = &detail.case;
        let first = detail.first.as_ref();
        let matches: &[UploadLineMatch] = first.map_or(&[], |upload| &upload.matches);
        let rank = query.rank.min(matches.len().saturating_sub(1));
        let best = matches.get(rank).map(|one| Best::new(one, &detail));
        let nothing = || "Nothing was found in it".to_owned();
        let title = title(line);
        CasePage {
            frame: Frame::new(visitor, Place::Queue, title.clone()),
            id: line.id.clone(),
            version: line.version,
            from: query.from.clone(),
            by: about(&detail),
            verdict: line.verdict.as_str(),
            tags: tags(line),
            claimed: claimed(line),
            message: None,
            sensitive,
            viewed_s,
            file: media_type.map_or(FileState::Gone, FileState::of),
            headline: best.as_ref().map_or_else(nothing, |best| best.headline.clone()),
            no_match: no_match(line.reason),
            trouble: first.and_then(|upload| upload.trouble.as_deref()).map(words::sentence),
            appeal: detail.appeal.clone(),
            decided: history::decided(&detail),
            decide: Decide::of(&detail, visitor),
            lead: LeadForm::of(line, people, now),
            drawing: Drawing::of(matches.get(rank), rank, &detail),
            members_title: words::count(line.members.into(), "upload"),
            other_upload,
            next_member,
            members,
            others: Other::all(matches, rank),
            earlier: Earlier::all(&detail),
            no_earlier: match first.and_then(|upload| upload.uploader.as_ref()) {
                Some(_) => "None.",
                None => "The platform did not say whose it is, or that is forgotten.",
            },
            history: history::happened(&detail),
            facts: facts(&detail),
            undo,
            best,
            title,
        }
    }
}

impl FileState {
    fn of(media_type: &str) -> FileState {
        match media_type.split_once('/') {
            Some(("image", _)) => FileState::Still,
            Some(("audio", _)) => FileState::Sound,
            Some(("video", "x-msvideo" | "mpeg")) => FileState::Unplayable,
            Some(("video", _)) => FileState::Video,
            _ => FileState::Unplayable,
        }
    }
}

fn title(line: &CaseLine) -> String {
    let upload = line.reference.clone().or_else(|| line.upload.clone());
    upload.unwrap_or_else(|| "A forgotten upload".to_owned())
}

fn about(detail: &CaseDetail) -> String {
    let mut parts = Vec::new();
    if let Some(uploader) = detail.first.as_ref().and_then(|upload| upload.uploader.as_ref()) {
        parts.push(format!("by {uploader}"));
    }
    if let Some(seconds) = detail.case.duration_s {
        parts.push(format!("{} long", words::clock(seconds)));
    }
    parts.push(queue::kind_words(detail.case.kind).to_owned());
    parts.join(" · ")
}

fn tags(line: &CaseLine) -> Vec<(&'static str, String)> {
    let mut tags = Vec::new();
    match line.state {
        CaseState::Open => {}
        CaseState::Escalated => tags.push(("warn", "for leads".to_owned())),
        CaseState::Decided => tags.push(("good", "decided".to_owned())),
        CaseState::Closed => tags.push(("", "closed".to_owned())),
    }
    if line.appealed {
        tags.push(("warn", "appeal".to_owned()));
    }
    if line.sensitive {
        tags.push(("", "sensitive".to_owned()));
    }
    if line.members > 1 {
        tags.push(("", words::count(line.members.into(), "upload")));
    }
    if line.overdue {
        tags.push(("bad", "overdue".to_owned()));
    }
    tags
}

fn claimed(line: &CaseLine) -> (&'static str, String) {
    match (&line.claim, &line.assigned_to) {
        (Some(claim), _) if claim.mine => {
            ("", format!("Yours for {} min", claim.left_s.div_ceil(60)))
        }
        (Some(claim), _) => ("bad", format!("{} works on it", claim.by.name)),
        (None, Some(to)) => ("", format!("For {}", to.name)),
        (None, None) => ("", String::new()),
    }
}

fn no_match(reason: Reason) -> &'static str {
    match reason {
        Reason::Undecodable => {
            "No picture could be decoded from it, so that nobody can say what it shows but you."
        }
        Reason::Featureless => {
            "It decodes, but no frame of it tells anything: black, or one colour."
        }
        Reason::Unchecked => "It could not be checked, by a fault on our side.",
        _ => "No tombstone matches it any more.",
    }
}

fn members(detail: &CaseDetail, plays: Option<UploadId>) -> Vec<Member> {
    if detail.case.members < 2 {
        return Vec::new();
    }
    let plays = plays.map(|id| id.to_string());
    let member = |one: &crate::engine::wire::CaseMemberLine| Member {
        plays: Some(&one.upload) == plays.as_ref(),
        upload: one.upload.clone(),
        title: one.reference.clone().unwrap_or_else(|| one.upload.clone()),
        by: one.uploader.clone().unwrap_or_default(),
        came: minute_of(&one.joined_at),
        kept: one.kept,
    };
    detail.group.iter().map(member).collect()
}

/// The upload in the player with its name, unless it is the first one; and the one behind it, round and round.
fn in_the_player(
    detail: &CaseDetail,
    members: &[Member],
) -> (Option<(String, String)>, Option<String>) {
    let Some(at) = members.iter().position(|member| member.plays) else { return (None, None) };
    let first = detail.case.upload.as_ref();
    let other = Some(&members[at]).filter(|member| Some(&member.upload) != first);
    let behind = members.iter().cycle().skip(at + 1).take(members.len() - 1);
    let next = behind.into_iter().find(|member| member.kept);
    let named = other.map(|member| (member.upload.clone(), member.title.clone()));
    (named, next.map(|member| member.upload.clone()))
}

fn facts(detail: &CaseDetail) -> Vec<(&'static str, String)> {
    let mut facts = vec![("Case", detail.case.id.clone())];
    facts.push(("Opened", minute_of(&detail.case.opened_at)));
    if let Some(due) = &detail.case.due_at {
        facts.push(("Due", minute_of(due)));
    }
    if let Some(from) = &detail.parted_from {
        facts.push(("Taken out of", from.clone()));
    }
    let Some(upload) = &detail.first else { return facts };
    facts.push(("Upload", upload.id.clone()));
    facts.push(("Came", minute_of(&upload.created_at)));
    facts.extend(upload.reference.clone().map(|reference| ("Reference", reference)));
    facts.extend(upload.uploader.clone().map(|uploader| ("Uploader", uploader)));
    facts.extend(upload.damage.as_deref().map(|damage| ("Damage", words::sentence(damage))));
    facts.extend(upload.bytes.until.as_deref().map(|until| ("File kept until", minute_of(until))));
    facts.extend(metadata(upload));
    facts
}

/// What else the platform said.
fn metadata(upload: &UploadLine) -> Option<(&'static str, String)> {
    let metadata = upload.metadata.as_ref().filter(|metadata| !metadata.is_empty())?;
    let said = metadata.iter().map(|(name, value)| match value {
        serde_json::Value::String(text) => format!("{name}: {text}"),
        other => format!("{name}: {other}"),
    });
    Some(("Metadata", said.collect::<Vec<_>>().join("; ")))
}

/// `2026-01-31T14:05:06Z` as people read it.
pub fn minute_of(time: &str) -> String {
    parse_time("at", time).map_or_else(|_| time.to_owned(), words::minute)
}

/// The upload that an address is about: the case's first one, or another of its group.
async fn upload_of(
    app: &App,
    visitor: &Visitor,
    id: CaseId,
    of: &str,
) -> Result<UploadId, Problem> {
    let (other, reviewer) = (of.parse::<UploadId>().ok(), visitor.reviewer());
    let found = app.ask_cases(move |cases| match other {
        Some(upload) => Ok(cases.of_upload(upload)?.filter(|case| *case == id).map(|_| upload)),
        None => {
            let line = cases.line(id, reviewer)?;
            Ok(line.and_then(|line| line.upload?.parse().ok()))
        }
    });
    found.await?.ok_or_else(pictures::gone)
}

/// `GET /review/cases/{id}/upload`
pub async fn upload(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(query): Query<ShowQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let upload = upload_of(&app, &visitor, named(&id)?, &query.of).await?;
    let reviewer = visitor.reviewer();
    let found = app.ask_cases(move |cases| cases.view(upload, reviewer)).await?;
    ranged(found.ok_or_else(pictures::gone)?, &headers).await
}

/// `GET /review/cases/{id}/pictures`
pub async fn key_pictures(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(query): Query<ShowQuery>,
) -> Result<Json<pictures::Pictures>, Problem> {
    let upload = upload_of(&app, &visitor, named(&id)?, &query.of).await?;
    let uploads = app.uploads().clone();
    let job = app.pools().try_decode(move || uploads.pictures(upload));
    let job = job.map_err(|busy| Problem::busy(words::sentence(&busy.to_string())))?;
    pictures::sent(job.await?)
}

/// `POST /review/viewing`: seconds that somebody looked at what is sensitive.
pub async fn viewing(
    State(app): State<App>,
    visitor: Visitor,
    form: Form,
) -> Result<Json<serde_json::Value>, Problem> {
    let seconds = form.text("seconds").parse().unwrap_or(0);
    let (user, minutes) = (visitor.user.id, app.options().break_minutes);
    let viewed = app
        .ask(move |engine, environment| engine.add_viewing(user, seconds, minutes, environment))
        .await?;
    Ok(Json(serde_json::json!({ "seconds": viewed.seconds, "break_due": viewed.break_due })))
}
