//! A social world, drawn from a seed: people who know, work, live and like, and events of four roles. As RDF at scale 1: about 1.2 million triples.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Who and what there is; things are numbered from 0 in each class.
pub(super) struct World {
    /// For each person those whom they know, ascending.
    pub(super) knows: Vec<Vec<u32>>,
    /// For each person an organisation.
    pub(super) works_for: Vec<u32>,
    /// For each person a city.
    pub(super) lives_in: Vec<u32>,
    /// For each person the years.
    pub(super) age: Vec<u32>,
    /// For each organisation a city.
    pub(super) located_in: Vec<u32>,
    /// For each person the products that they like, ascending.
    pub(super) likes: Vec<Vec<u32>>,
    /// Hyperedges of four players.
    pub(super) events: Vec<Event>,
}

/// Who did something to what, where and when.
#[derive(Clone, Copy)]
pub(super) struct Event {
    /// A person.
    pub(super) agent: u32,
    /// A product.
    pub(super) object: u32,
    /// A city.
    pub(super) place: u32,
    /// From 2000 to 2025.
    pub(super) year: u32,
}

/// Cities, at every scale.
pub(super) const CITIES: u32 = 500;

impl World {
    /// The world of a scale (1: 100,000 people) and a seed; always the same one.
    pub(super) fn new(scale: f64, seed: u64) -> Self {
        let mut draw = Draw(ChaCha8Rng::seed_from_u64(seed));
        let count = |at_one: f64| (at_one * scale).max(1.0) as u32;
        let (people, orgs, products) = (count(100_000.0), count(2_000.0), count(20_000.0));
        let mut knows = acquaintances(&mut draw, people);
        close_triangles(&mut draw, &mut knows, count(120_000.0));
        let works_for = draw.many(people, |draw| draw.below(orgs));
        let lives_in = draw.many(people, |draw| draw.pareto(1.2, 15.0, CITIES));
        let age = draw.many(people, |draw| 18 + draw.below(72));
        let located_in = draw.many(orgs, |draw| draw.below(CITIES));
        let mut likes = vec![Vec::new(); people as usize];
        for _ in 0..count(200_000.0) {
            likes[draw.below(people) as usize].push(draw.pareto(1.0, 200.0, products));
        }
        likes.iter_mut().for_each(set);
        let event = |draw: &mut Draw| Event {
            agent: draw.below(people),
            object: draw.below(products),
            place: draw.below(CITIES),
            year: 2000 + draw.below(26),
        };
        let events = draw.many(count(40_000.0), event);
        Self { knows, works_for, lives_in, age, located_in, likes, events }
    }
}

/// A few for everybody, most of them anybody, the others the famous ones.
fn acquaintances(draw: &mut Draw, people: u32) -> Vec<Vec<u32>> {
    let mut knows = vec![Vec::new(); people as usize];
    for (person, friends) in knows.iter_mut().enumerate() {
        for _ in 0..draw.geometric(1.0 / 2.8) {
            let friend = if draw.unit() < 0.7 { draw.below(people) } else { draw.pareto(1.1, 20.0, people) };
            if friend as usize != person {
                friends.push(friend);
            }
        }
        set(friends);
    }
    knows
}

/// Where a knows b and b knows c, c gets to know a.
fn close_triangles(draw: &mut Draw, knows: &mut [Vec<u32>], times: u32) {
    let pairs: Vec<(u32, u32)> = (0..).zip(&*knows).flat_map(|(a, friends)| friends.iter().map(move |b| (a, *b))).collect();
    let mut closed = Vec::new();
    for _ in 0..if pairs.is_empty() { 0 } else { times } {
        let (a, b) = pairs[draw.below(pairs.len() as u32) as usize];
        let friends = &knows[b as usize];
        if !friends.is_empty() {
            let c = friends[draw.below(friends.len() as u32) as usize];
            closed.push((c, a));
        }
    }
    closed.into_iter().filter(|(c, a)| c != a).for_each(|(c, a)| knows[c as usize].push(a));
    knows.iter_mut().for_each(set);
}

fn set(values: &mut Vec<u32>) {
    values.sort_unstable();
    values.dedup();
}

struct Draw(ChaCha8Rng);

impl Draw {
    fn many<T>(&mut self, count: u32, one: impl Fn(&mut Self) -> T) -> Vec<T> {
        (0..count).map(|_| one(self)).collect()
    }

    /// In [0, 1).
    fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn below(&mut self, bound: u32) -> u32 {
        ((u64::from(self.0.next_u32()) * u64::from(bound)) >> 32) as u32
    }

    /// Trials up to the first success, from 1.
    fn geometric(&mut self, success: f64) -> u32 {
        1 + ((1.0 - self.unit()).ln() / (1.0 - success).ln()) as u32
    }

    /// A Lomax number in whole steps of 1/`width`, at most `bound` - 1: rank of the popular.
    fn pareto(&mut self, shape: f64, width: f64, bound: u32) -> u32 {
        let value = ((1.0 - self.unit()).powf(-1.0 / shape) - 1.0) * width;
        (value as u32).min(bound - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_world_follows_from_its_seed_and_has_its_shape() {
        let (a, b, c) = (World::new(0.1, 7), World::new(0.1, 7), World::new(0.1, 8));
        assert_eq!(a.knows, b.knows);
        assert_ne!(a.knows, c.knows);
        assert_eq!((a.knows.len(), a.located_in.len(), a.events.len()), (10_000, 200, 4_000));
        // 2.8 each and the closed triangles; the generator of the peers has 386,540 at scale 1.
        let pairs: usize = a.knows.iter().map(Vec::len).sum();
        assert!((36_000..41_000).contains(&pairs), "{pairs}");
        assert!(
            a.knows
                .iter()
                .enumerate()
                .all(|(person, friends)| friends.windows(2).all(|w| w[0] < w[1]) && !friends.contains(&(person as u32)))
        );
        let popular = a.lives_in.iter().filter(|city| **city == 0).count();
        assert!((500..1_200).contains(&popular), "{popular}");
    }
}
