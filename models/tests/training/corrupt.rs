//! Checkpoints that are cut, damaged, of another version or of another model are refused by name, and writing never loses one.

use std::fs;
use std::path::Path;

use hypergraphql_framework::{Dataset, Features, Split};
use hypergraphql_models::checkpoint::{self, MANIFEST, MODEL, TRAINING};
use hypergraphql_models::task::TaskConfig;
use hypergraphql_models::train::Trainer;
use hypergraphql_models::{LayerKind, ModelError};

use super::{config, dataset, network, run, saved, split, stored, task};

fn refused(change: impl FnOnce(&Path)) -> String {
    let (task, split) = (task(&dataset()), split());
    let mut trainer = Trainer::new(&task, &split, &network(LayerKind::Hgnn), &config()).unwrap();
    run(&mut trainer, 2);
    let folder = stored(&trainer);
    let path = folder.path().join("c");
    change(&path);
    match checkpoint::read(&path) {
        Err(error) => error.to_string(),
        Ok(read) => Trainer::resume(&task, &split, read, &path).err().unwrap().to_string(),
    }
}

fn edit(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{from} in {text}");
    fs::write(path, text.replacen(from, to, 1)).unwrap();
}

#[test]
fn cut_and_damaged_files_are_named() {
    for name in [MODEL, TRAINING] {
        let cut = refused(|c| {
            let bytes = fs::read(c.join(name)).unwrap();
            fs::write(c.join(name), &bytes[..bytes.len() - 7]).unwrap();
        });
        assert!(cut.contains(name) && cut.contains("whole safetensors"), "{cut}");
        let flipped = refused(|c| {
            let mut bytes = fs::read(c.join(name)).unwrap();
            *bytes.last_mut().unwrap() ^= 1;
            fs::write(c.join(name), bytes).unwrap();
        });
        assert!(flipped.contains(name) && flipped.contains("digest"), "{flipped}");
        let missing = refused(|c| fs::remove_file(c.join(name)).unwrap());
        assert!(missing.contains(name), "{missing}");
        let huge = refused(|c| {
            let mut bytes = fs::read(c.join(name)).unwrap();
            bytes[..8].copy_from_slice(&(1_u64 << 60).to_le_bytes());
            fs::write(c.join(name), bytes).unwrap();
        });
        assert!(huge.contains(name) && huge.contains("whole safetensors"), "{huge}");
    }
    let cut = refused(|c| {
        let text = fs::read_to_string(c.join(MANIFEST)).unwrap();
        fs::write(c.join(MANIFEST), &text[..text.len() / 2]).unwrap();
    });
    assert!(cut.contains(MANIFEST) && cut.contains("JSON"), "{cut}");
    assert!(refused(|c| fs::write(c.join(MANIFEST), b"\0\xff").unwrap()).contains(MANIFEST));
    assert!(refused(|c| fs::remove_dir_all(c).unwrap()).contains(MANIFEST));
}

#[test]
fn other_formats_versions_and_options_are_refused() {
    let version = refused(|c| edit(&c.join(MANIFEST), "\"version\":1", "\"version\":2"));
    assert!(version.contains("format version 1") && version.contains("found 2"), "{version}");
    assert!(refused(|c| edit(&c.join(MANIFEST), "hypergraphql-checkpoint", "other")).contains("format"));
    let unknown = refused(|c| edit(&c.join(MANIFEST), "\"epochs\":30", "\"epochs\":30,\"epoks\":1"));
    assert!(unknown.contains("epoks"), "{unknown}");
}

#[test]
fn other_models_and_datasets_are_refused() {
    let wide = refused(|c| edit(&c.join(MANIFEST), "\"hidden\":20", "\"hidden\":22"));
    assert!(wide.contains(MODEL) && wide.contains("22"), "{wide}");
    let deep = refused(|c| edit(&c.join(MANIFEST), "\"layers\":2", "\"layers\":3"));
    assert!(deep.contains(MODEL), "{deep}");
    let shallow = refused(|c| edit(&c.join(MANIFEST), "\"layers\":2", "\"layers\":1"));
    assert!(shallow.contains(MODEL), "{shallow}");
    let other = refused(|c| edit(&c.join(MANIFEST), "\"nodes\":211", "\"nodes\":212"));
    assert!(other.contains("212") && other.contains("dataset"), "{other}");
}

/// What resuming says about a checkpoint of [`dataset`] and [`split`] when the data or the split is changed.
fn refused_on(change: impl FnOnce(&mut Dataset, &mut Split)) -> Option<String> {
    let mut data = dataset();
    data.features = TaskConfig::for_dataset(&data, true, 9).prepare(&data).unwrap().features.clone();
    let (first, given) = (task(&data), split());
    let mut trainer = Trainer::new(&first, &given, &network(LayerKind::Hgnn), &config()).unwrap();
    run(&mut trainer, 1);
    let folder = stored(&trainer);
    let path = folder.path().join("c");
    let mut other = given.clone();
    change(&mut data, &mut other);
    let second = task(&data);
    Trainer::resume(&second, &other, checkpoint::read(&path).unwrap(), &path).err().map(|e| e.to_string())
}

#[test]
fn another_split_of_the_same_sizes_is_refused() {
    assert_eq!(refused_on(|_, _| {}), None);
    let swapped = refused_on(|_, split| {
        // Nodes 1 and 2 of each part have labels or not as before: the sizes stay.
        let labelled = |n: &u32| !n.is_multiple_of(11);
        let (a, b) = (split.train.iter().position(labelled).unwrap(), split.test.iter().position(labelled).unwrap());
        std::mem::swap(&mut split.train[a], &mut split.test[b]);
    });
    assert!(swapped.as_ref().is_some_and(|e| e.contains("--splits") && e.contains("digest")), "{swapped:?}");
}

#[test]
fn other_features_and_weights_are_refused() {
    let dataset = |change: fn(&mut Dataset)| refused_on(|data, _| change(data)).expect("a refusal");
    let feature = dataset(|data| {
        if let Features::Dense(x) = &mut data.features {
            x[[3, 4]] += 1.0;
        }
    });
    assert!(feature.contains("dataset"), "{feature}");
    dataset(|data| {
        let weights = vec![1.5; data.hypergraph.hyperedges()];
        data.hypergraph = data.hypergraph.clone().with_hyperedge_weights(weights).unwrap();
    });
}

#[test]
fn writing_replaces_and_a_crash_between_renames_loses_nothing() {
    let (task, split) = (task(&dataset()), split());
    let mut trainer = Trainer::new(&task, &split, &network(LayerKind::Hgnn), &config()).unwrap();
    run(&mut trainer, 2);
    let folder = stored(&trainer);
    let path = folder.path().join("c");
    run(&mut trainer, 1);
    checkpoint::write(&path, saved(&trainer)).unwrap();
    assert_eq!(checkpoint::read(&path).unwrap().manifest.progress.epoch, 3);
    let names = || fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect::<Vec<_>>();
    assert_eq!(names(), ["c"], "nothing is left behind");

    fs::rename(&path, folder.path().join("c.previous")).unwrap();
    assert_eq!(checkpoint::read(&path).unwrap().manifest.progress.epoch, 3, "the previous one is found");
    run(&mut trainer, 1);
    checkpoint::write(&path, saved(&trainer)).unwrap();
    assert_eq!(checkpoint::read(&path).unwrap().manifest.progress.epoch, 4);
    assert_eq!(names(), ["c"]);
}

#[test]
fn what_is_no_checkpoint_is_not_replaced() {
    let (task, split) = (task(&dataset()), split());
    let trainer = Trainer::new(&task, &split, &network(LayerKind::Hgnn), &config()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let [run, previous] = ["run", "run.previous"].map(|name| folder.path().join(name));
    let refused = || {
        let write = checkpoint::write(&run, saved(&trainer)).unwrap_err().to_string();
        assert_eq!(checkpoint::probe(&run).unwrap_err().to_string(), write);
        write
    };
    for place in [&run, &previous] {
        fs::write(place, "a file").unwrap();
        assert!(refused().contains("found a file"));
        assert_eq!(fs::read_to_string(place).unwrap(), "a file");
        fs::remove_file(place).unwrap();
        fs::create_dir(place).unwrap();
        for manifest in ["{}", "{\"format\":\"other\",\"version\":1}"] {
            fs::write(place.join(MANIFEST), manifest).unwrap();
            assert!(refused().contains("other files"));
            assert_eq!(fs::read_to_string(place.join(MANIFEST)).unwrap(), manifest);
        }
        fs::remove_file(place.join(MANIFEST)).unwrap();
    }
    checkpoint::probe(&run).unwrap();
    checkpoint::write(&run, saved(&trainer)).unwrap();
    checkpoint::write(&run, saved(&trainer)).unwrap();
    assert!(checkpoint::is_checkpoint(&run) && !previous.exists());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left behind");
}

#[test]
fn a_folder_that_cannot_be_written_keeps_the_old_checkpoint() {
    let (task, split) = (task(&dataset()), split());
    let trainer = Trainer::new(&task, &split, &network(LayerKind::Hgnn), &config()).unwrap();
    let folder = stored(&trainer);
    // The parent of the new one is a file, so that nothing can be created there.
    let inside = folder.path().join("c").join(MODEL).join("new");
    let error = checkpoint::write(&inside, saved(&trainer)).unwrap_err();
    assert!(matches!(error, ModelError::Write { .. }) && error.to_string().contains("new"), "{error}");
    assert!(matches!(checkpoint::probe(&inside).unwrap_err(), ModelError::Write { .. }));
    checkpoint::read(&folder.path().join("c")).unwrap();
}
