//! The OpenAPI 3.1 document: the parts that all endpoints have in common.

use utoipa::ToSchema;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    Components, ContentBuilder, InfoBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, Response,
    ResponseBuilder,
};

use crate::http::error::{Kind, ProblemBody};
use crate::model::Scope;

/// The name of the security scheme.
const SCHEME: &str = "key";

/// The document before any endpoint is added.
pub fn begin() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Cenotaph")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(include_str!("openapi.md")));
    OpenApiBuilder::new().info(info).components(Some(Components::new())).build()
}

/// Documents the scopes that a group's operations require, and the problems of callers without them.
pub fn secure(document: &mut OpenApi, any_of: &[Scope]) {
    if any_of.is_empty() {
        return;
    }
    for operation in operations(document) {
        // Alternatives: any one of the scopes is enough.
        let each = any_of.iter().map(|scope| SecurityRequirement::new(SCHEME, [scope.as_str()]));
        operation.security = Some(each.collect());
        let names: Vec<&str> = any_of.iter().map(|scope| scope.as_str()).collect();
        let needs = format!("Requires the scope {}.", names.join(" or "));
        let said = operation.description.take().unwrap_or_default();
        operation.description = Some(format!("{said}\n\n{needs}").trim().to_owned());
        for kind in [Kind::Unauthenticated, Kind::Forbidden, Kind::RateLimited] {
            add_problem(operation, kind);
        }
    }
}

/// Adds the problems that every operation can return, and the shared components.
pub fn finish(document: &mut OpenApi) {
    name(document);
    for operation in operations(document) {
        for kind in [Kind::TimedOut, Kind::Internal, Kind::Busy, Kind::NoSpace] {
            add_problem(operation, kind);
        }
        if operation.request_body.is_some() {
            for kind in [Kind::Malformed, Kind::Invalid, Kind::TooLarge, Kind::UnsupportedMediaType]
            {
                add_problem(operation, kind);
            }
        }
        let parameters = operation.parameters.as_deref().unwrap_or_default();
        let (any, in_path) = (!parameters.is_empty(), parameters.iter().any(in_path));
        if any {
            add_problem(operation, Kind::Invalid);
        }
        if in_path {
            add_problem(operation, Kind::NotFound);
        }
    }
    let components = document.components.get_or_insert_with(Components::new);
    components
        .schemas
        .insert("Problem".to_owned(), <ProblemBody as utoipa::PartialSchema>::schema());
    let mut schemas = Vec::new();
    <ProblemBody as ToSchema>::schemas(&mut schemas);
    components.schemas.extend(schemas);
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("cnt_…")
        .description(Some("An API key, created by `cenotaph key create` or `POST /v1/keys`."));
    components.add_security_scheme(SCHEME, SecurityScheme::Http(bearer.build()));
}

/// Gives every operation a unique id from its method and path; handlers in different files share names.
fn name(document: &mut OpenApi) {
    for (path, item) in &mut document.paths.paths {
        let place: Vec<&str> = path
            .split(|c: char| !c.is_ascii_alphanumeric())
            .filter(|part| !part.is_empty())
            .collect();
        for (method, operation) in named(item) {
            operation.operation_id = Some(format!("{method}_{}", place.join("_")));
        }
    }
}

fn in_path(parameter: &RefOr<utoipa::openapi::path::Parameter>) -> bool {
    match parameter {
        RefOr::T(parameter) => {
            matches!(parameter.parameter_in, utoipa::openapi::path::ParameterIn::Path)
        }
        RefOr::Ref(_) => false,
    }
}

/// Documents a problem unless the endpoint describes the status itself.
fn add_problem(operation: &mut Operation, kind: Kind) {
    let status = kind.status().as_str().to_owned();
    let known = operation.responses.responses.entry(status);
    known.or_insert_with(|| RefOr::T(problem(kind.title())));
}

/// A response with problem details.
pub fn problem(description: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    ResponseBuilder::new()
        .description(description)
        .content("application/problem+json", content)
        .build()
}

fn operations(document: &mut OpenApi) -> impl Iterator<Item = &mut Operation> {
    document.paths.paths.values_mut().flat_map(of_item)
}

fn of_item(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    named(item).map(|(_, operation)| operation)
}

fn named(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    [
        ("get", &mut item.get),
        ("put", &mut item.put),
        ("post", &mut item.post),
        ("delete", &mut item.delete),
        ("options", &mut item.options),
        ("head", &mut item.head),
        ("patch", &mut item.patch),
        ("trace", &mut item.trace),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}
