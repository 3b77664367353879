//! The API document as a page: rendered on the server, without scripts or resources from other hosts.

use askama::Template;
use axum::Extension;
use axum::http::header;
use axum::response::{Html, IntoResponse};
use serde_json::Value;
use utoipa::openapi::OpenApi;

use crate::http::document::served::ApiDocument;
use crate::http::error::{Kind, Problem};
use crate::http::request::extract::Path;

/// The content security policy: only our own stylesheet.
const POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'";

/// Renders the page of a document.
pub fn render(document: &OpenApi) -> String {
    let document = serde_json::to_value(document);
    let document = document.expect("a document of our own types can be serialised");
    Docs::new(&document).render().expect("rendering text to a string cannot fail")
}

#[derive(Template)]
#[template(path = "docs.html")]
struct Docs {
    title: String,
    version: String,
    about: Vec<String>,
    sections: Vec<Section>,
    shapes: Vec<Shape>,
    problems: [Kind; Kind::ALL.len()],
}

struct Section {
    name: String,
    operations: Vec<Operation>,
}

struct Operation {
    id: String,
    method: String,
    path: String,
    summary: String,
    about: Vec<String>,
    parameters: Vec<Field>,
    bodies: Vec<Body>,
    answers: Vec<Answer>,
}

struct Field {
    name: String,
    /// Where a parameter is sent: path, query or header.
    place: String,
    shape: String,
    required: bool,
    about: String,
}

struct Body {
    media_type: String,
    shape: String,
}

struct Answer {
    status: String,
    shape: String,
    about: String,
}

struct Shape {
    name: String,
    about: String,
    fields: Vec<Field>,
}

/// The API reference as a page.
#[utoipa::path(
    get, path = "/docs", tag = "service",
    responses((status = 200, description = "An HTML page.", content_type = "text/html",
               body = String))
)]
pub async fn page(Extension(document): Extension<ApiDocument>) -> impl IntoResponse {
    ([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(document.page()))
}

/// Stylesheet of the API reference.
#[utoipa::path(
    get, path = "/docs/style.css", tag = "service",
    responses((status = 200, description = "The stylesheet of `/docs`.", content_type = "text/css",
               body = String))
)]
pub async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css")], include_str!("../templates/docs.css"))
}

/// Explanation of a kind of problem.
#[utoipa::path(
    get, path = "/problems/{kind}", tag = "service",
    params(("kind" = String, Path, description = "Last part of a problem's `type`")),
    responses((status = 200, description = "Title, status and advice.", content_type = "text/plain",
               body = String))
)]
pub async fn problem(Path(slug): Path<String>) -> Result<String, Problem> {
    let kind = Kind::ALL.into_iter().find(|kind| kind.slug() == slug);
    let kind = kind.ok_or_else(|| Problem::not_found("kind of problem"))?;
    Ok(format!("{}\nStatus {}.\n{}\n", kind.title(), kind.status().as_u16(), kind.advice()))
}

impl Docs {
    fn new(document: &Value) -> Docs {
        let info = &document["info"];
        let mut sections: Vec<Section> = Vec::new();
        for (path, item) in entries(&document["paths"]) {
            for (method, one) in entries(item).filter(|(_, one)| one["responses"].is_object()) {
                let name = text(&one["tags"][0]);
                let operation = Operation::new(method, path, one);
                match sections.iter_mut().find(|section| section.name == name) {
                    Some(section) => section.operations.push(operation),
                    None => sections.push(Section { name, operations: vec![operation] }),
                }
            }
        }
        sections.sort_by(|a, b| a.name.cmp(&b.name));
        Docs {
            title: text(&info["title"]),
            version: text(&info["version"]),
            about: paragraphs(&info["description"]),
            sections,
            shapes: entries(&document["components"]["schemas"]).map(Shape::new).collect(),
            problems: Kind::ALL,
        }
    }
}

impl Operation {
    fn new(method: &str, path: &str, one: &Value) -> Operation {
        let parameters = one["parameters"].as_array().into_iter().flatten();
        Operation {
            id: text(&one["operationId"]),
            method: method.to_uppercase(),
            path: path.to_owned(),
            summary: text(&one["summary"]),
            about: paragraphs(&one["description"]),
            parameters: parameters.map(parameter).collect(),
            bodies: entries(&one["requestBody"]["content"])
                .map(|(media_type, content)| Body {
                    media_type: media_type.to_owned(),
                    shape: shape(&content["schema"]),
                })
                .collect(),
            answers: entries(&one["responses"])
                .map(|(status, answer)| Answer {
                    status: status.to_owned(),
                    shape: entries(&answer["content"])
                        .map(|(media_type, content)| match shape(&content["schema"]) {
                            name if name.is_empty() => media_type.to_owned(),
                            name => name,
                        })
                        .collect::<Vec<_>>()
                        .join(", "),
                    about: text(&answer["description"]),
                })
                .collect(),
        }
    }
}

impl Shape {
    fn new((name, schema): (&String, &Value)) -> Shape {
        Shape { name: name.clone(), about: text(&schema["description"]), fields: fields(schema) }
    }
}

/// The fields of an object, also of one that is put together from several.
fn fields(schema: &Value) -> Vec<Field> {
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let own = entries(&schema["properties"]).map(|(name, property)| Field {
        name: name.clone(),
        place: String::new(),
        shape: shape(property),
        required: required.contains(&name.as_str()),
        about: text(&property["description"]),
    });
    let parts = schema["allOf"].as_array().into_iter().flatten();
    own.chain(parts.flat_map(fields)).collect()
}

fn parameter(one: &Value) -> Field {
    Field {
        name: text(&one["name"]),
        place: text(&one["in"]),
        shape: shape(&one["schema"]),
        required: one["required"].as_bool().unwrap_or_default(),
        about: text(&one["description"]),
    }
}

/// A schema in a few words.
fn shape(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        return reference.rsplit('/').next().unwrap_or_default().to_owned();
    }
    for key in ["oneOf", "anyOf", "allOf"] {
        if let Some(options) = schema[key].as_array() {
            return options.iter().map(shape).collect::<Vec<_>>().join(" or ");
        }
    }
    if let Some(values) = schema["enum"].as_array() {
        return values.iter().map(text).collect::<Vec<_>>().join(", ");
    }
    match &schema["type"] {
        Value::String(kind) if kind == "array" => format!("list of {}", shape(&schema["items"])),
        Value::String(kind) => kind.clone(),
        Value::Array(kinds) => kinds.iter().map(text).collect::<Vec<_>>().join(" or "),
        _ => String::new(),
    }
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn paragraphs(value: &Value) -> Vec<String> {
    text(value).split("\n\n").filter(|p| !p.trim().is_empty()).map(str::to_owned).collect()
}
