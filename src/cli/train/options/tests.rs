//! What options are resolved to, and what is refused.

use clap::{CommandFactory, Parser};

use super::*;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    flags: Flags,
}

fn of(flags: &[&str], file: Option<&str>, checkpoint: Option<&Options>) -> Result<Options, String> {
    let flags = Line::try_parse_from([&["x"], flags].concat()).unwrap().flags;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("options.toml");
    file.iter().for_each(|text| fs::write(&path, text).unwrap());
    resolve(&flags, file.map(|_| path.as_path()), checkpoint).map_err(|e| e.to_string())
}

#[test]
fn flags_win_over_the_file_and_the_file_over_the_defaults() {
    assert_eq!(of(&[], None, None).unwrap(), Options::default());
    let file = "lr = 0.02\nhidden = 31\nself-loops = \"off\"\nclass-weights = \"1,2\"\nlayer = \"hgnn-plus\"\nclip = 1";
    let options = of(&["--lr", "0.3", "--weight-decay", "1"], Some(file), None).unwrap();
    assert_eq!((options.lr, options.weight_decay, options.hidden, options.clip), (0.3, 1.0, 31, 1.0));
    assert_eq!((options.self_loops, options.layer), (Switch::Off, LayerKind::HgnnPlus));
    assert_eq!(options.class_weights.to_string(), "1,2");
    assert_eq!(options.epochs, 500);
}

#[test]
fn unknown_and_wrong_options_are_named_with_their_place() {
    let unknown = of(&[], Some("lr = 0.1\nlearning-rate = 1"), None).unwrap_err();
    assert!(unknown.contains("learning-rate") && unknown.contains("line 2"), "{unknown}");
    let wrong = of(&[], Some("epochs = \"many\""), None).unwrap_err();
    assert!(wrong.contains("line 1") && wrong.contains("options.toml"), "{wrong}");
    assert!(of(&[], Some("dropout = -1\nepochs = 0"), None).unwrap_err().contains("epochs"));
    assert!(of(&["--runs", "0"], None, None).unwrap_err().contains("runs"));
    assert!(Line::try_parse_from(["x", "--layer", "gcn"]).is_err());
}

#[test]
fn help_offers_what_training_takes() {
    let help = Line::command().render_long_help().to_string();
    for values in [
        "hgnn, hgnn-plus, conv, attention, unigcn",
        "ed-hnn, gat-v2, relational, star-e",
        "mult, rotate",
        "f32, bf16, f16]",
        "node, edge",
        "none, layer",
        "adam, adamw",
        "constant, cosine",
    ] {
        assert!(help.contains(values), "{values} is not in {help}");
    }
    let error = Line::try_parse_from(["x", "--precision", "f8"]).err().unwrap().to_string();
    assert!(error.contains("bf16") && !error.contains("f64"), "{error}");
}

#[test]
fn attention_is_normalised_unless_told_otherwise() {
    let norm = |flags: &[&str], file| of(flags, file, None).unwrap().norm;
    assert_eq!(norm(&["--layer", "conv"], None), Norm::None);
    assert_eq!(norm(&["--layer", "attention"], None), Norm::Layer);
    assert_eq!(norm(&["--layer", "star-e"], None), Norm::Layer);
    assert_eq!(norm(&["--layer", "attention", "--norm", "none"], None), Norm::None);
    assert_eq!(norm(&["--norm", "layer"], None), Norm::Layer);
    assert_eq!(norm(&["--layer", "attention"], Some("norm = \"none\"")), Norm::None);
}

#[test]
fn mini_batches_are_of_one_kind_and_complete() {
    let batches = |flags: &[&str]| of(flags, None, None).map(|o| o.training(0).batches.to_string());
    assert_eq!(batches(&[]).unwrap(), "full batches");
    let neighbours = batches(&["--batch-size", "64", "--layers", "3"]).unwrap();
    assert!(neighbours.contains("64") && neighbours.ends_with("10x10,10x10,10x10"), "{neighbours}");
    assert!(batches(&["--batch-size", "64", "--fanout", "3x5,all"]).unwrap().ends_with("3x5,all"));
    assert_eq!(batches(&["--clusters", "9", "--clusters-per-batch", "2"]).unwrap(), "batches of 2 of 9 clusters");
    assert!(batches(&["--fanout", "3x5"]).unwrap_err().contains("batch-size"));
    assert!(batches(&["--clusters-per-batch", "2"]).unwrap_err().contains("clusters is not"));
    assert!(batches(&["--clusters", "2", "--clusters-per-batch", "3"]).unwrap_err().contains("1 to 2"));
    assert!(batches(&["--accumulate", "2"]).unwrap_err().contains("mini-batches"));
    assert!(of(&["--clusters", "2"], Some("batch-size = 5"), None).unwrap_err().contains("both"));
    assert!(Line::try_parse_from(["x", "--clusters", "2", "--batch-size", "3"]).is_err());
    let error = Line::try_parse_from(["x", "--batch-size", "3", "--fanout", "10"]).err().unwrap().to_string();
    assert!(error.contains("10x8"), "{error}");
    assert!(of(&["--checkpoint-activations"], None, None).unwrap().training(0).recompute);
    assert!(!of(&["--checkpoint-activations", "off"], None, None).unwrap().training(0).recompute);
    let own = of(&["--batch-size", "64"], None, None).unwrap();
    let error = of(&["--fanout", "3x3"], None, Some(&own)).unwrap_err();
    assert!(error.contains("fanout is not set"), "{error}");
}

#[test]
fn a_checkpoint_keeps_its_options() {
    let own = Options { lr: 0.5, hidden: 7, ..Options::default() };
    assert_eq!(of(&[], None, Some(&own)).unwrap(), own);
    assert_eq!(of(&["--hidden", "7"], Some("lr = 0.5"), Some(&own)).unwrap(), own);
    let error = of(&["--hidden", "8"], None, Some(&own)).unwrap_err();
    assert!(error.contains("hidden is 7, not 8"), "{error}");
}
