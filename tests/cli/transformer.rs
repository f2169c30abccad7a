//! The HypergraphQL transformer on the command line: it trains, goes on, answers from a knowledge base with evidence, is proven, and refuses what does not fit.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

use std::fs;
use std::io::Write;
use std::process::Stdio;

use serde_json::Value;

use crate::training::{Folder, dataset};

const TRAIN: &str = "train transformer --base-steps 1 --questions 4 --min-slots 60 --max-slots 70 --evaluate-every 2 --evaluation-slots 70 \
                     --evaluation-questions 4 --vocabulary 300";

/// Treaties of three members and capitals of two.
fn folder() -> Folder {
    let at = Folder::new(&dataset());
    let mut text = String::from("@prefix : <http://example.org/> .\n@prefix hq: <https://hypergraphql.org/ns#> .\n");
    for i in 0..12 {
        let [person, state, city] = [i % 5, (i * 3) % 7, (i * 5) % 6];
        text.push_str(&format!(
            ":t{i} a hq:Hyperedge ; hq:relation :treaty ; :mediator :p{person} ; :signatory :s{state} ; :venue :c{city} .\n"
        ));
        text.push_str(&format!(":k{i} a hq:Hyperedge ; hq:relation :capital ; :seat :c{city} ; :country :s{state} .\n"));
    }
    at.write("kb.ttl", &text);
    at.write("empty.ttl", "@prefix : <http://example.org/> .\n:a a :B .\n");
    at
}

#[test]
fn a_training_goes_on_answers_and_is_proven() {
    let at = folder();
    let lines = at.lines(&format!("{TRAIN} --kb kb.ttl --steps 3 --out straight --json"));
    assert_eq!((lines[0]["relations"].as_u64(), lines[0]["roles"].as_u64()), (Some(2), Some(5)));
    let steps: Vec<u64> = lines.iter().filter(|line| line["kind"] == "evaluation").map(|line| line["step"].as_u64().unwrap()).collect();
    assert_eq!(steps, [3, 4]);
    assert_eq!(lines.last().unwrap()["kind"], "result");
    assert!(at.text("straight/report.svg").contains("retrieval"));

    at.ok(&format!("{TRAIN} --kb kb.ttl --steps 1 --out half"));
    assert!(at.ok("train transformer --resume half --steps 3").contains("one-hop"));
    let losses = |folder: &str| -> Vec<Value> {
        let lines = at.text(&format!("{folder}/metrics.jsonl"));
        let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).filter(|line| line["kind"] == "step");
        lines.map(|line| line["total"].clone()).collect()
    };
    // The learning rate of a longer training is another from its first step on, so that only those before it are the same.
    assert_eq!((losses("straight").len(), losses("half").len()), (4, 4));
    assert_eq!(losses("straight")[..2], losses("half")[..2]);

    let question =
        ["generate", "--model", "straight", "--kb", "kb.ttl", "treaty : mediator p1 , venue c5 ; signatory ?", "--max-tokens", "6"];
    let answers = crate::program::lines(&crate::program::run(at.command("").args(question).arg("--json")).ok());
    let evidence = answers[0]["evidence"].as_array().unwrap();
    assert!(!evidence.is_empty() && evidence.len() <= 5);
    for line in evidence {
        assert!(line["weight"].as_f64().is_some_and(|weight| (0.0..=1.0 + 1e-6).contains(&weight)), "{line}");
        let atom = line["atom"][0].as_str().unwrap();
        assert!(atom.starts_with("<http://example.org/t") || atom.starts_with("<http://example.org/k"), "{atom}");
        // HyperQL finds the fact by its atom.
        let query = format!("SELECT ?r ?o {{ {atom} ?r ?o }}");
        let found = crate::program::run(at.command("").args(["query", "kb.ttl", &query, "--json"])).ok();
        assert!(found.contains("example.org"), "{found}");
    }
    let shown = crate::program::run(at.command("").args(question).arg("--evidence")).ok();
    assert!(shown.contains("weight") && shown.contains("example.org"), "{shown}");

    // A question, an edit of the knowledge base, and the question again.
    let mut chat = at.command("chat --model straight --kb kb.ttl --max-tokens 4 --json");
    let mut chat = chat.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    chat.stdin
        .take()
        .unwrap()
        .write_all(b"capital : seat c5 ; country ?\n.evidence on\n.reload\n\ncapital : seat c5 ; country ?\n.quit\n")
        .unwrap();
    let done = chat.wait_with_output().unwrap();
    let (out, err) = (String::from_utf8(done.stdout).unwrap(), String::from_utf8(done.stderr).unwrap());
    assert!(done.status.success() && err.contains("24 facts of 18 entities"), "{err}");
    let lines = crate::program::lines(&out);
    assert_eq!((lines.len(), &lines[0]), (2, &lines[1]));

    let proof = at.lines("eval transformer --model straight --seeds 1 --questions 6 --slots 2000 --large-slots 0 --edits 1 --json");
    assert_eq!(proof[0]["bit_equal"], true);
    let bar = |what: &str| proof[0]["bars"].as_array().unwrap().iter().find(|bar| bar["what"] == what).unwrap()["met"].clone();
    assert_eq!((bar("logits without the memory"), bar("answerable, gate off")), (true.into(), true.into()), "{}", proof[0]);
    let arms: Vec<&str> = proof[0]["arms"].as_array().unwrap().iter().map(|arm| arm["arm"].as_str().unwrap()).collect();
    assert_eq!(arms, ["gate-off", "true", "permuted", "texts"]);
    let table = at.ok("eval transformer --model straight --seeds 1 --questions 6 --slots 2000 --large-slots 0 --edits 0");
    assert!(table.contains("members permuted") && table.contains("chance"), "{table}");
}

#[test]
fn what_does_not_fit_is_refused() {
    let at = folder();
    at.ok(&format!("{TRAIN} --steps 1 --out model"));
    let ttl = "kb.ttl";
    for (line, words) in [
        ("train transformer --out x --preset huge".to_owned(), "tiny, small or base"),
        ("train transformer --steps 1".to_owned(), "--out"),
        ("train transformer --resume nowhere".to_owned(), "cannot read"),
        (format!("{TRAIN} --out x --kb empty.ttl"), "hyperedge"),
        ("train transformer --out x --min-slots 90 --max-slots 70".to_owned(), "slots of a step is 90 to 70"),
        (format!("{TRAIN} --out x --told triples"), "hyperedges, clique or star"),
        (format!("{TRAIN} --out x --precision f16"), "f32 or bf16"),
        (format!("{TRAIN} --out x --base nowhere"), "tokenizer.json: cannot read"),
        (format!("{TRAIN} --resume model"), "cannot be used with"),
        ("generate --model model question".to_owned(), "give --kb KB"),
        (format!("generate --model nowhere --kb {ttl} question"), "reads no facts"),
        ("generate --model model --kb empty.ttl question".to_owned(), "hyperedge"),
        ("generate --model model --kb nowhere question".to_owned(), "nowhere"),
        ("eval transformer --model nowhere".to_owned(), "cannot read"),
        ("eval transformer --model model --clique model".to_owned(), "--told clique"),
        ("eval transformer --model model --no-message-passing model".to_owned(), "--no-message-passing"),
    ] {
        let (code, message) = at.refused(&line);
        assert_eq!(code, 2, "{line}: {message}");
        assert!(message.contains(words), "{line}: {message}");
    }
    let file = at.at("model/transformer.safetensors");
    let whole = fs::read(&file).unwrap();
    fs::write(&file, &whole[..whole.len() - 9]).unwrap();
    for line in ["train transformer --resume model".to_owned(), format!("generate --model model --kb {ttl} question")] {
        let (code, message) = at.refused(&line);
        assert!(code == 2 && message.contains("whole safetensors file"), "{line}: {message}");
    }
    let other = ["generate", "--model", "straight", "--kb", ttl, ""];
    fs::create_dir(at.at("straight")).unwrap();
    fs::write(at.at("straight/transformer.safetensors"), &whole).unwrap();
    let run = crate::program::run(at.command("").args(other));
    assert!(run.code == Some(2) && run.err.contains("some text"), "{}", run.err);
}
