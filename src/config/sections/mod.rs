//! Every setting, declared once each, in the notation of `setting`.

mod deletion;
mod judgement;
mod service;

use crate::config::draft::Draft;
use crate::config::setting::Section;
use crate::remote::PurgeRule;

/// All sections in the order of the documents.
pub(super) fn all() -> Vec<Section<Draft>> {
    vec![
        service::folders(),
        service::server(),
        service::sessions(),
        service::log(),
        service::rate_limit(),
        service::pools(),
        judgement::decode(),
        judgement::policy(),
        judgement::owner_request(),
        judgement::legal(),
        judgement::moderation(),
        judgement::uploads(),
        judgement::review(),
        service::hooks(),
        service::webhooks(),
        service::pages(),
        deletion::deletions(),
        deletion::remote(),
        deletion::s3(),
        deletion::gs(),
        deletion::az(),
    ]
}

/// The settings of one rule of `remote.purge`, of which there may be any number.
pub(super) fn repeated() -> Section<PurgeRule> {
    deletion::purge_rule()
}
