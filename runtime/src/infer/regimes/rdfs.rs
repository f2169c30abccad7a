//! The rules of ρdf (Muñoz, Pérez, Gutierrez, "Minimal deductive systems for RDF", 2007) and of RDFS (RDF 1.1 Semantics, section 9.2.1), by the names of
//! the latter.

/// Transitive predicates of both.
pub(crate) const TRANSITIVE: &[(&str, &str)] = &[("rdfs11", "rdfs:subClassOf"), ("rdfs5", "rdfs:subPropertyOf")];

/// ρdf. What makes types comes last, because there are most of them.
pub(crate) const RHO_DF: &[&str] = &[
    "rdfs7: ?p rdfs:subPropertyOf ?q . ?x ?p ?y * => ?x ?q ?y",
    "rdfs2: ?p rdfs:domain ?c . ?x ?p ?y => ?x a ?c",
    "rdfs3: ?p rdfs:range ?c . ?x ?p ?y => ?y a ?c",
    "rdfs9: ?c rdfs:subClassOf ?d . ?x a ?c * => ?x a ?d",
];

/// What RDFS adds.
pub(crate) const RDFS: &[&str] = &[
    "rdfD2: ?x ?p ?y => ?p a rdf:Property",
    "rdfs4a: ?x ?p ?y => ?x a rdfs:Resource",
    "rdfs4b: ?x ?p ?y => ?y a rdfs:Resource",
    "rdfs6: ?p a rdf:Property => ?p rdfs:subPropertyOf ?p",
    "rdfs8: ?c a rdfs:Class => ?c rdfs:subClassOf rdfs:Resource",
    "rdfs10: ?c a rdfs:Class => ?c rdfs:subClassOf ?c",
    "rdfs12: ?p a rdfs:ContainerMembershipProperty => ?p rdfs:subPropertyOf rdfs:member",
    "rdfs13: ?d a rdfs:Datatype => ?d rdfs:subClassOf rdfs:Literal",
];

/// Axiomatic triples of RDF and RDFS. Those whose subject no statement mentions are left out: they would be in every answer.
pub(crate) const AXIOMS: &[&str] = &[
    "rdf:type a rdf:Property",
    "rdf:subject a rdf:Property",
    "rdf:predicate a rdf:Property",
    "rdf:object a rdf:Property",
    "rdf:first a rdf:Property",
    "rdf:rest a rdf:Property",
    "rdf:value a rdf:Property",
    "rdf:nil a rdf:List",
    "rdf:type rdfs:domain rdfs:Resource",
    "rdfs:domain rdfs:domain rdf:Property",
    "rdfs:range rdfs:domain rdf:Property",
    "rdfs:subPropertyOf rdfs:domain rdf:Property",
    "rdfs:subClassOf rdfs:domain rdfs:Class",
    "rdf:subject rdfs:domain rdf:Statement",
    "rdf:predicate rdfs:domain rdf:Statement",
    "rdf:object rdfs:domain rdf:Statement",
    "rdfs:member rdfs:domain rdfs:Resource",
    "rdf:first rdfs:domain rdf:List",
    "rdf:rest rdfs:domain rdf:List",
    "rdfs:seeAlso rdfs:domain rdfs:Resource",
    "rdfs:isDefinedBy rdfs:domain rdfs:Resource",
    "rdfs:comment rdfs:domain rdfs:Resource",
    "rdfs:label rdfs:domain rdfs:Resource",
    "rdf:value rdfs:domain rdfs:Resource",
    "rdf:type rdfs:range rdfs:Class",
    "rdfs:domain rdfs:range rdfs:Class",
    "rdfs:range rdfs:range rdfs:Class",
    "rdfs:subPropertyOf rdfs:range rdf:Property",
    "rdfs:subClassOf rdfs:range rdfs:Class",
    "rdf:subject rdfs:range rdfs:Resource",
    "rdf:predicate rdfs:range rdfs:Resource",
    "rdf:object rdfs:range rdfs:Resource",
    "rdfs:member rdfs:range rdfs:Resource",
    "rdf:first rdfs:range rdfs:Resource",
    "rdf:rest rdfs:range rdf:List",
    "rdfs:seeAlso rdfs:range rdfs:Resource",
    "rdfs:isDefinedBy rdfs:range rdfs:Resource",
    "rdfs:comment rdfs:range rdfs:Literal",
    "rdfs:label rdfs:range rdfs:Literal",
    "rdf:value rdfs:range rdfs:Resource",
    "rdf:Alt rdfs:subClassOf rdfs:Container",
    "rdf:Bag rdfs:subClassOf rdfs:Container",
    "rdf:Seq rdfs:subClassOf rdfs:Container",
    "rdfs:ContainerMembershipProperty rdfs:subClassOf rdf:Property",
    "rdfs:isDefinedBy rdfs:subPropertyOf rdfs:seeAlso",
    "rdfs:Datatype rdfs:subClassOf rdfs:Class",
    "rdf:langString a rdfs:Datatype",
    "xsd:string a rdfs:Datatype",
];

/// Axiomatic triples of each container membership property that occurs.
pub(crate) const MEMBERSHIP_AXIOMS: &[&str] =
    &["a rdf:Property", "a rdfs:ContainerMembershipProperty", "rdfs:domain rdfs:Resource", "rdfs:range rdfs:Resource"];
