use std::collections::{BTreeMap, BTreeSet, HashSet};

use hypergraphql_models::episodes::{
    Episode, Fact, FactIndex, KnowledgeBase, Member, NameOptions, Names, QuestionKind, Slot, Split, chance, clique, edited, permuted, star,
};

use super::{brute_force, episode, of};

/// (relation, role, entity), each with its count.
fn marginals(base: &KnowledgeBase) -> BTreeMap<[u32; 3], usize> {
    let mut counts = BTreeMap::new();
    for fact in &base.facts {
        fact.members.iter().for_each(|m| *counts.entry([fact.relation, m.role, m.entity]).or_insert(0) += 1);
    }
    counts
}

fn pairs(base: &KnowledgeBase) -> HashSet<[u32; 5]> {
    let of = |fact: &Fact| {
        let (relation, m) = (fact.relation, fact.members.clone());
        let all = (0..m.len()).flat_map(|i| (0..m.len()).map(move |j| (i, j))).filter(|(i, j)| i != j).collect::<Vec<_>>();
        all.into_iter().map(move |(i, j)| [relation, m[i].role, m[i].entity, m[j].role, m[j].entity])
    };
    base.facts.iter().flat_map(of).collect()
}

#[test]
fn permuted_keeps_marginals_and_breaks_facts() {
    for (slots, seed) in [(400, 1), (1000, 2), (3001, 3)] {
        let episode = episode(slots, 120, seed);
        let new = permuted(&episode.base, 5);
        assert_eq!(marginals(&new), marginals(&episode.base));
        assert_eq!(new, permuted(&episode.base, 5));
        assert_ne!(new, permuted(&episode.base, 6));
        let kept = |(a, b): (&Fact, &Fact)| a.members.iter().zip(&b.members).filter(|(a, b)| a.entity == b.entity).count();
        let own: usize = new.facts.iter().zip(&episode.base.facts).map(kept).sum();
        let (before, after) = (pairs(&episode.base), pairs(&new));
        let both = before.intersection(&after).count();
        eprintln!("{slots} slots: {own} members kept, {both} of {} pairs", before.len());
        // A small relation has not enough facts to part all members of a block.
        assert!(own * 200 <= slots && both * 25 <= before.len());
        let right = episode.questions.iter().filter(|q| q.answer.is_some()).filter(|q| brute_force(&new, &q.query) == q.gold);
        let right = right.filter(|q| new.member(q.gold[0]).unwrap().entity == q.answer.unwrap()).count();
        assert!(right * 50 <= episode.questions.len(), "{right}");
    }
}

#[test]
fn permuted_of_few_facts() {
    let fact = |entities: &[u32]| Fact {
        relation: 0,
        members: entities.iter().zip(0..).map(|(entity, role)| Member { entity: *entity, role }).collect(),
    };
    let base = |facts: Vec<Fact>| KnowledgeBase {
        entities: (0..9).map(|i| format!("e{i}")).collect(),
        relations: vec!["r".to_owned()],
        roles: vec!["a".to_owned(), "b".to_owned()],
        facts,
    };
    let empty = base(vec![]);
    assert_eq!(permuted(&empty, 1), empty);
    let one = base(vec![fact(&[0, 1])]);
    assert_eq!(permuted(&one, 1), one);
    // Of two facts one role has to stay, or all members are together again.
    let two = base(vec![fact(&[0, 1]), fact(&[2, 3])]);
    let new = permuted(&two, 1);
    assert!(pairs(&two).is_disjoint(&pairs(&new)), "{new:?}");
    // An entity that fills more than half of a role stays somewhere: in 4 − 2 of 6.
    let many = base((0..6).map(|i| fact(&[if i < 4 { 0 } else { i }, i + 3])).collect());
    let new = permuted(&many, 1);
    assert_eq!(marginals(&new), marginals(&many));
    let own = new.facts.iter().zip(&many.facts).filter(|(a, b)| a.members[0].entity == b.members[0].entity).count();
    assert!(own >= 2, "{own}");
}

#[test]
fn cliques_lose_the_third_member() {
    let episode = episode(700, 200, 4);
    let clique = clique(&episode.base, &episode.questions);
    clique.base.check().unwrap();
    let expected: usize = episode.base.facts.iter().map(|fact| fact.members.len() * (fact.members.len() - 1) / 2).sum();
    assert_eq!(clique.base.facts.len(), expected);
    assert!(clique.base.facts.iter().all(|fact| fact.members.len() == 2));
    assert_eq!(pairs(&clique.base), pairs(&episode.base));
    let index = FactIndex::new(&clique.base);
    for (new, old) in clique.questions.iter().zip(&episode.questions) {
        assert_eq!((&new.text, new.answer, new.kind), (&old.text, old.answer, old.kind));
        let names: BTreeSet<Option<u32>> = new.gold.iter().map(|slot| clique.base.member(*slot).map(|m| m.entity)).collect();
        match old.kind {
            QuestionKind::Unanswerable => assert!(new.gold.is_empty()),
            _ => assert_eq!(names, BTreeSet::from([old.answer])),
        }
        assert_eq!(new.hops.len(), old.hops.len());
        if old.kind == QuestionKind::OneHop || old.kind == QuestionKind::TwoHop {
            assert_eq!(new.gold, index.answers(&new.query), "{}", new.text);
            assert_eq!(new.hops, index.hops(&new.query));
        }
        if old.kind == QuestionKind::TwoKey {
            // No fact has both keys and the answer; each key's pairs leave the same three answers.
            assert!(index.answers(&new.query).is_empty() && new.gold.len() == 2);
            let candidates: Vec<BTreeSet<u32>> = (0..2)
                .map(|at| {
                    let mut alone = new.query.clone();
                    alone.known = vec![new.query.known[at]];
                    index.answers(&alone).iter().map(|slot| clique.base.member(*slot).unwrap().entity).collect()
                })
                .collect();
            assert!(candidates[0] == candidates[1] && candidates[0].len() == 3);
        }
    }
}

#[test]
fn stars_go_through_the_fact() {
    let episode = episode(300, 80, 4);
    let names = Names::new(&NameOptions::default()).unwrap();
    let star = star(&episode.base, &episode.questions, &names, Split::Train, 4).unwrap();
    star.base.check().unwrap();
    assert_eq!(star.base.facts.len(), episode.base.slot_count());
    let distinct: HashSet<&String> = star.base.entities.iter().collect();
    assert_eq!(distinct.len(), episode.base.entities.len() + episode.base.facts.len());
    let node = |slot: &Slot| star.base.facts[slot.fact as usize].members[0].entity;
    for (new, old) in star.questions.iter().zip(&episode.questions) {
        let names: Vec<Option<u32>> = new.gold.iter().map(|slot| star.base.member(*slot).map(|m| m.entity)).collect();
        assert_eq!(names, old.answer.map(Some).into_iter().collect::<Vec<_>>());
        let known = new.query.known.len();
        match old.kind {
            QuestionKind::OneHop | QuestionKind::TwoKey => {
                assert_eq!(new.hops.len(), known);
                // The known members lead to the node of the fact that has the answer.
                assert!(new.hops.iter().all(|slot| slot.member == 0 && node(slot) == node(&new.gold[0])));
            }
            QuestionKind::TwoHop => {
                assert_eq!(new.hops.len(), 3);
                assert!(node(&new.hops[0]) == node(&new.gold[0]) && node(&new.hops[1]) == node(&new.hops[2]));
            }
            QuestionKind::Unanswerable => assert!(new.gold.is_empty()),
        }
    }
}

fn differing(episode: &Episode, new: &KnowledgeBase) -> Vec<u32> {
    let facts = episode.base.facts.iter().zip(&new.facts);
    facts.zip(0..).filter(|((a, b), _)| a != b).map(|(_, number)| number).collect()
}

#[test]
fn an_edit_changes_one_fact() {
    for seed in 0..20 {
        let episode = episode(300, 100, seed);
        let edited = edited(&episode, 1, seed).unwrap();
        let [edit] = edited.edits.as_slice() else { panic!() };
        assert_eq!(differing(&episode, &edited.base), [edit.slot.fact]);
        assert_eq!(episode.base.member(edit.slot).unwrap().entity, edit.before);
        assert_eq!(edited.base.member(edit.slot).unwrap().entity, edit.after);
        assert!(edit.before != edit.after && episode.types[edit.before as usize] == episode.types[edit.after as usize]);
        assert!(!edited.follow.is_empty());
        for question in &edited.follow {
            let found = brute_force(&edited.base, &question.query);
            assert_eq!(found, question.gold);
            assert_eq!(Some(edited.base.member(found[0]).unwrap().entity), question.answer);
            let before = episode.questions.iter().find(|old| old.query == question.query).unwrap();
            assert!(before.answer != question.answer && before.answer.is_some() && question.answer.is_some());
        }
        for question in &edited.keep {
            assert_eq!(brute_force(&edited.base, &question.query), question.gold);
            assert!(episode.questions.contains(question));
        }
        assert_eq!(edited.follow.len() + edited.keep.len() + edited.lost, 100);
        assert!(edited.lost < 20, "{}", edited.lost);
    }
}

#[test]
fn many_edits_and_none() {
    let episode = episode(1000, 200, 2);
    let many = edited(&episode, 50, 1).unwrap();
    let mut facts: Vec<u32> = many.edits.iter().map(|edit| edit.slot.fact).collect();
    facts.sort_unstable();
    assert_eq!(differing(&episode, &many.base), facts);
    assert!(many.follow.len() >= 40, "{}", many.follow.len());
    assert_eq!(many, edited(&episode, 50, 1).unwrap());
    assert!(edited(&episode, 0, 1).unwrap_err().to_string().starts_with("number of edits is 0"));
    assert!(edited(&episode, 201, 1).unwrap_err().to_string().starts_with("number of edits is 201, expected 1 to"));
    let none = Episode { questions: vec![], ..episode };
    assert!(edited(&none, 1, 1).is_err());
}

#[test]
fn chance_is_the_best_constant() {
    let mut episode = episode(300, 60, 1);
    let all = chance(&episode.questions);
    assert_eq!(all.by_kind.len(), 4);
    assert_eq!(all.by_kind[3], (QuestionKind::Unanswerable, 1.0));
    assert!(all.answerable < 0.2 && all.answerable <= all.answerable_by_role);
    // By hand: of five one-hop questions three have one answer.
    let mut few: Vec<_> = of(&episode, QuestionKind::OneHop).into_iter().take(5).cloned().collect();
    few.iter_mut().zip([7, 8, 7, 9, 7]).for_each(|(question, answer)| question.answer = Some(answer));
    let few = chance(&few);
    assert_eq!((few.by_kind, few.answerable), (vec![(QuestionKind::OneHop, 0.6)], 0.6));
    episode.questions.clear();
    let none = chance(&episode.questions);
    assert!(none.by_kind.is_empty() && none.answerable == 0.0);
}
