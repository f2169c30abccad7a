//! Searches for texts against a scan of all strings.

use hypergraphql_framework::store::{AtomSpace, LoadOptions, Store};
use oxrdf::{Literal, Quad, Term};
use proptest::prelude::*;

use crate::{every_kind, iri, quad};

/// Strings of every case and width, with a language or without, and other literals that look like them.
fn literal() -> impl Strategy<Value = Literal> {
    let letters = "[aAbBßẞσςΣéÉſKk😀 ]{0,9}";
    (prop_oneof![letters, "(ab|AB|aB|éa|Éa){1,6}", "\\PC{0,12}"], 0..4).prop_map(|(text, kind)| match kind {
        0 => Literal::new_language_tagged_literal_unchecked(text, "en"),
        1 => Literal::new_typed_literal(text, iri("datatype")),
        _ => Literal::new_simple_literal(text),
    })
}

fn quads(literals: &[Literal]) -> Vec<Quad> {
    literals.iter().enumerate().map(|(i, literal)| quad(&format!("s{i}"), "label", literal.clone())).collect()
}

/// The strings whose text is as it has to be, and whether others may be found.
fn scan(space: &AtomSpace, fits: impl Fn(&str) -> bool) -> Vec<u32> {
    let is_meant = |id: &u32| match space.term(*id) {
        Some(Term::Literal(literal)) => {
            (literal.datatype() == oxrdf::vocab::xsd::STRING || literal.language().is_some()) && fits(literal.value())
        }
        _ => false,
    };
    (1..=space.terms()).filter(is_meant).collect()
}

fn check(space: &AtomSpace, needle: &str) {
    let wanted = [needle.to_owned()];
    for (found, expected, prefix, parts) in [
        (space.texts("", &wanted), scan(space, |text| text.contains(needle)), "", &wanted[..]),
        (space.texts(needle, &[]), scan(space, |text| text.starts_with(needle)), needle, &[]),
        (space.texts(needle, &wanted), scan(space, |text| text.starts_with(needle)), needle, &wanted[..]),
        // Whatever the case of the value or of the part.
        (space.texts("", &[needle.to_uppercase()]), scan(space, |text| text.to_lowercase().contains(needle)), "", &wanted[..]),
    ] {
        assert!(found.is_sorted() && found.windows(2).all(|pair| pair[0] != pair[1]), "{found:?}");
        assert!(expected.iter().all(|id| found.binary_search(id).is_ok()), "{needle:?}: {found:?} lacks some of {expected:?}");
        let most = space.texts_expected(prefix, parts);
        if prefix == needle {
            assert!(most.is_none_or(|most| most >= found.len() as u64));
        }
    }
    let prefix = space.texts(needle, &[]);
    let others = prefix.iter().filter(|id| !scan(space, |text| text.starts_with(needle)).contains(id));
    assert_eq!(others.count(), 0, "of a prefix there are no others");
}

proptest! {
    #[test]
    fn searches_find_what_a_scan_finds(
        literals in prop::collection::vec(literal(), 0..40),
        more in prop::collection::vec(literal(), 0..8),
        needle in prop_oneof!["[abßσéſk😀 ]{0,5}", "(ab|éa){1,3}", "\\PC{1,4}"],
        at in any::<prop::sample::Index>(),
    ) {
        // A part of some string, most times.
        let source: Vec<char> = literals.get(at.index(literals.len().max(1))).map(|l| l.value().chars().collect()).unwrap_or_default();
        let part: String = source.iter().skip(at.index(source.len().max(1)) / 2).take(4).collect();
        let plain = AtomSpace::from_quads(quads(&literals)).unwrap();
        let indexed = plain.with_text_index().unwrap();
        let changed = indexed.with_changes(&more.iter().map(|l| quad("new", "label", l.clone())).collect::<Vec<_>>(), &quads(&literals)[..literals.len() / 2]).unwrap();
        let compacted = changed.compacted().unwrap();
        prop_assert!(plain.text_index().is_none() && compacted.text_index().is_some() == (changed.text_index().is_some()));
        for needle in [needle.as_str(), part.as_str()] {
            [&plain, &indexed, &changed, &compacted].into_iter().for_each(|space| check(space, needle));
        }
    }
}

#[test]
fn the_index_leaves_out_what_does_not_contain_the_part() {
    let words = ["alpha", "beta", "gamma", "delta", "Über", "ΟΔΥΣΣΕΎΣ"];
    let text = |i: usize| format!("{} {} {i}", words[i % 6], words[i / 6 % 6]);
    let space = AtomSpace::from_quads((0..5000).map(|i| quad("s", "label", Literal::new_simple_literal(text(i))))).unwrap();
    let indexed = space.with_text_index().unwrap();
    for (part, expected) in [("BETA GAMMA", 139), ("über über", 139), ("οδυσσεύς 4999", 1), ("499", 15), ("alphabet", 0)] {
        let found = indexed.texts("", &[part.to_owned()]);
        assert_eq!(found.len(), expected, "{part}");
        assert!(indexed.texts_expected("", &[part.to_owned()]).unwrap() >= expected as u64);
    }
    // Without an index, and of short parts, there are all strings.
    assert_eq!((space.texts("", &["beta".to_owned()]).len(), space.texts_expected("", &["beta".to_owned()])), (5000, None));
    assert_eq!((indexed.texts("", &["ta".to_owned()]).len(), indexed.texts_expected("", &["ta".to_owned()])), (5000, None));
    assert_eq!(indexed.texts("gamma delta", &["ta".to_owned()]).len(), 139);
    assert_eq!(indexed.texts_expected("gamma delta", &[]), Some(139));
}

#[test]
fn an_index_is_saved_verified_kept_and_dropped() {
    let folder = tempfile::TempDir::new().unwrap();
    let kb = folder.path().join("kb");
    let space = AtomSpace::from_quads(every_kind()).unwrap().with_text_index().unwrap();
    space.save(&kb).unwrap();
    let opened = AtomSpace::open(&kb).unwrap();
    opened.verify().unwrap();
    assert!(opened.text_index().is_some() && opened.text_index() == space.text_index());
    // The string of three million characters is found by its only key, too.
    assert_eq!(opened.texts("", &["xxxx".to_owned()]).len(), 1);
    let mut store = Store::open(&kb).unwrap();
    store.commit(&[quad("a", "b", Literal::new_simple_literal("a new xxxxx"))], &[]).unwrap();
    assert_eq!(store.space().texts("", &["XXXX".to_owned()]).len(), 2);
    let compacted = store.compact().unwrap();
    assert_eq!((compacted.texts("", &["xxxx".to_owned()]).len(), compacted.text_index().is_some()), (2, true));
    drop(store);
    let load = |text_index| {
        let options = LoadOptions { onto: Some(AtomSpace::open(&kb).unwrap()), text_index, ..LoadOptions::default() };
        AtomSpace::load::<&str>(&[], &options).unwrap().text_index().is_some()
    };
    assert_eq!((load(None), load(Some(false)), load(Some(true))), (true, false, true));
}
