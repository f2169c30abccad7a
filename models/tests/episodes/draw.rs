use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::Instant;

use hypergraphql_models::episodes::{Episode, EpisodeOptions, FactIndex, Mix, QuestionKind, Relation, RelationRole, Schema, Size, Value};

use super::{brute_force, episode, of, options};

#[test]
fn every_question_has_its_answer_alone() {
    for (slots, questions, seed) in [(61, 37, 1), (333, 111, 2), (1000, 300, 3), (997, 65, 4)] {
        let episode = episode(slots, questions, seed);
        episode.base.check().unwrap();
        assert_eq!(episode.questions.len(), questions);
        assert!(episode.base.slot_count() <= slots && episode.base.slot_count() > slots - 4, "{}", episode.base.slot_count());
        let index = FactIndex::new(&episode.base);
        for question in &episode.questions {
            let found = brute_force(&episode.base, &question.query);
            assert_eq!(found, question.gold, "{}", question.text);
            assert_eq!(found, index.answers(&question.query));
            assert_eq!(question.hops, index.hops(&question.query));
            assert_eq!(question.answer, index.answer(&question.query));
            assert_eq!(found.len(), usize::from(question.kind != QuestionKind::Unanswerable));
            assert_eq!(question.answer, found.first().map(|slot| episode.base.member(*slot).unwrap().entity));
        }
        for kind in QuestionKind::ALL {
            assert!(!of(&episode, kind).is_empty(), "{kind}");
        }
        let texts: HashSet<&str> = episode.questions.iter().map(|question| question.text.as_str()).collect();
        assert_eq!(texts.len(), questions, "questions asked twice");
    }
}

#[test]
fn kinds_have_their_shares() {
    let episode = episode(1000, 200, 5);
    let counts = QuestionKind::ALL.map(|kind| of(&episode, kind).len());
    assert_eq!(counts, [72, 54, 54, 20]);
}

#[test]
fn two_keys_need_both() {
    for seed in 0..5 {
        let episode = episode(400, 90, seed);
        for question in of(&episode, QuestionKind::TwoKey) {
            let query = &question.query;
            assert_eq!(query.known.len(), 2);
            assert!(episode.base.facts[question.gold[0].fact as usize].members.len() >= 3);
            for known in &query.known {
                let mut alone = query.clone();
                alone.known = vec![*known];
                let slots = brute_force(&episode.base, &alone);
                let answers: BTreeSet<u32> = slots.iter().map(|slot| episode.base.member(*slot).unwrap().entity).collect();
                assert!(slots.len() == 3 && answers.len() == 3, "{slots:?}");
            }
            // Nor do the pairs of both with an answer tell it.
            let both = |known: usize| {
                let mut alone = query.clone();
                alone.known = vec![query.known[known]];
                let slots = brute_force(&episode.base, &alone);
                slots.iter().map(|slot| episode.base.member(*slot).unwrap().entity).collect::<BTreeSet<u32>>()
            };
            assert_eq!(both(0), both(1));
        }
    }
}

#[test]
fn one_hop_needs_its_key_and_two_hops_another_fact() {
    let episode = episode(1000, 200, 11);
    for question in of(&episode, QuestionKind::OneHop) {
        let mut none = question.query.clone();
        none.known.clear();
        assert!(brute_force(&episode.base, &none).len() > 10, "the relation alone must not tell");
    }
    let hops = of(&episode, QuestionKind::TwoHop);
    for question in &hops {
        let [hop] = question.hops.as_slice() else { panic!("{:?}", question.hops) };
        assert_ne!(hop.fact, question.gold[0].fact);
        let bridge = episode.base.member(*hop).unwrap().entity;
        assert!(!question.text.contains(&episode.base.entities[bridge as usize]), "{}", question.text);
        assert!(episode.base.facts[question.gold[0].fact as usize].has(question.query.known[0].role, bridge));
        // Without the fact that tells the entity there is no answer.
        let mut without = episode.base.clone();
        without.facts[hop.fact as usize].relation = u32::MAX;
        assert!(brute_force(&without, &question.query).is_empty());
        let Value::Hop { entity, .. } = question.query.known[0].value else { panic!() };
        assert_ne!(Some(entity), question.answer);
    }
}

#[test]
fn what_has_no_answer_names_what_is_there() {
    let episode = episode(1000, 400, 12);
    let mut forms = BTreeMap::new();
    for question in of(&episode, QuestionKind::Unanswerable) {
        assert!(question.answer.is_none() && question.gold.is_empty() && brute_force(&episode.base, &question.query).is_empty());
        assert!(episode.base.facts.iter().any(|fact| fact.relation == question.query.relation));
        let hop = matches!(question.query.known[0].value, Value::Hop { .. });
        assert_eq!(question.hops.len(), usize::from(hop));
        *forms.entry((question.query.known.len(), hop)).or_insert(0) += 1;
        for known in &question.query.known {
            let entity = match known.value {
                Value::Named(entity) | Value::Hop { entity, .. } => entity,
            };
            assert!(episode.base.facts.iter().any(|fact| fact.members.iter().any(|m| m.entity == entity)));
        }
    }
    assert_eq!(forms, BTreeMap::from([((1, false), 16), ((1, true), 12), ((2, false), 12)]));
}

#[test]
fn a_seed_gives_the_same_episode_and_another_another() {
    let (a, b, c) = (episode(300, 50, 8), episode(300, 50, 8), episode(300, 50, 9));
    assert_eq!(a, b);
    assert!(a.base.entities != c.base.entities && a.base.facts != c.base.facts && a.questions != c.questions);
    // On every machine: these are what ChaCha8 gave when the test was written.
    let digest = a.questions.iter().flat_map(|q| q.text.bytes()).fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    assert_eq!((a.base.facts.len(), a.base.entities.len(), digest), DIGEST);
}

const DIGEST: (usize, usize, u64) = (131, 210, 8_760_570_822_981_003_509);

#[test]
fn candidates_are_there() {
    let mut seen = BTreeSet::new();
    for seed in 0..60 {
        for slots in if seed < 5 { vec![1000, 10_000] } else { vec![1000] } {
            let options = EpisodeOptions::evaluation(Size::Slots(slots), 50);
            let episode = Episode::draw(&Schema::synthetic(), &options, seed).unwrap();
            let mut counts = BTreeMap::new();
            let stand: BTreeSet<u32> = episode.base.facts.iter().flat_map(|fact| &fact.members).map(|m| m.entity).collect();
            assert_eq!(stand.len(), episode.base.entities.len());
            stand.iter().for_each(|entity| *counts.entry(episode.types[*entity as usize]).or_insert(0) += 1);
            assert!(counts.values().all(|count| *count >= 200), "{counts:?}");
            let relations: BTreeSet<u32> = episode.base.facts.iter().map(|fact| fact.relation).collect();
            assert!(relations.len() >= 3, "{relations:?}");
            seen.extend(relations);
        }
    }
    assert_eq!(seen.len(), Schema::synthetic().relations.len(), "relations that no seed has");
    // As many as there can be, of half of the entities.
    let most = |candidates| EpisodeOptions { candidates, reuse: 0.5, ..EpisodeOptions::evaluation(Size::Slots(1000), 9) };
    let most = (100..200).rev().map(most).find(|options| Episode::draw(&Schema::synthetic(), options, 1).is_ok()).unwrap();
    for seed in 0..20 {
        let Ok(episode) = Episode::draw(&Schema::synthetic(), &most, seed) else { continue };
        let mut counts = BTreeMap::new();
        episode.types.iter().for_each(|kind| *counts.entry(kind).or_insert(0) += 1);
        assert!(counts.values().all(|count| *count >= most.candidates), "{counts:?} of {}", most.candidates);
    }
}

#[test]
fn entities_have_the_type_of_their_roles() {
    let (schema, episode) = (Schema::synthetic(), episode(500, 1, 2));
    for fact in &episode.base.facts {
        let roles = &schema.relations[fact.relation as usize].roles;
        assert_eq!(fact.members.len(), roles.len());
        for (member, role) in fact.members.iter().zip(roles) {
            assert_eq!((member.role, episode.types[member.entity as usize]), (role.role, role.entity_type));
        }
        let distinct: BTreeSet<u32> = fact.members.iter().map(|member| member.entity).collect();
        assert_eq!(distinct.len(), fact.members.len());
    }
}

#[test]
fn odd_sizes() {
    let schema = Schema::synthetic();
    let one = Mix { one_hop: 1.0, two_key: 0.0, two_hop: 0.0 };
    // One fact.
    for size in [Size::Facts(1), Size::Slots(2), Size::Slots(3)] {
        let options = EpisodeOptions { size, questions: 5, mix: one, unanswerable: 0.4, ..EpisodeOptions::default() };
        let episode = Episode::draw(&schema, &options, 1).unwrap();
        assert_eq!((episode.base.facts.len(), episode.questions.len()), (1, 5));
        for question in &episode.questions {
            assert_eq!(brute_force(&episode.base, &question.query), question.gold);
        }
    }
    // No questions.
    let options = EpisodeOptions { questions: 0, ..options(50, 0) };
    assert!(Episode::draw(&schema, &options, 1).unwrap().questions.is_empty());
    // Facts by number.
    let options = EpisodeOptions { size: Size::Facts(123), ..options };
    assert_eq!(Episode::draw(&schema, &options, 1).unwrap().base.facts.len(), 123);
    // All of a kind, the widest block, nothing reused, all without an answer.
    let mixes = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    for (at, [one_hop, two_key, two_hop]) in mixes.into_iter().enumerate() {
        let mix = Mix { one_hop, two_key, two_hop };
        let options = EpisodeOptions { mix, unanswerable: 0.0, block: 7, ..super::options(700, 40) };
        let episode = Episode::draw(&schema, &options, 3).unwrap();
        assert!(episode.questions.iter().all(|question| question.kind == QuestionKind::ALL[at]));
        let options = EpisodeOptions { mix, unanswerable: 1.0, reuse: 0.0, ..super::options(90, 40) };
        let episode = Episode::draw(&schema, &options, 3).unwrap();
        assert!(episode.questions.iter().all(|question| question.kind == QuestionKind::Unanswerable));
    }
}

#[test]
fn what_cannot_be_drawn_is_refused() {
    let schema = Schema::synthetic();
    let message =
        |schema: &Schema, options: &EpisodeOptions| Episode::draw(schema, options, 1).map_or_else(|e| e.to_string(), |_| "drawn".into());
    let cases: Vec<(EpisodeOptions, &str)> = vec![
        (options(1, 1), "size of a base is Slots(1)"),
        (options(20, 4), "size of a base is Slots(20)"),
        (options(0, 1), "size of a base is 0"),
        (options(usize::MAX, 1), "size of a base is 18446744073709551615"),
        (EpisodeOptions { candidates: 900, ..options(1000, 1) }, "number of candidates is 900, expected at most"),
        (EpisodeOptions { block: 1, ..options(50, 1) }, "order of a block is 1"),
        (EpisodeOptions { unanswerable: f64::NAN, ..options(50, 1) }, "share of unanswerable questions is NaN"),
        (EpisodeOptions { reuse: 1.0, ..options(50, 1) }, "share of reused entities is 1"),
        (EpisodeOptions { mix: Mix { one_hop: 0.0, two_key: 0.0, two_hop: 0.0 }, ..options(50, 1) }, "mix of questions"),
    ];
    for (options, expected) in cases {
        let got = message(&schema, &options);
        assert!(got.starts_with(expected), "{got}");
    }
    assert!(QuestionKind::ALL.iter().all(|kind| schema.allows(*kind)));
    // Two-hop questions where no entity is in two facts.
    let two_hop = EpisodeOptions { mix: Mix { one_hop: 0.0, two_key: 0.0, two_hop: 1.0 }, unanswerable: 0.0, ..options(2, 3) };
    assert!(message(&schema, &two_hop).starts_with("number of two-hop questions is 3, expected 0"), "{}", message(&schema, &two_hop));
    // Names that are too few.
    let mut few = options(1000, 1);
    few.names.onsets = vec!["b".to_owned()];
    few.names.vowels = vec!["o".to_owned()];
    assert!(message(&schema, &few).starts_with("number of names is"), "{}", message(&schema, &few));
    // Schemas.
    let role = |role| RelationRole { role, entity_type: 0 };
    let relation = |label: &str, roles: &[u32]| Relation { label: label.to_owned(), roles: roles.iter().map(|r| role(*r)).collect() };
    let of = |relations| Schema { types: vec!["t".to_owned()], roles: vec!["a".to_owned(), "b".to_owned()], relations };
    let options = options(50, 5);
    for (relations, expected) in [
        (vec![], "number of relations of a schema is 0"),
        (vec![relation("r", &[0, 1])], "schema is without a relation of three roles, expected one for two-key questions"),
        (vec![relation("r", &[0])], "number of roles of a relation is 1 (r)"),
        (vec![relation("r", &[0, 0])], "role of a relation is there twice (r)"),
        (vec![relation("r", &[0, 2])], "role of a relation is outside (r)"),
        (vec![relation("r", &[0, 1]), relation("r", &[1, 0])], "label of a relation is \"r\", twice"),
        (vec![relation(" ", &[0, 1])], "label of a relation or role is empty"),
    ] {
        let got = message(&of(relations), &options);
        assert!(got.starts_with(expected), "{got}");
    }
}

#[test]
fn types_apart_allow_no_hops() {
    let role = |role| RelationRole { role, entity_type: role };
    let words = ["a", "b", "c"].map(str::to_owned).to_vec();
    let relation = Relation { label: "r".to_owned(), roles: [0, 1, 2].map(role).to_vec() };
    let schema = Schema { types: words.clone(), roles: words, relations: vec![relation] };
    assert_eq!(QuestionKind::ALL.map(|kind| schema.allows(kind)), [true, true, false, true]);
    let error = Episode::draw(&schema, &options(100, 20), 1).unwrap_err().to_string();
    assert!(error.starts_with("schema is without two roles of one type, expected"), "{error}");
    let options = EpisodeOptions { mix: Mix { one_hop: 0.5, two_key: 0.5, two_hop: 0.0 }, ..options(100, 20) };
    let episode = Episode::draw(&schema, &options, 1).unwrap();
    for question in &episode.questions {
        assert_eq!(brute_force(&episode.base, &question.query), question.gold);
    }
}

/// A relation between entities of one type: nobody stands twice in a fact, and hops go through the relation itself.
#[test]
fn one_relation_over_one_type() {
    let role = |role| RelationRole { role, entity_type: 0 };
    let words = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
    let relation = Relation { label: "trade".to_owned(), roles: [0, 1, 2].map(role).to_vec() };
    let schema = Schema { types: words(&["party"]), roles: words(&["seller", "buyer", "broker"]), relations: vec![relation] };
    for seed in 0..8 {
        let episode = Episode::draw(&schema, &EpisodeOptions { reuse: 0.6, ..options(200, 90) }, seed).unwrap();
        for question in &episode.questions {
            assert_eq!(brute_force(&episode.base, &question.query), question.gold, "{}", question.text);
            // No answer stands in its question.
            let answer = question.answer.map(|entity| &episode.base.entities[entity as usize]);
            assert!(answer.is_none_or(|name| !question.text.contains(name.as_str())), "{}", question.text);
        }
    }
}

#[test]
fn drawing_takes_little_time() {
    let schema = Schema::synthetic();
    for (slots, questions) in [(1000, 64), (1000, 2000), (10_000, 64), (10_000, 2000)] {
        let options = EpisodeOptions::evaluation(Size::Slots(slots), questions);
        let start = Instant::now();
        let runs = 5;
        let facts: usize = (0..runs).map(|seed| Episode::draw(&schema, &options, seed).unwrap().base.facts.len()).sum();
        let took = start.elapsed() / runs as u32;
        eprintln!("{slots} slots ({} facts), {questions} questions: {took:?}", facts / runs as usize);
        // Unoptimised builds on busy machines included; quadratic searches take minutes.
        assert!(took.as_secs() < 5, "{took:?}");
    }
}
