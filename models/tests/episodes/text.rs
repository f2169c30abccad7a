use std::collections::BTreeSet;

use hypergraphql_models::episodes::{
    Bm25, Fact, KnowledgeBase, Known, Member, NameOptions, Names, PARAPHRASES, Query, QuestionKind, Schema, Value, corpus, fact_text,
    facts_as_text, question_text,
};

use super::{episode, of};

fn base() -> KnowledgeBase {
    let words = |words: &str| words.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let member = |entity, role| Member { entity, role };
    KnowledgeBase {
        entities: words("Zorak Miru Dara Bela"),
        relations: words("treaty ownership"),
        roles: words("mediator venue signatory owner vessel"),
        facts: vec![
            Fact { relation: 0, members: vec![member(0, 0), member(1, 1), member(2, 2)] },
            Fact { relation: 1, members: vec![member(3, 3), member(0, 4)] },
        ],
    }
}

#[test]
fn texts_are_as_documented() {
    let base = base();
    let known = |role, entity| Known { role, value: Value::Named(entity) };
    let two = Query { relation: 0, known: vec![known(0, 0), known(1, 1)], asked: 2 };
    let texts: Vec<String> = (0..PARAPHRASES).map(|way| question_text(&base, &two, way)).collect();
    assert_eq!(
        texts,
        [
            "treaty : mediator Zorak , venue Miru ; signatory ?",
            "signatory of treaty with mediator Zorak and venue Miru ?",
            "in treaty , mediator Zorak , venue Miru : which signatory ?",
            "who or what is signatory of the treaty with mediator Zorak and venue Miru ?",
        ]
    );
    let value = Value::Hop { relation: 1, role: 3, entity: 3, asked: 4 };
    let hop = Query { relation: 0, known: vec![Known { role: 0, value }], asked: 1 };
    assert_eq!(question_text(&base, &hop, 4), "treaty : mediator the vessel of ownership with owner Bela ; venue ?");
    assert_eq!(fact_text(&base, &base.facts[0], 0), "treaty : mediator Zorak , venue Miru , signatory Dara .");
    assert_eq!(facts_as_text(&base, None)[1], "ownership : owner Bela , vessel Zorak .");
    assert_eq!(facts_as_text(&base, Some(1)).len(), 2);
}

#[test]
fn slots_count_on() {
    let base = base();
    base.check().unwrap();
    assert_eq!((base.slot_count(), base.offsets()), (5, vec![0, 3, 5]));
    let slots: Vec<(u32, u32)> = base.slots().map(|slot| (slot.fact, slot.member)).collect();
    assert_eq!(slots, [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)]);
    let names: Vec<&str> = base.slots().map(|slot| base.name(slot).unwrap()).collect();
    assert_eq!(names, ["Zorak", "Miru", "Dara", "Bela", "Zorak"]);
    let again: KnowledgeBase = serde_json::from_str(&serde_json::to_string(&base).unwrap()).unwrap();
    assert_eq!(again, base);
    assert_eq!(KnowledgeBase::default().offsets(), [0]);
    let faults: [(&str, fn(&mut KnowledgeBase)); 5] = [
        ("entity of a member is 4 (fact 1), expected a number below 4", |base| base.facts[1].members[0].entity = 4),
        ("role of a member is 9 (fact 0), expected a number below 5", |base| base.facts[0].members[2].role = 9),
        ("relation of a fact is 2 (fact 0), expected a number below 2", |base| base.facts[0].relation = 2),
        ("members of a fact is 0 (fact 1), expected at least 1", |base| base.facts[1].members.clear()),
        ("name of an entity is empty (number 2), expected some text", |base| base.entities[2].clear()),
    ];
    for (expected, break_it) in faults {
        let mut broken = base.clone();
        break_it(&mut broken);
        assert_eq!(broken.check().unwrap_err().to_string(), expected);
    }
}

/// Whatever a question or a fact says, a tokenizer has seen the words of.
#[test]
fn the_corpus_has_every_word() {
    let schema = Schema::synthetic();
    let names = Names::new(&NameOptions::default()).unwrap();
    let corpus = corpus(&schema, &names);
    let words: BTreeSet<&str> = corpus.split_whitespace().collect();
    let episode = episode(600, 200, 6);
    let named: BTreeSet<&str> = episode.base.entities.iter().map(String::as_str).collect();
    let texts = facts_as_text(&episode.base, Some(3)).into_iter().chain(episode.questions.iter().map(|q| q.text.clone()));
    for text in texts {
        let missing: Vec<&str> = text.split_whitespace().filter(|word| !named.contains(word) && !words.contains(word)).collect();
        assert!(missing.is_empty(), "{missing:?} of {text}");
    }
    assert!(names.syllables().iter().all(|syllable| words.contains(syllable.as_str())));
    assert!(words.is_disjoint(&named), "a name of an episode is in the corpus");
}

#[test]
fn bm25_is_its_formula() {
    let texts = ["treaty : mediator Zorak , venue Miru .", "Zorak zorak MIRU", "", "capital : seat Dara"];
    let index = Bm25::new(&texts);
    let tokens: Vec<Vec<&str>> =
        vec![vec!["treaty", "mediator", "zorak", "venue", "miru"], vec!["zorak", "zorak", "miru"], vec![], vec!["capital", "seat", "dara"]];
    let mean = 11.0 / 4.0;
    let score = |words: &[&str], text: &[&str]| {
        let of = |word: &&str| {
            let with = tokens.iter().filter(|t| t.contains(word)).count() as f64;
            let f = text.iter().filter(|t| *t == word).count() as f64;
            (1.0 + (4.0 - with + 0.5) / (with + 0.5)).ln() * f * 2.2 / (f + 1.2 * (0.25 + 0.75 * text.len() as f64 / mean))
        };
        words.iter().map(of).sum::<f64>()
    };
    let ranked = index.rank("which treaty with Zorak , Zorak ?", 10);
    let expected = [score(&["treaty", "zorak"], &tokens[0]), score(&["treaty", "zorak"], &tokens[1])];
    assert_eq!(ranked.iter().map(|r| r.0).collect::<Vec<_>>(), [0, 1]);
    ranked.iter().zip(expected).for_each(|(r, e)| assert!((r.1 - e).abs() < 1e-12, "{r:?} {e}"));
    assert_eq!(index.rank("zorak", 1).len(), 1);
    assert_eq!(index.rank("zorak", 1)[0].0, 1);
    assert!(index.rank("nothing", 5).is_empty() && index.rank("", 5).is_empty() && Bm25::new::<&str>(&[]).rank("x", 3).is_empty());
}

#[test]
fn bm25_finds_the_facts_of_drawn_questions() {
    let episode = episode(1000, 200, 3);
    let index = Bm25::new(&facts_as_text(&episode.base, None));
    let found = |kind| {
        let questions = of(&episode, kind);
        let hit = |q: &&&hypergraphql_models::episodes::Question| index.rank(&q.text, 10).iter().any(|r| r.0 == q.gold[0].fact);
        questions.iter().filter(hit).count() as f64 / questions.len() as f64
    };
    let (one, two, hop) = (found(QuestionKind::OneHop), found(QuestionKind::TwoKey), found(QuestionKind::TwoHop));
    eprintln!("BM25 recall@10: one-hop {one}, two-key {two}, two-hop {hop}");
    assert!(one > 0.95 && two > 0.95 && hop < 0.5);
}
