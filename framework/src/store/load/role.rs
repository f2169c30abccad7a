//! Roles in the headers of tables.

use oxrdf::NamedNode;
use oxrdf::vocab::xsd;

use super::names::{HQ, Names, name_of};

const XSD: &str = "http://www.w3.org/2001/XMLSchema#";

/// A role of a table and the datatype of its cells, if they are literals.
pub(super) struct Role {
    pub(super) predicate: NamedNode,
    pub(super) datatype: Option<NamedNode>,
}

impl Role {
    /// `role` or `role^^xsd:type`; `hq:strength` and its like annotate the hyperedge.
    ///
    /// # Errors
    /// What was expected, when the text is no role.
    pub(super) fn of(names: &Names<'_>, text: &str) -> Result<Self, String> {
        let (name, datatype) = match text.split_once("^^") {
            None => (text, None),
            Some((name, datatype)) => (name, Some(datatype)),
        };
        let predicate = names.iri(name)?;
        let datatype = datatype.map(|name| match name.strip_prefix("xsd:") {
            Some(local) => NamedNode::new(format!("{XSD}{local}")).map_err(|error| error.to_string()),
            None => names.iri(name),
        });
        // Numbers of the annotations are literals without being told so.
        let datatype = datatype.transpose()?.or_else(|| annotation(predicate.as_str()));
        Ok(Self { predicate, datatype })
    }
}

/// The header of which [`Role::of`] makes this role.
pub(in crate::store) fn header(predicate: &NamedNode, datatype: Option<&NamedNode>) -> String {
    let name = name_of(&predicate.clone().into());
    match datatype.map(|datatype| (datatype, datatype.as_str().strip_prefix(XSD))) {
        None => name,
        Some((_, Some(local))) => format!("{name}^^xsd:{local}"),
        Some((datatype, None)) => format!("{name}^^{}", name_of(&datatype.clone().into())),
    }
}

/// The datatype of cells under an annotation property.
pub(in crate::store) fn annotation(predicate: &str) -> Option<NamedNode> {
    match predicate.strip_prefix(HQ)? {
        "strength" | "confidence" => Some(xsd::DECIMAL.into()),
        _ => None,
    }
}
