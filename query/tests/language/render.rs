//! Algebra as a short text: `Variant(field=…, …)`, one level of patterns per line.

use serde::Serialize;
use serde_json::{Map, Value};

/// A query or update as text.
pub(crate) fn text(whole: &impl Serialize) -> String {
    let value = serde_json::to_value(whole).expect("algebra is JSON");
    let mut lines = String::new();
    render(&value, 0, &mut lines);
    lines
}

fn render(value: &Value, indent: usize, out: &mut String) {
    let short = short(value);
    if short.len() + indent <= 130 {
        out.push_str(&short);
        return;
    }
    let pad = "\n".to_owned() + &" ".repeat(indent + 2);
    match value {
        Value::Array(items) => {
            out.push('[');
            for item in items {
                out.push_str(&pad);
                render(item, indent + 2, out);
            }
            out.push(']');
        }
        Value::Object(map) if map.len() == 1 => {
            let (name, inner) = map.iter().next().expect("it has one");
            out.push_str(name);
            out.push(' ');
            render(inner, indent, out);
        }
        Value::Object(map) => {
            out.push('{');
            for (name, field) in map.iter().filter(|(_, field)| kept(field)) {
                out.push_str(&pad);
                out.push_str(name);
                out.push_str(": ");
                render(field, indent + 2, out);
            }
            out.push('}');
        }
        _ => out.push_str(&short),
    }
}

fn kept(field: &Value) -> bool {
    !matches!(field, Value::Null | Value::Bool(false)) && *field != Value::Array(Vec::new())
}

fn short(value: &Value) -> String {
    match value {
        Value::Null => "-".into(),
        Value::Array(items) => format!("[{}]", items.iter().map(short).collect::<Vec<_>>().join(", ")),
        Value::Object(map) => object(map),
        Value::String(text) => text.clone(),
        _ => value.to_string(),
    }
}

fn object(map: &Map<String, Value>) -> String {
    if let (Some(kind), Some(value)) = (map.get("type"), map.get("value")) {
        return term(kind.as_str().unwrap_or_default(), value, map);
    }
    if map.get("type").is_some_and(|kind| kind == "triple") {
        let part = |name: &str| map.get(name).map(short).unwrap_or_default();
        return format!("<<({} {} {})>>", part("subject"), part("predicate"), part("object"));
    }
    if let (3, Some(subject), Some(predicate), Some(object)) = (map.len(), map.get("subject"), map.get("predicate"), map.get("object")) {
        return format!("({} {} {})", short(subject), short(predicate), short(object));
    }
    if map.len() == 1 {
        let (name, inner) = map.iter().next().expect("it has one");
        return match name.as_str() {
            "Variable" => format!("?{}", short(inner)),
            "Term" => short(inner),
            "value" => format!("<{}>", short(inner)),
            "GroupConcat" => format!("GroupConcat {:?}", short(inner)),
            "Triple" if inner.is_object() => format!("<<{}>>", short(inner)),
            _ if inner.is_array() => format!("{name}{}", short(inner)),
            _ => format!("{name} {}", short(inner)),
        };
    }
    let fields = map.iter().filter(|(_, field)| kept(field)).map(|(name, field)| format!("{name}: {}", short(field)));
    format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
}

fn term(kind: &str, value: &Value, map: &Map<String, Value>) -> String {
    let suffix = |key: &str| map.get(key).map_or_else(String::new, |v| v.as_str().unwrap_or_default().to_owned());
    match kind {
        "uri" => format!("<{}>", short(value)),
        "bnode" => format!("_:{}", short(value)),
        "literal" if map.contains_key("datatype") => {
            format!("{:?}^^{}", short(value), suffix("datatype").rsplit(['#', '/']).next().unwrap_or_default())
        }
        "literal" if map.contains_key("language") => {
            let direction = if map.contains_key("direction") { format!("--{}", suffix("direction")) } else { String::new() };
            format!("{:?}@{}{direction}", short(value), suffix("language"))
        }
        "literal" => format!("{:?}", short(value)),
        _ => format!("<<{}>>", short(value)),
    }
}
