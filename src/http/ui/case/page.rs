//! The page of a case: the upload in a player, with the matching spans marked in time and in the picture, and the
//! evidence in words.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::http::error::Problem;
use crate::http::request::extract::{Path, Query};
use crate::http::state::App;
use crate::http::ui::case::choices::{Decide, LeadForm, named};
use crate::http::ui::case::history::{self, Earlier, Happened};
use crate::http::ui::case::proof::{Best, Drawing, Other};
use crate::http::ui::case::undo::{self, Undo};
use crate::http::ui::page::frame::{Frame, Page, Place};
use crate::http::ui::page::visitor::Visitor;
use crate::http::ui::page::words;
use crate::http::ui::people;
use crate::model::{CaseId, CaseState, Reason, Role, UnixSeconds, UploadId};
use crate::wire::{Audience, CaseDetail, CaseView, UploadMatchView, UploadView};

#[derive(Template)]
#[template(path = "case.html")]
struct CasePage {
    frame: Frame,
    id: String,
    version: u32,
    /// The filter of the queue to return to.
    from: String,
    title: String,
    by: String,
    verdict: &'static str,
    tags: Vec<(&'static str, String)>,
    claimed: (&'static str, String),
    /// Whether the visitor has claimed the case.
    mine: bool,
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
    /// If the visitor cannot decide the case: title and text of the reason.
    undecidable: (String, String),
    lead: Option<LeadForm>,
    drawing: Drawing,
    members_title: String,
    members: Vec<Member>,
    /// Id and name of the upload in the player, if it is not the case's first one.
    other_upload: Option<(String, String)>,
    /// Id of the next upload of the group.
    next_member: Option<String>,
    others: Vec<Other>,
    earlier: Vec<Earlier>,
    no_earlier: &'static str,
    history: Vec<Happened>,
    facts: Vec<(&'static str, String)>,
    undo: Option<Undo>,
}

/// How the page shows an upload.
enum FileState {
    Video,
    Sound,
    Still,
    /// Browsers cannot play it; the page shows key pictures.
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
    /// Whether it is in the player.
    plays: bool,
}

/// Parameters of the page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ShowQuery {
    from: String,
    undo: String,
    #[serde(rename = "match")]
    rank: usize,
    /// Id of another upload of the group, to be in the player.
    pub of: String,
}

/// `GET /review/cases/{id}`
pub async fn page(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(query): Query<ShowQuery>,
) -> Result<Response, Problem> {
    shown(&app, &visitor, named(&id)?, &query, StatusCode::OK, None).await
}

/// The page after an action was refused.
pub async fn refused(
    app: &App,
    visitor: &Visitor,
    id: CaseId,
    from: &str,
    problem: &Problem,
) -> Result<Response, Problem> {
    let query = ShowQuery { from: from.to_owned(), ..ShowQuery::default() };
    let words = format!("Your action was not applied. {}", words::plain(&problem.detail));
    let message = Some(("bad", words));
    shown(app, visitor, id, &query, problem.kind.status(), message).await
}

/// The data of the page.
struct Seen {
    detail: CaseDetail,
    /// The upload in the player.
    plays: Option<UploadId>,
    /// Media type of the file; `None` if the file is gone.
    media_type: Option<&'static str>,
    sensitive: bool,
    viewed_s: u32,
    /// Possible assignees; empty unless the visitor is a lead.
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
        let detail = detail.for_audience(Audience::WithScores);
        let first = detail.first.as_ref().and_then(|upload| upload.id.parse::<UploadId>().ok());
        let other = match wanted.filter(|wanted| Some(*wanted) != first) {
            Some(upload) => cases.of_upload(upload)?.filter(|case| *case == id).and(wanted),
            None => None,
        };
        let plays = other.or(first);
        // The file can be viewed until the case is closed.
        let file = match plays.filter(|_| detail.case.state != CaseState::Closed) {
            Some(upload) => cases.view(upload, reviewer)?,
            None => None,
        };
        Ok(Some((detail, plays, file.map(|file| file.media_type))))
    });
    let (detail, plays, media_type) = found.await?.ok_or_else(|| Problem::not_found("case"))?;
    let sensitive = detail.case.sensitive || detail.group.iter().any(|member| member.sensitive);
    let user = visitor.user.id;
    let viewed_s = if sensitive {
        app.ask(move |engine, environment| engine.viewed_s(user, environment)).await?
    } else {
        0
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
        let matches: &[UploadMatchView] = first.map_or(&[], |upload| &upload.matches);
        let rank = query.rank.min(matches.len().saturating_sub(1));
        let best = matches.get(rank).map(|one| Best::new(one, &detail));
        let nothing = || "No match found".to_owned();
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
            mine: line.claim.as_ref().is_some_and(|claim| claim.mine),
            message: None,
            sensitive,
            viewed_s,
            file: media_type.map_or(FileState::Gone, FileState::of),
            headline: best.as_ref().map_or_else(nothing, |best| best.headline.clone()),
            no_match: no_match(line.reason),
            trouble: first.and_then(|upload| upload.trouble.as_deref()).map(words::sentence),
            appeal: detail.appeal.clone(),
            undecidable: history::undecidable(&detail),
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
                None => "Unknown: the uploader was not given, or has been erased.",
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

fn title(line: &CaseView) -> String {
    let upload = line.reference.clone().or_else(|| line.upload.clone());
    upload.unwrap_or_else(|| "Erased upload".to_owned())
}

fn about(detail: &CaseDetail) -> String {
    let mut parts = Vec::new();
    if let Some(uploader) = detail.first.as_ref().and_then(|upload| upload.uploader.as_ref()) {
        parts.push(format!("by {uploader}"));
    }
    if let Some(seconds) = detail.case.duration_s {
        parts.push(format!("{} long", words::clock(seconds)));
    }
    parts.push(words::match_kind(detail.case.kind).to_owned());
    parts.join(" · ")
}

fn tags(line: &CaseView) -> Vec<(&'static str, String)> {
    let mut tags = Vec::new();
    match line.state {
        CaseState::Open => {}
        CaseState::Escalated => tags.push(("warn", "escalated".to_owned())),
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

/// The state of a case's claim: class and text.
pub fn claimed(line: &CaseView) -> (&'static str, String) {
    if matches!(line.state, CaseState::Decided | CaseState::Closed) {
        return ("", String::new());
    }
    match (&line.claim, &line.assigned_to) {
        (Some(claim), _) if claim.mine => {
            ("", format!("Claimed by you, {} min left", claim.left_s.div_ceil(60)))
        }
        (Some(claim), _) => ("bad", format!("Claimed by {}", claim.by.name)),
        (None, Some(to)) => ("", format!("Assigned to {}", to.name)),
        (None, None) => ("", "Unclaimed".to_owned()),
    }
}

fn no_match(reason: Reason) -> &'static str {
    match reason {
        Reason::Undecodable => {
            "No frame could be decoded, so the service cannot tell what the upload shows."
        }
        Reason::Featureless => {
            "The upload decodes, but its frames have no usable detail: black, or a single colour."
        }
        Reason::Unchecked => "The check failed because of an internal error.",
        _ => "No tombstone matches the upload any more.",
    }
}

fn members(detail: &CaseDetail, plays: Option<UploadId>) -> Vec<Member> {
    if detail.case.members < 2 {
        return Vec::new();
    }
    let plays = plays.map(|id| id.to_string());
    let member = |one: &crate::wire::CaseMemberView| Member {
        plays: Some(&one.upload) == plays.as_ref(),
        upload: one.upload.clone(),
        title: one.reference.clone().unwrap_or_else(|| one.upload.clone()),
        by: one.uploader.clone().unwrap_or_default(),
        came: words::minute_of(&one.joined_at),
        kept: one.kept,
    };
    detail.group.iter().map(member).collect()
}

/// Id and name of the upload in the player, unless it is the first one; and the id of the next one, cyclically.
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
    facts.push(("Opened", words::minute_of(&detail.case.opened_at)));
    if let Some(due) = &detail.case.due_at {
        facts.push(("Due", words::minute_of(due)));
    }
    if let Some(from) = &detail.parted_from {
        facts.push(("Split from", from.clone()));
    }
    let Some(upload) = &detail.first else { return facts };
    facts.push(("Upload", upload.id.clone()));
    facts.push(("Received", words::minute_of(&upload.created_at)));
    facts.extend(upload.reference.clone().map(|reference| ("Reference", reference)));
    facts.extend(upload.uploader.clone().map(|uploader| ("Uploader", uploader)));
    facts.extend(upload.damage.as_deref().map(|damage| ("Damage", words::sentence(damage))));
    facts.extend(
        upload.bytes.until.as_deref().map(|until| ("File kept until", words::minute_of(until))),
    );
    facts.extend(metadata(upload));
    facts
}

/// The platform's metadata.
fn metadata(upload: &UploadView) -> Option<(&'static str, String)> {
    let metadata = upload.metadata.as_ref().filter(|metadata| !metadata.is_empty())?;
    let said = metadata.iter().map(|(name, value)| match value {
        serde_json::Value::String(text) => format!("{name}: {text}"),
        other => format!("{name}: {other}"),
    });
    Some(("Metadata", said.collect::<Vec<_>>().join("; ")))
}
