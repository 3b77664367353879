//! `docs/api.md` is the API document in Markdown. `CENOTAPH_BLESS=1 cargo test --test integration api_md` writes it anew.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::sandbox::Sandbox;
use crate::support::service::Service;

const HEAD: &str = "\
<!-- Generated from the endpoints' code: CENOTAPH_BLESS=1 cargo test --test integration api_md -->

# HTTP API
";

const AFTER_TABLE: &str = "
“Problems” lists the statuses of [problem details](#problems) that an endpoint may return in addition to those in its table.
";

const PROBLEMS: &str = "
## Problems

Every error is `application/problem+json` with `type`, `title`, `status`, `detail` and `request_id`. `type` is a path of
the service, such as `/problems/too-large`, where the kind and its remedy are explained. These mean the same everywhere:

| status | meaning |
|---|---|
";

#[test]
fn the_reference_is_that_of_the_code() {
    let s = Sandbox::new();
    let document = Service::start(&s).get("/openapi.json").expect(200);
    let text = Reference::of(&document).text();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/api.md");
    #[expect(clippy::disallowed_methods, reason = "a test asks whether to write the document")]
    let bless = std::env::var_os("CENOTAPH_BLESS").is_some();
    if bless {
        fs::write(&path, &text).unwrap();
        return;
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    let differs = text.lines().zip(kept.lines()).find(|(new, old)| new != old);
    assert!(
        text == kept,
        "docs/api.md is not that of the code; {}: CENOTAPH_BLESS=1 cargo test --test integration api_md",
        differs.map_or_else(String::new, |(new, old)| format!("{old:?} should be {new:?}")),
    );
}

/// What is written of the document.
struct Reference<'d> {
    document: &'d Value,
    /// By tag, in the document's order.
    sections: BTreeMap<&'d str, Vec<Endpoint<'d>>>,
    /// What a status means everywhere, where nothing else is said.
    usual: BTreeMap<&'d str, &'d str>,
}

struct Endpoint<'d> {
    method: String,
    path: &'d str,
    operation: &'d Value,
}

impl<'d> Reference<'d> {
    fn of(document: &'d Value) -> Self {
        let mut sections: BTreeMap<&str, Vec<Endpoint<'_>>> = BTreeMap::new();
        let mut said: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
        for (path, item) in entries(&document["paths"]) {
            for (method, operation) in entries(item) {
                for (status, answer) in problems(operation) {
                    *said
                        .entry(status)
                        .or_default()
                        .entry(text(&answer["description"]))
                        .or_default() += 1;
                }
                let endpoint = Endpoint { method: method.to_uppercase(), path, operation };
                sections.entry(text(&operation["tags"][0])).or_default().push(endpoint);
            }
        }
        let usual = said.into_iter().filter_map(|(status, words)| {
            let most = words.into_iter().max_by_key(|(_, times)| *times)?;
            Some((status, most.0))
        });
        Reference { document, sections, usual: usual.collect() }
    }

    fn text(&self) -> String {
        let mut out = format!("{HEAD}\n{}\n", text(&self.document["info"]["description"]));
        out.push_str("\n| endpoint | scope | |\n|---|---|---|\n");
        for endpoint in self.sections.values().flatten() {
            let _ = writeln!(
                out,
                "| [`{}`](#{}) | {} | {} |",
                endpoint.name(),
                endpoint.anchor(),
                endpoint.scopes(),
                endpoint.summary()
            );
        }
        out.push_str(AFTER_TABLE);
        for (tag, endpoints) in &self.sections {
            let _ = writeln!(out, "\n## {}", capital(tag));
            endpoints.iter().for_each(|endpoint| endpoint.write(&self.usual, &mut out));
        }
        out.push_str(PROBLEMS);
        for (status, words) in &self.usual {
            let _ = writeln!(out, "| {status} | {} |", words.trim_end_matches('.'));
        }
        out.push_str("\n## Shapes\n");
        entries(&self.document["components"]["schemas"])
            .for_each(|(name, schema)| write_shape(name, schema, &mut out));
        out
    }
}

impl Endpoint<'_> {
    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// The anchor that GitHub gives the heading.
    fn anchor(&self) -> String {
        let kept = |c: &char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '_');
        self.name().chars().filter(kept).collect::<String>().replace(' ', "-").to_lowercase()
    }

    fn summary(&self) -> &str {
        text(&self.operation["summary"]).trim_end_matches('.')
    }

    fn scopes(&self) -> String {
        let each = self.operation["security"].as_array().into_iter().flatten();
        let scopes: Vec<&str> = each.filter_map(|one| one["key"][0].as_str()).collect();
        match scopes.len() {
            0 => "–".to_owned(),
            5 => "any".to_owned(),
            _ => scopes.join(" or "),
        }
    }

    fn write(&self, usual: &BTreeMap<&str, &str>, out: &mut String) {
        let _ = writeln!(out, "\n### {}\n\n{}.", self.name(), self.summary());
        let about = text(&self.operation["description"]);
        let about = about.split("\n\n").filter(|part| !part.trim().is_empty());
        // The scopes have a line of their own.
        for paragraph in about.filter(|part| !part.starts_with("Requires the scope ")) {
            let _ = writeln!(out, "\n{}", paragraph.trim());
        }
        let scopes = self.scopes();
        if scopes != "–" {
            let _ = writeln!(out, "\nScope: {scopes}.");
        }
        self.write_input(out);
        self.write_answers(usual, out);
    }

    fn write_input(&self, out: &mut String) {
        let parameters = self.operation["parameters"].as_array();
        if let Some(parameters) = parameters.filter(|all| !all.is_empty()) {
            out.push_str("\n| parameter | in | type | |\n|---|---|---|---|\n");
            for one in parameters {
                let required = one["required"].as_bool().unwrap_or_default();
                let _ = writeln!(
                    out,
                    "| `{}`{} | {} | {} | {} |",
                    text(&one["name"]),
                    if required { "" } else { "?" },
                    text(&one["in"]),
                    typed(&one["schema"]),
                    cell(text(&one["description"])),
                );
            }
        }
        let bodies = entries(&self.operation["requestBody"]["content"]);
        let bodies: Vec<String> = bodies
            .map(|(kind, content)| format!("`{kind}`: {}", typed(&content["schema"])))
            .collect();
        if !bodies.is_empty() {
            let _ = writeln!(out, "\nBody: {}.", bodies.join("; "));
        }
    }

    fn write_answers(&self, usual: &BTreeMap<&str, &str>, out: &mut String) {
        out.push_str("\n| answer | body | |\n|---|---|---|\n");
        let mut others = Vec::new();
        for (status, answer) in entries(&self.operation["responses"]) {
            let words = text(&answer["description"]);
            if is_problem(answer) && usual.get(status.as_str()) == Some(&words) {
                others.push(status.as_str());
                continue;
            }
            let shapes: Vec<String> = entries(&answer["content"])
                .map(|(kind, content)| match kind.as_str() {
                    "application/json" | "application/problem+json" => typed(&content["schema"]),
                    kind => format!("`{kind}`"),
                })
                .collect();
            let shapes = if shapes.is_empty() { "–".to_owned() } else { shapes.join(", ") };
            let _ = writeln!(out, "| {status} | {shapes} | {} |", cell(words));
        }
        if !others.is_empty() {
            let _ = writeln!(out, "\nProblems: {}.", others.join(", "));
        }
    }
}

fn write_shape(name: &str, schema: &Value, out: &mut String) {
    let _ = writeln!(out, "\n### {name}");
    let about = text(&schema["description"]);
    if !about.is_empty() {
        let _ = writeln!(out, "\n{about}");
    }
    let fields = fields(schema);
    if fields.is_empty() {
        let _ = writeln!(out, "\n{}", typed(schema));
        return;
    }
    out.push_str("\n| field | type | |\n|---|---|---|\n");
    for (name, required, schema) in fields {
        let _ = writeln!(
            out,
            "| `{name}`{} | {} | {} |",
            if required { "" } else { "?" },
            typed(schema),
            cell(text(&schema["description"])),
        );
    }
}

/// The fields of an object, also of one that is put together from several; whether each is always there.
fn fields(schema: &Value) -> Vec<(&str, bool, &Value)> {
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let own = entries(&schema["properties"])
        .map(|(name, field)| (name.as_str(), required.contains(&name.as_str()), field));
    let parts = schema["allOf"].as_array().into_iter().flatten();
    own.chain(parts.flat_map(fields)).collect()
}

/// A schema in a few words, with links to the shapes that it names.
fn typed(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.rsplit('/').next().unwrap_or_default();
        return format!("[{name}](#{})", name.to_lowercase());
    }
    for key in ["oneOf", "anyOf", "allOf"] {
        if let Some(options) = schema[key].as_array() {
            return options.iter().map(typed).collect::<Vec<_>>().join(" or ");
        }
    }
    if let Some(values) = schema["enum"].as_array() {
        let values = values.iter().map(|v| v.as_str().map_or("null".into(), |v| format!("`{v}`")));
        return values.collect::<Vec<_>>().join(", ");
    }
    let bounds = bounds(schema);
    match &schema["type"] {
        Value::String(kind) if kind == "array" => format!("list of {}", typed(&schema["items"])),
        Value::String(kind) => format!("{kind}{bounds}"),
        Value::Array(kinds) => {
            let kinds: Vec<&str> = kinds.iter().filter_map(Value::as_str).collect();
            format!("{}{bounds}", kinds.join(" or "))
        }
        _ => "any".to_owned(),
    }
}

fn bounds(schema: &Value) -> String {
    let between = |least: &Value, most: &Value, unit: &str| match (least.as_i64(), most.as_i64()) {
        (Some(least), Some(most)) => format!(" ({least} to {most}{unit})"),
        (None, Some(most)) => format!(" (at most {most}{unit})"),
        (Some(least), None) if least > 0 => format!(" (at least {least}{unit})"),
        _ => String::new(),
    };
    let characters = between(&schema["minLength"], &schema["maxLength"], " characters");
    if characters.is_empty() {
        between(&schema["minimum"], &schema["maximum"], "")
    } else {
        characters
    }
}

fn problems(operation: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let all = entries(&operation["responses"]).map(|(status, answer)| (status.as_str(), answer));
    all.filter(|(_, answer)| is_problem(answer))
}

fn is_problem(answer: &Value) -> bool {
    answer["content"]["application/problem+json"].is_object()
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Text that fits a table's cell.
fn cell(words: &str) -> String {
    words.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
