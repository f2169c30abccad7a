//! The answers of the queries by plain loops over the world, which share nothing with the engine.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::world::World;

/// Rows of an answer: a name, where there is one, and a count.
pub(super) type Counts = Vec<(Option<String>, u64)>;

/// What the query of this name answers on a world; none if there is no such query.
pub(super) fn answer(world: &World, query: &str) -> Option<Counts> {
    match query {
        "q1_2hop_sel" => Some(one(two_steps(world, |person| world.lives_in[person] == 7))),
        "q2_2hop_all" => Some(one(two_steps(world, |_| true))),
        "q3_star" => Some(one(star(world))),
        "q4_group" => Some(top("org", world.works_for.iter().copied())),
        "q5_tri" => Some(one(triangles(world))),
        "q6_nary" => Some(top("product", recent_objects(world))),
        "q7_path" => Some(one(reachable(world))),
        _ => None,
    }
}

fn one(count: u64) -> Counts {
    vec![(None, count)]
}

fn two_steps(world: &World, from: impl Fn(usize) -> bool) -> u64 {
    let people = (0..world.knows.len()).filter(|person| from(*person));
    people.flat_map(|person| &world.knows[person]).map(|friend| world.knows[*friend as usize].len() as u64).sum()
}

fn star(world: &World) -> u64 {
    let people = (0..world.age.len()).filter(|person| world.lives_in[*person] == 0 && (30..40).contains(&world.age[*person]));
    people.map(|person| world.likes[person].len() as u64).sum()
}

fn triangles(world: &World) -> u64 {
    let mut count = 0;
    for (a, friends) in (0..).zip(&world.knows) {
        for b in friends {
            count += world.knows[*b as usize].iter().filter(|c| world.knows[**c as usize].binary_search(&a).is_ok()).count() as u64;
        }
    }
    count
}

fn recent_objects(world: &World) -> impl Iterator<Item = u32> {
    let recent = world.events.iter().filter(|event| event.year >= 2020 && world.lives_in[event.agent as usize] == 0);
    recent.map(|event| event.object)
}

/// The ten most frequent, then by name.
fn top(class: &str, values: impl Iterator<Item = u32>) -> Counts {
    let mut counts = BTreeMap::<u32, u64>::new();
    values.for_each(|value| *counts.entry(value).or_default() += 1);
    let mut counts: Vec<_> = counts.into_iter().map(|(value, count)| (Some(super::iri(class, value)), count)).collect();
    counts.sort_by(|(a, m), (b, n)| n.cmp(m).then_with(|| a.cmp(b)));
    counts.truncate(10);
    counts
}

/// How many person 1 reaches in at least one step.
fn reachable(world: &World) -> u64 {
    let mut seen = BTreeSet::new();
    let mut queue = VecDeque::from([1_u32]);
    while let Some(person) = queue.pop_front() {
        for friend in world.knows.get(person as usize).into_iter().flatten() {
            if seen.insert(*friend) {
                queue.push_back(*friend);
            }
        }
    }
    seen.len() as u64
}

#[cfg(test)]
mod tests {
    use super::super::world::Event;
    use super::*;

    fn world() -> World {
        World {
            knows: vec![vec![1, 2], vec![2], vec![0], vec![3]],
            works_for: vec![1, 0, 1, 1],
            lives_in: vec![0, 7, 0, 0],
            age: vec![30, 35, 40, 39],
            located_in: vec![3, 4],
            likes: vec![vec![5, 6], vec![5], vec![5], vec![]],
            events: [(0, 2021), (3, 2020), (1, 2022), (2, 2019)].map(|(agent, year)| Event { agent, object: 9, place: 1, year }).to_vec(),
        }
    }

    #[test]
    fn the_loops_count_what_the_queries_ask() {
        let count = |query| answer(&world(), query).expect("a query")[0].1;
        assert_eq!(count("q1_2hop_sel"), 1, "1 knows 2 knows 0");
        assert_eq!(count("q2_2hop_all"), 1 + 1 + 1 + 2 + 1);
        assert_eq!(count("q3_star"), 2);
        assert_eq!(count("q5_tri"), 3 + 1, "one triangle from three corners, and 3 who knows themselves");
        assert_eq!(count("q7_path"), 3);
        assert_eq!(
            answer(&world(), "q4_group").expect("a query"),
            [(Some("http://ex.org/org1".into()), 3), (Some("http://ex.org/org0".into()), 1)]
        );
        assert_eq!(answer(&world(), "q6_nary").expect("a query"), [(Some("http://ex.org/product9".into()), 2)]);
        assert!(answer(&world(), "q8").is_none());
    }
}
