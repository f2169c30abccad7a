//! `hgql load`, `query`, `update`, `export`, `stats` and `check` on a small world.

use std::fs;
use std::path::{Path, PathBuf};

use crate::program::{Run, hgql, lines};

const WORLD: &str = "@prefix : <http://example.org/> .
@prefix hq: <https://hypergraphql.org/ns#> .
:ada a :Person ; :age 36 ; :name \"Ada\" ; :knows :grace .
:grace a :Person ; :age 85 ; :name \"Grace, \\\"Amazing\\\"\"@en .
:h a hq:Hyperedge ; :author :ada , :grace ; :paper :engines .
";

/// A folder with the world as Turtle and as a knowledge base.
pub(crate) struct World {
    folder: tempfile::TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("world.ttl"), WORLD).expect("the world");
        let world = Self { folder };
        world.run(&["load", "world.ttl", "-o", "world.hgql"]).ok();
        world
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs `hgql`; arguments that name a file of the folder become paths.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        let is_file = |name: &str| {
            Path::new(name).extension().is_some_and(|e| {
                ["ttl", "hgql", "nq", "rq", "ru", "nt", "csv", "tsv", "parquet", "json", "txt", "gz", "svg"].iter().any(|x| e == *x)
            }) && !name.contains(' ')
        };
        hgql(arguments.iter().map(|name| if is_file(name) { self.path(name).into_os_string() } else { name.into() }))
    }

    pub(crate) fn csv(&self, query: &str) -> String {
        self.run(&["query", "world.hgql", query, "--format", "csv"]).ok().replace('\r', "")
    }
}

#[test]
fn a_query_is_answered_from_a_knowledge_base_and_from_an_rdf_file() {
    let world = World::new();
    let query = "SELECT ?n ?age { ?p a :Person ; :name ?n ; :age ?age } ORDER BY ?age";
    let expected = "n,age\nAda,36\n\"Grace, \"\"Amazing\"\"\",85\n";
    assert_eq!(world.csv(query), expected);
    assert_eq!(world.run(&["query", "world.ttl", query, "--format", "csv"]).ok().replace('\r', ""), expected);
    fs::write(world.path("q.rq"), query).expect("a query");
    assert_eq!(world.run(&["query", "world.hgql", "-f", "q.rq", "--format", "csv"]).ok().replace('\r', ""), expected);
    assert_eq!(world.run(&["query", "world.hgql", query, "--unoptimized", "--format", "csv"]).ok().replace('\r', ""), expected);
}

#[test]
fn answers_come_in_every_format() {
    let world = World::new();
    let ask = |query: &str, format: &str| world.run(&["query", "world.hgql", query, "--format", format]);
    let query = "SELECT ?n ?x { ?p :name ?n OPTIONAL { ?p :knows ?x } } ORDER BY ?x ?n";
    let table = ask(query, "table").ok();
    assert!(table.contains("Grace, \"Amazing\"@en") && table.contains(":grace"), "{table}");
    assert_eq!(ask(query, "tsv").ok(), "?n\t?x\n\"Grace, \\\"Amazing\\\"\"@en\t\n\"Ada\"\t<http://example.org/grace>\n");
    let json: serde_json::Value = serde_json::from_str(&ask(query, "json").ok()).expect("JSON");
    assert_eq!(json["results"]["bindings"][0]["n"]["xml:lang"], "en");
    assert_eq!(json["results"]["bindings"][1]["x"]["value"], "http://example.org/grace");
    assert_eq!(world.run(&["query", "world.hgql", query, "--json"]).ok(), ask(query, "json").ok());
    assert!(ask(query, "xml").ok().contains("<uri>http://example.org/grace</uri>"));
    assert_eq!(ask("ASK { :ada :knows :grace }", "table").ok(), "true\n");
    assert_eq!(ask("ASK { :grace :knows :ada }", "csv").ok().trim(), "false");
    let graph = "CONSTRUCT { ?b :knownBy ?a } { ?a :knows ?b }";
    assert_eq!(ask(graph, "ntriples").ok(), "<http://example.org/grace> <http://example.org/knownBy> <http://example.org/ada> .\n");
    assert!(ask(graph, "turtle").ok().contains(":grace :knownBy :ada"));
    assert_eq!(ask(graph, "csv").ok().replace('\r', "").lines().next(), Some("subject,predicate,object"));
    ask(query, "ntriples").fails(2, &["no graph", "CONSTRUCT"]);
}

#[test]
fn hyperedges_are_matched() {
    let world = World::new();
    assert_eq!(
        world.csv("SELECT ?a ?b { HYPEREDGE DISTINCT PLAYERS ?h { :author ?a ; :author ?b ; :paper ?p } } ORDER BY ?a").lines().count(),
        3
    );
}

#[test]
fn a_syntax_error_shows_line_column_caret_and_hint() {
    let world = World::new();
    let run = world.run(&["query", "world.hgql", "SELECT ?s {\n  ?s :age ?a FILTER ?a > 40\n}", "--strict"]);
    let caret = run.err.lines().find(|line| line.trim() == "^").map(str::len);
    assert!(caret.is_some(), "{}", run.err);
    run.fails(2, &["error: line 2, column", "?s :age ?a FILTER ?a > 40", "hint: "]);
    world.run(&["query", "world.hgql", "SELECT"]).fails(2, &["line 1, column 7"]);
    world.run(&["query", "world.hgql"]).fails(2, &["TEXT"]);
}

#[test]
fn limits_end_a_query_with_an_error() {
    let world = World::new();
    let query = "SELECT * { ?a ?b ?c . ?d ?e ?f }";
    world.run(&["query", "world.hgql", query, "--limit", "3"]).fails(1, &["rows", "3"]);
    world.run(&["query", "world.hgql", query, "--timeout", "soon"]).fails(2, &["--timeout"]);
    world.run(&["query", "world.hgql", query, "--memory", "1 parsec"]).fails(2, &["--memory"]);
}

#[test]
fn a_plan_and_a_profile_name_operators() {
    let world = World::new();
    let query = "SELECT ?n { ?p :name ?n ; :age ?age FILTER(?age > 40) }";
    let plan = world.run(&["query", "world.hgql", query, "--explain"]).ok();
    assert!(plan.contains("Scan") && plan.contains("?n"), "{plan}");
    let run = world.run(&["query", "world.hgql", query, "--profile", "--format", "csv"]);
    assert_eq!(run.code, Some(0));
    assert!(run.err.contains("operator") && run.err.contains("cpu") && run.err.contains("ms in all"), "{}", run.err);
    assert!(run.err.contains("└ Scan #0 { ?p :age ?age") && run.err.contains('█'), "{}", run.err);
    assert!(run.out.starts_with('n'), "{}", run.out);
    let run = world.run(&["query", "world.hgql", "ASK { ?p :name ?n }", "--profile", "json", "-q"]);
    assert!(run.out.starts_with("true"), "{}", run.out);
    let profile: serde_json::Value = serde_json::from_str(&run.err).unwrap();
    assert_eq!(profile["operators"][0]["rows"], 1, "{profile}");
    world.run(&["query", "world.hgql", "--profile", "svg", "--profile-file", "picture.svg", query]).ok();
    let picture = std::fs::read_to_string(world.path("picture.svg")).unwrap();
    assert!(picture.starts_with("<svg") && picture.contains("Scan #0"), "{picture}");
}

#[test]
fn updates_are_kept_and_a_failed_one_changes_nothing() {
    let world = World::new();
    let count = || world.csv("SELECT (COUNT(*) AS ?n) { ?s ?p ?o }").lines().nth(1).map(str::to_owned);
    let before = count();
    let out =
        world.run(&["update", "world.hgql", "INSERT DATA { :alan a :Person ; :age 41 } ; DELETE WHERE { :ada :knows ?x }", "--json"]).ok();
    assert_eq!(lines(&out)[0]["statements"].as_u64(), lines(&out)[0]["before"].as_u64().map(|n| n + 1));
    assert_ne!(count(), before);
    assert_eq!(world.csv("SELECT ?age { :alan :age ?age }"), "age\n41\n");
    world.run(&["update", "world.hgql", "INSERT DATA { :x :y }"]).fails(2, &["line 1"]);
    world.run(&["update", "world.ttl", "INSERT DATA { :x :y :z }"]).fails(2, &["--output"]);
    assert_eq!(world.csv("ASK { :x ?p ?o }").trim(), "false");
}

#[test]
fn an_update_is_appended_to_the_log_and_another_folder_leaves_the_first_alone() {
    let world = World::new();
    let snapshots = || {
        let names = fs::read_dir(world.path("world.hgql")).expect("the folder").map(|entry| entry.expect("an entry").file_name());
        let mut names: Vec<_> = names.filter(|name| name.to_string_lossy().starts_with("snapshot")).collect();
        names.sort();
        names
    };
    let before = snapshots();
    world.run(&["update", "world.hgql", "INSERT DATA { :alan :age 41 }"]).ok();
    world.run(&["update", "world.hgql", "DELETE WHERE { :ada ?p ?o } ; INSERT DATA { :alan :age 42 }"]).ok();
    assert_eq!(snapshots(), before, "the snapshot was written anew");
    assert_eq!(world.csv("SELECT ?age { :alan :age ?age } ORDER BY ?age"), "age\n41\n42\n");
    assert_eq!(world.csv("ASK { :ada ?p ?o }").trim(), "false");
    world.run(&["check", "world.hgql"]).ok();
    world.run(&["update", "world.hgql", "DELETE WHERE { :alan ?p ?o }", "-o", "less.hgql"]).ok();
    assert_eq!(world.csv("ASK { :alan ?p ?o }").trim(), "true");
    assert_eq!(world.run(&["query", "less.hgql", "ASK { :alan ?p ?o }", "--format", "csv"]).ok().trim(), "false");
}

#[test]
fn what_is_inferred_is_asked_without_infer() {
    let world = World::new();
    let schema = "INSERT DATA { :Person rdfs:subClassOf :Agent . :knows rdfs:range :Agent }";
    world.run(&["update", "world.hgql", schema]).ok();
    let agents = "SELECT ?x { ?x a :Agent } ORDER BY ?x";
    let expected = world.run(&["query", "world.hgql", agents, "--infer", "rhodf", "--format", "csv"]).ok();
    assert_eq!(expected.lines().count(), 3, "{expected}");
    let said = lines(&world.run(&["infer", "world.hgql", "--regime", "rhodf", "-o", "closed.hgql", "--json"]).ok());
    assert_eq!((&said[0]["asserted"], &said[0]["derived"], &said[0]["left_out"]), (&13.into(), &2.into(), &0.into()));
    assert_eq!(world.run(&["query", "closed.hgql", agents, "--format", "csv"]).ok(), expected);
    assert_eq!(world.run(&["query", "world.hgql", agents, "--format", "csv"]).ok().lines().count(), 1);
    let infer = |more: &[&str]| world.run(&[&["infer", "world.hgql", "--regime"], more].concat());
    infer(&["rhodf", "-o", "closed.hgql"]).fails(2, &["closed.hgql exists", "--force"]);
    infer(&["rhodf", "-o", "world.hgql", "--force"]).fails(2, &["is the knowledge base itself"]);
    infer(&["owl", "-o", "no.hgql"]).fails(2, &["rhodf, rdfs, owl2rl or rules"]);
    infer(&["rdfs", "-o", "no.hgql", "--limit", "1"]).fails(1, &["at most 1"]);
    world.run(&["update", "world.hgql", "INSERT DATA { :ada :knows :alan {| hq:validFrom \"1840\"^^xsd:gYear |} }"]).ok();
    let said = lines(&infer(&["rhodf", "-o", "timed.hgql", "--json"]).ok());
    assert_eq!((&said[0]["derived"], &said[0]["annotations"], &said[0]["inexact"]), (&3.into(), &2.into(), &0.into()));
    let alan = |year: u32| {
        world.run(&["query", "timed.hgql", &format!("ASK {{ :alan a :Agent TEMPORAL {{ AS OF \"{year}\" }} }}"), "--format", "csv"]).ok()
    };
    assert_eq!((alan(1839).trim(), alan(1840).trim()), ("false", "true"));
}

#[test]
fn what_is_exported_is_loaded_again() {
    let world = World::new();
    world.run(&["export", "world.hgql", "-o", "out.nq"]).ok();
    let text = fs::read_to_string(world.path("out.nq")).expect("N-Quads");
    assert_eq!(world.run(&["export", "world.hgql"]).ok(), text);
    assert_eq!(text.lines().count(), 11);
    assert!(world.run(&["export", "world.hgql", "--format", "turtle"]).ok().contains("hq:Hyperedge"));
    world.run(&["export", "world.hgql", "--format", "csv"]).fails(2, &["csv cannot hold 7 of the 11 statements", "--lenient"]);
    world.run(&["export", "world.hgql", "--format", "parquet"]).fails(2, &["--output"]);
    world.run(&["load", "out.nq", "-o", "again.hgql"]).ok();
    assert_eq!(world.run(&["export", "again.hgql"]).ok(), text);
}

#[test]
fn hyperedges_are_exported_as_tables() {
    let world = World::new();
    for (name, format) in [("he.csv", "csv"), ("he.tsv.gz", "tsv"), ("he.parquet", "parquet")] {
        let run = world.run(&["export", "world.hgql", "-o", name, "--lenient"]);
        assert_eq!(run.code, Some(0), "{}", run.err);
        assert!(run.err.contains(&format!("{format} does not hold 7 of the 11 statements")), "{}", run.err);
        world.run(&["load", name, "-o", &format!("{format}.hgql")]).ok();
        let hyperedges = "SELECT ?h ?r ?p { ?h a hq:Hyperedge ; ?r ?p FILTER(?r != rdf:type) } ORDER BY ?r ?p";
        let ask = |kb: &str| world.run(&["query", kb, hyperedges, "--format", "csv"]).ok();
        assert_eq!(ask(&format!("{format}.hgql")), ask("world.hgql"), "{name}");
        world.run(&["export", &format!("{format}.hgql"), "-o", name]).ok();
    }
    assert_eq!(fs::read_to_string(world.path("he.csv")).expect("a table").lines().count(), 2);
    world
        .run(&["export", "world.hgql", "-o", "he.parquet"])
        .fails(2, &["he.parquet: parquet cannot hold 7 of the 11 statements", "--lenient"]);
    world.run(&["export", "world.hgql", "-o", "all.hif.json"]).ok();
    world.run(&["load", "all.hif.json", "-o", "hif.hgql"]).ok();
    assert_eq!(world.run(&["export", "hif.hgql"]).ok(), world.run(&["export", "world.hgql"]).ok());
    fs::write(world.path("cut.parquet"), &fs::read(world.path("he.parquet")).expect("a table")[9..]).expect("a cut table");
    world.run(&["load", "cut.parquet", "-o", "cut.hgql"]).fails(2, &["cut.parquet: expected a Parquet file that is whole"]);
}

#[test]
fn answers_are_columns_for_programs() {
    let world = World::new();
    let ask = |query: &str, format: &str| {
        let mut command = crate::program::command();
        let output = command.arg("query").arg(world.path("world.hgql")).args([query, "--format", format]).output().expect("hgql starts");
        (output.status.code(), output.stdout, String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let query = "SELECT ?age ?n { ?p :name ?n ; :age ?age } ORDER BY ?age";
    let (code, bytes, error) = ask(query, "arrow");
    assert_eq!((code, error.as_str()), (Some(0), ""));
    let batches = arrow_ipc::reader::StreamReader::try_new(bytes.as_slice(), None).expect("a stream");
    assert_eq!(batches.schema().field(0).data_type(), &arrow_schema::DataType::Int64);
    assert_eq!(batches.map(|batch| batch.expect("a batch").num_rows()).sum::<usize>(), 2);
    let (code, bytes, error) = ask(query, "parquet");
    assert_eq!((code, error.as_str()), (Some(0), ""));
    fs::write(world.path("answer.parquet"), bytes).expect("a file");
    let file = fs::File::open(world.path("answer.parquet")).expect("the file");
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).expect("a Parquet file");
    assert_eq!(reader.schema().field(1).name(), "n");
    assert_eq!(reader.metadata().file_metadata().num_rows(), 2);
    // An empty answer has its columns, too.
    let (code, bytes, _) = ask("SELECT ?a ?b { ?a :nothing ?b }", "arrow");
    assert_eq!(code, Some(0));
    assert_eq!(arrow_ipc::reader::StreamReader::try_new(bytes.as_slice(), None).expect("a stream").schema().fields().len(), 2);
    for format in ["arrow", "parquet"] {
        let (code, bytes, error) = ask("ASK { :ada :knows :grace }", format);
        assert_eq!((code, bytes.as_slice()), (Some(2), &[][..]));
        assert!(error.contains("has no columns"), "{error}");
    }
}

#[test]
fn updates_load_files() {
    let world = World::new();
    fs::write(world.path("more.nt"), "<http://example.org/alan> <http://example.org/age> \"41\" .\n").expect("a file");
    let update = |text: &str| {
        let mut command = crate::program::command();
        crate::program::run(command.current_dir(world.path("")).args(["update", "world.hgql", text]))
    };
    update("LOAD <more.nt> INTO GRAPH :more").ok();
    assert_eq!(world.csv("SELECT ?g { GRAPH ?g { :alan :age ?a } }"), "g\nhttp://example.org/more\n");
    update("LOAD SILENT <none.nt>").ok();
    update("LOAD <none.nt>").fails(2, &["LOAD <none.nt>", "No such file"]);
    update("LOAD <http://example.org/more.nt>").fails(2, &["nothing is fetched from the network", "hgql load --add"]);
    world
        .run(&["query", "world.hgql", "SELECT * { ?s ?p ?o .\n  SERVICE :there { ?a ?b ?c } }"])
        .fails(2, &["line 2, column 11", "SERVICE SILENT"]);
}

#[test]
fn stats_count_what_is_there() {
    let world = World::new();
    let stats = lines(&world.run(&["stats", "world.hgql", "--json"]).ok()).remove(0);
    assert_eq!((stats["kind"].as_str(), stats["statements"].as_u64()), (Some("stats"), Some(11)));
    assert_eq!(
        (stats["hyperedges"].as_u64(), stats["subjects"].as_u64(), stats["distinct_predicates"].as_u64()),
        (Some(1), Some(3), Some(6))
    );
    assert_eq!(stats["predicates"][0]["predicate"], "http://www.w3.org/1999/02/22-rdf-syntax-ns#type");
    // Ada knows somebody, Grace nobody, and there is the hyperedge.
    let sets = stats["sets"].as_array().expect("sets");
    assert_eq!((stats["characteristic_sets"].as_u64(), stats["subjects_of_other_sets"].as_u64(), sets.len()), (Some(3), Some(0), 3));
    let ada = sets.iter().find(|set| set["predicates"].as_array().expect("names").len() == 4).expect("the set of Ada");
    assert_eq!((ada["subjects"].as_u64(), ada["statements"].as_u64()), (Some(1), Some(4)));
    let one = lines(&world.run(&["stats", "world.hgql", "--json", "--sets", "1"]).ok()).remove(0);
    assert_eq!(one["sets"].as_array().expect("sets").len(), 1);
    let text = world.run(&["stats", "world.hgql"]).ok();
    assert!(text.contains("rdf:type") && text.contains("predicates that they have together") && text.contains(":knows"), "{text}");
}

#[test]
fn an_index_of_texts_is_made_used_kept_and_dropped() {
    let world = World::new();
    let names: String = (0..2000).map(|i| format!("<http://x/s{i}> <http://x/name> \"somebody number {i}\" .\n")).collect();
    fs::write(world.path("names.nt"), names).expect("names");
    let keys = |kb: &str| lines(&world.run(&["stats", kb, "--json"]).ok()).remove(0)["text_index_keys"].as_u64();
    world.run(&["load", "names.nt", "-o", "names.hgql", "--text-index"]).ok();
    assert!(keys("names.hgql").is_some_and(|keys| keys > 100) && keys("world.hgql").is_none());
    let query = ["query", "names.hgql", "SELECT ?s { ?s <http://x/name> ?n FILTER(CONTAINS(LCASE(?n), \"number 177\")) }"];
    let asked = |flag: &[&str]| world.run(&[&query[..], flag].concat()).ok();
    assert!(asked(&["--explain"]).contains("TextSearch ?n with \"number 177\""));
    assert_eq!(asked(&["--format", "csv"]).lines().count(), 12);
    world.run(&["load", "world.ttl", "-o", "names.hgql", "--add"]).ok();
    assert!(keys("names.hgql").is_some());
    world.run(&["check", "names.hgql"]).ok();
    world.run(&["load", "world.ttl", "-o", "names.hgql", "--add", "--no-text-index"]).ok();
    assert!(keys("names.hgql").is_none());
    assert_eq!(asked(&["--format", "csv"]).lines().count(), 12);
}

#[test]
fn a_whole_knowledge_base_passes_and_a_damaged_one_does_not() {
    let world = World::new();
    let checks = lines(&world.run(&["check", "world.hgql", "--json"]).ok());
    assert!(checks.len() >= 10 && checks.iter().all(|check| check["ok"] == true), "{checks:?}");
    let files = fs::read_dir(world.path("world.hgql")).expect("the knowledge base").map(|entry| entry.expect("an entry").path());
    let largest = files.max_by_key(|path| path.metadata().expect("a size").len()).expect("a file");
    let mut bytes = fs::read(&largest).expect("the largest file");
    let middle = bytes.len() / 2;
    bytes[middle..middle + 16].iter_mut().for_each(|byte| *byte ^= 0x55);
    fs::write(&largest, bytes).expect("a damaged one");
    let code = world.run(&["check", "world.hgql"]).code;
    assert!(matches!(code, Some(1 | 2)), "{code:?}");
}

#[test]
fn a_load_does_not_replace_and_names_what_it_cannot_read() {
    let world = World::new();
    world.run(&["load", "world.ttl", "-o", "world.hgql"]).fails(2, &["exists already", "--force"]);
    world.run(&["load", "world.ttl", "-o", "world.hgql", "--force"]).ok();
    fs::write(world.path("more.nt"), "<http://x/a> <http://x/b> <http://x/c> .\n").expect("a file");
    assert!(world.run(&["load", "more.nt", "-o", "world.hgql", "--add"]).ok().contains("12 statements"));
    world.run(&["load", "more.nt", "-o", "none.hgql", "--add"]).fails(2, &["none.hgql"]);
    world.run(&["load", "world.ttl", "-o", "other.nt"]).fails(2, &["extension"]);
    fs::write(world.path("bad.nt"), "<http://x/a> <http://x/b> <http://x/c> .\n<http://x/a> nonsense .\n").expect("a file");
    world.run(&["load", "bad.nt", "-o", "bad.hgql"]).fails(2, &["bad.nt", ":2"]);
    assert!(!world.path("bad.hgql").exists());
    world.run(&["load", "bad.nt", "-o", "bad.hgql", "--lenient", "refused.nt"]).ok();
    assert_eq!(fs::read_to_string(world.path("refused.nt")).expect("the refused"), "<http://x/a> nonsense .\n");
    fs::write(world.path("junk.hgql"), "no knowledge base").expect("a file");
    world.run(&["query", "junk.hgql", "ASK {}"]).fails(2, &["junk.hgql"]);
    world.run(&["query", "none.hgql", "ASK {}"]).fails(2, &["none.hgql"]);
}

#[test]
fn a_shell_reads_queries_and_commands_from_a_pipe() {
    let world = World::new();
    fs::write(
        world.path("script.rq"),
        "PREFIX e: <http://example.org/>\n.format csv\nSELECT ?x {\n  e:ada e:knows ?x\n}\n\nASK { :ada a :Person };\n.quit\n",
    )
    .expect("a script");
    let shell = |script: &str| {
        let script = fs::File::open(world.path(script)).expect("a script");
        crate::program::run(crate::program::command().arg("shell").arg(world.path("world.hgql")).stdin(script))
    };
    let run = shell("script.rq");
    assert_eq!((run.code, run.out.replace('\r', "").as_str()), (Some(0), "x\nhttp://example.org/grace\ntrue\n"), "{}", run.err);
    assert_eq!(run.err.matches(" rows in ").count(), 2, "{}", run.err);
    fs::write(world.path("bad.rq"), "PREFIX e: <http://example.org/>\nSELECT ?x { e:ada };\n.frobnicate\nASK { e:ada ?p ?o }")
        .expect("a script");
    let run = shell("bad.rq");
    assert_eq!((run.code, run.out.as_str()), (Some(1), "true\n"), "{}", run.err);
    assert!(
        run.err.contains("line 1, column") && run.err.contains(".frobnicate is no command") && run.err.contains("2 lines were refused"),
        "{}",
        run.err
    );
}

#[test]
fn the_query_bench_times_every_query_and_dumps_its_world() {
    let world = World::new();
    let out = world.path("dump");
    let found = lines(&hgql(["bench", "query", "--scale", "0.01", "--reps", "2", "--json", "--dump", out.to_str().expect("UTF-8")]).ok());
    let cases: Vec<&str> = found.iter().filter_map(|line| line["case"].as_str()).collect();
    let expected = ["load", "q1_2hop_sel", "q2_2hop_all", "q3_star", "q4_group", "q5_tri", "q6_nary", "q7_path"];
    assert_eq!(cases, expected);
    assert!(found.iter().all(|line| line["ms"].as_f64() >= line["ms_min"].as_f64() && line["ms_min"].as_f64() > Some(0.0)), "{found:?}");
    // The world that was dumped is the one that was asked.
    let count = "SELECT (COUNT(*) AS ?n) { ?a <http://ex.org/knows> ?b . ?b <http://ex.org/knows> ?c }";
    let dumped = world.run(&["query", out.join("t.nt").to_str().expect("UTF-8"), count, "--format", "csv"]).ok();
    assert_eq!(dumped.lines().nth(1).map(str::to_owned), Some(found[2]["counts"][0][1].to_string()));
    let own = ["bench", "query", "--kb", "world.hgql", "--query", "SELECT * { ?s ?p ?o }", "--reps", "1", "--json"];
    assert_eq!(lines(&world.run(&own).ok())[0]["rows"], 11);
    world.run(&["bench", "query", "--kb", "world.hgql"]).fails(2, &["--query"]);
    world.run(&["bench", "query", "--scale", "0"]).fails(2, &["--scale"]);
}

/// The queries of the requirements, word for word.
#[test]
fn the_queries_of_the_requirements_are_planned_and_answered() {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let folder = std::env::var_os("HGQL_SHARED").map_or(beside, PathBuf::from).join("data/hyperql");
    let Ok(entries) = fs::read_dir(&folder) else {
        return eprintln!(
            "SKIPPED the_queries_of_the_requirements_are_planned_and_answered: no {}; HGQL_SHARED names its folder",
            folder.display()
        );
    };
    let world = World::new();
    let mut queries = 0;
    for path in entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.extension().is_some_and(|e| e == "rq")) {
        queries += 1;
        let file = path.to_str().expect("UTF-8");
        assert!(world.run(&["query", "world.hgql", "-f", file, "--explain"]).ok().contains(" -> ["), "{file}");
        assert!(world.run(&["query", "world.hgql", "-f", file, "--format", "tsv"]).ok().starts_with('?'), "{file}");
    }
    assert_eq!(queries, 7);
}
