//! IRIs that mean something to HyperQL.

/// HyperQL's own names.
pub mod hq {
    use oxrdf::NamedNodeRef;

    /// The namespace.
    pub const NAMESPACE: &str = "https://hypergraphql.org/ns#";

    macro_rules! names {
        ($($(#[$doc:meta])* $constant:ident = $name:literal;)*) => {
            $($(#[$doc])* pub const $constant: NamedNodeRef<'_> = NamedNodeRef::new_unchecked(concat!("https://hypergraphql.org/ns#", $name));)*
        };
    }

    names! {
        /// Class of hyperedges.
        HYPEREDGE = "Hyperedge";
        /// Relation of a statement that was read from a file of statements.
        RELATION = "relation";
        /// Subject of such a statement.
        SUBJECT = "subject";
        /// Object of such a statement.
        OBJECT = "object";
        /// Beginning of a period.
        VALID_FROM = "validFrom";
        /// End of a period.
        VALID_TO = "validTo";
        /// Strength of a truth value.
        STRENGTH = "strength";
        /// Confidence of a truth value.
        CONFIDENCE = "confidence";
        /// Class of rules.
        RULE_CLASS = "Rule";
        /// Text of a rule.
        RULE = "rule";
        /// A predicate that is transitive inside `INFER`.
        HIERARCHY = "hierarchy";
        /// A predicate that is handed down a hierarchy.
        INHERITABLE = "inheritable";
    }

    /// Predicates of a hyperedge that are no roles, besides rdf:type and rdf:reifies.
    pub const NO_ROLES: [NamedNodeRef<'_>; 5] = [RELATION, VALID_FROM, VALID_TO, STRENGTH, CONFIDENCE];
}
