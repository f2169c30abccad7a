//! Questions and facts as text, by templates that fit every schema.

use super::names::capital;
use super::stream::{Part, Stream};
use super::{Fact, KnowledgeBase, Known, Names, Query, Schema, Value};

/// Ways to say a question, and a fact.
pub const PARAPHRASES: usize = 4;

/// What a model that answers by text alone says where there is no answer.
pub const REFUSAL: &str = "unknown";

/// The text of a query: marks stand between spaces, and it ends with `?`, without a space. The paraphrase counts modulo [`PARAPHRASES`].
///
/// ```text
/// treaty : mediator Zorak , venue Miru ; signatory ?
/// signatory of treaty with mediator Zorak and venue Miru ?
/// in treaty , mediator Zorak , venue Miru : which signatory ?
/// who or what is signatory of the treaty with mediator Zorak and venue Miru ?
/// mooring : craft the vessel of ownership with owner Zorak ; harbour ?
/// ```
pub fn question_text(base: &KnowledgeBase, query: &Query, paraphrase: usize) -> String {
    let (relation, asked) = (word(&base.relations, query.relation), word(&base.roles, query.asked));
    let known = |between: &str| query.known.iter().map(|known| known_text(base, known)).collect::<Vec<_>>().join(between);
    match paraphrase % PARAPHRASES {
        0 => format!("{relation} : {} ; {asked} ?", known(" , ")),
        1 => format!("{asked} of {relation} with {} ?", known(" and ")),
        2 => format!("in {relation} , {} : which {asked} ?", known(" , ")),
        _ => format!("who or what is {asked} of the {relation} with {} ?", known(" and ")),
    }
}

/// A fact as a sentence of the same words, ending with ` .`.
///
/// ```text
/// treaty : mediator Zorak , venue Miru , signatory Dara .
/// treaty with mediator Zorak and venue Miru and signatory Dara .
/// ```
pub fn fact_text(base: &KnowledgeBase, fact: &Fact, paraphrase: usize) -> String {
    let relation = word(&base.relations, fact.relation);
    let member = |member: &super::Member| format!("{} {}", word(&base.roles, member.role), word(&base.entities, member.entity));
    let members = |between: &str| fact.members.iter().map(member).collect::<Vec<_>>().join(between);
    match paraphrase % PARAPHRASES {
        0 => format!("{relation} : {} .", members(" , ")),
        1 => format!("{relation} with {} .", members(" and ")),
        2 => format!("in {relation} , {} .", members(" , ")),
        _ => format!("there is the {relation} with {} .", members(" and ")),
    }
}

/// Every fact as a sentence, in order. Without a seed all are said in the first way, which is best to search; with one, in ways drawn from it.
pub fn facts_as_text(base: &KnowledgeBase, seed: Option<u64>) -> Vec<String> {
    let mut stream = seed.map(|seed| Stream::new(seed, Part::Texts));
    let mut way = || stream.as_mut().map_or(0, |stream| stream.below(PARAPHRASES));
    base.facts.iter().map(|fact| fact_text(base, fact, way())).collect()
}

/// Text to learn a tokenizer from, a sentence a line: every way to say every question and fact of a schema, and every syllable at the beginning, in
/// the middle and at the end of a name. The names are not those of any episode: each is of four syllables that follow each other in the inventory.
pub fn corpus(schema: &Schema, names: &Names) -> String {
    let syllables = names.syllables();
    let name = |at: usize| capital((0..4).map(|i| syllables[(at + i) % syllables.len()].as_str()).collect::<String>().trim_start());
    let entities: Vec<String> = (0..syllables.len()).map(name).collect();
    let count = entities.len() as u32;
    let base = KnowledgeBase { entities, relations: schema.relation_labels(), roles: schema.roles.clone(), facts: vec![] };
    let mut lines = Vec::new();
    let mut next = (0..count).cycle();
    let mut entity = || next.next().unwrap_or(0);
    for (number, relation) in (0..).zip(&schema.relations) {
        for paraphrase in 0..PARAPHRASES {
            let members = relation.roles.iter().map(|role| super::Member { entity: entity(), role: role.role }).collect();
            lines.push(fact_text(&base, &Fact { relation: number, members }, paraphrase));
            for asked in &relation.roles {
                let others = || relation.roles.iter().filter(|role| role.role != asked.role);
                let mut query = Query { relation: number, known: vec![], asked: asked.role };
                query.known = others().map(|role| Known { role: role.role, value: Value::Named(entity()) }).take(2).collect();
                lines.push(question_text(&base, &query, paraphrase));
                let value = |role: u32, entity| Value::Hop { relation: number, role: asked.role, entity, asked: role };
                query.known = others().map(|role| Known { role: role.role, value: value(role.role, entity()) }).take(1).collect();
                lines.push(question_text(&base, &query, paraphrase));
            }
        }
    }
    for at in 0..count {
        let (name, syllable) = (word(&base.entities, at), &syllables[at as usize]);
        let syllable = syllable.trim_start();
        lines.push(format!("{name} {} {syllable}", capital(syllable)));
    }
    lines.push(REFUSAL.to_owned());
    lines.join("\n") + "\n"
}

fn known_text(base: &KnowledgeBase, known: &Known) -> String {
    let role = word(&base.roles, known.role);
    match known.value {
        Value::Named(entity) => format!("{role} {}", word(&base.entities, entity)),
        Value::Hop { relation, role: key, entity, asked } => {
            let (asked, relation) = (word(&base.roles, asked), word(&base.relations, relation));
            format!("{role} the {asked} of {relation} with {} {}", word(&base.roles, key), word(&base.entities, entity))
        }
    }
}

/// The word of a number; a number without one ([`KnowledgeBase::check`]) is written out.
fn word(words: &[String], number: u32) -> std::borrow::Cow<'_, str> {
    words.get(number as usize).map_or_else(|| format!("#{number}").into(), |word| word.as_str().into())
}
